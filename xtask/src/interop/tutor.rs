//! The workshop's tutor and clients of others: MCP Inspector's command line, and a FastMCP client
//! with `interop/tutor.py`, on both revisions. They call only what changes nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use checker::subject::process::Process;
use serde_json::json;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::client::{Line, heard, tell};
use super::inspector::{Inspector, TOOL_ERROR, all, is};
use super::{LEGACY, MODERN, Setup};

/// How many checks the script makes. Fewer would be a gap.
const CHECKS: usize = 10;

/// How long the tutor may take to listen.
const START: Duration = Duration::from_secs(20);

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    let root = setup.root.to_string_lossy();
    let checker = setup.checker.to_string_lossy();
    tally.peer("The tutor, with MCP Inspector's command line");
    for (revision, era) in [(MODERN, "modern"), (LEGACY, "legacy")] {
        let words = [
            "--protocol-era",
            era,
            &checker,
            "tutor",
            "--workshop",
            &root,
        ];
        let inspector = Inspector::with(setup, &words);
        let sentence = |words: &str| format!("{revision} over stdio: {words}");
        tally
            .check(&sentence("tools/list"), lists_tools(&inspector))
            .await;
        tally
            .check(&sentence("workshop_status"), says_where(&inspector))
            .await;
        tally
            .check(&sentence("an unknown step"), is_refused(&inspector))
            .await;
        tally
            .check(&sentence("a page of the book"), reads_a_page(&inspector))
            .await;
        tally
            .check(&sentence("a prompt"), gets_a_prompt(&inspector))
            .await;
    }
    tally.peer("The tutor, with a FastMCP client");
    for revision in [MODERN, LEGACY] {
        for transport in ["HTTP", "stdio"] {
            let place = format!("{revision} over {transport}");
            match ask(setup, revision, transport).await {
                Ok(lines) => tell(setup, &place, lines).await,
                Err(error) => tally.check(&place, async { Err(error) }).await,
            }
        }
    }
}

async fn lists_tools(inspector: &Inspector<'_>) -> Result<String> {
    let result = inspector.result(&["tools/list"]).await?;
    let names = [
        "check_exercise",
        "explain_finding",
        "next_hint",
        "workshop_status",
    ];
    is(&all(&result["tools"], "name"), &json!(names))?;
    Ok("four tools".to_owned())
}

async fn says_where(inspector: &Inspector<'_>) -> Result<String> {
    let words = ["tools/call", "--tool-name", "workshop_status"];
    let result = inspector.result(&words).await?;
    let status = &result["structuredContent"];
    let exercises = status["exercises"].as_array().map(Vec::len);
    ensure!(exercises > Some(1), "no exercises: {result}");
    Ok(format!("at {}", status["current_exercise"]))
}

async fn is_refused(inspector: &Inspector<'_>) -> Result<String> {
    let step = r#"{"step":"3.44"}"#;
    let words = ["--tool-name", "explain_finding", "--tool-args-json", step];
    let words = [&["tools/call"], &words[..]].concat();
    let told = inspector.error(&words, TOOL_ERROR).await?;
    is(&told["code"], &json!("tool_is_error"))?;
    Ok("isError".to_owned())
}

async fn reads_a_page(inspector: &Inspector<'_>) -> Result<String> {
    let uri = "workshop://book/ex3";
    let listed = inspector.result(&["resources/list"]).await?;
    let uris = all(&listed["resources"], "uri");
    let is_listed = uris
        .as_array()
        .is_some_and(|uris| uris.contains(&json!(uri)));
    ensure!(is_listed, "{uri} is not in {uris}");
    let result = inspector.result(&["resources/read", "--uri", uri]).await?;
    let text = result["contents"][0]["text"].as_str().context("no text")?;
    ensure!(text.contains("## 3.4"), "no section 3.4: {text}");
    Ok(format!("{} lines", text.lines().count()))
}

async fn gets_a_prompt(inspector: &Inspector<'_>) -> Result<String> {
    let words = [
        "prompts/get",
        "--prompt-name",
        "i_am_stuck",
        "--prompt-args",
        "step=3.4",
    ];
    let result = inspector.result(&words).await?;
    let text = result["messages"][0]["content"]["text"].as_str();
    ensure!(
        text.is_some_and(|text| text.contains("step 3.4")),
        "{result}"
    );
    Ok("i_am_stuck".to_owned())
}

async fn ask(setup: &Setup, revision: &str, transport: &str) -> Result<Vec<Line>> {
    let mut command = setup.python.script(setup.root.join("interop/tutor.py"));
    command.arg(revision);
    // Lives as long as the call.
    let _tutor = match transport {
        "HTTP" => {
            let (tutor, url) = over_http(setup).await?;
            command.arg(url);
            Some(tutor)
        }
        _ => {
            command.arg(&setup.checker).args(["tutor", "--workshop"]);
            command.arg(&setup.root);
            None
        }
    };
    heard(setup, command, CHECKS).await
}

/// The tutor on a free port, and its URL.
async fn over_http(setup: &Setup) -> Result<(Process, String)> {
    let mut command = Command::new(&setup.checker);
    command.args(["tutor", "--http", "--port", "0"]);
    command.current_dir(&setup.root);
    let tutor = Process::start(command, &setup.guard).context("the tutor does not start")?;
    let listening = async {
        loop {
            let lines = tutor.stderr().last_lines();
            let mut urls = lines
                .iter()
                .filter_map(|line| line.split_once("serving MCP at "));
            if let Some((_, url)) = urls.next() {
                return url.trim().to_owned();
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let url = timeout(START, listening).await;
    let url = url.context("the tutor did not say where it listens")?;
    Ok((tutor, url))
}
