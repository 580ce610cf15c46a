//! The tutor, as agents use and misuse it: rmcp's client over stdio and HTTP, on both eras.

use std::process::Stdio;

use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use checker::mcp::Era;

use crate::common::workshop::Workshop;
use crate::told::{fresh, told};

type Client = RunningService<RoleClient, ()>;

fn lifecycle(era: Era) -> ClientLifecycleMode {
    match era {
        Era::Legacy => ClientLifecycleMode::Initialize,
        _ => ClientLifecycleMode::Discover {
            preferred_versions: vec![era.version()],
        },
    }
}

/// A tutor that runs, until this is dropped.
struct Tutor {
    /// Killed with the tutor.
    _child: Child,
    url: String,
}

impl Tutor {
    /// Serving HTTP, on a port that was free.
    async fn http(workshop: &Workshop) -> Self {
        let mut child = Command::from(workshop.checker("tutor --http --port 0"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = stderr.next_line().await.unwrap().unwrap();
        let url = line.rsplit(' ').next().unwrap().to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = stderr.next_line().await {} });
        Self { _child: child, url }
    }

    async fn client(&self, era: Era) -> Client {
        let transport = StreamableHttpClientTransport::from_uri(self.url.as_str());
        ().serve_with_lifecycle(transport, lifecycle(era))
            .await
            .unwrap()
    }
}

