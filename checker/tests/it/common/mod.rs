//! What the tests share: programs to check, and the report as an attendee would read it.

pub mod blocks;
pub mod broken;
pub mod browser;
pub mod mirror;
pub mod serving;
pub mod workshop;

use std::fs;
use std::path::{Path, PathBuf};

use checker::course::{Course, Exercise, Step};
use checker::engine::{self, Places, Plan};
use checker::events::Event;
use checker::mcp::Era;
use checker::patience::Patience;
use checker::report::{Reporter, Terminal};
use checker::subject::guard::Guard;
use checker::subject::{Program, Subject};
use checker::verdict::{ExerciseReport, Outcome, StepReport, SubjectKind};
use tokio::sync::mpsc::unbounded_channel;

/// How much of the checker's patience a broken program needs: it is one of ours, and fast. What
/// waits for a deadline waits this much shorter.
const OF_ITS_PATIENCE: f64 = 0.2;

/// The same where a flaw is that the realm is never asked again.
const OF_ITS_PATIENCE_WITH_REALM: f64 = 0.5;

/// How long to wait for a broken program. No flaw of exercise 5 is silence towards its client, and none
/// of the pages', so that there patience costs no time; but a busy machine needs it, and a browser makes
/// it one.
fn patience_for(exercise: &Exercise) -> Patience {
    let usual = Patience::default();
    let is_drawn = |step: &Step| browser::STEPS.contains(&step.id.as_str());
    if exercise.steps.iter().any(is_drawn) {
        return usual;
    }
    // The store of exercise 6 waits for others, and its clients for the store: what is too late for a
    // part of the patience may be right.
    if exercise.id == "ex6_ship" {
        return usual;
    }
    if exercise.id == "ex5_auth" {
        let realm = usual.realm.mul_f64(OF_ITS_PATIENCE_WITH_REALM);
        return Patience { realm, ..usual };
    }
    usual.times(OF_ITS_PATIENCE)
}

pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&package).parent().unwrap().to_owned()
}

pub fn course() -> Course {
    Course::load(&root().join("course.toml")).unwrap()
}

/// A program for checks that are about its workspace, and never start it.
pub fn unused_program() -> Subject {
    Subject::Program(Program {
        executable: "unused".into(),
        arguments: Vec::new(),
        folder: root(),
        environment: Vec::new(),
        guard: Guard::none(),
    })
}

/// A binary that cargo has put beside the checker's.
pub fn beside_checker(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_checker")).parent().unwrap();
    let path = folder
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.is_file(),
        "{} is not built: run `cargo ci`",
        path.display()
    );
    path
}

pub async fn check(exercise: &Exercise, program: Program, seed: u64) -> ExerciseReport {
    check_subject(exercise, &Subject::Program(program), seed).await
}

/// Checks a program, and once more with the checker's whole patience if this is not the report that is
/// expected: on a busy machine a part of it may be too little.
pub async fn check_for(
    expected: impl Fn(&ExerciseReport) -> bool,
    exercise: &Exercise,
    program: impl Fn() -> Program,
    seed: u64,
) -> ExerciseReport {
    let report = check(exercise, program(), seed).await;
    if expected(&report) {
        return report;
    }
    eprintln!(
        "once more, with the checker's whole patience:\n{}",
        told(&report)
    );
    let subject = Subject::Program(program());
    let folder = folder_of(exercise);
    check_patiently(exercise, &subject, &folder, seed, Patience::default()).await
}

pub async fn check_subject(exercise: &Exercise, subject: &Subject, seed: u64) -> ExerciseReport {
    check_with_source(exercise, subject, &folder_of(exercise), seed).await
}

fn folder_of(exercise: &Exercise) -> PathBuf {
    root().join("exercises").join(&exercise.id)
}

/// Checks a program that was built from the source in `folder`, as far as findings are concerned.
pub async fn check_with_source(
    exercise: &Exercise,
    subject: &Subject,
    folder: &Path,
    seed: u64,
) -> ExerciseReport {
    check_patiently(exercise, subject, folder, seed, patience_for(exercise)).await
}

