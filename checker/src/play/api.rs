//! What the page asks for.

use std::sync::Arc;

use http::StatusCode;
use rmcp::model::ElicitationAction;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Play;
use super::switches::Switches;
use super::tab::{Live, Tab, closed, words_of};
use crate::mcp::profile::Answer;
use crate::mcp::{ErrorKind, RequestError};

/// No list has more pages than this.
const MOST_PAGES: usize = 100;

/// A page of an App that is larger than this is not shown.
const LARGEST_APP: usize = 4_000_000;

/// What the page may ask a server for by itself.
const METHODS: [&str; 7] = [
    "completion/complete",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "tools/list",
];

/// What is to be done.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Open a tab.
    Open {
        /// What its client declares.
        #[serde(default)]
        switches: Switches,
    },
    /// The tab is left.
    Leave {
        /// Which.
        tab: String,
    },
    /// Nobody looks at the tab for a while: it does not listen, and is there all the same.
    Rest {
        /// Which.
        tab: String,
    },
    /// Make its client another one.
    Switch {
        /// The tab.
        tab: String,
        /// What the client declares.
        switches: Switches,
    },
    /// Start the server again where it is ours, and connect anew.
    Restart {
        /// The tab.
        tab: String,
    },
    /// Connect anew.
    Reconnect {
        /// The tab.
        tab: String,
    },
    /// Sign in, where the server asks for it.
    SignIn {
        /// The tab.
        tab: String,
        /// Whether the realm is to ask, although it knows the browser.
        #[serde(default)]
        as_somebody_else: bool,
    },
    /// Forget who signed in.
    SignOut {
        /// The tab.
        tab: String,
    },
    /// Ask the server for something that no tool does.
    Request {
        /// The tab.
        tab: String,
        /// `tools/list`
        method: String,
        /// Its params.
        #[serde(default)]
        params: Value,
        /// What it is for.
        purpose: String,
    },
    /// Call a tool.
    Call {
        /// The tab.
        tab: String,
        /// The tool.
        tool: String,
        /// Its arguments.
        arguments: Value,
        /// Whether an App calls it.
        #[serde(default)]
        by_app: bool,
    },
    /// The result of a call.
    Result {
        /// The tab.
        tab: String,
        /// The call.
        call: u64,
    },
    /// Cancel a call.
    Cancel {
        /// The tab.
        tab: String,
        /// The call.
        call: u64,
    },
    /// Answer a question.
    Answer {
        /// The tab.
        tab: String,
        /// The question.
        question: u64,
        /// `accept`, `decline`, or `cancel`.
        action: ElicitationAction,
        /// What was filled in.
        #[serde(default)]
        content: Option<Value>,
    },
    /// The page of an App.
    App {
        /// The tab.
        tab: String,
        /// Its `ui://` URI.
        uri: String,
        /// The tool that names it.
        tool: String,
    },
    /// The whole of a message.
    Message {
        /// The tab.
        tab: String,
        /// Its number.
        number: usize,
    },
}

/// Does it, and gives what comes of it. `origin` is where the browser sees the page.
pub async fn act(play: &Arc<Play>, action: Action, origin: &str) -> (StatusCode, Value) {
    match done(play, action, origin).await {
        Ok(told) => (StatusCode::OK, told),
        Err(refused) => refused,
    }
}

type Refused = (StatusCode, Value);

async fn done(play: &Arc<Play>, action: Action, origin: &str) -> Result<Value, Refused> {
    match action {
        Action::Open { switches } => Ok(json!({ "tab": play.open(switches).id })),
        Action::Leave { tab } => {
            play.close(&tab);
            Ok(json!({}))
        }
        Action::Rest { tab } => {
            here(play, &tab)?.rest();
            Ok(json!({}))
        }
        Action::Switch { tab, switches } => {
            here(play, &tab)?.switch(switches);
            Ok(json!({}))
        }
        Action::Restart { tab } => {
            let tab = here(play, &tab)?;
            play.backend.restart();
            if play.backend.status().borrow().kind != "exercise" {
                tab.reconnect();
            }
            Ok(json!({}))
        }
        Action::Reconnect { tab } => {
            here(play, &tab)?.reconnect();
            Ok(json!({}))
        }
        Action::SignIn {
            tab,
            as_somebody_else,
        } => {
            let tab = here(play, &tab)?;
            Ok(play.begin_login(&tab, origin, as_somebody_else).await)
        }
        Action::SignOut { tab } => {
            here(play, &tab)?.sign_out();
            Ok(json!({}))
        }
        Action::Request {
            tab,
            method,
            params,
            purpose,
        } => {
            if !METHODS.contains(&method.as_str()) {
                return Err(words(
                    StatusCode::BAD_REQUEST,
                    &format!("The page is not allowed to send {method}."),
                ));
            }
            let tab = here(play, &tab)?;
            let Some(live) = tab.live() else {
                return Ok(failed(&closed()));
            };
            let told = match list_of(&method) {
                Some(list) => pages(&tab, &live, &purpose, &method, list).await,
                None => tab.request(&live, &purpose, &method, params).await,
            };
            Ok(told.map_or_else(|error| failed(&error), |result| json!({ "result": result })))
        }
        Action::Call {
            tab,
            tool,
            arguments,
            by_app,
        } => {
            let tab = here(play, &tab)?;
            let Some(live) = tab.live() else {
                return Err(words(StatusCode::CONFLICT, "There is no connection."));
            };
            Ok(json!({ "call": tab.call(live, &tool, arguments, by_app) }))
        }
        Action::Result { tab, call } => {
            let tab = here(play, &tab)?;
            let result = tab.read(|state| {
                let call = state.calls.iter().find(|one| one.id == call);
                call.and_then(super::calls::CallState::result)
            });
            match result {
                Some(result) => Ok(json!({ "result": &*result })),
                None => Err(words(
                    StatusCode::NOT_FOUND,
                    "This result is no longer stored.",
                )),
            }
        }
        Action::Cancel { tab, call } => {
            here(play, &tab)?.read(|state| {
                let call = state.calls.iter().find(|one| one.id == call);
                call.iter().for_each(|call| call.cancel.cancel());
            });
            Ok(json!({}))
        }
        Action::Answer {
            tab,
            question,
            action,
            content,
        } => {
            let there = here(play, &tab)?.answer(question, Answer { action, content });
            Ok(json!({ "there": there }))
        }
        Action::App { tab, uri, tool } => {
            let tab = here(play, &tab)?;
            let Some(live) = tab.live() else {
                return Ok(failed(&closed()));
            };
            Ok(app(play, &tab, &live, &uri, &tool).await)
        }
        Action::Message { tab, number } => match here(play, &tab)?.wire.whole(number) {
            Some(message) => Ok(json!({ "message": message })),
            None => Err(words(
                StatusCode::NOT_FOUND,
                "This message is no longer stored.",
            )),
        },
    }
}