/// A tutor over its pipes, and the process.
async fn stdio(workshop: &Workshop, era: Era) -> (Client, Child) {
    let mut child = Command::from(workshop.checker("tutor"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = ().serve_with_lifecycle(pipes, lifecycle(era)).await.unwrap();
    (client, child)
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> CallToolResult {
    let arguments = arguments.as_object().cloned().unwrap();
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    client.call_tool(params).await.unwrap()
}

/// The structured content, which the text mirrors.
fn structured(result: &CallToolResult) -> &Value {
    assert_eq!(result.is_error, Some(false), "{result:?}");
    let value = result.structured_content.as_ref().unwrap();
    let text = &result.content[0].as_text().unwrap().text;
    assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), value);
    value
}

/// The words of a tool error.
fn refused(result: &CallToolResult) -> &str {
    assert_eq!(result.is_error, Some(true), "{result:?}");
    &result.content[0].as_text().unwrap().text
}

#[tokio::test]
async fn it_says_where_you_are_over_stdio_and_http_on_both_eras() {
    let workshop = fresh();
    let http = Tutor::http(&workshop).await;
    for era in [Era::Modern, Era::Legacy] {
        let (over_stdio, mut child) = stdio(&workshop, era).await;
        for client in [over_stdio, http.client(era).await] {
            let server = client.peer_info().unwrap();
            assert_eq!(server.server_info.as_ref().unwrap().name, "workshop-tutor");
            let status = call(&client, "workshop_status", json!({})).await;
            let status = structured(&status);
            assert_eq!(status["current_exercise"], "ex3_store");
            assert_eq!(status["next_step"]["id"], "3.1");
            assert_eq!(status["exercises"][2]["steps"][3]["state"], "not_started");
            client.cancel().await.unwrap();
        }
        assert!(child.wait().await.unwrap().success(), "it ends with stdin");
    }
    assert!(!workshop.path(".workshop").exists(), "it only reads");
}

#[tokio::test]
async fn a_check_judges_the_attendees_code_and_keeps_the_progress() {
    let workshop = fresh();
    let (client, _child) = stdio(&workshop, Era::Modern).await;
    let report = call(&client, "check_exercise", json!({ "step": "3.1" })).await;
    let step = &structured(&report)["exercises"][0]["steps"][0];
    assert_eq!(step["outcome"], "not_started");

    crate::subjects::write_broken(&workshop, "accepts-zero");
    let report = call(&client, "check_exercise", json!({})).await;
    let report = structured(&report);
    assert_eq!(report["exercises"][0]["outcome"], "failed");
    let progress = workshop.read(".workshop/progress.toml");
    assert!(progress.contains("\"3.3\" = \"passed\""), "{progress}");
    assert!(progress.contains("\"3.4\" = \"in-progress\""), "{progress}");
    let status = call(&client, "workshop_status", json!({})).await;
    assert_eq!(structured(&status)["next_step"]["id"], "3.4");
}

#[test]
fn outside_of_a_workshop_it_says_so() {
    let workshop = fresh();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = workshop.checker("tutor");
    command.current_dir(elsewhere.path());
    let said = crate::told::told_by(&workshop, command);
    assert!(said.could_not().contains("is not inside the workshop"));
    let said = told(&workshop, "tutor --workshop /");
    assert!(said.could_not().contains("is not inside the workshop"));
}

#[tokio::test]
async fn a_finding_is_explained_and_hints_climb_the_ladder_of_the_command() {
    let workshop = fresh();
    let (client, _child) = stdio(&workshop, Era::Legacy).await;
    let nothing = call(&client, "explain_finding", json!({})).await;
    assert!(refused(&nothing).contains("Call check_exercise first"));

    crate::subjects::write_broken(&workshop, "accepts-zero");
    call(&client, "check_exercise", json!({ "exercise": "ex3" })).await;
    let asked = [
        json!({}),
        json!({ "step": "3.4" }),
        json!({ "code": "accepts_zero" }),
        json!({ "step": "3.4", "code": "accepts_zero" }),
    ];
    for asked in asked {
        let explained = call(&client, "explain_finding", asked).await;
        let explained = structured(&explained);
        assert_eq!(explained["step"], "3.4");
        let finding = &explained["findings"][0];
        assert_eq!(finding["code"], "accepts_zero");
        assert_eq!(finding["eras"], json!(["modern", "legacy"]));
        assert!(finding["sent"].as_str().unwrap().contains("buy_product"));
        assert_eq!(explained["book"]["heading"], "step-3-4");
    }
    let other = call(&client, "explain_finding", json!({ "code": "no_such" })).await;
    assert_eq!(
        refused(&other),
        "no check has found `no_such`. Found: `accepts_zero`"
    );

    let hint = async || call(&client, "next_hint", json!({ "step": "3.4" })).await;
    let first = hint().await;
    assert_eq!(structured(&first)["hints"][0]["number"], 1);
    let seen = workshop
        .checker("hint 3.4 --again")
        .output()
        .unwrap()
        .stdout;
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.contains("hint 1 of 3") && !seen.contains("hint 2 of 3"));
    assert_eq!(structured(&hint().await)["hints"][0]["number"], 2);
    let third = hint().await;
    let third = structured(&third);
    assert_eq!(
        (&third["hints"][0]["kind"], &third["left"]),
        (&json!("almost the code"), &json!(0))
    );
    let all = hint().await;
    assert_eq!(structured(&all)["hints"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_name_that_is_none_is_told_with_those_that_are() {
    let workshop = fresh();
    let (client, _child) = stdio(&workshop, Era::Modern).await;
    let wrong = [
        ("check_exercise", json!({ "step": "3.44" })),
        ("check_exercise", json!({ "exercise": "ex33" })),
        ("explain_finding", json!({ "step": "store" })),
        ("next_hint", json!({ "step": "ex3" })),
    ];
    for (tool, arguments) in wrong {
        let result = call(&client, tool, arguments).await;
        let words = refused(&result);
        assert!(words.contains("3.1, 3.2, 3.3"), "{words}");
    }
    let planned = call(&client, "check_exercise", json!({ "exercise": "ex4" })).await;
    assert!(refused(&planned).contains("is not written yet"));
    let misspelled = call(&client, "next_hint", json!({ "stpe": "3.4" })).await;
    assert!(refused(&misspelled).contains("stpe"));
    assert!(!workshop.path(".workshop").exists(), "nothing was done");
}
