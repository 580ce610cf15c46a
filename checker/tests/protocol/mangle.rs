//! Right messages with something strange put in: the extreme, the empty and the huge, odd Unicode,
//! what is missing and what is too much. The checker must come to a verdict on all of it.
//!
//! `MANGLED=7` draws the same changes for the same messages in each run. The variable is shared by
//! all broken programs of the tests, and so is this file.
#![allow(dead_code, reason = "each program uses its part")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

/// So many changes are made to a message, at most.
const CHANGES: u32 = 3;

/// One message of so many is left as it is, or no check would get beyond the first.
const UNTOUCHED: f64 = 0.75;

static SEED: LazyLock<Option<u64>> = LazyLock::new(|| std::env::var("MANGLED").ok()?.parse().ok());
static MESSAGES: AtomicU64 = AtomicU64::new(0);

/// With an odd seed, up to so many messages are left as they are, so that a check gets beyond the
/// handshake and the lists.
const IN_ORDER: u64 = 25;

/// Changes a message here and there, if this run is to. `kind` says what it is about, such as its
/// method. With an even seed all messages of a kind are changed alike, so that they agree with each
/// other: a store that always has 2^63 − 1 of something.
pub fn mangle(kind: &str, message: &mut Value) {
    let Some(seed) = *SEED else {
        return;
    };
    let mut hasher = DefaultHasher::new();
    (seed, kind).hash(&mut hasher);
    if !seed.is_multiple_of(2) {
        let number = MESSAGES.fetch_add(1, Ordering::Relaxed);
        if number < seed / 2 % IN_ORDER {
            return;
        }
        number.hash(&mut hasher);
    }
    let mut rng = StdRng::seed_from_u64(hasher.finish());
    if rng.random_bool(UNTOUCHED) {
        return;
    }
    for _ in 0..rng.random_range(1..=CHANGES) {
        change_somewhere(message, &mut rng);
    }
}

/// Goes down at random, and changes what is found there.
fn change_somewhere(value: &mut Value, rng: &mut StdRng) {
    let goes_on = rng.random_bool(0.9);
    match value {
        Value::Object(fields) if goes_on && !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let Some(name) = names.choose(rng) else {
                return;
            };
            match rng.random_range(0..12) {
                0 => _ = fields.remove(name),
                1 => _ = fields.insert("surprise".to_owned(), strange(rng)),
                _ => change_somewhere(&mut fields[name], rng),
            }
        }
        Value::Array(items) if goes_on && !items.is_empty() => {
            let index = rng.random_range(0..items.len());
            match rng.random_range(0..12) {
                0 => items.clear(),
                1 => items.push(strange(rng)),
                2 => items.extend(std::iter::repeat_n(items[index].clone(), 200)),
                _ => change_somewhere(&mut items[index], rng),
            }
        }
        // Mostly one of its own type, which gets further than one of another.
        Value::Number(_) if rng.random_bool(0.8) => *value = number(rng),
        Value::String(_) if rng.random_bool(0.8) => *value = text(rng).into(),
        _ => *value = strange(rng),
    }
}

fn strange(rng: &mut StdRng) -> Value {
    match rng.random_range(0..8) {
        0 => Value::Null,
        1 => rng.random::<bool>().into(),
        2 => number(rng),
        3 => text(rng).into(),
        4 => json!([]),
        5 => json!({}),
        6 => deep(rng.random_range(1..300)),
        _ => Value::Object(Map::from_iter([(text(rng), number(rng))])),
    }
}

fn number(rng: &mut StdRng) -> Value {
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(-0.0),
        json!(2.0),
        json!(1e308),
        json!(5e-324),
        json!(u32::MAX),
        json!(u64::from(u32::MAX) + 1),
        json!(9_007_199_254_740_993_u64),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(i64::MAX.unsigned_abs() + 1),
        json!(u64::MAX),
    ];
    numbers.choose(rng).cloned().unwrap_or_default()
}

fn text(rng: &mut StdRng) -> String {
    let texts = [
        "",
        " ",
        "\0",
        "\n\n\n",
        "\u{feff}",
        "\u{202e}evil",
        "\u{1b}[2J",
        "e\u{301}\u{301}\u{301}\u{301}",
        "👩‍👩‍👧‍👦",
        "İıßſ",
        "%",
        "%zz",
        "%ff%fe",
        "{name}",
        "../../..",
        "http://[",
        "$ref",
        "#/properties",
        "(?",
        "2026-07-28",
        "-0",
        "NaN",
        "ä",
    ];
    let text = texts.choose(rng).copied().unwrap_or_default();
    match rng.random_range(0..10) {
        0 => text.repeat(5_000),
        1 => "x".repeat(100_000),
        _ => text.to_owned(),
    }
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, level| match level % 2 {
        0 => json!([inner]),
        _ => json!({ "in": inner }),
    })
}
