//! TODO blocks: the lines between `// ANCHOR: step_3_3` and `// ANCHOR_END: step_3_3`.

use std::ops::Range;

/// One block of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `step_3_3_tool`.
    pub name: String,
    /// The lines between the marks, counted from 0.
    pub lines: Range<usize>,
}

impl Block {
    /// The step that it is named after: 3.3.
    pub fn step(&self) -> Option<String> {
        let mut parts = self.name.strip_prefix("step_")?.split('_');
        Some(format!("{}.{}", parts.next()?, parts.next()?))
    }
}

/// A block by name, for what points at one whether it is there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TodoBlock {
    /// From the exercise's folder: `src/store.rs`.
    pub file: &'static str,
    /// `step_3_3_tool`.
    pub name: &'static str,
}

/// The blocks of a file, in order. One whose end is gone ends at the next mark.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match mark(line) {
            Some(Mark::Begin(name)) => {
                let (name, lines) = (name.to_owned(), number + 1..number + 1);
                blocks.push(Block { name, lines });
                open = true;
            }
            Some(Mark::End(_)) => open = false,
            None if open => {
                if let Some(last) = blocks.last_mut() {
                    last.lines.end = number + 1;
                }
            }
            None => (),
        }
    }
    blocks
}

/// What a line marks, with the block's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'a> {
    /// `// ANCHOR: step_3_3`
    Begin(&'a str),
    /// `// ANCHOR_END: step_3_3`
    End(&'a str),
}

/// Reads a line that begins or ends a block.
pub fn mark(line: &str) -> Option<Mark<'_>> {
    let after = |mark: &str| line.split_once(mark)?.1.split_whitespace().next();
    let begin = after("ANCHOR:").map(Mark::Begin);
    begin.or_else(|| after("ANCHOR_END:").map(Mark::End))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// For the modules that point at blocks of an exercise by name.
    pub(crate) fn are_in_starter_and_solution(exercise: &str, named: &[TodoBlock]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for folder in ["exercises", "solutions"] {
            for block in named {
                let path = root.join(folder).join(exercise).join(block.file);
                let text = fs::read_to_string(path).unwrap();
                let found = blocks(&text).iter().any(|one| one.name == block.name);
                assert!(found, "{folder}/{exercise} has no {block:?}");
            }
        }
    }

    #[test]
    fn blocks_are_found_with_the_lines_between_their_marks() {
        let text = "a\n// ANCHOR: step_3_3\nb\nc\n// ANCHOR_END: step_3_3\nd\n    // ANCHOR: step_3_10_tool\ne\n";
        let found: Vec<_> = blocks(text)
            .into_iter()
            .map(|block| (block.step().unwrap(), block.lines))
            .collect();
        assert_eq!(found, [("3.3".to_owned(), 2..4), ("3.10".to_owned(), 7..8)]);
    }

    #[test]
    fn an_empty_block_has_no_lines() {
        let text = "// ANCHOR: step_3_1\n// ANCHOR_END: step_3_1\na\n";
        assert_eq!(blocks(text)[0].lines, 1..1);
    }
}
