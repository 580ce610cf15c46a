//! The lines of the attendee's source that findings point at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::blocks::blocks;
use crate::course::{Exercise, Step};
use crate::tree;
use crate::verdict::{EraReport, Location, NotStarted, Position};

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
    pub fn to_write(&self, step: &Step, eras: &[EraReport]) -> Option<Position> {
        let reached = eras.iter().find_map(|era| match &era.not_started {
            Some(NotStarted::Todo { place }) => place.as_ref(),
            _ => None,
        });
        match reached {
            Some(reached) if !self.has_todo(step) => Some(Position {
                // It is of no use to somebody who looks for a line.
                column: None,
                ..reached.clone()
            }),
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
    /// the block's marks are gone. `None` when there is no source.
    pub fn of_step(&self, step: &Step) -> Option<Position> {
        let (Some(_), Some(place)) = (&self.folder, &step.place) else {
            return None;
        };
        let Some(anchor) = &place.anchor else {
            return Some(Position::file(&place.file));
        };
        let block = self.of_block(&place.file, anchor);
        Some(block.unwrap_or_else(|| Position::file(self.shown_as.join(&place.file))))
    }

    /// The line that a finding of `step` points at. Where its block is gone, it is where the step
    /// is written.
    pub fn of_finding(&self, location: Location, step: &Step) -> Location {
        match location {
            Location::Step => self.of_step(step).into(),
            Location::Block(block) => {
                let position = self.of_block(Path::new(block.file), block.name);
                position.or_else(|| self.of_step(step)).into()
            }
            Location::At(position) => Location::At(self.of_panic(position)),
            Location::Nowhere => Location::Nowhere,
        }
    }

    fn of_block(&self, file: &Path, name: &str) -> Option<Position> {
        let text = fs::read_to_string(self.folder.as_ref()?.join(file)).ok()?;
        let line = line_of_anchor(&text, name)?;
        Some(Position::line(self.shown_as.join(file), line))
    }

    /// Where a panic was, `src/store.rs:12:5` or already longer, from the workshop's root.
    pub fn of_panic(&self, position: Position) -> Position {
        let is_relative = position.file.starts_with("src");
        if is_relative && self.folder.is_some() {
            return position.below(&self.shown_as);
        }
        position
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
    use crate::blocks::TodoBlock;
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
        let buying = places.of_finding(Location::Block(BUYING), step);
        let Location::At(Position { file, line, .. }) = buying else {
            panic!("{buying:?}");
        };
        assert_eq!(file, Path::new("exercises/ex3_store/src/inventory.rs"));
        let text = fs::read_to_string(root.join(file)).unwrap();
        let before = text.lines().nth(line.unwrap() as usize - 2);
        assert_eq!(before, Some("// ANCHOR: step_3_3"));

        let of_step = places.of_finding(Location::Step, step);
        assert!(of_step.to_string().contains("src/store.rs:"), "{of_step:?}");
        for (file, name) in [
            ("src/inventory.rs", "step_3_99"),
            ("src/gone.rs", "step_3_3"),
        ] {
            let gone = TodoBlock { file, name };
            assert_eq!(places.of_finding(Location::Block(gone), step), of_step);
        }
        let nowhere = Places::unknown().of_finding(Location::Block(BUYING), step);
        assert_eq!(nowhere, Location::Nowhere);
    }

    #[test]
    fn an_anchor_is_found_by_its_whole_name() {
        let text = "fn a() {}\n// ANCHOR: step_3_10\nb\n    // ANCHOR: step_3_1\nc\n";
        assert_eq!(line_of_anchor(text, "step_3_1"), Some(5));
        assert_eq!(line_of_anchor(text, "step_3_10"), Some(3));
        assert_eq!(line_of_anchor(text, "step_3"), None);
    }
}
