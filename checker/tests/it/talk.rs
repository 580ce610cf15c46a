//! The commands that the book shows of exercise 1 print what they print: its solution, talking to
//! the solution of exercise 3.

use std::process::Command;

use crate::common::beside_checker;
use crate::common::serving::Serving;

#[test]
fn client_and_store_say_what_the_book_shows() {
    let too_many = r#"{"product_name":"Croissant","quantity":99}"#;
    let commands: [&[&str]; 4] = [
        &["info"],
        &["list"],
        &["call", "buy_product", too_many],
        &["call", "buy_prodct"],
    ];
    let store = Serving::start("ex3_store_solution", &[("STORE_PORT", "0")]);
    let said: Vec<String> = commands
        .iter()
        .map(|words| run(&store.url, words))
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:8420");
    let talk = format!("// ANCHOR: talk\n{}// ANCHOR_END: talk", said.join("\n"));
    settings.bind(|| insta::assert_snapshot!("talk", talk));
}

/// The command as it is typed, and what it prints: answers on stdout, complaints on stderr.
fn run(url: &str, words: &[&str]) -> String {
    let output = Command::new(beside_checker("ex1_connect_solution"))
        .arg(url)
        .args(words)
        .output()
        .unwrap();
    let quoted = words.iter().map(|word| {
        if word.contains('"') {
            format!("'{word}'")
        } else {
            (*word).to_owned()
        }
    });
    let line = quoted.collect::<Vec<_>>().join(" ");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    format!("$ ex1_connect {url} {line}\n{printed}")
}
