//! `watch`: a check after each save, in terminals of all kinds and in a pipe.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use insta::assert_snapshot;
use nix::sys::signal::Signal;

use crate::cli::subjects::{RUNNING, write_broken, write_hanging, write_solution};
use crate::cli::terminal::Terminal;
use crate::cli::told::{fresh, nothing_is_left, outcomes, redacted, told, told_by, wait_for};
use crate::common::workshop::Workshop;
use crate::common::{beside_checker, course};

const STORE: &str = "exercises/ex3_store/src/store.rs";
const IDLE: &str = "watching exercises/ex3_store";
const SOON: Duration = Duration::from_secs(2);

fn watch(workshop: &Workshop, size: (u16, u16)) -> Terminal {
    Terminal::run(workshop.checker("watch ex3"), size)
}

/// Ends the watch with `q`, and asserts that all is as it was before.
fn quits(workshop: &Workshop, mut terminal: Terminal) {
    terminal.press("q");
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.has_a_cursor() && terminal.is_cooked());
    nothing_is_left(workshop, SOON);
}

/// The progress of somebody who has passed every step.
fn all_passed() -> String {
    let course = course();
    let steps = course.exercises.iter().flat_map(|exercise| &exercise.steps);
    let lines = steps.map(|step| format!("\"{}\" = \"passed\"\n", step.id));
    format!("[steps]\n{}", lines.collect::<String>())
}

/// The exercise with a change that makes 3.1 pass.
fn with_a_name(starter: &str) -> String {
    let named = starter.replace(
        "todo!(\"3.1\")",
        "ServerConfig::new(capabilities()).with_server_info(rmcp::model::Implementation::new(\"a\", \"1\")).with_instructions(\"b\")",
    );
    assert_ne!(named, starter);
    named
}

#[test]
fn all_exercises_at_once_are_not_watched() {
    let refusal = told(&fresh(), "watch all");
    assert_eq!(
        refusal.could_not(),
        "`all` cannot be watched. Name one exercise, such as ex3"
    );
}

#[test]
fn a_save_brings_a_new_page_and_the_old_one_stays_in_the_scrollback() {
    let workshop = Workshop::whole();
    let terminal = watch(&workshop, (90, 40));
    let first = terminal.shows(IDLE);
    assert!(!terminal.has_a_cursor() && !terminal.is_cooked());

    let starter = workshop.read(STORE);
    workshop.write(STORE, &with_a_name(&starter));
    let meanwhile = terminal.shows("building ex3_store");
    assert!(meanwhile.contains("0 of 8 steps passed"), "{meanwhile}");
    terminal.shows("1 of 8 steps passed");
    let second = terminal.shows(IDLE);
    assert!(second.starts_with("Exercise 3"), "at the top: {second}");

    workshop.write(STORE, &(starter.clone() + "fn broken( {\n"));
    terminal.shows("it does not compile yet");
    let third = terminal.shows(IDLE);
    workshop.write(STORE, &starter);
    terminal.shows("0 of 8 steps passed");
    terminal.shows(IDLE);

    let scrollback = terminal.scrollback();
    let at = |text: &str| scrollback.find(text).expect(text);
    assert!(at("0 of 8 steps") < at("1 of 8 steps"));
    assert!(at("1 of 8 steps") < at("it does not compile yet"));
    assert_eq!(scrollback.matches("q quit").count(), 1, "{scrollback}");
    let mut settings = redacted(&workshop);
    settings.add_filter(r"(?m)^\d+ \|", "[n] |");
    settings.bind(|| {
        assert_snapshot!("watch", format!("{first}=====\n{second}=====\n{third}"));
    });
    quits(&workshop, terminal);
}

