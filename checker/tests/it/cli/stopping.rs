//! Signals, kills, closed pipes, and two checkers at once.
#![cfg(unix)]

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli::subjects::{BUILD_SCRIPT, RUNNING, hang_the_build, write_broken, write_hanging};
use crate::cli::told::{
    Told, fresh, nothing_is_left, outcomes, processes_of, told, told_by, wait_for,
};
use crate::common::beside_checker;
use crate::common::workshop::Workshop;

/// How soon a checker that was asked to stop has stopped.
const SOON: Duration = Duration::from_secs(2);

const SIGNALS: [(Signal, &str); 3] = [
    (Signal::SIGINT, "Ctrl-C"),
    (Signal::SIGTERM, "a termination signal"),
    (Signal::SIGHUP, "the end of the terminal"),
];

fn begin(mut command: Command) -> Child {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.stdin(Stdio::null()).spawn().unwrap()
}

fn send(signal: Signal, to: &Child) {
    kill(Pid::from_raw(to.id().try_into().unwrap()), signal).unwrap();
}

/// Sends the signal, and asserts that the checker stops soon, with one sentence.
fn stops(workshop: &Workshop, checker: Child, signal: Signal, name: &str) {
    let begin = Instant::now();
    send(signal, &checker);
    let output = checker.wait_with_output().unwrap();
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    let told = Told::of(workshop, output);
    assert_eq!(told.code, 2, "{told:?}");
    let sentence = format!(
        "error: stopped by {name}. Nothing is left running, and nothing is lost. You can run it again\n"
    );
    assert_eq!(told.stderr, sentence);
}

#[test]
fn a_signal_ends_a_check_that_waits_for_a_server() {
    let workshop = fresh();
    for (signal, name) in SIGNALS {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = silent.local_addr().unwrap();
        let checker = begin(workshop.checker(&format!("check ex3 --url http://{url}/mcp")));
        let _connection = silent.accept().unwrap();
        stops(&workshop, checker, signal, name);
    }
}

#[test]
fn a_signal_ends_the_program_under_check() {
    let workshop = fresh();
    write_hanging(&workshop);
    for (signal, name) in SIGNALS {
        let checker = begin(workshop.checker("check ex3"));
        wait_for(&workshop.path(RUNNING));
        let running = processes_of(&workshop).join("\n");
        assert!(running.contains("ex3_store"), "control: {running}");
        stops(&workshop, checker, signal, name);
        fs::remove_file(workshop.path(RUNNING)).unwrap();
    }
}

#[test]
fn a_signal_ends_a_build() {
    let workshop = Workshop::bare();
    hang_the_build(&workshop);
    let checker = begin(workshop.checker("check ex3"));
    wait_for(&workshop.path(RUNNING));
    let running = processes_of(&workshop).join("\n");
    assert!(running.contains("build-script-build"), "control: {running}");
    stops(&workshop, checker, Signal::SIGINT, "Ctrl-C");
}

#[test]
fn a_killed_checker_leaves_no_program_and_no_build_running() {
    let [ready, bare] = [Workshop::ready(), Workshop::bare()];
    write_hanging(&ready);
    hang_the_build(&bare);
    for workshop in [&ready, &bare] {
        // One program alone. When it is called, or has built a script, the guard knows of it.
        let mut checker = begin(workshop.checker("check 3.1 --era modern"));
        wait_for(&workshop.path(RUNNING));
        send(Signal::SIGKILL, &checker);
        assert!(!checker.wait().unwrap().success());
        nothing_is_left(workshop, SOON);
    }
    // Nothing is lost: the exercise can be built, and checked again.
    fs::remove_file(bare.path(BUILD_SCRIPT)).unwrap();
    write_broken(&bare, "");
    assert_eq!(told(&bare, "check ex3").code, 0);
}

