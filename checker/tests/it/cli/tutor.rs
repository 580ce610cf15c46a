//! The tutor, as agents use and misuse it: rmcp's client over stdio and HTTP, in both eras.

use std::process::Stdio;

use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use checker::mcp::Era;

use crate::cli::told::{fresh, told};
use crate::common::course;
use crate::common::workshop::Workshop;

type Client<H = ()> = RunningService<RoleClient, H>;

fn lifecycle(era: Era) -> ClientLifecycleMode {
    match era {
        Era::Legacy => ClientLifecycleMode::Initialize,
        _ => ClientLifecycleMode::Discover {
            preferred_versions: vec![era.version()],
        },
    }
}

/// A tutor that runs, until this is dropped.
pub struct Tutor {
    /// Killed with the tutor.
    _child: Child,
    url: String,
}

impl Tutor {
    /// Serving HTTP, on a port that was free.
    pub async fn http(workshop: &Workshop) -> Self {
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

    pub async fn client<H: ClientHandler>(&self, era: Era, handler: H) -> Client<H> {
        let transport = StreamableHttpClientTransport::from_uri(self.url.as_str());
        handler
            .serve_with_lifecycle(transport, lifecycle(era))
            .await
            .unwrap()
    }
}

/// A tutor over its pipes, and the process.
pub async fn stdio<H: ClientHandler>(
    workshop: &Workshop,
    era: Era,
    handler: H,
) -> (Client<H>, Child) {
    let mut child = Command::from(workshop.checker("tutor"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = handler
        .serve_with_lifecycle(pipes, lifecycle(era))
        .await
        .unwrap();
    (client, child)
}

pub async fn call<H: ClientHandler>(
    client: &Client<H>,
    tool: &'static str,
    arguments: Value,
) -> CallToolResult {
    let arguments = arguments.as_object().cloned().unwrap();
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    client.call_tool(params).await.unwrap()
}

/// The structured content, which the text mirrors.
pub fn structured(result: &CallToolResult) -> &Value {
    assert_eq!(result.is_error, Some(false), "{result:?}");
    let value = result.structured_content.as_ref().unwrap();
    let text = &result.content[0].as_text().unwrap().text;
    assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), value);
    value
}

/// The words of a tool error.
pub fn refused(result: &CallToolResult) -> &str {
    assert_eq!(result.is_error, Some(true), "{result:?}");
    &result.content[0].as_text().unwrap().text
}

/// Makes exercise 3 the current one, by naming it.
fn be_at_exercise_3(workshop: &Workshop) {
    assert_eq!(told(workshop, "hint 3.2").code, 0);
}

#[tokio::test]
async fn it_says_where_you_are_over_stdio_and_http_on_both_eras() {
    let workshop = fresh();
    let http = Tutor::http(&workshop).await;
    for era in [Era::Modern, Era::Legacy] {
        let (over_stdio, mut child) = stdio(&workshop, era, ()).await;
        for client in [over_stdio, http.client(era, ()).await] {
            let server = client.peer_info().unwrap();
            assert_eq!(server.server_info.as_ref().unwrap().name, "workshop-tutor");
            let status = call(&client, "workshop_status", json!({})).await;
            let status = structured(&status);
            let course = course();
            let mut core = course.exercises.iter().filter(|one| !one.bonus);
            let first = core.find(|one| one.ready).unwrap();
            assert_eq!(status["current_exercise"], first.id);
            assert_eq!(status["next_step"]["id"], first.steps[0].id);
            assert_eq!(status["exercises"][2]["id"], "ex3_store");
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
    let (client, _child) = stdio(&workshop, Era::Modern, ()).await;
    let report = call(&client, "check_exercise", json!({ "step": "3.1" })).await;
    let step = &structured(&report)["exercises"][0]["steps"][0];
    assert_eq!(step["outcome"], "not_started");

    crate::cli::subjects::write_broken(&workshop, "accepts-zero");
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
    let workshop = fresh().with_an_exercise_that_is_planned();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = workshop.checker("tutor");
    command.current_dir(elsewhere.path());
    let said = crate::cli::told::told_by(&workshop, command);
    assert!(said.could_not().contains("is not inside the workshop"));
    let said = told(&workshop, "tutor --workshop /");
    assert!(said.could_not().contains("is not inside the workshop"));
}

#[tokio::test]
async fn a_finding_is_explained_and_hints_climb_the_ladder_of_the_command() {
    let workshop = fresh().with_book();
    let (client, _child) = stdio(&workshop, Era::Legacy, ()).await;
    let nothing = call(&client, "explain_finding", json!({})).await;
    assert!(refused(&nothing).contains("Call check_exercise first"));

    crate::cli::subjects::write_broken(&workshop, "accepts-zero");
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
        assert_eq!(
            explained["book"]["resource"],
            "workshop://book/ex3#step-3-4"
        );
        let section = explained["book"]["text"].as_str().unwrap();
        assert!(section.starts_with("## 3.4"), "{section}");
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
    let workshop = fresh().with_an_exercise_that_is_planned();
    let (client, _child) = stdio(&workshop, Era::Modern, ()).await;
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
    let planned = call(&client, "check_exercise", json!({ "exercise": "ex6" })).await;
    assert!(refused(&planned).contains("is not written yet"));
    let misspelled = call(&client, "next_hint", json!({ "stpe": "3.4" })).await;
    assert!(refused(&misspelled).contains("stpe"));
    assert!(!workshop.path(".workshop").exists(), "nothing was done");
}

/// The words of a protocol error.
fn protocol_error<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> String {
    match result.unwrap_err() {
        ServiceError::McpError(error) => error.message.into_owned(),
        other => panic!("{other:?}"),
    }
}

async fn read(client: &Client, uri: &str) -> Result<Vec<ResourceContents>, ServiceError> {
    let read = client.read_resource(ReadResourceRequestParams::new(uri));
    Ok(read.await?.contents)
}

fn text(contents: &ResourceContents) -> (&str, &str) {
    match contents {
        ResourceContents::TextResourceContents { uri, text, .. } => (uri, text),
        other => panic!("{other:?}"),
    }
}

/// Everything that a client is shown, so that each change of it is seen.
#[tokio::test]
async fn its_contract_is_the_one_that_is_recorded_on_both_eras() {
    let workshop = fresh().with_book();
    let tutor = Tutor::http(&workshop).await;
    let mut contracts = Vec::new();
    for era in [Era::Modern, Era::Legacy] {
        let client = tutor.client(era, ()).await;
        let server = client.peer_info().unwrap();
        contracts.push(json!({
            "instructions": server.instructions,
            "capabilities": server.capabilities,
            "tools": client.list_all_tools().await.unwrap(),
            "templates": client.list_all_resource_templates().await.unwrap(),
            "prompts": client.list_all_prompts().await.unwrap(),
        }));
        let resources = client.list_all_resources().await.unwrap();
        let uris: Vec<&str> = resources.iter().map(|one| one.uri.as_str()).collect();
        assert_eq!(uris[0], "workshop://exercise/current");
        assert!(uris.contains(&"workshop://book/ex3"), "{uris:?}");
        for uri in uris {
            assert!(!read(&client, uri).await.unwrap().is_empty(), "{uri}");
        }
    }
    assert_eq!(contracts[0], contracts[1]);
    for tool in contracts[0]["tools"].as_array().unwrap() {
        for kind in ["inputSchema", "outputSchema"] {
            let mut compiler = boon::Compiler::new();
            compiler
                .add_resource("tool:schema", tool[kind].clone())
                .unwrap();
            let compiled = compiler.compile("tool:schema", &mut boon::Schemas::new());
            compiled.unwrap_or_else(|error| panic!("{kind}: {error:#}"));
        }
    }
    let contract = serde_json::to_string_pretty(&contracts[0]).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("contract", contract));
}

#[tokio::test]
async fn pages_and_the_attendees_files_can_be_read_and_nothing_else() {
    let workshop = fresh().with_book();
    be_at_exercise_3(&workshop);
    workshop.write("exercises/ex3_store/.env", "KEY=secret");
    let (client, _child) = stdio(&workshop, Era::Modern, ()).await;
    let page = read(&client, "workshop://book/ex3").await.unwrap();
    let (uri, page) = text(&page[0]);
    assert_eq!(uri, "workshop://book/ex3");
    assert!(page.contains("](workshop://book/server#"), "links lead on");
    let section = read(&client, "workshop://book/ex3#step-3-4").await.unwrap();
    let (_, section) = text(&section[0]);
    assert!(section.starts_with("## 3.4") && page.contains(section));

    let current = read(&client, "workshop://exercise/current").await.unwrap();
    let files: Vec<(&str, &str)> = current.iter().map(text).collect();
    let store = files
        .iter()
        .find(|(uri, _)| *uri == "workshop://exercise/ex3/src/store.rs");
    let written = workshop.read("exercises/ex3_store/src/store.rs");
    assert_eq!(store.unwrap().1, written);
    assert!(!files.iter().any(|(_, text)| text.contains("secret")));
    for name in ["ex3", "ex3_store"] {
        let uri = format!("workshop://exercise/{name}/src%2Fstore.rs");
        let alone = read(&client, &uri).await.unwrap();
        assert_eq!((alone.len(), text(&alone[0]).1), (1, written.as_str()));
    }

    let nowhere = [
        "workshop://book/ex33",
        "workshop://book/ex3#step-3-44",
        "workshop://book/../../README",
        "workshop://book/..%2F..%2FREADME",
        "workshop://exercise/ex7",
        "workshop://exercise/..",
        "workshop://exercise/../solutions/ex3_store/src/store.rs",
        "workshop://exercise/ex3/../../solutions/ex3_store/src/store.rs",
        "workshop://exercise/ex3/..%2F..%2Fsolutions%2Fex3_store%2Fsrc%2Fstore.rs",
        "workshop://exercise/ex3//etc/passwd",
        "workshop://exercise/ex3/.env",
        "workshop://solutions/ex3_store",
        "file:///etc/passwd",
        "",
    ];
    for uri in nowhere {
        let words = protocol_error(read(&client, uri).await);
        assert!(words.contains("There is no resource"), "{uri}: {words}");
    }
}

#[tokio::test]
async fn prompts_say_where_you_are_and_how_to_tutor() {
    let workshop = fresh().with_book();
    be_at_exercise_3(&workshop);
    let (client, _child) = stdio(&workshop, Era::Legacy, ()).await;
    let get = async |name: &str, arguments: Value| {
        let mut params = GetPromptRequestParams::new(name);
        params.arguments = arguments.as_object().cloned();
        client.get_prompt(params).await
    };
    let mut said = String::new();
    let prompts = [
        ("introduce_step", json!({ "step": "3.4" })),
        ("i_am_stuck", json!({ "step": "3.4" })),
        ("explain_my_error", json!({ "step": "" })),
        ("review_my_code", json!({ "exercise": "ex3" })),
    ];
    for (name, arguments) in prompts {
        let messages = get(name, arguments).await.unwrap().messages;
        let of_first = messages[0].content.as_text().unwrap();
        said += &format!("{name}\n\n{}\n\n", of_first.text);
        for message in &messages[1..] {
            let resource = message.content.as_resource().unwrap();
            said += &format!("with {}\n\n", text(&resource.resource).0);
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("prompts", said));

    let words = protocol_error(get("i_am_stuck", json!({ "step": "3.44" })).await);
    assert!(words.contains("3.1, 3.2, 3.3"), "{words}");

    let complete = async |reference: Reference, name: &str, typed: &str| {
        let argument = ArgumentInfo::new(name, typed);
        let params = CompleteRequestParams::new(reference, argument);
        client.complete(params).await.unwrap().completion.values
    };
    let stuck = Reference::for_prompt("i_am_stuck");
    assert_eq!(
        complete(stuck, "step", "3.1").await,
        ["3.1", "3.10", "3.11"]
    );
    let page = Reference::for_resource("workshop://book/{+page}");
    assert_eq!(complete(page, "page", "ex3").await, ["ex3"]);
    let file = Reference::for_resource("workshop://exercise/{exercise}/{+file}");
    assert_eq!(complete(file, "file", "store").await, ["src/store.rs"]);
}

#[tokio::test]
async fn a_page_of_somebody_else_gets_403() {
    let workshop = fresh();
    let tutor = Tutor::http(&workshop).await;
    let status = async |name: &str, value: &str| {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": { "name": "page", "version": "1" }
            }
        });
        let request = reqwest::Client::new().post(&tutor.url);
        let request = request.header("accept", "application/json, text/event-stream");
        let request = request.header("content-type", "application/json");
        let request = request.header(name, value).body(call.to_string());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("origin", "http://localhost:3000").await, 200);
    assert_eq!(status("host", "localhost").await, 200);
    assert_eq!(status("origin", "https://evil.example").await, 403);
    assert_eq!(status("origin", "null").await, 403);
    assert_eq!(status("host", "evil.example").await, 403);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_another() {
    let workshop = fresh();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = told(&workshop, &format!("tutor --http --port {port}"));
    assert_eq!(
        said.could_not(),
        format!(
            "cannot listen on 127.0.0.1:{port}: another program uses it. Try another port: `cargo checker tutor --http --port {}`",
            port + 1
        )
    );
    let alone = told(&workshop, "tutor --port 8422");
    assert_eq!(alone.code, 2);
    assert!(alone.stderr.contains("--http"), "{}", alone.stderr);
}
