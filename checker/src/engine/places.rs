//! The lines of the attendee's source that findings point at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::blocks::{TodoBlock, blocks};
use crate::course::{Exercise, Step};
use crate::rescue::tree;
use crate::verdict::{EraReport, NotStarted};

/// Where an exercise's source is, if it is known.
#[derive(Clone, Debug, Default)]
pub struct Places {
    folder: Option<PathBuf>,
    shown_as: PathBuf,
}

/// A file in which a step is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// From the workshop's root.
    pub file: PathBuf,
    /// The TODO blocks of the step, in order. None: it is the whole file.
    pub blocks: Vec<String>,
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

    /// Everywhere that `step` is written, file by file. Where the marks are gone it is the place
    /// that the course names; of a step that is written nowhere, nothing.
    pub fn written(&self, exercise: &Exercise, step: &Step) -> Vec<Written> {
        let Some(place) = &step.place else {
            return Vec::new();
        };
        let folder = self.folder.clone().unwrap_or_default();
        let tree = tree::read(&folder).unwrap_or_default();
        let in_file = |file: &PathBuf| {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
            let names = blocks(&text).into_iter().map(|block| block.name);
            Written {
                file: self.shown_as.join(file),
                blocks: names
                    .filter(|name| step.is_written_in(file, name))
                    .collect(),
            }
        };
        let files = tree::files(&tree).map(in_file);
        let written: Vec<Written> = files.filter(|file| !file.blocks.is_empty()).collect();
        if written.is_empty() {
            return vec![Written {
                file: place.file_of(exercise),
                blocks: place.anchor.iter().cloned().collect(),
            }];
        }
        written
    }

    /// Where the attendee writes next for `step`: in its block, unless that has no TODO of it
    /// any more and another one was reached.
    pub fn to_write(&self, step: &Step, eras: &[EraReport]) -> String {
        let reached = eras.iter().find_map(|era| match &era.not_started {
            Some(NotStarted::Todo { place }) => place.as_ref(),
            _ => None,
        });
        match reached {
            Some(reached) if !self.has_todo(step) => {
                // The column is of no use to somebody who looks for a line.
                let line = reached
                    .rsplit_once(':')
                    .map_or(reached.as_str(), |(line, _)| line);
                line.to_owned()
            }
            _ => self.of_step(step),
        }
    }

    /// Whether the block that the course names for a step still says what to write.
    fn has_todo(&self, step: &Step) -> bool {
        let (Some(folder), Some(place)) = (&self.folder, &step.place) else {
            return true;
        };
        let Some(anchor) = &place.anchor else {
            return true;
        };
        let text = fs::read_to_string(folder.join(&place.file)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let block = blocks(&text)
            .into_iter()
            .find(|block| block.name == *anchor);
        block.is_some_and(|block| {
            let mut lines = lines.get(block.lines).unwrap_or_default().iter();
            lines.any(|line| line.contains("TODO") || line.contains("todo!"))
        })
    }

    /// Where the attendee works on `step`: the first line of its TODO block, or the file if
    /// the block's marks are gone. Empty when there is no source.
    pub fn of_step(&self, step: &Step) -> String {
        let (Some(_), Some(place)) = (&self.folder, &step.place) else {
            return String::new();
        };
        let Some(anchor) = &place.anchor else {
            return place.file.display().to_string();
        };
        self.of_block(&place.file, anchor)
            .unwrap_or_else(|| self.shown(&place.file))
    }

    /// The first line of the block that a finding names; where the step is written if it names
    /// none, or the block is gone.
    pub fn of_finding(&self, block: Option<TodoBlock>, step: &Step) -> String {
        block
            .and_then(|block| self.of_block(Path::new(block.file), block.name))
            .unwrap_or_else(|| self.of_step(step))
    }

    fn of_block(&self, file: &Path, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.folder.as_ref()?.join(file)).ok()?;
        let line = line_of_anchor(&text, name)?;
        Some(format!("{}:{line}", self.shown(file)))
    }

    fn shown(&self, file: &Path) -> String {
        self.shown_as.join(file).display().to_string()
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
    use crate::course::Course;

    const BUYING: TodoBlock = TodoBlock {
        file: "src/inventory.rs",
        name: "step_3_3",
    };

    #[test]
    fn a_finding_points_at_its_block_and_where_that_is_gone_at_its_step() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let course = Course::load(&root.join("course.toml")).unwrap();
        let (_, step) = course.step("3.1").unwrap();
        let folder = root.join("exercises/ex3_store");
        let places = Places::in_folder(root, &folder);
        let buying = places.of_finding(Some(BUYING), step);
        let (file, line) = buying.rsplit_once(':').unwrap();
        assert_eq!(file, "exercises/ex3_store/src/inventory.rs");
        let text = fs::read_to_string(root.join(file)).unwrap();
        let before = text.lines().nth(line.parse::<usize>().unwrap() - 2);
        assert_eq!(before, Some("// ANCHOR: step_3_3"));

        let of_step = places.of_step(step);
        assert!(of_step.contains("src/store.rs:"), "{of_step}");
        for (file, name) in [
            ("src/inventory.rs", "step_3_99"),
            ("src/gone.rs", "step_3_3"),
        ] {
            let gone = TodoBlock { file, name };
            assert_eq!(places.of_finding(Some(gone), step), of_step);
        }
        assert_eq!(places.of_finding(None, step), of_step);
        assert_eq!(Places::unknown().of_finding(Some(BUYING), step), "");
    }

    #[test]
    fn an_anchor_is_found_by_its_whole_name() {
        let text = "fn a() {}\n// ANCHOR: step_3_10\nb\n    // ANCHOR: step_3_1\nc\n";
        assert_eq!(line_of_anchor(text, "step_3_1"), Some(5));
        assert_eq!(line_of_anchor(text, "step_3_10"), Some(3));
        assert_eq!(line_of_anchor(text, "step_3"), None);
    }
}
