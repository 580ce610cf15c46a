//! TODO blocks: what an attendee writes, cut out of starter and solution.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use checker::blocks::{Mark, mark};

use super::root;
use super::workshop::Workshop;

/// A TODO block: `step_3_2_tool` in `src/store.rs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    pub file: PathBuf,
    pub anchor: String,
}

/// A file cut at its marks: the text outside, and the lines of each block with its marks.
pub struct Cut {
    pub outside: String,
    pub blocks: BTreeMap<String, String>,
}

pub fn cut(text: &str) -> Cut {
    let mut outside = String::new();
    let mut blocks = BTreeMap::new();
    let mut open: Option<(String, String)> = None;
    for line in text.split_inclusive('\n') {
        let (begins, ends) = match mark(line) {
            Some(Mark::Begin(name)) => (Some(name), None),
            Some(Mark::End(name)) => (None, Some(name)),
            None => (None, None),
        };
        match (&mut open, begins, ends) {
            (None, Some(anchor), _) => open = Some((anchor.to_owned(), line.to_owned())),
            (None, None, Some(anchor)) => panic!("{anchor} ends and has not begun"),
            (None, None, None) => outside.push_str(line),
            (Some((name, _)), Some(inner), _) => panic!("{inner} begins inside {name}"),
            (Some((name, block)), None, end) => {
                block.push_str(line);
                if let Some(end) = end {
                    assert_eq!(end, name, "a block ends under another name");
                    outside.push_str(&format!("[{name}]\n"));
                    let twice = blocks.insert(name.clone(), block.clone());
                    assert_eq!(twice, None, "{name} is there twice");
                    open = None;
                }
            }
        }
    }
    assert!(open.is_none(), "a block never ends");
    Cut { outside, blocks }
}

/// `step_3_2_tool` belongs to step 3.2.
pub fn step_of(anchor: &str) -> String {
    let mut parts = anchor.strip_prefix("step_").unwrap().split('_');
    format!("{}.{}", parts.next().unwrap(), parts.next().unwrap())
}

/// `3.10` as numbers, so that it comes after `3.9`.
pub fn number(step: &str) -> (u32, u32) {
    let (exercise, number) = step.split_once('.').unwrap();
    (exercise.parse().unwrap(), number.parse().unwrap())
}

pub fn sources(package: &Path) -> BTreeSet<PathBuf> {
    let files = |folder: &'static str| {
        let entries = fs::read_dir(package.join(folder)).into_iter().flatten();
        entries.map(move |entry| Path::new(folder).join(entry.unwrap().file_name()))
    };
    // Pages and an image are there where an exercise has some.
    let image = Path::new("Dockerfile");
    let image = package.join(image).is_file().then(|| image.to_owned());
    let files = ["src", "ui"].into_iter().flat_map(files);
    let sources: BTreeSet<PathBuf> = files.chain(image).collect();
    assert!(!sources.is_empty(), "{} has no source", package.display());
    sources
}

/// The blocks of an exercise, step by step.
pub fn by_step(exercise: &str) -> BTreeMap<(u32, u32), Vec<Block>> {
    let mut blocks: BTreeMap<(u32, u32), Vec<Block>> = BTreeMap::new();
    let solution = root().join("solutions").join(exercise);
    for file in sources(&solution) {
        let text = fs::read_to_string(solution.join(&file)).unwrap();
        for anchor in cut(&text).blocks.into_keys() {
            let step = number(&step_of(&anchor));
            let file = file.clone();
            blocks.entry(step).or_default().push(Block { file, anchor });
        }
    }
    blocks
}

/// Writes in the copy what the solution has in this block.
pub fn fill(workshop: &Workshop, exercise: &str, Block { file, anchor }: &Block) {
    let solution = root().join("solutions").join(exercise).join(file);
    let finished = cut(&fs::read_to_string(solution).unwrap());
    let name = format!("exercises/{exercise}/{}", file.display());
    let current = workshop.read(&name);
    let todo = cut(&current).blocks[anchor].clone();
    workshop.write(&name, &current.replace(&todo, &finished.blocks[anchor]));
}