#[test]
fn a_killed_checker_leaves_no_command_running() {
    let workshop = fresh();
    let mut command = workshop.checker("check 3.1 --era modern --command");
    // The trial, which only shows that it can be started, says nothing to it. It does not end
    // when its stdin does.
    command.arg("sh -c 'read -r line && echo >> running; sleep 1000'");
    let mut checker = begin(command);
    wait_for(&workshop.path("running"));
    let running = processes_of(&workshop).join("\n");
    assert!(running.contains("sleep 1000"), "control: {running}");
    send(Signal::SIGKILL, &checker);
    assert!(!checker.wait().unwrap().success());
    nothing_is_left(&workshop, SOON);
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_checker_leaves_nothing_running_that_has_left_its_group() {
    let workshop = fresh();
    let mut command = workshop.checker("check 3.1 --era modern --command");
    command.arg("sh -c 'read -r line; setsid sleep 1000 & sleep 0.2; echo >> running; wait'");
    let mut checker = begin(command);
    wait_for(&workshop.path("running"));
    send(Signal::SIGKILL, &checker);
    assert!(!checker.wait().unwrap().success());
    nothing_is_left(&workshop, SOON);
}

#[test]
fn what_the_program_starts_itself_ends_with_it() {
    let workshop = fresh();
    // Once it serves, once it ends by itself.
    let serves = format!("'{}' \"$@\"", beside_checker("examples/broken").display());
    // Linux alone tells what has left the process group.
    let leaves = if cfg!(target_os = "linux") {
        "setsid"
    } else {
        ""
    };
    for (child, after) in [
        ("", serves.as_str()),
        ("", ""),
        (leaves, &serves),
        (leaves, ""),
    ] {
        let script = format!("{child} sleep 1000 & echo $! >> children; {after}");
        workshop.runs(&format!(
            "run sh\nargument -c\nargument {script}\nargument ex3_store"
        ));
        let told = told(&workshop, "check ex3 --format json");
        let passed = outcomes(&told.json()).contains(&"3.1 passed".to_owned());
        assert_eq!(passed, !after.is_empty(), "{told:?}");
        let children = workshop.read("exercises/ex3_store/children");
        for child in children.lines() {
            let sleeps = fs::read_to_string(format!("/proc/{child}/cmdline"));
            assert!(!sleeps.unwrap_or_default().contains("sleep"), "{child}");
        }
        fs::remove_file(workshop.path("exercises/ex3_store/children")).unwrap();
    }
}

#[test]
fn two_checkers_at_once_both_find_the_right_verdict() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero");
    let words = [
        "check ex3 --format json",
        "check ex3 --solution --format json",
    ];
    let both = [words[0], words[1], words[0]].map(|words| begin(workshop.checker(words)));
    let outputs = both.map(|checker| checker.wait_with_output().unwrap());
    let told = outputs.map(|output| Told::of(&workshop, output));
    assert_eq!(told.each_ref().map(|one| one.code), [1, 0, 1], "{told:?}");
    for one in [&told[0], &told[2]] {
        let outcomes = outcomes(&one.json());
        assert!(outcomes.contains(&"3.3 passed".to_owned()), "{outcomes:?}");
        assert!(outcomes.contains(&"3.4 failed".to_owned()), "{outcomes:?}");
    }
    let progress = workshop.read(".workshop/progress.toml");
    assert!(progress.contains("\"3.3\" = \"passed\""), "{progress}");
    assert!(progress.contains("\"3.4\" = \"in-progress\""), "{progress}");
}

#[test]
fn where_nobody_reads_on_it_ends_in_silence_and_keeps_the_progress() {
    let workshop = fresh();
    write_broken(&workshop, "");
    let commands = [
        "list",
        "hint 3.4",
        "completions bash",
        "check ex3 --format human",
        "check ex3 --format json",
        "check ex3 --format junit",
        "check ex3 --format github",
    ];
    for words in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let _ = fs::remove_dir_all(workshop.path(".workshop"));
        let mut command = workshop.checker(words);
        command.stdout(writer);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        // Keeps this end of the pipe too, until it is dropped.
        drop(command);
        let told = Told::of(&workshop, child.wait_with_output().unwrap());
        assert_eq!((told.code, told.stderr.as_str()), (2, ""), "{words}");
        if words.starts_with("check") {
            let progress = workshop.read(".workshop/progress.toml");
            assert!(
                progress.contains("\"3.4\" = \"passed\""),
                "{words}: {progress}"
            );
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_the_progress_kept() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return; // Linux alone has it.
    };
    let workshop = fresh();
    write_broken(&workshop, "");
    for words in ["list", "hint 3.4", "check ex3", "check ex3 --format json"] {
        let mut command = workshop.checker(words);
        command
            .stdout(full.try_clone().unwrap())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let told = Told::of(&workshop, child.wait_with_output().unwrap());
        assert_eq!(told.code, 2, "{words}");
        assert!(
            told.stderr.contains("No space left"),
            "{words}: {}",
            told.stderr
        );
        assert_eq!(told.stderr.lines().count(), 1, "{words}: {}", told.stderr);
    }
    let progress = workshop.read(".workshop/progress.toml");
    assert!(progress.contains("\"3.4\" = \"passed\""), "{progress}");
}

#[test]
fn where_nobody_hears_its_errors_it_still_ends_with_its_code() {
    let workshop = fresh();
    for words in ["check ex33", "list --wrong"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = workshop.checker(words);
        command.stderr(writer);
        assert_eq!(told_by_status(&workshop, command), Some(2), "{words}");
    }
    assert_eq!(
        told_by(&workshop, workshop.checker("list")).code,
        0,
        "control"
    );
}

/// As `told_by`, for a command whose stderr is taken.
fn told_by_status(workshop: &Workshop, mut command: Command) -> Option<i32> {
    let code = command.stdout(Stdio::null()).status().unwrap().code();
    nothing_is_left(workshop, SOON);
    code
}
