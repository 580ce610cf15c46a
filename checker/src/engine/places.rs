//! The lines of the attendee's source that findings point at.

use std::fs;
use std::path::{Path, PathBuf};

use super::unmarked;
use crate::blocks::{Block, blocks};
use crate::course::{Exercise, Step};
use crate::tree;
use crate::verdict::{EraReport, Location, NotStarted, Position, Spot};

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

    /// Everywhere that `step` is written, file by file. Where the marks are gone it is the file that
    /// the course names; of a step that is written nowhere, nothing.
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
                blocks: Vec::new(),
            }];
        }
        written
    }

    /// Where the attendee writes next for `step`: in each of its blocks that says what to write.
    /// Where none does any more it is where a `todo!()` was reached, or else in any of its blocks;
    /// where those are gone, in the file to which the course sends its reader.
    pub fn to_write(&self, step: &Step, eras: &[EraReport]) -> Vec<Position> {
        let of_course = self.of_step(step);
        let says_so = |_: &Path, _: &Block, lines: &[&str]| {
            lines.iter().any(|line| is_todo_of(line, &step.id))
        };
        let open = self.blocks_with(of_course.as_ref(), says_so);
        if !open.is_empty() {
            return open;
        }
        let reached = eras.iter().find_map(|era| match &era.not_started {
            Some(NotStarted::Todo { place }) => place.as_ref(),
            _ => None,
        });
        if let Some(reached) = reached.filter(|_| self.folder.is_some()) {
            return vec![Position {
                // It is of no use to somebody who looks for a line.
                column: None,
                ..reached.clone()
            }];
        }
        let is_its_own =
            |file: &Path, block: &Block, _: &[&str]| step.is_written_in(file, &block.name);
        let all = self.blocks_with(of_course.as_ref(), is_its_own);
        if all.is_empty() {
            return of_course.into_iter().collect();
        }
        all
    }

    /// Why rmcp knows nothing of a tool that is written: `fn buy_product is at …, without #[tool]`.
    pub fn unmarked_tool(&self, name: &str) -> Option<String> {
        let folder = self.folder.as_ref()?;
        let tree = tree::read(folder).ok()?;
        let mut sources = tree::files(&tree).filter(|file| is_rust(file));
        sources.find_map(|file| {
            let text = fs::read_to_string(folder.join(file)).ok()?;
            let (line, missing) = unmarked::tool_in(&text, name)?;
            let place = Position::line(self.shown_as.join(file), line);
            Some(format!("`fn {name}` is at {place}, {missing}"))
        })
    }

    /// The blocks of which this is so, this one before the others: there the book begins.
    fn blocks_with(
        &self,
        first: Option<&Position>,
        is_so: impl Fn(&Path, &Block, &[&str]) -> bool,
    ) -> Vec<Position> {
        let Some(folder) = &self.folder else {
            return Vec::new();
        };
        let tree = tree::read(folder).unwrap_or_default();
        let sources = tree::files(&tree).filter(|file| is_source(file));
        let in_file = |file: &PathBuf| -> Vec<Position> {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let is_so = |block: &Block| {
                let lines = lines.get(block.lines.clone()).unwrap_or_default();
                is_so(file, block, lines)
            };
            let found = blocks(&text).into_iter().filter(is_so);
            let shown = self.shown_as.join(file);
            found
                .map(|block| Position::line(&shown, block.lines.start + 1))
                .collect()
        };
        let mut found: Vec<Position> = sources.flat_map(in_file).collect();
        found.sort_by_key(|place| Some(place) != first);
        found
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
            Location::First(spots) => {
                let found = spots.iter().find_map(|spot| self.of_spot(spot));
                found.or_else(|| self.of_step(step)).into()
            }
            Location::At(position) => Location::At(self.of_panic(position)),
            Location::Nowhere => Location::Nowhere,
        }
    }

    /// Something that is found, whether it is where the starter has it or elsewhere.
    fn of_spot(&self, spot: &Spot) -> Option<Position> {
        match spot {
            Spot::Block(block) => self.of_block(Path::new(block.file), block.name),
            Spot::Code { file, words } => {
                self.first_line(Path::new(file), |text| line_of_code(text, words))
            }
            Spot::InBlock(block, words) => self.first_line(Path::new(block.file), |text| {
                let block = blocks(text)
                    .into_iter()
                    .find(|one| one.name == block.name)?;
                let mut lines = text.lines().enumerate();
                let has_words = |(number, line): &(usize, &str)| {
                    block.lines.contains(number) && is_code_with(line, words)
                };
                lines.find(has_words).map(|(number, _)| number + 1)
            }),
            Spot::Given { there, then } => {
                self.of_spot(there)?;
                self.of_spot(then)
            }
            Spot::File(file) => {
                let is_there = self.folder.as_ref()?.join(file).is_file();
                is_there.then(|| Position::file(self.shown_as.join(file)))
            }
        }
    }

    /// The first line of a block. An attendee may have moved it to another file, marks and all.
    fn of_block(&self, file: &Path, name: &str) -> Option<Position> {
        self.first_line(file, |text| line_of_anchor(text, name))
    }

    /// The line that is found in this file, or else in another one of the exercise.
    fn first_line(&self, file: &Path, find: impl Fn(&str) -> Option<usize>) -> Option<Position> {
        let folder = self.folder.as_ref()?;
        let in_file = |file: &Path| {
            let text = fs::read_to_string(folder.join(file)).ok()?;
            Some(Position::line(self.shown_as.join(file), find(&text)?))
        };
        in_file(file).or_else(|| {
            let tree = tree::read(folder).ok()?;
            let mut others = tree::files(&tree).filter(|other| is_source(other));
            others.find_map(|other| in_file(other))
        })
    }

    /// Where a panic was, `src/store.rs:12:5` or already longer, from the workshop's root.
    pub fn of_panic(&self, position: Position) -> Position {
        let is_relative = ["src", "ui"]
            .iter()
            .any(|part| position.file.starts_with(part));
        if is_relative && self.folder.is_some() {
            return position.below(&self.shown_as);
        }
        position
    }
}

