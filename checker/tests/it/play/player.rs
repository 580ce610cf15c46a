//! What the page of `play` does, without a browser: opens a tab, listens, and asks.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than anything takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

/// `cargo checker play`, until this is dropped.
pub struct Play {
    pub child: Child,
    pub url: Url,
    stdout: Option<thread::JoinHandle<String>>,
}

impl Play {
    /// Starts it on a port that is free, and waits for the address that it prints.
    pub fn start(mut command: Command) -> Self {
        command.args(["--port", "0"]).env_remove("CODESPACE_NAME");
        Self::start_as_it_is(command)
    }

    /// Starts it as the command says.
    pub fn start_as_it_is(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let url = loop {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "play has ended");
            if let Some((_, url)) = line.trim().split_once("open this:  ") {
                break Url::parse(url).unwrap();
            }
        };
        let stdout = thread::spawn(move || {
            let mut rest = String::new();
            let _ = stdout.read_to_string(&mut rest);
            rest
        });
        Self {
            child,
            url,
            stdout: Some(stdout),
        }
    }

    /// What it printed after its address, once it has ended.
    pub fn rest(&mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        let rest = self.stdout.take().unwrap().join().unwrap();
        (status.code(), rest)
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A tab.
pub struct Tab {
    client: Client,
    url: Url,
    id: String,
    heard: watch::Receiver<Heard>,
}

/// What a tab was told.
#[derive(Clone, Default)]
pub struct Heard {
    pub state: Value,
    pub wire: Vec<Value>,
    pub stderr: Vec<String>,
}

impl Tab {
    /// Opens a tab whose client declares all, on this era.
    pub async fn open(play: &Play, era: &str) -> Self {
        Self::open_as(play, json!({ "era": era })).await
    }

    /// The same with these switches.
    pub async fn open_as(play: &Play, switches: Value) -> Self {
        let client = Client::new();
        let opened = json!({ "do": "open", "switches": switches });
        let opened = post(&client, &play.url, &opened).await;
        let id = opened["tab"].as_str().unwrap().to_owned();
        let mut events = play.url.join("events").unwrap();
        events.set_query(Some(&id));
        let response = client.get(events).send().await.unwrap();
        let (tell, heard) = watch::channel(Heard::default());
        tokio::spawn(listen(response, tell));
        Self {
            client,
            url: play.url.clone(),
            id,
            heard,
        }
    }

    /// Opens a tab, and waits until it is connected.
    pub async fn connected(play: &Play, era: &str) -> Arc<Self> {
        let tab = Self::open(play, era).await;
        tab.is_connected().await;
        Arc::new(tab)
    }

    pub async fn is_connected(&self) {
        self.until(|heard| heard.state["connection"]["phase"] == "connected")
            .await;
    }

    /// Has the checker do something.
    pub async fn act(&self, what: &str, mut details: Value) -> Value {
        details["do"] = json!(what);
        details["tab"] = json!(self.id);
        post(&self.client, &self.url, &details).await
    }

    pub async fn request(&self, method: &str, params: Value) -> Value {
        let purpose = "the test wants to know";
        let asked = json!({ "method": method, "params": params, "purpose": purpose });
        self.act("request", asked).await
    }

    /// Begins a call, and gives its number.
    pub async fn call(&self, tool: &str, arguments: Value) -> u64 {
        let call = json!({ "tool": tool, "arguments": arguments });
        let begun = self.act("call", call).await;
        begun["call"].as_u64().unwrap_or_else(|| panic!("{begun}"))
    }

    /// Waits until a call is over, and gives it as it is then, with its result.
    pub async fn over(&self, id: u64) -> (Value, Value) {
        let heard = self
            .until(|heard| call_of(heard, id).is_some_and(|call| call["phase"] != "running"))
            .await;
        let call = call_of(&heard, id).unwrap().clone();
        let result = self.act("result", json!({ "call": id })).await;
        (call, result["result"].clone())
    }

    /// Waits for a question.
    pub async fn question(&self) -> Value {
        let heard = self
            .until(|heard| heard.state["questions"][0].is_object())
            .await;
        heard.state["questions"][0].clone()
    }

    pub async fn answer(&self, question: &Value, action: &str, content: Value) {
        let answer = json!({ "question": question["id"], "action": action, "content": content });
        assert_eq!(self.act("answer", answer).await, json!({ "there": true }));
    }

    /// Waits until what was heard is as wanted.
    pub async fn until(&self, wanted: impl Fn(&Heard) -> bool) -> Heard {
        let mut heard = self.heard.clone();
        let found = timeout(PATIENCE, heard.wait_for(|heard| wanted(heard))).await;
        match found {
            Ok(found) => found.expect("the events have ended").clone(),
            Err(_) => panic!("last heard: {:#}", self.heard.borrow().state),
        }
    }
}

fn call_of(heard: &Heard, id: u64) -> Option<&Value> {
    let calls = heard.state["calls"].as_array()?;
    calls.iter().find(|call| call["id"] == id)
}

/// The names of a list that was asked for.
pub fn names(told: &Value, list: &str) -> Vec<String> {
    let items = told["result"][list].as_array().cloned().unwrap_or_default();
    let names = items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned());
    names.collect()
}

async fn post(client: &Client, url: &Url, body: &Value) -> Value {
    let request = client.post(url.join("do").unwrap());
    let request = request
        .header(ORIGIN, url.origin().ascii_serialization())
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string());
    let told = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
    let told = told.bytes().await.unwrap();
    serde_json::from_slice(&told).unwrap_or_else(|_| panic!("{told:?}"))
}

async fn listen(response: reqwest::Response, tell: watch::Sender<Heard>) {
    let mut text = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        text.extend_from_slice(&chunk);
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            let event = String::from_utf8(event).unwrap();
            let field = |name: &str| {
                let mut lines = event.lines();
                lines
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::trim)
            };
            let (Some(what), Some(data)) = (field("event:"), field("data:")) else {
                continue;
            };
            let data: Value = serde_json::from_str(data).unwrap();
            tell.send_modify(|heard| match what {
                "state" => heard.state = data,
                "wire" => heard
                    .wire
                    .extend(data["entries"].as_array().unwrap().clone()),
                _ => {
                    let lines = data["lines"].as_array().unwrap().iter();
                    heard
                        .stderr
                        .extend(lines.map(|line| line.as_str().unwrap().to_owned()));
                }
            });
        }
    }
}
