//! `cargo checker eval`, with a model that follows a script.

use std::process::Command;

use checker::fixtures::model::{Heard, Proposal, Says, Script, ScriptedModel};
use checker::mcp::Transcript;
use insta::assert_snapshot;
use serde_json::json;

use crate::cli::told::{Told, fresh, redacted, told_by};
use crate::common::beside_checker;
use crate::common::serving::Serving;
use crate::common::workshop::Workshop;

const MODEL: &str = "gpt-scripted";
const KEY: &str = "sk-not-a-secret-4711";

/// The store of exercise 3.
fn store() -> Serving {
    Serving::start("examples/broken", &[("STORE_PORT", "0")])
}

fn eval(workshop: &Workshop, words: &str, settings: &[(String, String)]) -> Told {
    told_by(workshop, eval_command(workshop, words, settings))
}

fn eval_command(workshop: &Workshop, words: &str, settings: &[(String, String)]) -> Command {
    let mut command = workshop.checker(&format!("eval {words}"));
    for name in ["OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"] {
        command.env_remove(name);
    }
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

fn shown(told: &Told) -> String {
    format!("{}{}exit code {}\n", told.stdout, told.stderr, told.code)
}

/// Chooses by the words of the question and of the description.
fn choose(heard: &Heard) -> Says {
    let messages = heard.messages();
    let question = messages.last().unwrap()["content"].as_str().unwrap();
    let call = |tool: &str, arguments: serde_json::Value| {
        Says::Calls(vec![Proposal::new("call_1", tool, &arguments)], None)
    };
    let search = heard.function_of("search_products").unwrap();
    let in_cents = search["parameters"]["properties"]["max_price_cents"]["description"]
        .as_str()
        .is_some_and(|text| text.contains("500 is five dollars"));
    match question {
        "What do you sell?" => call("list_products", json!({})),
        question if question.contains("at most five") && in_cents => {
            call("search_products", json!({ "max_price_cents": 500 }))
        }
        question if question.contains("at most five") => {
            call("search_products", json!({ "max_price_cents": 5 }))
        }
        question if question.contains("tart") => {
            Says::Calls(vec![Proposal::written("call_1", "search_products", "{\"keyword\":")], None)
        }
        question if question.contains("loaf") => {
            Says::Answer("Which loaf?\u{1b}[31m I could not say from here what it would cost, nor whether it is there.".to_owned())
        }
        question if question.contains("croissants") => Says::Calls(
            vec![
                Proposal::new("call_1", "buy_product", &json!({ "product_name": "Croissant", "quantity": 2 })),
                Proposal::new("call_2", "list_products", &json!({})),
            ],
            Some("At once!".to_owned()),
        ),
        question if question.contains("wedding") => Says::Error(500, format!("overheated, with {KEY}")),
        _ => Says::Answer("You are welcome!".to_owned()),
    }
}

async fn model() -> ScriptedModel {
    let model = ScriptedModel::open(&Transcript::default()).await.unwrap();
    model.play(Script::new(MODEL, KEY).then_with(choose));
    model
}

const NEW: &str = r#"
[search_products]
description = "Finds products by a word in their name, by price, or both."

[search_products.arguments]
max_price_cents = "The highest price in cents: 500 is five dollars."
"#;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_it_says_what_it_would_ask() {
    let (workshop, store) = (fresh(), store());
    let told = eval(&workshop, &format!("--url {}", store.url), &[]);
    assert_eq!(told.code, 2);
    redacted(&workshop).bind(|| assert_snapshot!("plan", shown(&told)));
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_and_misses_are_counted_and_two_wordings_compared() {
    let (workshop, store, model) = (fresh(), store(), model().await);
    workshop.write("new.toml", NEW);
    let words = format!("--url {} --times 2 --prices 0.25/2", store.url);
    let told = eval(&workshop, &words, &model.environment());
    assert_eq!(told.code, 0, "{told:?}");
    redacted(&workshop).bind(|| assert_snapshot!("table", shown(&told)));

    let words = format!("{words} --descriptions new.toml");
    let told = eval(&workshop, &words, &model.environment());
    redacted(&workshop).bind(|| assert_snapshot!("comparison", shown(&told)));
    let heard = model.heard();
    let instructions = &heard[0].messages()[0];
    assert_eq!(instructions["role"], "system", "{instructions}");
    assert!(heard.iter().all(|heard| heard.functions().len() >= 3));

    let told = eval(
        &workshop,
        &format!("{words} --format json"),
        &model.environment(),
    );
    let document = told.json();
    assert_eq!(document["model"], MODEL);
    assert_eq!(document["own"]["counts"]["hits"], 4, "{document}");
    assert_eq!(document["reworded"]["counts"]["hits"], 6, "{document}");
    assert_eq!(
        document["own"]["questions"][0]["verdicts"][0]["verdict"],
        "hit"
    );
    assert_eq!(
        document["own"]["usage"],
        json!({ "sent": 12, "received": 12 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fails_only_where_somebody_wants_more_hits() {
    let (workshop, store, model) = (fresh(), store(), model().await);
    let questions = "[[question]]\nask = 'What do you sell?'\nexpect = [{ tool = 'list_products' }]\n[[question]]\nask = 'Is it at most five?'\nexpect = []\n";
    workshop.write("my.toml", questions);
    for (at_least, code) in [("", 0), (" --at-least 50", 0), (" --at-least 51", 1)] {
        let words = format!(
            "--url {} --questions my.toml --times 1{at_least}",
            store.url
        );
        let told = eval(&workshop, &words, &model.environment());
        assert_eq!(told.code, code, "{at_least}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_never_answers_is_no_evaluation() {
    let (workshop, store, model) = (fresh(), store(), model().await);
    let overheated = Says::Error(400, "overheated".to_owned());
    model.play(Script::new(MODEL, KEY).then(overheated));
    let words = format!("--url {} --times 1", store.url);
    let told = eval(&workshop, &words, &model.environment());
    assert_eq!(told.code, 2, "{told:?}");
    assert!(told.stdout.contains("overheated"), "{told:?}");
    assert!(told.stderr.contains("answered no question"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_setting_is_told_without_the_key() {
    let (workshop, store, model) = (fresh(), store(), model().await);
    let words = format!("--url {}", store.url);
    let mut all = String::new();
    for (name, value) in [
        ("OPENAI_API_KEY", ""),
        ("OPENAI_API_KEY", "sk-another-secret-4711"),
        ("OPENAI_API_KEY", "sk-of two words-4711"),
        ("OPENAI_MODEL", "gpt-unknown"),
        ("OPENAI_BASE_URL", "localhost:1234"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
    ] {
        let mut settings = model.environment();
        settings.retain(|(other, _)| other != name);
        settings.push((name.to_owned(), value.to_owned()));
        let told = eval(&workshop, &words, &settings);
        let said = told.could_not();
        assert!(!said.contains("4711"), "{said}");
        all += &format!("{name}={}\n  {said}\n", value.replace("4711", "…"));
    }
    // A line that is none may hold the key.
    workshop.write(".env", &format!("OPENAI_API_KEY {KEY}\n"));
    let told = eval(&workshop, &words, &[]);
    let said = told.could_not();
    assert!(!said.contains("4711"), "{said}");
    all += &format!(".env\n  {said}\n");
    assert_snapshot!("settings", all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_right_is_told_with_its_line() {
    let (workshop, store) = (fresh(), store());
    let mut all = String::new();
    for (option, text) in [
        ("questions", ""),
        ("questions", "[[question]]\nask = 'a'\nexpects = []\n"),
        ("questions", "[[question]]\nask = 'a\n"),
        ("questions", "[[question]]\nask = ' '\nexpect = []\n"),
        (
            "questions",
            "[[question]]\nask = 'a'\nexpect = [{ tool = 'list_product' }]\n",
        ),
        ("descriptions", "[list_product]\ndescription = 'a'\n"),
        ("descriptions", "[search_products.arguments]\nword = 'a'\n"),
        ("descriptions", "[search_products]\ntext = 'a'\n"),
    ] {
        workshop.write("a.toml", text);
        let words = format!("--url {} --{option} a.toml", store.url);
        let told = eval(&workshop, &words, &[]);
        all += &format!("{option}: {text:?}\n  {}\n", told.could_not());
    }
    let told = eval(
        &workshop,
        &format!("--url {} --questions no.toml", store.url),
        &[],
    );
    all += &format!("no file\n  {}\n", told.could_not());
    assert_snapshot!("files", all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_tools_to_choose_from_is_told() {
    let workshop = fresh();
    let mut all = String::new();
    for words in [
        "ex1",
        "ex5",
        "all",
        "--url http://127.0.0.1:9/mcp",
        "--command no-such-program",
    ] {
        let told = eval(&workshop, words, &[]);
        all += &format!("{words}\n  {}\n", told.could_not());
    }
    assert_snapshot!("no_tools", all);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exercise_and_a_command_are_asked_for_their_tools() {
    let workshop = fresh();
    let store = beside_checker("examples/broken");
    let mut command = eval_command(&workshop, "--command", &[]);
    command.arg(format!("{} --stdio", store.display()));
    let of_command = told_by(&workshop, command);
    let of_solution = eval(&workshop, "ex3 --solution", &[]);
    for told in [of_command, of_solution] {
        assert_eq!(told.code, 2, "{told:?}");
        assert!(told.stdout.contains("search_products"), "{told:?}");
    }
}
