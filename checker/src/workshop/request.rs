//! What is to be checked, and how.

use reqwest::Url;

use crate::course::{Exercise, Step};
use crate::engine::Places;
use crate::mcp::Era;
use crate::shell::Shell;
use crate::verdict::SubjectKind;

use super::Workshop;

/// One exercise to check, or one step of it.
#[derive(Clone, Debug)]
pub struct CheckRequest<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// The one step to report; all when `None`.
    pub step: Option<&'a Step>,
    /// Whose program is checked.
    pub subject: SubjectChoice,
    /// The realm whose tokens it takes, where it is not the checker's own.
    pub realm: Option<Url>,
    /// The PostgreSQL in which its databases are, where they are not files.
    pub database: Option<Url>,
    /// The eras to speak.
    pub eras: &'static [Era],
    /// Draws every random argument: the same seed sends the same.
    pub seed: u64,
}

/// Whose program is checked.
#[derive(Clone, Debug, Default)]
pub enum SubjectChoice {
    /// What the attendee wrote.
    #[default]
    Starter,
    /// The workshop's solution.
    Solution,
    /// A server that runs already.
    Url(Url),
    /// A command line.
    Command(String),
}

impl<'a> CheckRequest<'a> {
    /// The attendee's own code in both eras, with arguments drawn anew.
    pub fn new(exercise: &'a Exercise, step: Option<&'a Step>) -> Self {
        Self {
            exercise,
            step,
            subject: SubjectChoice::default(),
            realm: None,
            database: None,
            eras: &Era::ALL,
            seed: draw_seed(),
        }
    }

    /// Whether what is found is the attendee's progress: only their own code, in both eras, and with
    /// everything that the checker can do.
    pub(super) fn is_for_progress(&self) -> bool {
        matches!(self.subject, SubjectChoice::Starter)
            && self.eras == Era::ALL
            && self.realm.is_none()
            && self.database.is_none()
    }

    /// The options of `check` that ask for the same again.
    pub(super) fn options(&self) -> Vec<String> {
        let option = |name: &str, url: &Option<Url>| {
            let url = url.iter();
            url.flat_map(|url| [name.to_owned(), url.to_string()])
                .collect::<Vec<_>>()
        };
        let subject = self.subject.options();
        let realm = option("--realm", &self.realm);
        let database = option("--database", &self.database);
        [subject, realm, database].concat()
    }

    /// Where findings point.
    pub(super) fn places(&self, workshop: &Workshop) -> Places {
        match self.subject {
            SubjectChoice::Starter => {
                Places::in_folder(&workshop.root, &workshop.folder_of(self.exercise))
            }
            SubjectChoice::Solution => {
                Places::in_folder(&workshop.root, &workshop.solution_of(self.exercise))
            }
            SubjectChoice::Url(_) | SubjectChoice::Command(_) => Places::unknown(),
        }
    }
}

impl SubjectChoice {
    /// What reports call it.
    pub fn kind(&self) -> SubjectKind {
        match self {
            Self::Starter => SubjectKind::Starter,
            Self::Solution => SubjectKind::Solution,
            Self::Url(_) => SubjectKind::Url,
            Self::Command(_) => SubjectKind::Command,
        }
    }

    /// The options of `check` that name it again.
    fn options(&self) -> Vec<String> {
        match self {
            Self::Starter => Vec::new(),
            Self::Solution => vec!["--solution".to_owned()],
            Self::Url(url) => vec!["--url".to_owned(), url.to_string()],
            Self::Command(command) => vec![
                "--command".to_owned(),
                Shell::HERE.quote(command).into_owned(),
            ],
        }
    }
}

/// A seed that people can type.
pub fn draw_seed() -> u64 {
    u64::from(rand::random::<u16>())
}
