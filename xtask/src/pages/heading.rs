//! The id that mdBook gives a heading.

/// The id that is made of a heading's words: `## Use it, again` → `use-it-again`. Where two headings of a
/// page have the same, mdBook numbers them.
pub(crate) fn id_of_words(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim();
    words
        .chars()
        .filter_map(|c| match c {
            c if c.is_alphanumeric() || matches!(c, '_' | '-') => Some(c.to_ascii_lowercase()),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect()
}
