//! Why a finding matters, for whoever wrote the program.

use std::fmt;

use super::SubjectKind;

/// Why a finding matters: what the protocol says, and beside it how rmcp or the starter does it,
/// which is of use to the authors of the workshop's own crates only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why(Vec<Sentence>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sentence {
    Protocol(String),
    InRust(String),
}

impl Why {
    /// Adds what holds for every program.
    pub fn and(self, text: impl Into<String>) -> Self {
        self.with(Sentence::Protocol(text.into()))
    }

    /// Adds how rmcp or the starter does it.
    pub fn in_rust(self, text: impl Into<String>) -> Self {
        self.with(Sentence::InRust(text.into()))
    }

    /// Adds all of another.
    pub fn followed_by(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn with(mut self, sentence: Sentence) -> Self {
        self.0.push(sentence);
        self
    }

    /// What the author of such a subject is told. A sentence that leads to what is left out ends
    /// before that.
    pub fn told_to(self, subject: SubjectKind) -> Self {
        if subject.is_ours() {
            return self;
        }
        let protocol = self.0.into_iter().filter_map(|sentence| match sentence {
            Sentence::Protocol(text) => Some(match text.strip_suffix([':', ',']) {
                Some(begin) => format!("{begin}."),
                None => text,
            }),
            Sentence::InRust(_) => None,
        });
        Self(protocol.map(Sentence::Protocol).collect())
    }
}

impl<T: Into<String>> From<T> for Why {
    fn from(text: T) -> Self {
        Self::default().and(text)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.0.iter().map(|sentence| match sentence {
            Sentence::Protocol(text) | Sentence::InRust(text) => text.as_str(),
        });
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        f.write_str(&texts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_rust_does_it_is_told_to_authors_of_the_workshops_own_crates() {
        let why = Why::from("Text is for the model.").in_rust("In rmcp, return Json<T>.");
        let told = |subject| why.clone().told_to(subject).to_string();
        for ours in [SubjectKind::Starter, SubjectKind::Solution] {
            assert_eq!(
                told(ours),
                "Text is for the model. In rmcp, return Json<T>."
            );
        }
        for other in [SubjectKind::Url, SubjectKind::Command] {
            assert_eq!(told(other), "Text is for the model.");
        }
    }

    #[test]
    fn nothing_is_announced_that_is_left_out() {
        let why = Why::from("They must come in:").in_rust("see with_allowed_hosts.");
        let why = why.and("Look again.");
        let told = |subject| why.clone().told_to(subject).to_string();
        let ours = "They must come in: see with_allowed_hosts. Look again.";
        assert_eq!(told(SubjectKind::Starter), ours);
        assert_eq!(told(SubjectKind::Url), "They must come in. Look again.");
    }
}
