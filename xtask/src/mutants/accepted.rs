//! The survivors that are right to live.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::mutant::Mutant;

#[derive(Debug, Deserialize)]
pub(super) struct Accepted {
    accepted: Vec<One>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    file: String,
    mutants: Vec<String>,
    reason: String,
}

impl Accepted {
    /// Those in `accepted.toml`.
    ///
    /// # Errors
    ///
    /// When that is not written as it should be.
    pub(super) fn read() -> Result<Self> {
        toml::from_str(include_str!("accepted.toml"))
            .context("xtask/src/mutants/accepted.toml cannot be read")
    }

    /// Why a mutant may live, if it may.
    pub(super) fn reason(&self, mutant: &Mutant) -> Option<&str> {
        let mut all = self.accepted.iter();
        let one = all.find(|one| {
            one.file == mutant.file && one.mutants.iter().any(|what| what == mutant.what())
        });
        one.map(|one| one.reason.as_str())
    }
}

#[test]
fn each_accepted_mutant_has_a_file_and_a_reason() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    for one in Accepted::read().expect("it is TOML").accepted {
        let path = root.expect("a checkout").join(&one.file);
        assert!(path.is_file(), "{one:?}");
        assert!(one.reason.len() > 20 && !one.mutants.is_empty(), "{one:?}");
    }
}