#[test]
fn each_key_does_what_the_footer_says() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero");
    let terminal = watch(&workshop, (100, 60));
    terminal.shows(IDLE);
    terminal.press("n");
    terminal.shows("press h");
    terminal.press("h");
    terminal.shows("hint 1 of 3");
    terminal.press("h");
    terminal.shows("hint 2 of 3");
    terminal.press("t");
    terminal.shows("→ POST /mcp");
    terminal.press("r");
    let again = terminal.shows("Exercise 3");
    assert!(!again.contains("hint 2 of 3"), "a new page: {again}");
    terminal.shows(IDLE);
    quits(&workshop, terminal);
}

#[test]
fn where_several_steps_fail_a_key_leads_from_one_to_the_next() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero,search-ignores-max");
    let terminal = watch(&workshop, (100, 60));
    let screen = terminal.shows(IDLE);
    assert!(screen.contains("details: press f"), "{screen}");
    assert!(!screen.contains("cargo checker"), "{screen}");
    terminal.press("f");
    let screen = terminal.shows("failure 2 of 2");
    let second = screen.split("failure 2 of 2").nth(1).unwrap();
    assert!(
        second.contains("3.9 ") && second.contains("expected"),
        "{second}"
    );
    terminal.press("h");
    terminal.shows("3.9  search_products finds by keyword and price  hint 1 of 3");
    terminal.press("f");
    terminal.shows("failure 1 of 2");
    for rung in ["1", "2", "3"] {
        terminal.press("h");
        terminal.shows(&format!("hint {rung} of 3"));
    }
    let screen = terminal.shows("press h to see all 3 again");
    assert!(!screen.contains("cargo checker"), "{screen}");
    quits(&workshop, terminal);
}

