//! What is drawn at random for each run, so that nobody can know it beforehand.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rmcp::model::{JsonObject, Tool};
use serde_json::{Value, json};

use crate::checks::ProgramUnderTest;

const PLACES: [&str; 8] = [
    "Graz", "Porto", "Tartu", "Cork", "Ghent", "Malmo", "Turin", "Split",
];
const TRADES: [&str; 8] = [
    "Library",
    "Harbour",
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

/// A name such as `Harbour of Graz 4711`.
pub(super) fn server_name(program: &ProgramUnderTest) -> String {
    program.random(|rng| {
        let (trade, place) = (one_of(rng, &TRADES), one_of(rng, &PLACES));
        format!("{trade} of {place} {}", rng.random_range(1000..10_000))
    })
}

/// A version such as `7.3.14`.
pub(super) fn version(program: &ProgramUnderTest) -> String {
    program.random(|rng| {
        let mut part = || rng.random_range(2..40);
        format!("{}.{}.{}", part(), part(), part())
    })
}

/// A word that stands nowhere else: `kites-48213`.
pub(super) fn token(program: &ProgramUnderTest) -> String {
    program.random(|rng| {
        let thing = one_of(rng, &THINGS);
        format!("{thing}-{}", rng.random_range(10_000..100_000))
    })
}

/// So many tools with different names, each with a description of its own.
pub(super) fn tools(program: &ProgramUnderTest, count: usize) -> Vec<Tool> {
    program.random(|rng| {
        let mut names: Vec<(&str, &str)> = VERBS
            .iter()
            .flat_map(|verb| THINGS.iter().map(move |thing| (*verb, *thing)))
            .collect();
        names.shuffle(rng);
        let names = names.into_iter().take(count);
        let tool = |(verb, thing): (&str, &str)| {
            let number = rng.random_range(100..1000);
            let description = format!("Ask desk {number} to {verb} {thing}");
            Tool::new(
                format!("{verb}_{thing}"),
                description,
                object_schema(&json!({})),
            )
        };
        names.map(tool).collect()
    })
}

/// The schema of an object with these properties, all required.
pub(super) fn object_schema(properties: &Value) -> JsonObject {
    let properties = properties.as_object().cloned().unwrap_or_default();
    let required: Vec<&String> = properties.keys().collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

fn one_of<'a>(rng: &mut StdRng, words: &[&'a str]) -> &'a str {
    words.choose(rng).copied().unwrap_or_default()
}
