//! What a program printed, however the attendee breaks lines and pads columns.

/// A text with one blank for each run of blanks and line ends.
pub(crate) fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text holds a fact.
pub(crate) fn tells(text: &str, fact: &str) -> bool {
    flat(text).contains(&flat(fact))
}
