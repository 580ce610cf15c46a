//! rmcp's own client: what it understands, the server says rightly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use checker::mcp::Era;
use rmcp::model::*;
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, NotificationContext, RequestContext, RunningService,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceError};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Server, TOKEN, Transport, Way, over_http, over_stdio, ways};

/// A user at rmcp's client, who says the same to everything.
#[derive(Clone)]
struct User {
    says: ElicitationAction,
    /// Whether the client says that its user can be asked.
    can_be_asked: bool,
    /// The messages of the forms that the user saw.
    asked: Arc<Mutex<Vec<String>>>,
    progress: Arc<Mutex<Vec<f64>>>,
}

impl User {
    fn who_says(says: ElicitationAction) -> Self {
        Self {
            says,
            can_be_asked: true,
            asked: Arc::default(),
            progress: Arc::default(),
        }
    }
}

impl ClientHandler for User {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        if self.can_be_asked {
            capabilities = ClientCapabilities::builder().enable_elicitation().build();
        }
        ClientConfig::new(capabilities, Implementation::new("user", "1.0.0"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            return Err(ErrorData::invalid_params("not a form", None));
        };
        let content = match message.as_str() {
            "How many?" => json!({ "count": 3 }),
            _ => json!({ "confirm": true }),
        };
        self.asked.lock().unwrap().push(message);
        let answer = ElicitResult::new(self.says.clone());
        Ok(if self.says == ElicitationAction::Accept {
            answer.with_content(content)
        } else {
            answer
        })
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.progress.lock().unwrap().push(params.progress);
    }
}

fn lifecycle(era: Era) -> ClientLifecycleMode {
    match era {
        Era::Modern => ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        },
        Era::Legacy => ClientLifecycleMode::Initialize,
    }
}

/// A client of a server that runs for it alone.
struct Talk {
    client: RunningService<RoleClient, User>,
    user: User,
    _server: Server,
}

impl Talk {
    async fn begin(way: Way, user: User) -> Self {
        let (speaker, lifecycle) = (user.clone(), lifecycle(way.era));
        let (client, server) = match way.transport {
            Transport::Http => {
                let server = over_http();
                let transport = http(&server.url, Some(TOKEN));
                let client = speaker.serve_with_lifecycle(transport, lifecycle).await;
                (client, Server::Http(server))
            }
            Transport::Stdio => {
                let (server, stdin, stdout) = over_stdio();
                let pipes = (stdout, stdin);
                let client = speaker.serve_with_lifecycle(pipes, lifecycle).await;
                (client, Server::Stdio(server))
            }
        };
        Self {
            client: client.unwrap(),
            user,
            _server: server,
        }
    }

    async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let call = call(tool, arguments);
        self.client.call_tool(call).await.unwrap()
    }

    /// The structured content of a call.
    async fn content(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        result.structured_content.unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.user.asked.lock().unwrap().clone()
    }
}

fn http(url: &str, token: Option<&str>) -> StreamableHttpClientTransport<reqwest::Client> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    config.auth_header = token.map(str::to_owned);
    StreamableHttpClientTransport::from_config(config)
}

fn call(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    let mut call = CallToolRequestParams::new(tool);
    call.arguments = arguments.as_object().cloned();
    call
}

#[tokio::test]
async fn the_user_is_asked_once_and_the_tool_gets_what_was_said() {
    for (says, expected) in [
        (
            ElicitationAction::Accept,
            json!({ "action": "accept", "content": { "confirm": true } }),
        ),
        (ElicitationAction::Decline, json!({ "action": "decline" })),
        (ElicitationAction::Cancel, json!({ "action": "cancel" })),
    ] {
        for way in ways() {
            let talk = Talk::begin(way, User::who_says(says.clone())).await;
            let got = talk.content("ask_once", json!({})).await;
            assert_eq!(got, expected, "{way:?}");
            assert_eq!(talk.asked(), ["Shall I go ahead?"], "{way:?}");
        }
    }
}