async fn check_patiently(
    exercise: &Exercise,
    subject: &Subject,
    folder: &Path,
    seed: u64,
    patience: Patience,
) -> ExerciseReport {
    let plan = Plan {
        exercise,
        step: None,
        eras: &Era::ALL,
        seed,
        root: root(),
        settings: root(),
        folder: folder.to_owned(),
        kind: SubjectKind::Starter,
        places: &Places::in_folder(&root(), folder),
        patience,
        realm: None,
        database: None,
        options: Vec::new(),
    };
    let (events, _received) = unbounded_channel();
    engine::check(&plan, subject, &events).await
}

/// What the terminal says of the steps that neither passed nor only wait for one that did not,
/// without colors.
pub fn told(report: &ExerciseReport) -> String {
    let mut out = Vec::new();
    let mut terminal = Terminal::new(&mut out, 100, false, 7);
    let silent = |step: &StepReport| {
        step.outcome == Outcome::Passed
            || (step.outcome == Outcome::NotStarted && step.only_waits())
    };
    for step in report.steps.iter().filter(|step| !silent(step)) {
        terminal
            .event(&Event::Step(Box::new(step.clone())))
            .unwrap();
    }
    let told = String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap();
    with_blocks(told, &report.id)
}

/// Where a line points at the beginning of a TODO block, its name instead of the number; where at an
/// item of Rust, that.
fn with_blocks(mut told: String, exercise: &str) -> String {
    let folder = root().join("exercises").join(exercise);
    for source in blocks::sources(&folder) {
        let file = format!("exercises/{exercise}/{}", source.display());
        let text = fs::read_to_string(folder.join(source)).unwrap();
        for block in checker::blocks::blocks(&text) {
            let line = format!("{file}:{}\n", block.lines.start + 1);
            told = told.replace(&line, &format!("{file}, {}\n", block.name));
        }
        for (number, line) in text.lines().enumerate() {
            let at = format!("{file}:{}\n", number + 1);
            told = told.replace(&at, &format!("{file}, `{}`\n", line.trim()));
        }
    }
    told
}

/// What differs from run to run, and from machine to machine.
pub fn redacted() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"127\.0\.0\.([12]):\d+", "127.0.0.$1:[port]");
    // Who somebody is, and how far a task is.
    settings.add_filter(r#""buyer":"[0-9a-f-]{36}""#, r#""buyer":"[id]""#);
    settings.add_filter(r#""statusMessage":"\d+/100","#, "");
    settings.add_filter(r"localhost:\d{5}/mcp", "localhost:[port]/mcp");
    settings.add_filter(r"port \d+", "port [port]");
    settings.add_filter(r"(\w\.rs):\d+(:\d+)?", "$1:[line]");
    settings.add_filter(r"\b\d+ buyers got it", "[n] buyers got it");
    // A race is not lost for each product.
    settings.add_filter(
        r#"buy_product \{"product_name":"[^"]+","quantity":1\} at\s+the\s+same\s+time"#,
        "buy_product {…} at the same time",
    );
    settings.add_filter(r"\b(within|after) \d+ s\b", "$1 [n] s");
    settings.add_filter(r"first \d+ bytes", "first [n] bytes");
    // How much of a flood comes in time is a matter of the machine.
    settings.add_filter(r"more than \d+ MB", "more than [n] MB");
    // A postal code that is drawn at random, in no order: several calls wait at the same time.
    settings.add_filter(r"\b[A-Z]{2}\d{3} 7[A-Z]Q\b", "[postal code]");
    // What a busy machine changes: a pause that was too short, how late an answer came, how often
    // customers bought meanwhile.
    settings.add_filter(
        r"at least \d+ ms after request \d",
        "at least [n] ms after request [n]",
    );
    settings.add_filter(r"after \d+\.\d s\b", "after [n] s");
    settings.add_filter(r"\b\d+ too (few|many)\b", "[n] too $1");
    // A purchase is of today.
    let today = chrono::Utc::now();
    // Not in the name of a backup, where the time follows: `_` is a letter here.
    settings.add_filter(&today.format(r"\b%Y-%m-%d\b").to_string(), "[today]");
    settings.add_filter(&today.format(r"%d\.%m\.%Y").to_string(), "[today]");
    settings.add_filter(r"thread '([\w-]+)' \(\d+\)", "thread '$1' ([id])");
    settings
}
