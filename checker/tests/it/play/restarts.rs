//! The server is built anew, dies, or does not compile; and the end of it all.
#![cfg(unix)]

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::player::{Play, Tab};
use crate::common::beside_checker;
use crate::common::workshop::{Workshop, end, processes_of};

/// Makes this program what cargo has built of an exercise, as cargo does: in one move.
fn built(workshop: &Workshop, exercise: &str, program: &str) {
    let folder = workshop.target.join("debug");
    fs::create_dir_all(&folder).unwrap();
    let new = folder.join("new");
    fs::copy(beside_checker(program), &new).unwrap();
    fs::rename(new, folder.join(exercise)).unwrap();
}

#[tokio::test]
async fn a_rebuilt_exercise_starts_again_and_one_that_dies_can_be_started_again() {
    let workshop = Workshop::ready();
    built(&workshop, "ex4_interact", "ex3_store_solution");
    let play = Play::start(workshop.checker("play ex4"));
    let tab = Tab::connected(&play, "modern").await;
    let heard = tab
        .until(|heard| heard.stderr.iter().any(|line| line.contains("serving MCP")))
        .await;
    assert_eq!(heard.state["backend"]["generation"], 1);

    built(&workshop, "ex4_interact", "ex4_interact_solution");
    tab.until(|heard| heard.state["backend"]["generation"] == 2)
        .await;
    let again = "The server was rebuilt. Reconnected.";
    tab.until(|heard| heard.state["notices"][0][1] == again)
        .await;
    // A question that is open goes with the server that asked it.
    let call = tab
        .call(
            "buy_product",
            json!({ "product_name": "Croissant", "quantity": 1 }),
        )
        .await;
    tab.question().await;
    built(&workshop, "ex4_interact", "ex3_store_solution");
    let heard = tab
        .until(|heard| {
            heard.state["backend"]["generation"] == 3 && heard.state["questions"] == json!([])
        })
        .await;
    assert!(
        heard.state["notices"]
            .to_string()
            .contains("The question is gone"),
        "{}",
        heard.state
    );
    assert_eq!(tab.over(call).await.0["phase"], "failed");

    tab.is_connected().await;
    let servers = processes_of(&workshop)
        .into_iter()
        .filter(|one| one.contains("ex4_interact"));
    servers.for_each(|server| end(&server));
    let heard = tab
        .until(|heard| heard.state["backend"]["running"] == false)
        .await;
    assert!(
        heard.state["backend"]["problem"]["words"]
            .as_str()
            .unwrap()
            .contains("exited by itself")
    );
    tab.act("restart", json!({})).await;
    tab.until(|heard| heard.state["backend"]["generation"] == 4)
        .await;
    tab.is_connected().await;
}

#[tokio::test]
async fn code_that_does_not_compile_is_shown_with_the_words_of_rustc() {
    let workshop = Workshop::bare();
    let play = Play::start(workshop.checker("play ex3"));
    let tab = Tab::open(&play, "modern").await;
    let problem = |words: &'static str| {
        let tab = &tab;
        async move {
            tab.until(|heard| heard.state["backend"]["problem"]["words"] == words)
                .await
        }
    };
    // Its program does nothing.
    problem("It does not start.").await;
    workshop.write(
        "exercises/ex3_store/src/main.rs",
        "fn main() { nothing_of_this_name() }\n",
    );
    let heard = problem("It does not compile.").await;
    let text = heard.state["backend"]["problem"]["text"].as_str().unwrap();
    assert!(
        text.contains("nothing_of_this_name") && !text.contains('\u{1b}'),
        "{text}"
    );
}

#[test]
fn ctrl_c_ends_it_and_leaves_nothing_running() {
    let workshop = Workshop::ready();
    built(&workshop, "ex4_interact", "ex4_interact_solution");
    let mut play = Play::start(workshop.checker("play ex4"));
    assert!(!processes_of(&workshop).is_empty() || !cfg!(target_os = "linux"));
    let begin = Instant::now();
    kill(
        Pid::from_raw(play.child.id().try_into().unwrap()),
        Signal::SIGINT,
    )
    .unwrap();
    let (code, rest) = play.rest();
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(code, Some(0));
    assert!(
        rest.ends_with("\nplay was stopped by Ctrl-C. Nothing is left running.\n"),
        "{rest}"
    );
    while !processes_of(&workshop).is_empty() {
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{:?}",
            processes_of(&workshop)
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let left = fs::read_dir(workshop.target.join("debug"))
        .unwrap()
        .flatten();
    let copies = left.filter(|one| one.file_name().to_string_lossy().starts_with("play-"));
    assert_eq!(copies.count(), 0);
}