#[tokio::test]
async fn the_user_is_asked_twice_in_one_call() {
    for way in ways() {
        let talk = Talk::begin(way, User::who_says(ElicitationAction::Accept)).await;
        let got = talk.content("ask_twice", json!({})).await;
        let expected = json!({
            "first": { "action": "accept", "content": { "confirm": true } },
            "second": { "action": "accept", "content": { "count": 3 } },
        });
        assert_eq!(got, expected, "{way:?}");
        assert_eq!(talk.asked(), ["Shall I go ahead?", "How many?"], "{way:?}");
        // The server's ids and the client's are not mixed up afterwards.
        let said = talk.content("echo", json!({ "text": "still here" })).await;
        assert_eq!(said, json!({ "text": "still here" }), "{way:?}");
    }
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_gets_a_tool_error() {
    for way in ways() {
        let user = User {
            can_be_asked: false,
            ..User::who_says(ElicitationAction::Accept)
        };
        let talk = Talk::begin(way, user).await;
        let result = talk.call("ask_once", json!({})).await;
        assert_eq!(result.is_error, Some(true), "{way:?}");
        let text = result.content[0].as_text().unwrap().text.clone();
        assert!(text.contains("elicitation"), "{way:?}: {text}");
        assert!(talk.asked().is_empty(), "{way:?}");
    }
}

#[tokio::test]
async fn a_state_is_good_for_one_retry_of_the_same_call() {
    for way in ways().filter(|way| way.era == Era::Modern) {
        let talk = Talk::begin(way, User::who_says(ElicitationAction::Accept)).await;
        let state = async || {
            let first = talk.client.call_tool_once(call("ask_once", json!({})));
            let CallToolResponse::InputRequired(first) = first.await.unwrap() else {
                panic!("{way:?}: no input required");
            };
            let asked = first.input_requests.unwrap();
            assert_eq!(asked.keys().collect::<Vec<_>>(), ["confirm"], "{way:?}");
            first.request_state.unwrap()
        };
        let retry = async |tool, state: &str| {
            let mut retry = call(tool, json!({}));
            retry.request_state = Some(state.to_owned());
            let answer = json!({ "action": "accept", "content": { "confirm": false } });
            retry.input_responses = Some([("confirm".to_owned(), answer)].into());
            talk.client.call_tool_once(retry).await
        };
        let refused = |answer: Result<CallToolResponse, ServiceError>| match answer {
            Err(ServiceError::McpError(error)) => assert_eq!(error.code, ErrorCode::INVALID_PARAMS),
            other => panic!("{way:?}: {other:?}"),
        };

        let good = state().await;
        let CallToolResponse::Complete(done) = retry("ask_once", &good).await.unwrap() else {
            panic!("{way:?}: asks again");
        };
        let said = done.structured_content.unwrap();
        assert_eq!(said["content"], json!({ "confirm": false }), "{way:?}");
        refused(retry("ask_once", &good).await);
        refused(retry("ask_twice", &state().await).await);
        refused(retry("ask_once", &state().await.to_uppercase()).await);
    }
}

#[tokio::test]
async fn progress_comes_one_by_one() {
    for way in ways() {
        let talk = Talk::begin(way, User::who_says(ElicitationAction::Decline)).await;
        let got = talk.content("count", json!({ "to": 4 })).await;
        assert_eq!(got, json!({ "counted": 4 }), "{way:?}");
        let progress = talk.user.progress.lock().unwrap().clone();
        assert_eq!(progress, [1.0, 2.0, 3.0, 4.0], "{way:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_stops() {
    for way in ways() {
        let talk = Talk::begin(way, User::who_says(ElicitationAction::Decline)).await;
        let begun = async {
            while talk.user.progress.lock().unwrap().is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            result = talk.call("count", json!({ "to": 5000 })) => panic!("{way:?}: {result:?}"),
            () = begun => (),
        }
        let mut stopped = false;
        for _ in 0..100 {
            stopped =
                talk.content("was_cancelled", json!({})).await == json!({ "cancelled": true });
            if stopped {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        assert!(stopped, "{way:?}: it goes on");
    }
}

#[tokio::test]
async fn every_request_needs_the_token() {
    let server = over_http();
    for era in Era::ALL {
        let user = User::who_says(ElicitationAction::Decline);
        let transport = http(&server.url, None);
        let refused = user.serve_with_lifecycle(transport, lifecycle(era)).await;
        let challenge = refused.err().unwrap();
        assert_eq!(challenge.auth_challenge().unwrap(), "Bearer", "{era}");
    }
    for method in [Method::POST, Method::GET, Method::DELETE] {
        for (token, challenge) in [("", "Bearer"), ("other", "Bearer error=\"invalid_token\"")] {
            let mut request = reqwest::Client::new().request(method.clone(), &server.url);
            if !token.is_empty() {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method}");
            assert_eq!(answer.headers()["www-authenticate"], challenge, "{method}");
        }
    }
}