/// What is wrong is seen at once: the exchange that failed, from its beginning.
#[test]
fn the_trace_begins_with_the_exchange_that_failed() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero");
    let terminal = watch(&workshop, (90, 24));
    terminal.shows(IDLE);
    terminal.press("t");
    let screen = terminal.shows("press t again for the other");
    assert!(screen.contains("── 3.4 in the modern era ──"), "{screen}");
    assert!(screen.contains(r#""quantity":0"#), "{screen}");
    terminal.press("t");
    let all = terminal.has_printed("── 3.4 in the legacy era ──");
    assert!(all.contains("✗ the check failed here"), "{all}");
    quits(&workshop, terminal);
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero,search-ignores-max,no-annotations");
    for columns in [40, 62, 80] {
        // Of the hints not the last: it is code.
        let hints: &[&str] = if columns < 80 {
            &["hint 3.6", "hint 3.11"]
        } else {
            &[]
        };
        for words in ["", "check ex3", "check 3.4", "list"].iter().chain(hints) {
            let mut command = workshop.checker(words);
            command.env("COLUMNS", columns.to_string());
            let told = told_by(&workshop, command);
            let too_long = told.stdout.lines().find(|line| {
                // A label and a path, which stays whole.
                let can_be_broken = line.split_whitespace().count() > 2;
                line.chars().count() > columns && can_be_broken
            });
            assert_eq!(too_long, None, "{words:?} at {columns}");
        }
    }
}

/// Who begins with exercise 3 has the first two left.
#[test]
fn next_leads_back_to_an_exercise_before_that_is_open() {
    let workshop = fresh();
    write_solution(&workshop);
    let all_passed = all_passed();
    let open = |line: &&str| !line.starts_with("\"1.");
    let all_but_the_first: Vec<&str> = all_passed.lines().filter(open).collect();
    fs::create_dir(workshop.path(".workshop")).unwrap();
    workshop.write(".workshop/progress.toml", &all_but_the_first.join("\n"));
    let terminal = watch(&workshop, (90, 30));
    terminal.shows(IDLE);
    terminal.press("n");
    terminal.shows("watching exercises/ex1_connect");
    quits(&workshop, terminal);
}

#[test]
fn next_goes_from_step_to_step_and_says_when_all_is_done() {
    let workshop = fresh();
    write_solution(&workshop);
    fs::create_dir(workshop.path(".workshop")).unwrap();
    workshop.write(".workshop/progress.toml", &all_passed());
    let terminal = Terminal::run(workshop.checker("watch 3.10"), (90, 30));
    terminal.shows("watching exercises/ex3_store, step 3.10");
    terminal.press("n");
    terminal.shows("watching exercises/ex3_store, step 3.11");
    terminal.press("n");
    terminal.shows("8 of 8 steps passed, 3 of 3 bonus");
    terminal.hides("step 3.11");
    terminal.press("n");
    terminal.shows("Every step that is ready has passed");
    quits(&workshop, terminal);
}

#[test]
fn a_resize_draws_the_page_at_the_new_width() {
    let workshop = fresh();
    let terminal = watch(&workshop, (100, 40));
    let wide = terminal.shows(IDLE);
    let mut all = String::new();
    // The footer at each width. It is drawn last.
    for (columns, rows, footer) in [
        (40, 30, "watching exercises/ex3_store\nr  h  t  f  n  q\n"),
        (20, 12, "watching exercises…\nr  h  t  f  n  q\n"),
        (20, 4, "watching exercises…\n"),
        (200, 50, "n next   q quit\n"),
    ] {
        terminal.resize(columns, rows);
        let screen = terminal.waits_for(footer, |screen| screen.ends_with(footer));
        all += &format!("== {columns} x {rows}\n{screen}");
    }
    terminal.resize(100, 40);
    terminal.waits_for(&wide, |screen| screen == wide);
    let mut settings = redacted(&workshop);
    // Where the line is broken before it.
    settings.add_filter(r"(?m)^\d+\.\d+ s$", "[time]");
    settings.bind(|| assert_snapshot!("watch_resized", all));
    quits(&workshop, terminal);
}

#[test]
fn a_newer_save_cancels_the_build_that_it_makes_stale() {
    let workshop = fresh();
    // A cargo whose first build never ends.
    let cargo = workshop.path("slow_cargo");
    let script = format!(
        "#!/bin/sh\nif [ ! -e began ]; then echo $$ > began; sleep 1000; fi\nexec {} \"$@\"\n",
        beside_checker("examples/stand_in").display()
    );
    fs::write(&cargo, script).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = workshop.checker("watch ex3");
    command.env("CARGO", &cargo);
    let terminal = Terminal::run(command, (90, 40));
    wait_for(&workshop.path("began"));
    write_solution(&workshop);
    terminal.shows("8 of 8 steps passed");
    let first = workshop.read("began");
    let alive = fs::exists(format!("/proc/{}", first.trim())).unwrap();
    assert!(!alive, "the stale build runs on");
    quits(&workshop, terminal);
}

#[test]
fn a_save_during_the_checks_is_not_lost_even_where_a_server_hangs() {
    let workshop = fresh();
    write_hanging(&workshop);
    let terminal = watch(&workshop, (90, 40));
    wait_for(&workshop.path(RUNNING));
    let begin = Instant::now();
    write_solution(&workshop);
    terminal.shows("8 of 8 steps passed");
    assert!(begin.elapsed() < Duration::from_secs(60), "{begin:?}");
    quits(&workshop, terminal);
}

#[test]
fn an_exercise_that_is_deleted_whole_is_one_sentence_until_it_is_back() {
    let workshop = fresh();
    let terminal = watch(&workshop, (90, 40));
    terminal.shows(IDLE);
    let (here, away) = (workshop.path("exercises/ex3_store"), workshop.path("away"));
    fs::rename(&here, &away).unwrap();
    let screen = terminal.shows("is missing");
    let words: Vec<_> = screen.split_whitespace().collect();
    assert!(
        words.join(" ").contains("cargo checker reset ex3"),
        "{screen}"
    );
    terminal.shows(IDLE);
    fs::rename(&away, &here).unwrap();
    terminal.shows("0 of 8 steps passed");
    terminal.shows(IDLE);
    quits(&workshop, terminal);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let workshop = fresh();
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut terminal = watch(&workshop, (90, 40));
        terminal.shows(IDLE);
        terminal.send(signal);
        assert_eq!(terminal.ended(), Some(2));
        assert!(terminal.has_a_cursor() && terminal.is_cooked());
    }
    let mut terminal = watch(&workshop, (90, 40));
    terminal.shows(IDLE);
    terminal.press("\x03");
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.has_a_cursor() && terminal.is_cooked());
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_until_it_is_wanted_back() {
    let workshop = fresh();
    let checker = workshop.checker("watch ex3");
    // A shell that looks after jobs, as `sh -m` does.
    let mut shell = Command::new("sh");
    let script = "\"$0\" watch ex3; echo back in the shell; read line; fg";
    shell.args(["-mc", script]).arg(checker.get_program());
    shell.current_dir(checker.get_current_dir().unwrap());
    for (name, value) in checker.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let terminal = Terminal::run(shell, (90, 40));
    terminal.shows(IDLE);
    terminal.press("\x1a");
    let screen = terminal.shows("back in the shell");
    assert!(!screen.contains(IDLE), "the footer is left: {screen}");
    assert!(terminal.has_a_cursor() && terminal.is_cooked());

    terminal.press("\n");
    let screen = terminal.shows(IDLE);
    assert!(screen.contains("0 of 8 steps passed"), "{screen}");
    assert!(!terminal.has_a_cursor() && !terminal.is_cooked());
    quits(&workshop, terminal);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_lines_and_takes_lines() {
    let workshop = fresh();
    let mut command = workshop.checker("watch ex3");
    command.env("TERM", "dumb");
    let mut terminal = Terminal::run(command, (100, 60));
    terminal.shows("stuck   press h");
    assert!(terminal.has_a_cursor() && terminal.is_cooked());
    terminal.press("h\n");
    terminal.shows("hint 1 of 3");
    terminal.press("q\n");
    assert_eq!(terminal.ended(), Some(0));
}

/// A watch whose streams are pipes.
struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Piped {
    fn watch(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            stdin,
            lines,
        }
    }

    /// Waits for a line with this, and gives all lines up to it.
    fn says(&self, text: &str) -> String {
        let mut said = String::new();
        while !said.contains(text) {
            let line = self.lines.recv_timeout(Duration::from_secs(120));
            let line = line.unwrap_or_else(|_| panic!("{text:?} never came:\n{said}"));
            assert!(!line.contains('\x1b'), "{line:?}");
            said += &line;
            said.push('\n');
        }
        said
    }
}

