//! The lines of the attendee's source that findings point at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::blocks::blocks;
use crate::course::Step;

/// Where an exercise's source is, if it is known.
#[derive(Clone, Debug, Default)]
pub struct Places {
    folder: Option<PathBuf>,
    shown_as: PathBuf,
}

impl Places {
    /// The source in `folder`, shown relative to the workshop's root.
    pub fn in_folder(root: &Path, folder: &Path) -> Self {
        Self {
            folder: Some(folder.to_owned()),
            shown_as: folder.strip_prefix(root).unwrap_or(folder).to_owned(),
        }
    }

    /// No source: a running server, or a command.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Where the attendee works on `step`: the first line of its TODO block, or the file if
    /// the block's marks are gone. Empty when there is no source.
    pub fn of_step(&self, step: &Step) -> String {
        let (Some(folder), Some(place)) = (&self.folder, &step.place) else {
            return String::new();
        };
        let Some(anchor) = &place.anchor else {
            return place.file.display().to_string();
        };
        let shown = self.shown_as.join(&place.file).display().to_string();
        let text = fs::read_to_string(folder.join(&place.file)).unwrap_or_default();
        match line_of_anchor(&text, anchor) {
            Some(line) => format!("{shown}:{line}"),
            None => shown,
        }
    }

    /// A panic's place, `src/store.rs:12:5` or already longer, as a path from the root.
    pub fn of_panic(&self, place: &str) -> String {
        let is_relative = place.starts_with("src");
        match &self.folder {
            Some(_) if is_relative => self.shown_as.join(place).display().to_string(),
            _ => place.to_owned(),
        }
    }
}

/// The number of the first line inside the block.
fn line_of_anchor(text: &str, anchor: &str) -> Option<usize> {
    let block = blocks(text)
        .into_iter()
        .find(|block| block.name == anchor)?;
    Some(block.lines.start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_found_by_its_whole_name() {
        let text = "fn a() {}\n// ANCHOR: step_3_10\nb\n    // ANCHOR: step_3_1\nc\n";
        assert_eq!(line_of_anchor(text, "step_3_1"), Some(5));
        assert_eq!(line_of_anchor(text, "step_3_10"), Some(3));
        assert_eq!(line_of_anchor(text, "step_3"), None);
    }
}
