//! The official conformance suite's scenarios about asking back, progress and tasks. They want test tools
//! with names of their own, which a store cannot have: `checker/tests/conformance/` is a server that has
//! them, and does with rmcp what the solution of exercise 4 does.

use anyhow::{Context, Result, ensure};
use checker::checks::store::SERVING;
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::server::Server;

use super::{Check, judge, played};
use crate::interop::{LEGACY, MODERN, Setup, build_tests};

/// Scenarios of one revision, or of an extension to it.
struct Group {
    revision: &'static str,
    /// Whether the suite has them for an extension, and not for the revision itself.
    extension: bool,
    /// Each with what a server proves with it.
    scenarios: &'static [(&'static str, &'static str)],
}

const GROUPS: [Group; 3] = [
    Group {
        revision: MODERN,
        extension: false,
        scenarios: &[
            (
                "input-required-result-basic-elicitation",
                "a result asks the user, and the second round answers",
            ),
            (
                "input-required-result-basic-sampling",
                "a result asks the client's model",
            ),
            (
                "input-required-result-basic-list-roots",
                "a result asks for roots",
            ),
            (
                "input-required-result-request-state",
                "the state comes back",
            ),
            (
                "input-required-result-multiple-input-requests",
                "a result asks three things at once",
            ),
            (
                "input-required-result-multi-round",
                "there may be a third round",
            ),
            (
                "input-required-result-missing-input-response",
                "what was not answered is asked again",
            ),
            (
                "input-required-result-non-tool-request",
                "a prompt asks, too",
            ),
            (
                "input-required-result-result-type",
                "the result says what it is",
            ),
            (
                "input-required-result-unsupported-methods",
                "nothing else asks",
            ),
            (
                "input-required-result-tampered-state",
                "a state that was changed is refused",
            ),
            (
                "input-required-result-capability-check",
                "nobody is asked what they cannot answer",
            ),
            (
                "input-required-result-ignore-extra-params",
                "other answers are ignored",
            ),
            (
                "input-required-result-validate-input",
                "what is no answer is refused",
            ),
            ("tools-call-with-progress", "progress rises"),
        ],
    },
    Group {
        revision: MODERN,
        extension: true,
        scenarios: &[
            (
                "tasks-lifecycle",
                "tasks begin, end, fail and are cancelled",
            ),
            (
                "tasks-capability-negotiation",
                "only those who know tasks get one",
            ),
            ("tasks-wire-fields", "the fields have their names and units"),
            ("tasks-request-state-removal", "a task has no requestState"),
            (
                "tasks-mrtr-input",
                "a task asks, and goes on when it is answered",
            ),
            ("tasks-request-headers", "the task is in a header too"),
            (
                "tasks-dispatch-and-envelope",
                "methods, results and unknown tasks",
            ),
            (
                "tasks-required-task-error",
                "a tool that must be a task says what the client lacks",
            ),
            (
                "tasks-mrtr-composition",
                "a call asks first, and becomes a task then",
            ),
        ],
    },
    Group {
        revision: LEGACY,
        extension: false,
        scenarios: &[
            (
                "tools-call-elicitation",
                "the user is asked while the call waits",
            ),
            (
                "elicitation-sep1034-defaults",
                "fields of a form have defaults",
            ),
            (
                "elicitation-sep1330-enums",
                "fields of a form are choices, in five ways",
            ),
            ("tools-call-with-progress", "progress rises"),
        ],
    },
];

/// A scenario that the suite does not play itself, and what it says of it.
const LEFT_OUT: (&str, &str) = (
    "tasks-status-notifications",
    "Skipped: SEP-2663 delivers notifications/tasks",
);

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The official conformance suite against a server that has its test tools");
    let server = match serve(setup).await {
        Ok(server) => server,
        Err(error) => return tally.check("the server", async { Err(error) }).await,
    };
    for group in &GROUPS {
        for (name, proves) in group.scenarios {
            let sentence = format!("{} {name}: {proves}", group.revision);
            let judged = async {
                let checks = play(setup, &server, group.revision, group.extension, name).await?;
                judge(&checks, &[])
            };
            tally.check(&sentence, judged).await;
        }
    }
    let (name, said) = LEFT_OUT;
    let sentence = format!("{MODERN} {name} is left out, because the suite does not run it");
    let left_out = async {
        let checks = play(setup, &server, MODERN, true, name).await?;
        let skipped = |check: &Check| check.status == "SKIPPED" && check.why().starts_with(said);
        ensure!(
            checks.iter().all(skipped),
            "{name} is left out, but does not have to be. Move it to the others"
        );
        Ok("it still says so".to_owned())
    };
    tally.check(&sentence, left_out).await;
}

/// Starts the server, which is an example of the checker's package.
async fn serve(setup: &Setup) -> Result<Server> {
    build_tests(setup).await?;
    let folder = setup.checker.parent().context("the checker is nowhere")?;
    let executable = folder.join("examples/conformance");
    let program = Program {
        executable: executable.with_extension(std::env::consts::EXE_EXTENSION),
        arguments: Vec::new(),
        folder: setup.root.clone(),
        environment: Vec::new(),
        guard: setup.guard.clone(),
    };
    Ok(program
        .serve(SERVING, Patience::default().listening)
        .await?)
}

async fn play(
    setup: &Setup,
    server: &Server,
    revision: &str,
    extension: bool,
    name: &str,
) -> Result<Vec<Check>> {
    let mut command = setup.node.conformance();
    command.args(["server", "--url", server.url().as_str()]);
    if extension {
        // Extensions are not on the suite's list of any revision.
        command.arg("--force");
    }
    Ok(played(setup, command, revision, name).await?.checks)
}
