//! Step 1.1: what editors and agents are told of the workshop's tutor.

use std::fs;
use std::path::Path;

use checker::course::Exercise;
use checker::engine::{self, Places, Plan};
use checker::fixtures::{FakeServer, Nobody, ServerSpec};
use checker::mcp::{Era, Transcript};
use checker::patience::Patience;
use checker::verdict::{ExerciseReport, Outcome, SubjectKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use crate::common::{course, redacted, root, told, unused_program};

/// Exercise 1 with its first step alone.
fn exercise() -> Exercise {
    let mut exercise = course().exercise("ex1_connect").unwrap().clone();
    exercise.steps.truncate(1);
    exercise
}

/// The tutor, as an editor would be told to start it in this checkout.
fn tutor() -> Value {
    json!({ "command": env!("CARGO_BIN_EXE_checker"), "args": ["tutor"] })
}

/// What is found when these are the settings.
async fn check(files: &[(&str, &str)]) -> ExerciseReport {
    let folder = TempDir::new().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    check_in(folder.path()).await
}

async fn check_in(folder: &Path) -> ExerciseReport {
    let exercise = exercise();
    let plan = Plan {
        exercise: &exercise,
        step: None,
        eras: &Era::ALL,
        seed: 7,
        root: root(),
        settings: folder.to_owned(),
        folder: folder.to_owned(),
        kind: SubjectKind::Starter,
        places: &Places::unknown(),
        patience: Patience::default(),
        realm: None,
        database: None,
        options: Vec::new(),
    };
    // Of the program only the guard is used: this step is about settings.
    let subject = unused_program();
    let (events, _received) = unbounded_channel();
    engine::check(&plan, &subject, &events).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutor_is_found_wherever_an_agent_would_find_it() {
    let vscode = json!({ "servers": { "tutor": tutor() } }).to_string();
    let with_comment = format!("// mine\n{vscode}");
    let other = json!({ "mcpServers": { "my-tutor": tutor() } }).to_string();
    // Servers may be called what their fields are called.
    let odd_names = json!({ "servers": { "url": tutor(), "command": tutor() } }).to_string();
    let in_workspace = vscode.replacen('{', "{\"inputs\":[],", 1);
    // As editors on Windows write files.
    let with_mark = format!("\u{feff}{vscode}");
    let mut placed = tutor();
    placed["cwd"] = json!("${workspaceFolder}${/}checker${pathSeparator}..");
    placed["env"] = json!({ "HOME": "${userHome}", "NAME": "${workspaceFolderBasename}" });
    let of_vscode = json!({ "servers": { "tutor": placed } }).to_string();
    let of_cursor = json!({ "mcpServers": { "tutor": placed } }).to_string();
    placed["cwd"] = json!("${CLAUDE_PROJECT_DIR:-.}");
    placed["env"] = json!({ "LANG": "${NOT_SET_ANYWHERE:-en}" });
    let of_claude = json!({ "mcpServers": { "tutor": placed } }).to_string();
    // What another server's address is, only the editor knows.
    let beside_another = json!({ "servers": {
        "other": { "type": "http", "url": "https://${input:host}/mcp" },
        "third": { "command": "${config:where}" },
        "tutor": tutor(),
    } })
    .to_string();
    for files in [
        [(".vscode/mcp.json", with_mark.as_str())],
        [(".vscode/mcp.json", of_vscode.as_str())],
        [(".cursor/mcp.json", of_cursor.as_str())],
        [(".mcp.json", of_claude.as_str())],
        [(".vscode/mcp.json", beside_another.as_str())],
        [(".vscode/mcp.json", vscode.as_str())],
        [(".vscode/mcp.json", with_comment.as_str())],
        [(".vscode/mcp.json", in_workspace.as_str())],
        [(".vscode/mcp.json", odd_names.as_str())],
        [(".mcp.json", other.as_str())],
        [(".cursor/mcp.json", other.as_str())],
    ] {
        let report = check(&files).await;
        assert_eq!(report.outcome(), Outcome::Passed, "{}", told(&report));
        let [era] = &report.steps[0].eras[..] else {
            panic!("one entry, for any era");
        };
        assert_eq!((era.era, era.remarks.len()), (None, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_elsewhere_that_does_not_answer_is_a_remark() {
    let settings = json!({ "servers": {
        "tutor": tutor(),
        "far-away": { "type": "http", "url": "http://127.0.0.2:9/mcp" },
    } });
    let report = check(&[(".vscode/mcp.json", &settings.to_string())]).await;
    assert_eq!(report.outcome(), Outcome::Passed, "{}", told(&report));
    let [remark] = &report.steps[0].eras[0].remarks[..] else {
        panic!("one remark");
    };
    assert!(
        remark.contains("far-away") && remark.contains("does not answer"),
        "{remark}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_without_a_server_are_not_started() {
    let empty = json!({ "servers": {} }).to_string();
    for files in [&[][..], &[(".vscode/mcp.json", empty.as_str())]] {
        let report = check(files).await;
        assert_eq!(report.outcome(), Outcome::NotStarted, "{}", told(&report));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tutor_that_is_still_being_built_is_no_mistake() {
    let building = "echo '   Compiling checker v0.1.0 (/workshop/checker)' >&2";
    let server = json!({ "command": "sh", "args": ["-c", building, "tutor"] });
    let settings = json!({ "servers": { "tutor": server } }).to_string();
    let report = check(&[(".vscode/mcp.json", &settings)]).await;
    assert_eq!(
        report.outcome(),
        Outcome::CouldNotCheck,
        "{}",
        told(&report)
    );
    let words = told(&report);
    assert!(words.contains("Check again when it is done"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_editor_knows_cannot_be_checked() {
    let server =
        json!({ "command": "cargo", "args": ["checker", "tutor"], "cwd": "${input:where}" });
    let settings = json!({ "servers": { "tutor": server } }).to_string();
    let report = check(&[(".vscode/mcp.json", &settings)]).await;
    let words = told(&report);
    assert_eq!(report.outcome(), Outcome::CouldNotCheck, "{words}");
    assert!(words.contains("`${input:where}`"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_is_told_with_its_line() {
    let name = ServerSpec::new("Library of Graz", "1.0.0");
    let other = FakeServer::open(Era::Modern, name, None, &Transcript::default())
        .await
        .unwrap();
    let nobody = Nobody::at_home().unwrap();
    // On lines of their own, as people write them.
    let one = |server: Value| format!("{:#}", json!({ "servers": { "tutor": server } }));
    let checker = env!("CARGO_BIN_EXE_checker");
    let mistakes = [
        (
            "a comma is missing",
            "{\n  \"servers\": {\n    \"tutor\": { \"command\": \"cargo\" \"args\": [] }\n  }\n}"
                .to_owned(),
        ),
        ("neither command nor url", one(json!({ "type": "stdio" }))),
        (
            "arguments that are one text",
            one(json!({ "command": "cargo", "args": "checker tutor" })),
        ),
        (
            "a program that is said to be a server elsewhere",
            one(json!({ "type": "http", "command": "cargo", "args": ["checker", "tutor"] })),
        ),
        (
            "beside the servers",
            json!({ "servers": {}, "tutor": tutor() }).to_string(),
        ),
        (
            "the key of other files",
            json!({ "mcpServers": { "tutor": tutor() } }).to_string(),
        ),
        (
            "as in the user's settings",
            json!({ "mcp": { "servers": { "tutor": tutor() } } }).to_string(),
        ),
        (
            "a variable that this editor does not have",
            one(
                json!({ "command": "cargo", "args": ["checker", "tutor"], "cwd": "${CLAUDE_PROJECT_DIR}" }),
            ),
        ),
        (
            "a tutor over HTTP that is not running",
            one(json!({ "type": "http", "url": nobody.url().as_str() })),
        ),
        (
            "a command with its arguments in it",
            one(json!({ "command": "cargo checker tutor" })),
        ),
        (
            "a folder that is not there",
            one(
                json!({ "command": "cargo", "args": ["checker", "tutor"], "cwd": "${workspaceFolder}/no-such-folder" }),
            ),
        ),
        (
            "another server alone",
            json!({ "servers": { "docs": { "url": "https://learn.example/mcp" } } }).to_string(),
        ),
        (
            "a program that is not there",
            one(json!({ "command": "crago", "args": ["checker", "tutor"] })),
        ),
        (
            "an option that is not there",
            one(json!({ "command": checker, "args": ["tutor", "--loud"] })),
        ),
        (
            "another server under its name",
            one(json!({ "url": other.url().as_str() })),
        ),
    ];
    let mut all = String::new();
    let mistakes = mistakes.map(|(mistake, settings)| (mistake, ".vscode/mcp.json", settings));
    let last_comma = (
        "a comma after the last, where JSON has none",
        ".mcp.json",
        "{\n  \"mcpServers\": {\n    \"tutor\": { \"command\": \"cargo\", \"args\": [], }\n  }\n}"
            .to_owned(),
    );
    let workspace_folder = (
        "a variable of another editor",
        ".mcp.json",
        json!({ "mcpServers": { "tutor": {
            "command": "cargo", "args": ["checker", "tutor"], "cwd": "${workspaceFolder}",
        } } })
        .to_string(),
    );
    for (mistake, file, settings) in mistakes.into_iter().chain([last_comma, workspace_folder]) {
        let report = check(&[(file, &settings)]).await;
        assert_eq!(
            report.outcome(),
            Outcome::Failed,
            "{mistake}: {}",
            told(&report)
        );
        all += &format!("== {mistake}\n{}\n", told(&report));
    }
    let mut settings = redacted();
    settings.add_filter(&checker.replace('.', r"\."), "[checker]");
    let in_root = root().join("").display().to_string();
    settings.add_filter(&in_root.replace('.', r"\."), "[workshop]/");
    settings.bind(|| insta::assert_snapshot!("mistakes", all));
}
