//! Stands in for cargo in tests that are not about building, and for the program that cargo would
//! have built.
//!
//! As cargo, it says at once that the binary it is asked for is ready: the one that the test has
//! put into the target folder, else the one that was built beside the checker. What a test puts
//! there is this program under the binary's name, and beside it a file that says what to run in
//! its place:
//!
//! ```text
//! run /work/target/debug/examples/broken
//! argument --one
//! environment STORE_FLAWS=accepts-zero
//! ```
//!
//! or `hang`: to listen as the server that it is taken for, and to say in the file `running` that
//! somebody has called, without an answer.
#![allow(clippy::unwrap_used)]

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::json;

fn main() -> ExitCode {
    let me = env::current_exe().unwrap();
    match fs::read_to_string(me.with_extension("run")) {
        Ok(instructions) if instructions == "hang" => hang(),
        Ok(instructions) => run(&instructions),
        Err(_) => be_cargo(&me),
    }
}

/// `tree`, by which the doctor sees whether all crates are there, takes its time too: they are.
/// What else the doctor asks is quick, and cargo answers it.
fn be_cargo(me: &Path) -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("build") => build(me),
        Some("tree") => ExitCode::SUCCESS,
        _ => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(env::args_os().skip(1));
            become_it(cargo)
        }
    }
}

/// `cargo build … --bin NAME --message-format=json`
fn build(me: &Path) -> ExitCode {
    let name = env::args().skip_while(|word| word != "--bin").nth(1);
    let name = name.unwrap();
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let target = env::var_os("CARGO_TARGET_DIR").unwrap();
    let of_test = Path::new(&target).join("debug").join(&file);
    // This program is one of the examples.
    let beside_checker = me.parent().unwrap().with_file_name(&file);
    let Some(executable) = [of_test, beside_checker]
        .into_iter()
        .find(|file| file.exists())
    else {
        eprintln!("error: {name} is not built: run `cargo ci`");
        return ExitCode::from(101);
    };
    let message = json!({
        "reason": "compiler-artifact",
        "target": { "name": name },
        "fresh": true,
        "executable": executable,
    });
    println!("{message}");
    ExitCode::SUCCESS
}

fn hang() -> ExitCode {
    let port: u16 = env::var("STORE_PORT").unwrap().parse().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut connections = Vec::new();
    for connection in listener.incoming() {
        connections.push(connection.unwrap());
        fs::write("running", "").unwrap();
    }
    ExitCode::SUCCESS
}

fn run(instructions: &str) -> ExitCode {
    let with = |kind: &'static str| {
        let lines = instructions.lines().filter_map(|line| line.split_once(' '));
        lines.filter_map(move |(of, value)| (of == kind).then_some(value))
    };
    let mut command = Command::new(with("run").next().unwrap());
    command
        .args(with("argument"))
        .args(env::args_os().skip(1))
        .envs(with("environment").filter_map(|pair| pair.split_once('=')));
    become_it(command)
}

#[cfg(unix)]
fn become_it(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    eprintln!("{error}");
    ExitCode::FAILURE
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> ExitCode {
    let code = command.status().unwrap().code().unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
