//! `cargo checker watch`: checks again after each save.

use anyhow::{Result, bail};

use super::PASSED;
use crate::cli::Watch;
use crate::watch;
use crate::workshop::Workshop;
use crate::workshop::select::{self, Selection};

pub(super) async fn run(workshop: &Workshop, arguments: &Watch) -> Result<u8> {
    let words = (arguments.exercise.as_deref(), None);
    let (exercise, step) = match select::or_current(workshop, words, "watch it")? {
        Selection::Exercise(exercise) => (exercise, None),
        Selection::Step(exercise, step) => (exercise, Some(step)),
        Selection::All => bail!("`all` cannot be watched. Name one exercise, such as ex3"),
    };
    watch::run(workshop, exercise, step).await?;
    Ok(PASSED)
}
