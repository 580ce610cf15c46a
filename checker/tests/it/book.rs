//! What the book shows of a terminal is what the commands print.
//!
//! `book/outputs.toml` has a row for each output. This runs its command in a copy of the workshop
//! that is as far as the row says, and keeps what is printed as HTML in `book/outputs/`, from
//! where `cargo xtask book` takes it. To record: `INSTA_UPDATE=always cargo test --package checker
//! --test it book`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::common::blocks::{by_step, fill, number};
use crate::common::workshop::Workshop;
use crate::common::{course, root};
use anstream::adapter::WinconBytes;
use anstyle::{AnsiColor, Color, Effects, Style};
use checker::verdict::Code;
use serde::Deserialize;

/// Fits on a page of the book.
const COLUMNS: &str = "80";

/// How long a program may take to print what it runs `until`.
const PATIENCE: Duration = Duration::from_secs(60);

/// `book/src/troubleshooting.md` names findings in the last column of its tables.
#[test]
fn the_troubleshooting_guide_names_findings_that_there_are() {
    let page = fs::read_to_string(root().join("book/src/troubleshooting.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_suffix(" |"));
    let cells = rows.filter_map(|row| row.rsplit(" | ").next());
    let named: Vec<&str> = cells
        .filter(|cell| !matches!(*cell, "finding" | "---" | "–"))
        .flat_map(|cell| cell.split(", "))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    for name in named {
        let known = |code: &Code| format!("`{code}`") == name;
        assert!(Code::ALL.iter().any(known), "there is no finding {name}");
    }
}

/// What `book/src/pitfalls.md` quotes of findings is in the snapshots, apart from where a line ends.
#[test]
fn the_pitfalls_quote_what_the_checker_says() {
    let words = |text: &str| text.split_whitespace().collect::<String>();
    let folder = root().join("checker/tests/it/snapshots");
    let snapshots = fs::read_dir(folder).unwrap().map(|file| {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        words(&text)
    });
    let said: Vec<String> = snapshots.collect();
    let page = fs::read_to_string(root().join("book/src/pitfalls.md")).unwrap();
    let blocks = page.split("```text\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let mut quoted = 0;
    for block in blocks {
        // A field begins at the margin, and its further lines are indented.
        let fields = block.replace("\n      ", " ");
        for field in fields.lines() {
            let Some((name @ ("sent" | "got" | "why"), text)) = field.split_once(' ') else {
                continue;
            };
            let quote = words(text);
            let found = said.iter().any(|said| said.contains(&quote));
            assert!(found, "no finding says: {name} {text}");
            quoted += 1;
        }
    }
    assert!(quoted > 20, "{quoted} quotes");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outputs {
    output: Vec<Output>,
}

/// A row of `book/outputs.toml`; its head says what the fields mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    name: String,
    command: String,
    #[serde(default = "ex3")]
    exercise: String,
    blocks: Option<String>,
    edit: Option<Edit>,
    #[serde(default)]
    before: Vec<String>,
    seed: Option<u64>,
    until: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    find: String,
    replace: String,
}

fn ex3() -> String {
    "ex3_store".to_owned()
}

impl Output {
    /// The last step that is written: (0, 0) in the starter.
    fn state(&self) -> (u32, u32) {
        self.blocks.as_deref().map_or((0, 0), number)
    }
}

#[test]
fn every_output_in_the_book_is_what_its_command_prints() {
    let text = fs::read_to_string(root().join("book/outputs.toml")).unwrap();
    let Outputs { output: mut rows } = toml::from_str(&text).unwrap();
    let recorded: BTreeSet<String> = fs::read_dir(root().join("book/outputs"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "snap")
        })
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let named: BTreeSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    assert_eq!(named.len(), rows.len(), "two rows have one name");
    let left: Vec<_> = recorded.difference(&named).collect();
    assert!(left.is_empty(), "no row in outputs.toml records {left:?}");

    // One copy, that grows from the starter on: each state is built once.
    rows.sort_by_key(|row| (row.exercise.clone(), row.state(), row.edit.is_some()));
    let workshop = Workshop::whole();
    let mut filled = (0, 0);
    for row in &rows {
        let blocks = by_step(&row.exercise);
        let new = |step: &(u32, u32)| filled < *step && *step <= row.state();
        for (_, blocks) in blocks.iter().filter(|(step, _)| new(step)) {
            for block in blocks {
                fill(&workshop, &row.exercise, block);
            }
        }
        filled = row.state();
        let printed = replay(&workshop, row);
        let mut settings = redacted(&workshop);
        settings.set_snapshot_path(root().join("book/outputs"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = format!("<b>$ {}</b>\n{}", escaped(&row.command), html(&printed));
        settings.bind(|| insta::assert_snapshot!(row.name.as_str(), text));
    }
}

/// What the row's command prints, on stdout and stderr, in the workshop as it is.
fn replay(workshop: &Workshop, row: &Output) -> Vec<u8> {
    let Output { name, edit, .. } = row;
    let _ = fs::remove_dir_all(workshop.path(".workshop"));
    progress(workshop, row);
    let undo = edit.as_ref().map(|edit| {
        let file = format!("exercises/{}/{}", row.exercise, edit.file);
        let text = workshop.read(&file);
        let times = text.matches(&edit.find).count();
        assert_eq!(times, 1, "{name}: {file} has {times} times {:?}", edit.find);
        workshop.write(&file, &text.replace(&edit.find, &edit.replace));
        (file, text)
    });
    for before in &row.before {
        run(command(workshop, before, None), None);
    }
    if let Some(arguments) = row.command.strip_prefix("cargo run ") {
        // How many crates are compiled first depends on what was compiled before.
        let arguments = arguments.split(" -- ").next().unwrap();
        run(workshop.cargo(&format!("build {arguments}")), None);
    }
    let command = command(workshop, &row.command, row.seed);
    let printed = run(command, row.until.as_deref());
    if let Some((file, text)) = undo {
        workshop.write(&file, &text);
    }
    printed
}

/// All steps before the one just written are passed, and the exercise is the current one.
fn progress(workshop: &Workshop, row: &Output) {
    let course = course();
    let steps = &course.exercise(&row.exercise).unwrap().steps;
    let before = steps.iter().filter(|step| number(&step.id) < row.state());
    let passed: String = before
        .map(|step| format!("\"{}\" = \"passed\"\n", step.id))
        .collect();
    // Who has begun an exercise has named it, in `cargo checker check ex3`.
    if row.blocks.is_some() {
        fs::create_dir_all(workshop.path(".workshop")).unwrap();
        let text = format!("current = \"{}\"\n\n[steps]\n{passed}", row.exercise);
        workshop.write(".workshop/progress.toml", &text);
    }
}

fn command(workshop: &Workshop, line: &str, seed: Option<u64>) -> Command {
    let mut command = match line.strip_prefix("cargo checker") {
        Some(arguments) => workshop.checker(arguments),
        None => workshop.cargo(line.strip_prefix("cargo ").expect("a cargo command")),
    };
    if let Some(seed) = seed {
        command.args(["--seed", &seed.to_string()]);
    }
    command
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .env("CARGO_TERM_COLOR", "always")
        .env("COLUMNS", COLUMNS)
        // Any free port, shown as the default one.
        .env("STORE_PORT", "0");
    command
}

/// Everything that a command prints; with `until`, what it prints up to the line with this text.
fn run(mut command: Command, until: Option<&str>) -> Vec<u8> {
    let (mut reader, writer) = std::io::pipe().unwrap();
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer);
    let mut child = Ended(command.spawn().unwrap());
    // It holds the writing ends, and the reader waits for all to be closed.
    drop(command);
    let (sender, chunks) = mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = reader.read(&mut chunk) {
            if sender.send(chunk[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut printed = Vec::new();
    let patience = if until.is_some() {
        PATIENCE
    } else {
        PATIENCE * 10
    };
    loop {
        match chunks.recv_timeout(patience) {
            Ok(chunk) => printed.extend(chunk),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("it hangs: {}", String::from_utf8_lossy(&printed))
            }
        }
        let text = String::from_utf8_lossy(&printed);
        if until.is_some_and(|until| text.contains(until) && text.ends_with('\n')) {
            return printed;
        }
    }
    child.0.wait().unwrap();
    assert_eq!(until, None, "{}", String::from_utf8_lossy(&printed));
    printed
}

/// A program that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is printed as HTML: a class for each color and effect.
fn html(printed: &[u8]) -> String {
    let mut html = String::new();
    for (style, text) in WinconBytes::new().extract_next(printed) {
        let text = escaped(&text);
        match classes(style).as_str() {
            "" => html += &text,
            classes => html += &format!("<span class=\"{classes}\">{text}</span>"),
        }
    }
    let lines: Vec<&str> = html.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn classes(style: Style) -> String {
    let mut classes = Vec::new();
    let color = match style.get_fg_color() {
        Some(Color::Ansi(color)) => Some(color),
        Some(Color::Ansi256(color)) => color.into_ansi(),
        _ => None,
    };
    classes.extend(color.and_then(|color| match color {
        AnsiColor::Red | AnsiColor::BrightRed => Some("red"),
        AnsiColor::Green | AnsiColor::BrightGreen => Some("green"),
        AnsiColor::Yellow | AnsiColor::BrightYellow => Some("yellow"),
        AnsiColor::Blue | AnsiColor::BrightBlue => Some("blue"),
        AnsiColor::Magenta | AnsiColor::BrightMagenta => Some("magenta"),
        AnsiColor::Cyan | AnsiColor::BrightCyan => Some("cyan"),
        _ => None,
    }));
    let effects = style.get_effects();
    classes.extend(effects.contains(Effects::BOLD).then_some("bold"));
    classes.extend(effects.contains(Effects::DIMMED).then_some("faint"));
    classes.join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What differs from run to run and from machine to machine looks as it may for an attendee.
fn redacted(workshop: &Workshop) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    let place = |path: &str| format!(r"{}[/\\]?", path.replace('\\', r"\\").replace('.', r"\."));
    let root = workshop.root.to_string_lossy();
    let target = workshop.target.to_string_lossy();
    // Another cargo is at work on this machine.
    settings.add_filter(r"(?m)^.*Blocking</span> waiting for file lock.*\n", "");
    settings.add_filter(&place(&target), "target/");
    settings.add_filter(&place(&root), "");
    settings.add_filter(r"\bin \d+\.\d+ ?s\b", "in 0.24 s");
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:8420");
    settings.add_filter(r"thread '([\w-]+)' \(\d+\)", "thread '$1' (4242)");
    settings.add_filter(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z",
        "2026-11-21T19:30:00Z",
    );
    settings
}
