//! What is drawn at random for each run, so that nobody can know it beforehand.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rmcp::model::Tool;

use crate::checks::ProgramUnderTest;
use crate::checks::draw;

const PLACES: [&str; 8] = [
    "Graz", "Porto", "Tartu", "Cork", "Ghent", "Malmo", "Turin", "Split",
];
const TRADES: [&str; 8] = [
    "Library",
    "Harbor",
    "Observatory",
    "Nursery",
    "Archive",
    "Museum",
    "Ferry",
    "Market",
];
const VERBS: [&str; 8] = [
    "find", "count", "open", "borrow", "paint", "weigh", "water", "repair",
];
const THINGS: [&str; 10] = [
    "books", "boats", "stars", "seeds", "maps", "clocks", "lamps", "kites", "bells", "chairs",
];

/// A name such as `Harbor of Graz 4711`.
pub(super) fn server_name(program: &ProgramUnderTest) -> String {
    program.random(|dice| {
        let (trade, place) = (one_of(dice, &TRADES), one_of(dice, &PLACES));
        format!("{trade} of {place} {}", dice.random_range(1000..10_000))
    })
}

/// A version such as `7.3.14`.
pub(super) fn version(program: &ProgramUnderTest) -> String {
    program.random(|dice| {
        let mut part = || dice.random_range(2..40);
        format!("{}.{}.{}", part(), part(), part())
    })
}

/// A word that stands nowhere else: `kites-48213`.
pub(super) fn token(program: &ProgramUnderTest) -> String {
    draw::token(program, &THINGS)
}

/// So many tools with different names, each with a description of its own.
pub(super) fn tools(program: &ProgramUnderTest, count: usize) -> Vec<Tool> {
    program.random(|dice| {
        let mut names: Vec<(&str, &str)> = VERBS
            .iter()
            .flat_map(|verb| THINGS.iter().map(move |thing| (*verb, *thing)))
            .collect();
        names.shuffle(dice);
        let names = names.into_iter().take(count);
        let tool = |(verb, thing): (&str, &str)| {
            let number = dice.random_range(100..1000);
            let description = format!("Ask desk {number} to {verb} {thing}");
            Tool::new(format!("{verb}_{thing}"), description, draw::schema(&[]))
        };
        names.map(tool).collect()
    })
}

fn one_of<'a>(dice: &mut StdRng, words: &[&'a str]) -> &'a str {
    words.choose(dice).copied().unwrap_or_default()
}