fn here(play: &Play, tab: &str) -> Result<Arc<Tab>, Refused> {
    play.tab(tab)
        .ok_or_else(|| words(StatusCode::GONE, "This tab was inactive for too long."))
}

fn words(status: StatusCode, words: &str) -> Refused {
    (status, json!({ "words": words }))
}

fn failed(error: &RequestError) -> Value {
    match &error.kind {
        ErrorKind::Refused { code, message } => {
            let words = crate::escape::visible_up_to(4_000, message);
            json!({ "error": { "code": code, "words": words } })
        }
        _ => json!({ "error": { "words": words_of(error) } }),
    }
}

/// The name of the list in the result of a method that gives one.
fn list_of(method: &str) -> Option<&'static str> {
    match method {
        "tools/list" => Some("tools"),
        "resources/list" => Some("resources"),
        "resources/templates/list" => Some("resourceTemplates"),
        "prompts/list" => Some("prompts"),
        _ => None,
    }
}

/// Every page of a list, as one.
async fn pages(
    tab: &Tab,
    live: &Live,
    purpose: &str,
    method: &str,
    list: &str,
) -> Result<Value, RequestError> {
    let mut all = Vec::new();
    let mut cursor = Value::Null;
    let mut note = None;
    for page in 0..=MOST_PAGES {
        if page == MOST_PAGES {
            note = Some(format!("There are more than {MOST_PAGES} pages."));
            break;
        }
        let params = match &cursor {
            Value::Null => json!({}),
            cursor => json!({ "cursor": cursor }),
        };
        let result = tab.request(live, purpose, method, params).await?;
        match result[list].as_array() {
            Some(items) => all.extend_from_slice(items),
            None => note = Some(format!("The result has no list of {list}.")),
        }
        match &result["nextCursor"] {
            Value::Null => break,
            next if *next == cursor => {
                note = Some("The server sent the same nextCursor twice.".to_owned());
                break;
            }
            next => cursor = next.clone(),
        }
    }
    Ok(json!({ list: all, "note": note }))
}

/// The page of an App, with the address of the sandbox page that has its policy.
async fn app(play: &Play, tab: &Tab, live: &Live, uri: &str, tool: &str) -> Value {
    let refused = |words: &str| json!({ "error": { "words": words } });
    let purpose = format!("the page that {tool} names");
    let params = json!({ "uri": uri });
    let read = tab.request(live, &purpose, "resources/read", params).await;
    let result = match read {
        Ok(result) => result,
        Err(error) => return failed(&error),
    };
    let contents = result["contents"].as_array().cloned().unwrap_or_default();
    let of_uri = contents.iter().find(|content| content["uri"] == uri);
    let Some(content) = of_uri.or(contents.first()) else {
        return refused("The resource has no contents.");
    };
    let html = match (&content["text"], &content["blob"]) {
        (Value::String(text), _) => text.clone(),
        (_, Value::String(blob)) => match decoded(blob) {
            Some(text) => text,
            None => return refused("The page's blob is not UTF-8 text in Base64."),
        },
        _ => return refused("The resource has neither text nor blob."),
    };
    if html.len() > LARGEST_APP {
        return refused(&format!(
            "The page is {:.1} MB. This host shows pages of up to {} MB.",
            html.len() as f64 / 1e6,
            LARGEST_APP / 1_000_000
        ));
    }
    let kind = content["mimeType"].as_str().unwrap_or_default();
    let note = (kind != "text/html;profile=mcp-app")
        .then(|| format!("Its MIME type is {kind:?}. Hosts look for text/html;profile=mcp-app."));
    let ui = &content["_meta"]["ui"];
    json!({
        "html": html,
        "key": play.remember_policy(ui),
        "sandbox": play.address.sandbox_origins(),
        "permissions": ui["permissions"],
        "prefersBorder": ui["prefersBorder"],
        "note": note,
    })
}

fn decoded(blob: &str) -> Option<String> {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    String::from_utf8(BASE64_STANDARD.decode(blob).ok()?).ok()
}