/// Whether a line says what to write for a step: `// TODO 3.2: …`, or `todo!("3.2")`.
fn is_todo_of(line: &str, step: &str) -> bool {
    let of_step = |rest: &str| {
        let rest = rest.strip_prefix(step);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    ["TODO ", "todo!(\""]
        .iter()
        .any(|mark| line.split(mark).skip(1).any(of_step))
}

fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

/// Whether an attendee writes code in it: Rust, or the pages of an App.
fn is_source(file: &Path) -> bool {
    is_rust(file)
        || file
            .extension()
            .is_some_and(|extension| extension == "html")
}

/// The number of the first line of code that has these words in it.
fn line_of_code(text: &str, words: &str) -> Option<usize> {
    let position = text.lines().position(|line| is_code_with(line, words))?;
    Some(position + 1)
}

/// Whether a line is no comment and has these words in it, as whole words.
pub(super) fn is_code_with(line: &str, words: &str) -> bool {
    let of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let ends =
        |before: &str, after: &str| !before.ends_with(of_word) && !after.starts_with(of_word);
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(words)
        .any(|(start, found)| ends(&code[..start], &code[start + found.len()..]))
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
    use tempfile::TempDir;

    use super::*;
    use crate::blocks::TodoBlock;
    use crate::course::Course;

    fn workshop() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    const BUYING: TodoBlock = TodoBlock {
        file: "src/inventory.rs",
        name: "step_3_3",
    };

    #[test]
    fn a_finding_points_at_its_block_and_where_that_is_gone_at_its_step() {
        let root = workshop();
        let course = Course::load(&root.join("course.toml")).unwrap();
        let (_, step) = course.step("3.1").unwrap();
        let folder = root.join("exercises/ex3_store");
        let places = Places::in_folder(root, &folder);
        let buying = places.of_finding(BUYING.into(), step);
        let Location::At(Position { file, line, .. }) = buying else {
            panic!("{buying:?}");
        };
        assert_eq!(file, Path::new("exercises/ex3_store/src/inventory.rs"));
        let text = fs::read_to_string(root.join(file)).unwrap();
        let before = text.lines().nth(line.unwrap() as usize - 2);
        assert_eq!(before, Some("// ANCHOR: step_3_3"));

        let of_step = places.of_finding(Location::Step, step);
        assert!(of_step.to_string().contains("src/store.rs:"), "{of_step:?}");
        let gone = TodoBlock {
            name: "step_3_99",
            ..BUYING
        };
        assert_eq!(places.of_finding(gone.into(), step), of_step);
        let nowhere = Places::unknown().of_finding(BUYING.into(), step);
        assert_eq!(nowhere, Location::Nowhere);
    }

    /// An exercise with these files, and its places.
    fn exercise(files: &[(&str, &str)]) -> (TempDir, Places) {
        let root = TempDir::new().unwrap();
        let folder = root.path().join("ex3_store");
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let places = Places::in_folder(root.path(), &folder);
        (root, places)
    }

    #[test]
    fn what_an_attendee_moved_is_found_by_its_name() {
        let (_root, places) = exercise(&[
            (
                "src/inventory.rs",
                "// fn buy is in shop.rs\nfn buyer() {}\nfn f() { buy() }\n",
            ),
            (
                "src/main.rs",
                "// ANCHOR: step_3_8\n\nInventory::new()\n// ANCHOR_END: step_3_8\n",
            ),
            (
                "src/shop.rs",
                "\n// ANCHOR: step_3_3\n    pub fn buy(&self) {}\n",
            ),
            (
                "src/store.rs",
                "Inventory::new()\n#[tool(name = \"buy_product\")]\n",
            ),
        ]);
        let step = Course::load(&workshop().join("course.toml")).unwrap();
        let (_, step) = step.step("3.3").unwrap();
        let found = |spot: Spot| places.of_finding(spot.into(), step).to_string();
        let gate = TodoBlock {
            file: "src/main.rs",
            name: "step_3_8",
        };
        let inventory = "src/inventory.rs";
        for (spot, place) in [
            (Spot::Block(BUYING), "ex3_store/src/shop.rs:3"),
            (Spot::code(inventory, "fn buy"), "ex3_store/src/shop.rs:3"),
            (
                Spot::code(inventory, "fn f"),
                "ex3_store/src/inventory.rs:3",
            ),
            (
                Spot::code(inventory, "name = \"buy_product\""),
                "ex3_store/src/store.rs:2",
            ),
            (Spot::InBlock(gate, "Inventory"), "ex3_store/src/main.rs:3"),
            (Spot::File("src/store.rs"), "ex3_store/src/store.rs"),
            (
                Spot::InBlock(gate, "Inventory").then(Spot::File("src/main.rs")),
                "ex3_store/src/main.rs",
            ),
            // Not there, so it is where the step is written, which has moved too.
            (Spot::code(inventory, "fn sell"), "ex3_store/src/shop.rs:3"),
            (Spot::InBlock(gate, "fn buy"), "ex3_store/src/shop.rs:3"),
            (
                Spot::InBlock(gate, "fn buy").then(Spot::File("src/main.rs")),
                "ex3_store/src/shop.rs:3",
            ),
        ] {
            assert_eq!(found(spot.clone()), place, "{spot:?}");
        }
    }

    #[test]
    fn a_tool_that_rmcp_knows_nothing_of_is_found_where_it_is_written() {
        let (_root, places) = exercise(&[
            (
                "src/inventory.rs",
                "impl Inventory {\n    fn buy_product(&self) {}\n}\n",
            ),
            (
                "src/store.rs",
                "#[tool_router]\nimpl Store {\n    /// Buys.\n    fn buy_product(&self) {}\n}\n",
            ),
        ]);
        let told = places.unmarked_tool("buy_product").unwrap();
        assert_eq!(
            told,
            "`fn buy_product` is at ex3_store/src/store.rs:4, without #[tool] above it"
        );
        assert_eq!(places.unmarked_tool("list_products"), None);
    }

    #[test]
    fn a_step_is_written_in_all_its_blocks_that_say_so() {
        let block = |name: &str, lines: &str| {
            format!("// ANCHOR: {name}\n{lines}\n// ANCHOR_END: {name}\n")
        };
        let prompts = block("step_3_11", "// TODO 3.11 (bonus): the prompt");
        let store = block("step_3_1", "todo!(\"3.1\")")
            + &block("step_3_11_capability", "// written")
            + &block("step_3_11_handler", "// TODO 3.11: `#[prompt_handler]`");
        let page = block("step_4_8", "// TODO 4.8: for each product a bar");
        let (_root, places) = exercise(&[
            ("src/prompts.rs", &prompts),
            ("src/a.rs", &store),
            ("ui/chart.html", &page),
        ]);
        let course = Course::load(&workshop().join("course.toml")).unwrap();
        let to_write = |id: &str| {
            let (_, step) = course.step(id).unwrap();
            let places = places.to_write(step, &[]).into_iter();
            places.map(|place| place.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            to_write("3.11"),
            ["ex3_store/src/prompts.rs:2", "ex3_store/src/a.rs:8"]
        );
        assert_eq!(to_write("3.1"), ["ex3_store/src/a.rs:2"]);
        assert_eq!(to_write("4.8"), ["ex3_store/ui/chart.html:2"]);
        // Nothing says what to write, and nothing is written either.
        assert_eq!(to_write("3.5"), ["ex3_store/src/inventory.rs"]);
    }

    #[test]
    fn an_anchor_is_found_by_its_whole_name() {
        let text = "fn a() {}\n// ANCHOR: step_3_10\nb\n    // ANCHOR: step_3_1\nc\n";
        assert_eq!(line_of_anchor(text, "step_3_1"), Some(5));
        assert_eq!(line_of_anchor(text, "step_3_10"), Some(3));
        assert_eq!(line_of_anchor(text, "step_3"), None);
    }
}