#[test]
fn in_a_pipe_it_says_what_was_saved_and_goes_on_when_stdin_ends() {
    let workshop = Workshop::whole();
    let mut watch = Piped::watch(workshop.checker("watch ex3"));
    let mut said = watch.says("stuck");
    let starter = workshop.read(STORE);
    workshop.write(STORE, &with_a_name(&starter));
    said += &watch.says("stuck");
    watch.stdin.as_mut().unwrap().write_all(b"h\n").unwrap();
    said += &watch.says("more ");
    redacted(&workshop).bind(|| assert_snapshot!("watch_piped", said));

    drop(watch.stdin.take());
    workshop.write(STORE, &starter);
    watch.says("0 of 8 steps passed");
    watch.child.kill().unwrap();
    watch.child.wait().unwrap();
    nothing_is_left(&workshop, SOON);
}

#[test]
fn a_clock_that_was_set_back_hides_no_save() {
    let workshop = Workshop::bare();
    assert_eq!(told(&workshop, "check 3.1").code, 1);
    // What a build leaves, as if it had been made in an hour.
    let later = SystemTime::now() + Duration::from_secs(3600);
    let built = walkdir::WalkDir::new(&workshop.target);
    for entry in built.into_iter().filter_map(Result::ok) {
        let path = entry.path().to_string_lossy().into_owned();
        let file = fs::File::options().write(true).open(entry.path());
        if let (true, Ok(file)) = (path.contains("ex3_store"), file) {
            file.set_modified(later).unwrap();
        }
    }
    write_broken(&workshop, "");
    let told = told(&workshop, "check 3.1 --format json");
    assert_eq!(outcomes(&told.json()), ["3.1 passed"]);
}
