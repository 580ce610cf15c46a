//! `--url` and `--command`.

use std::time::{Duration, Instant};

use checker::verdict::Code;
use insta::assert_snapshot;

use crate::cli::subjects::{answers_always, nobody, running};
use crate::cli::told::{Told, fresh, outcomes, redacted, told, told_by};
use crate::common::beside_checker;
use crate::common::workshop::Workshop;

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html><h1>\x1b[31mBakery</h1>";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const REDIRECT: &str = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const NO_HTTP: &str = "220 mail.example ESMTP\r\n";

/// With `--command`, in one word.
fn told_of_command(workshop: &Workshop, words: &str, command: &str) -> Told {
    let mut checker = workshop.checker(words);
    checker.arg("--command").arg(command);
    told_by(workshop, checker)
}

fn stdio_server() -> String {
    format!("{} --stdio", beside_checker("examples/broken").display())
}

#[test]
fn a_url_without_an_mcp_server_is_told_apart() {
    let workshop = fresh();
    let token = running("needs-token");
    let urls = [
        ("nobody listens", nobody()),
        ("a page", answers_always(PAGE)),
        ("no such path", answers_always(NOT_FOUND)),
        ("somewhere else", answers_always(REDIRECT)),
        ("not even HTTP", answers_always(NO_HTTP)),
        ("a token is asked for", token.url.clone()),
        ("TLS", "https://127.0.0.1:1/mcp".to_owned()),
        ("no scheme", "localhost:8420/mcp".to_owned()),
        ("no such name", "http://nowhere.invalid/mcp".to_owned()),
    ];
    let mut said = String::new();
    for (what, url) in urls {
        let told = told(&workshop, &format!("check ex3 --url {url}"));
        said += &format!("{what}: {}\n", told.could_not());
    }
    let mut settings = redacted(&workshop);
    // The system's words.
    settings.add_filter(
        r"\(no answer: failed to lookup [^)]*\)",
        "(no answer: [lookup])",
    );
    settings.bind(|| assert_snapshot!("no_mcp_at_url", said));
}

/// What answers in JSON-RPC is MCP, and its mistakes are findings.
#[test]
fn a_url_with_a_broken_mcp_server_is_checked() {
    let workshop = fresh();
    for (flaw, code) in [
        ("no-content-type", Code::WrongContentType),
        ("plain-text", Code::WrongContentType),
        ("wrong-ids", Code::WrongId),
    ] {
        let server = running(flaw);
        let url = &server.url;
        let told = told(&workshop, &format!("check 3.1 --url {url} --format json"));
        assert_eq!(told.code, 1, "{flaw}: {told:?}");
        let code = format!("\"code\": \"{code}\"");
        assert!(told.stdout.contains(&code), "{flaw}: {told:?}");
    }
}

#[test]
fn a_url_that_is_none_is_a_wrong_argument() {
    let workshop = fresh();
    for url in [
        "127.0.0.1:8420/mcp",
        "http://",
        "http://127.0.0.1:99999/mcp",
        "",
    ] {
        let mut command = workshop.checker("check ex3 --url");
        command.arg(url);
        let told = told_by(&workshop, command);
        assert_eq!((told.code, told.stdout.as_str()), (2, ""));
        assert!(told.stderr.contains("--url"), "{}", told.stderr);
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_on_soon() {
    let workshop = fresh();
    let server = running("never-answers");
    let begin = Instant::now();
    let told = told(&workshop, &format!("check ex3 --url {}", server.url));
    assert!(begin.elapsed() < Duration::from_secs(15));
    let said = told.could_not();
    assert!(said.contains("no answer within 5 s"), "{said}");
    assert!(said.contains("restart it if it hangs"), "{said}");
}

#[test]
fn a_right_server_at_a_url_passes_but_for_its_stdio() {
    let workshop = fresh();
    let server = running("");
    let passed = told(&workshop, &format!("check ex3 --url {}", server.url));
    assert_eq!((passed.code, passed.stderr.as_str()), (0, ""));
    redacted(&workshop).bind(|| assert_snapshot!("right_url", passed.stdout));
    let progress = workshop.read(".workshop/progress.toml");
    assert!(!progress.contains("3.1"), "{progress}");

    let other = running("");
    let stdio = told(&workshop, &format!("check 3.7 --url {}", other.url));
    assert_eq!(stdio.code, 2);
    assert_eq!(
        stdio.stderr,
        "error: nothing could be checked: a URL has no stdio. Check the program itself, with `cargo checker check 3.7` or `--command`\n"
    );
}

#[test]
fn a_wrong_server_at_a_url_fails_and_no_line_of_the_source_is_blamed() {
    let workshop = fresh();
    let server = running("accepts-zero");
    let told = told(&workshop, &format!("check ex3 --url {}", server.url));
    assert_eq!((told.code, told.stderr.as_str()), (1, ""));
    assert!(told.stdout.contains("✗ 3.4"), "{}", told.stdout);
    assert!(!told.stdout.contains("where  "), "{}", told.stdout);
    let again = format!("cargo checker check 3.4 --url {}", server.url);
    let words: Vec<&str> = told.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains(&again), "{}", told.stdout);
}

#[test]
fn a_server_that_was_sold_out_never_fails() {
    let workshop = fresh();
    let server = running("");
    for round in 1..=3 {
        let told = told(
            &workshop,
            &format!("check ex3 --format json --url {}", server.url),
        );
        let report = told.json();
        let outcomes = outcomes(&report);
        let failed = outcomes.iter().any(|outcome| outcome.contains("failed"));
        assert!(!failed, "round {round}: {outcomes:?}");
        if round == 1 {
            assert_eq!(told.code, 0);
        }
        if told.code != 0 {
            assert!(
                told.stdout.contains("Restart it, and check again"),
                "{outcomes:?}"
            );
        }
    }
}

#[test]
fn a_sale_that_fails_for_want_of_stock_is_not_taken_for_a_refusal() {
    let workshop = fresh();
    let server = running("any-origin");
    let mut rounds = 0;
    loop {
        let words = format!("check 3.8 --format json --url {}", server.url);
        let report = told(&workshop, &words).json();
        let steps = report["exercises"][0]["steps"].as_array().unwrap();
        let eras = steps
            .iter()
            .flat_map(|step| step["eras"].as_object().unwrap().values());
        let codes: Vec<_> = eras.map(|era| &era["findings"][0]["code"]).collect();
        let wrong = codes
            .iter()
            .any(|code| !code.is_null() && *code != "foreign_origin_accepted");
        assert!(!wrong, "round {rounds}: {codes:?}");
        if codes.iter().all(|code| code.is_null()) {
            break;
        }
        rounds += 1;
    }
    assert!(rounds > 0);
}

#[test]
fn a_right_command_passes_but_for_its_http() {
    let workshop = fresh();
    let passed = told_of_command(&workshop, "check ex3", &stdio_server());
    assert_eq!((passed.code, passed.stderr.as_str()), (0, ""));
    redacted(&workshop).bind(|| assert_snapshot!("right_command", passed.stdout));

    let http = told_of_command(&workshop, "check 3.8", &stdio_server());
    assert_eq!(http.code, 2);
    assert_eq!(
        http.stderr,
        "error: nothing could be checked: a stdio server has no HTTP. Check it with `--url` while it serves HTTP\n"
    );
}

#[test]
fn a_command_is_split_as_a_shell_would() {
    let workshop = fresh();
    let folder = tempfile::tempdir().unwrap();
    let spaced = folder.path().join("my server");
    std::fs::copy(beside_checker("examples/broken"), &spaced).unwrap();
    let command = format!("'{}' --stdio --flaw accepts-zero", spaced.display());
    let told = told_of_command(&workshop, "check 3.4", &command);
    assert_eq!(told.code, 1);
    assert!(told.stdout.contains("✗ 3.4"), "{}", told.stdout);
}

#[test]
fn a_command_that_cannot_be_started_is_told_with_the_mend() {
    let workshop = fresh();
    let mut said = String::new();
    for command in ["no-such-program --stdio", "python 'store.py", "", "/"] {
        let told = told_of_command(&workshop, "check ex3", command);
        said += &format!("{command}: {}\n", told.could_not());
    }
    assert_snapshot!("no_command", said);
}

#[test]
fn a_command_that_is_no_server_fails() {
    let workshop = fresh();
    for command in ["true", "echo hello"] {
        let told = told_of_command(&workshop, "check 3.1", command);
        assert_eq!((told.code, told.stderr.as_str()), (1, ""), "{told:?}");
        assert!(told.stdout.contains("✗ 3.1"), "{}", told.stdout);
    }
}

#[test]
fn there_is_one_subject_at_a_time() {
    let workshop = fresh();
    let three = ["--url http://127.0.0.1/mcp", "--command cat", "--solution"];
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let told = told(
            &workshop,
            &format!("check ex3 {} {}", three[one], three[other]),
        );
        assert_eq!((told.code, told.stdout.as_str()), (2, ""));
        assert!(
            told.stderr.contains("cannot be used with"),
            "{}",
            told.stderr
        );
    }
}
