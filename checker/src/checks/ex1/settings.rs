//! 1.1: the tutor is added to `.vscode/mcp.json`, and answers. A remote server there that does
//! not answer is a remark.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Url;
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use super::entries::{Entry, File, Mistake, Reached, entries};
use super::variables::{Dialect, Unresolved};
use crate::checks::{Checked, Stop, WorkspaceUnderTest};
use crate::mcp::http::is_loopback;
use crate::mcp::probe::{Probe, probe};
use crate::mcp::{ClientProfile, Endpoint, Era, RequestError, Session};
use crate::subject::process::Process;
use crate::verdict::{Code, Finding, Location, Position};

/// Where VS Code, Claude Code and Cursor look for servers.
const FILES: [File; 3] = [
    File {
        path: ".vscode/mcp.json",
        table: "servers",
        takes_comments: true,
        dialect: Dialect::VsCode,
    },
    File {
        path: ".mcp.json",
        table: "mcpServers",
        takes_comments: false,
        dialect: Dialect::Claude,
    },
    File {
        path: ".cursor/mcp.json",
        table: "mcpServers",
        takes_comments: true,
        dialect: Dialect::Cursor,
    },
];

/// How long a tutor that fell silent may take to end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the tutor calls itself.
const TUTOR: &str = "workshop-tutor";

/// The tool that it is asked to use.
const TOOL: &str = "workshop_status";

pub(super) async fn check(workspace: &WorkspaceUnderTest) -> Checked {
    let all = every_entry(&workspace.settings, &workspace.root)?;
    if all.is_empty() {
        return Err(Stop::not_declared("no server in .vscode/mcp.json yet"));
    }
    let Some(tutor) = all.iter().find(|entry| entry.is_tutor()) else {
        let shown: Vec<String> = all.iter().map(Entry::shown).collect();
        return Err(Finding::new(Code::NoTutor)
            .expected("the tutor: the program \"cargo\" with the arguments [\"checker\", \"tutor\"]")
            .got(shown.join("\n"))
            .why("The tutor is an MCP server that shows your agent this workshop. `command` is only the program; its arguments are separate strings in `args`.")
            .located(Location::At(nearest(&all)))
            .into());
    };
    let (answer, ()) = tokio::join!(answers(workspace, tutor), look_at_remote(workspace, &all));
    answer.map_err(|stop| at(stop, &tutor.position))
}

/// Where the tutor is most likely meant: at a command with everything in it, or else at the first
/// server.
fn nearest(all: &[Entry]) -> Position {
    let meant = all.iter().find(|entry| match &entry.reached {
        Reached::Command(line) => line.program.contains("tutor"),
        _ => false,
    });
    match meant {
        Some(entry) => entry.at("command"),
        None => all[0].position.clone(),
    }
}

/// The servers in all files that are there.
fn every_entry(folder: &Path, root: &Path) -> Checked<Vec<Entry>> {
    let mut all = Vec::new();
    for file in FILES {
        let File { path, table, .. } = file;
        let text = match fs::read_to_string(folder.join(path)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(Stop::CouldNotCheck(format!(
                    "{path} cannot be read: {error}"
                )));
            }
        };
        let found = entries(file, &text, root).map_err(|mistake| {
            let (position, got, expected) = match mistake {
                Mistake::Server(position, got) => (
                    position,
                    got,
                    "a server: a `command` with its `args`, or a `url`".to_owned(),
                ),
                Mistake::File(position, got) => (
                    position,
                    got,
                    format!("JSON with the servers under `{table}`, the name that this file uses"),
                ),
            };
            Stop::from(
                Finding::new(Code::BrokenSettings)
                    .expected(expected)
                    .got(got)
                    .why("If editors cannot read this file, they show no servers at all.")
                    .located(Location::At(position)),
            )
        })?;
        all.extend(found);
    }
    Ok(all)
}

/// Starts the tutor as an editor would, and asks it where the attendee is.
async fn answers(workspace: &WorkspaceUnderTest, tutor: &Entry) -> Checked {
    let client = ClientProfile::new(Era::Modern).with_patience(workspace.patience);
    let session = match &tutor.reached {
        Reached::Command(line) => {
            let line = line
                .resolved(tutor.dialect, &workspace.root)
                .map_err(|(field, unresolved)| at(without_value(unresolved), &tutor.at(field)))?;
            let folder = line.started_in(&workspace.root);
            let mut command = Command::new(&line.program);
            command
                .args(&line.arguments)
                .current_dir(&folder)
                .envs(line.environment.iter().map(|(name, value)| (name, value)));
            if !folder.is_dir() {
                let error = format!("there is no folder {}, which `cwd` names", folder.display());
                return Err(at(no_folder(&line.shown(), &error), &tutor.at("cwd")));
            }
            let mut process = Process::start(command, &workspace.guard).map_err(|error| {
                let stop = not_started(&line.shown(), &error.to_string());
                at(stop, &tutor.at("command"))
            })?;
            let monitor = process.monitor();
            let (stdin, stdout) = process
                .take_stdio()
                .ok_or_else(|| not_started(&line.shown(), "it has no stdin and stdout"))?;
            let endpoint = Endpoint::Stdio(stdin, stdout);
            let opened = Session::connect(endpoint, client, workspace.transcript());
            let session = match opened.await {
                Ok(session) => session,
                Err(failure) => {
                    // If it has ended, its last words say why.
                    let _ = timeout(LAST_WORDS, monitor.ended_with_words()).await;
                    let words = monitor.stderr.last_lines();
                    let stop = does_not_answer(&line.shown(), &failure, &words);
                    return Err(at(stop, &tutor.at("args")));
                }
            };
            let asked = ask(workspace, &session, &line.shown()).await;
            process.stop().await;
            return asked;
        }
        Reached::Url(url) => {
            let endpoint = Endpoint::Http(url.clone());
            let opened = Session::connect(endpoint, client, workspace.transcript());
            opened
                .await
                .map_err(|failure| at(is_not_running(url, &failure), &tutor.at("url")))?
        }
        Reached::Somewhere(url) => {
            return Err(Stop::CouldNotCheck(format!(
                "only your editor can resolve the address {url}"
            )));
        }
    };
    ask(workspace, &session, &tutor.name).await
}

