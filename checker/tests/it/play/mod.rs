//! `cargo checker play` without a browser: what it serves and to whom, and what a tab can do.
//! `cargo interop play` does the rest in a real one.

mod page;
mod player;
mod restarts;
mod tabs;

use std::process::Command;

use self::player::Play;
use crate::common::beside_checker;
use crate::common::serving::Serving;

/// The solution of exercise 4, which runs already, and `play` at its URL.
fn at_url() -> (Serving, Play) {
    let serving = Serving::start(
        "ex4_interact_solution",
        &[("STORE_PORT", "0"), ("STORE_BAKE_SECONDS", "0.05")],
    );
    let play = Play::start(play(&["--url", &serving.url]));
    (serving, play)
}

/// `cargo checker play` with these words, outside of any workshop.
fn play(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command
        .arg("play")
        .args(words)
        .current_dir(std::env::temp_dir())
        .env("NO_COLOR", "1");
    command
}

/// The command line of the solution over stdio.
fn over_stdio() -> String {
    let program = beside_checker("ex4_interact_solution");
    format!("{} --stdio", program.display())
}
