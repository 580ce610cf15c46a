//! What the exercises draw at random in the same way, so that nobody can know it beforehand.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rmcp::model::JsonObject;
use serde_json::json;

use super::Harness;

/// A word that stands nowhere else: `scone-48213`.
pub(crate) fn token(harness: &Harness, words: &[&str]) -> String {
    let single: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !word.contains(' '))
        .collect();
    harness.random(|dice| {
        let word = single.choose(dice).copied().unwrap_or_default();
        format!("{word}-{}", dice.random_range(10_000..100_000))
    })
}

/// A word that no server has heard before.
pub(crate) fn unheard_of(harness: &Harness) -> String {
    const SYLLABLES: [&str; 12] = [
        "ba", "do", "fi", "ku", "la", "mo", "ni", "pe", "ru", "sa", "ti", "vo",
    ];
    let word: String = harness.random(|dice| {
        (0..4)
            .filter_map(|_| SYLLABLES.choose(dice))
            .copied()
            .collect()
    });
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

/// A text with its ASCII letters in the other case: how others fold depends on the language.
pub(crate) fn in_other_case(text: &str) -> String {
    let other = |letter: char| {
        if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        }
    };
    text.chars().map(other).collect()
}

/// The schema of an object with these parameters, all of them strings.
pub(crate) fn schema(parameters: &[&str]) -> JsonObject {
    let one = |name: &&str| {
        let property = json!({ "type": "string", "description": format!("The {name}.") });
        ((*name).to_owned(), property)
    };
    let properties: JsonObject = parameters.iter().map(one).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": parameters });
    schema.as_object().cloned().unwrap_or_default()
}