async fn ask(workspace: &WorkspaceUnderTest, session: &Session, what: &str) -> Checked {
    let server = session
        .server()
        .and_then(|server| server.server_info.clone());
    let name = server.map(|server| server.name).unwrap_or_default();
    if name != TUTOR {
        return Err(Finding::new(Code::NotTheTutor)
            .ran(what)
            .expected(format!("a server that calls itself {TUTOR}"))
            .got(format!("{name:?}"))
            .why("Something answers, but it is not the workshop's tutor.")
            .into());
    }
    workspace.purpose("ask the tutor where you are");
    let called = session.call(TOOL, json!({})).await?;
    match called.result.is_error {
        Some(true) => Err(Finding::new(Code::TutorError)
            .ran(what)
            .sent(called.sent)
            .expected("where you are in the workshop")
            .got(called.raw.to_string())
            .why("The tutor must run in the workshop's folder.")
            .into()),
        _ => Ok(()),
    }
}

/// A variable of the tutor's entry has no value.
fn without_value(unresolved: Unresolved) -> Stop {
    match unresolved {
        Unresolved::Unknown(got) => Finding::new(Code::BrokenSettings)
            .expected("variables that this file's editor knows")
            .got(got)
            .why("Every editor has its own variables. It leaves one that it does not know as written, or does not start the server.")
            .into(),
        Unresolved::Editors(variable) => Stop::CouldNotCheck(format!(
            "only your editor knows the value of {variable}; write the value itself, and check again"
        )),
    }
}

/// A tutor over HTTP that does not answer: it has to be started by hand, and to go on.
fn is_not_running(url: &Url, failure: &RequestError) -> Stop {
    const USUAL: u16 = 8430;
    let start = match url.port_or_known_default() {
        Some(port) if port != USUAL => format!("cargo checker tutor --http --port {port}"),
        _ => "cargo checker tutor --http".to_owned(),
    };
    Finding::new(Code::TutorSilent)
        .ran(url.as_str())
        .expected("an answer to server/discover")
        .got(failure.kind.to_string())
        .why(format!("Your editor does not start a tutor over HTTP. Start it in a terminal, and leave it running: `{start}`"))
        .into()
}

fn not_started(command: &str, error: &str) -> Stop {
    Finding::new(Code::TutorNotStarted)
        .ran(command)
        .expected("a program that starts")
        .got(error)
        .why("Your editor starts the command as written, without a shell. Put the program in `command`, and each argument in `args`.")
        .into()
}

fn no_folder(command: &str, error: &str) -> Stop {
    Finding::new(Code::TutorNotStarted)
        .ran(command)
        .expected("a folder to start it in")
        .got(error)
        .why("Without a `cwd`, the program starts in the workshop's folder, which is right.")
        .into()
}

fn does_not_answer(command: &str, failure: &RequestError, words: &[String]) -> Stop {
    let building = |line: &String| line.trim_start().starts_with("Compiling ");
    if words.last().is_some_and(building) {
        return Stop::CouldNotCheck(format!(
            "`{command}` is still being built. Check again when it is done"
        ));
    }
    let words = match words {
        [] => String::new(),
        words => format!("\nits last lines:\n{}", words.join("\n")),
    };
    Finding::new(Code::TutorSilent)
        .ran(command)
        .expected("an answer to server/discover")
        .got(format!("{}{words}", failure.kind))
        .why("Try the same command in a terminal, in the workshop's folder. It should wait, and print nothing on stdout.")
        .into()
}

/// Points a finding at a line of the settings, unless it points at one already.
fn at(stop: Stop, position: &Position) -> Stop {
    stop.at(Location::At(position.clone()))
}

/// Remarks on every server elsewhere that does not answer.
async fn look_at_remote(workspace: &WorkspaceUnderTest, all: &[Entry]) {
    let remote = all.iter().filter_map(|entry| match &entry.reached {
        Reached::Url(url) if !is_loopback(url) => Some((&entry.name, url)),
        _ => None,
    });
    let looks = remote.map(async |(name, url)| match probe(url).await {
        Probe::Mcp | Probe::NeedsToken => (),
        Probe::Silent(why) | Probe::NotMcp(why) => {
            let server = format!("{name} ({url})");
            workspace.remark(format!(
                "{server} does not answer from here: {why}. This does not affect the step."
            ));
        }
    });
    join_all(looks).await;
}
