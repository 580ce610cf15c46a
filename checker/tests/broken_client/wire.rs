//! The client's own MCP: just enough of both eras.

use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};
use crate::mangle::mangle;

/// A session that is open.
pub struct Session {
    flaws: Flaws,
    http: reqwest::Client,
    url: String,
    headers: Vec<(String, String)>,
    /// What the server calls itself.
    pub name: String,
    /// The version that was agreed.
    pub version: String,
    id: Option<String>,
    requests: u64,
}

/// The result of a request.
struct Answer {
    result: Value,
    id: Option<String>,
}

/// Why there is none.
pub enum Trouble {
    Tool(String),
    Refused(String),
    Unreachable(String),
    Elsewhere(String),
    NeedsLogin(String),
    /// Ends with 1, for no reason.
    JustOne,
}

impl Session {
    pub async fn open(
        flaws: Flaws,
        url: &str,
        headers: Vec<String>,
        leaves: bool,
    ) -> Result<Self, Trouble> {
        let headers = if flaws.has(Flaw::NoKey) {
            Vec::new()
        } else {
            headers
        };
        let elsewhere = flaws.has(Flaw::KeyElsewhere);
        let split = |header: &String| {
            let (name, value) = header.split_once(':')?;
            let name = if elsewhere { "X-Other" } else { name };
            let value = value.trim();
            if flaws.has(Flaw::BearerInFront) && !value.starts_with("Bearer ") {
                return Some((name.to_owned(), format!("Bearer {value}")));
            }
            let is_left_out = name != "Authorization" && flaws.has(Flaw::OnlyAuthorization);
            (!is_left_out).then(|| (name.to_owned(), value.to_owned()))
        };
        let follow = if flaws.has(Flaw::FollowsRedirects) {
            Policy::default()
        } else {
            Policy::none()
        };
        let mut session = Self {
            headers: headers.iter().filter_map(split).collect(),
            http: reqwest::Client::builder()
                .no_proxy()
                .redirect(follow)
                // The servers are on loopback, and speak no TLS.
                .tls_certs_only([])
                .build()
                .unwrap_or_default(),
            url: url.to_owned(),
            flaws,
            name: String::new(),
            version: String::new(),
            id: None,
            requests: 0,
        };
        if session.flaws.has(Flaw::OffersNoVersion) {
            let words = "discover startup requires at least one preferred protocol version";
            return Err(Trouble::Unreachable(words.to_owned()));
        }
        let only_old = [Flaw::OnlyInitialize, Flaw::TodoElsewhere];
        if only_old.iter().any(|flaw| session.flaws.has(*flaw)) {
            session.initialize(leaves).await?;
        } else if session.flaws.has(Flaw::OnlyDiscover) {
            session.discover().await?;
        } else if let Err(trouble) = session.discover().await {
            match trouble {
                Trouble::Refused(_) => session.initialize(leaves).await?,
                other => return Err(other),
            }
        }
        if session.flaws.has(Flaw::KeyOnceOnly) {
            session.headers.clear();
        }
        Ok(session)
    }

    async fn discover(&mut self) -> Result<(), Trouble> {
        let version = if self.flaws.has(Flaw::OffersUnknownVersion) {
            "2026-01-01"
        } else {
            "2026-07-28"
        };
        version.clone_into(&mut self.version);
        let result = self.ask("server/discover", json!({})).await;
        if result.is_err() {
            self.version.clear();
        }
        let result = result?;
        let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert!(
            info.is_object() || !self.flaws.has(Flaw::UnwrapsServerInfo),
            "called `Option::unwrap()` on a `None` value"
        );
        info["name"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.name);
        Ok(())
    }

    async fn initialize(&mut self, leaves: bool) -> Result<(), Trouble> {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "broken-client", "version": "1.0.0" },
        });
        let result = self.ask("initialize", params).await?;
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.name = word(&result["serverInfo"]["name"]);
        self.version = word(&result["protocolVersion"]);
        if self.flaws.has(Flaw::NeverInitialized) {
            return Ok(());
        }
        let id = self.id.clone();
        if self.flaws.has(Flaw::InitializedElsewhere) {
            self.id = None;
        }
        let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        if leaves {
            self.leave().await;
        }
        let said = self.post(done).await;
        if leaves {
            return Ok(());
        }
        if self.flaws.has(Flaw::InitializedElsewhere) {
            self.id = id;
            return Ok(());
        }
        said.map(|_| ())
    }

    /// Ends the session.
    async fn leave(&self) {
        let id = self.id.as_deref().unwrap_or_default();
        let leaving = self.http.delete(&self.url).header("mcp-session-id", id);
        let leaving = leaving.header("mcp-protocol-version", &self.version);
        // A server need not allow it.
        let _ = leaving.send().await;
    }

    /// Sends a request, and waits for its result.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Trouble> {
        self.requests += 1;
        let mut request = json!({
            "jsonrpc": "2.0", "id": self.requests, "method": method, "params": params,
        });
        if self.version.starts_with("2026") {
            request["params"]["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version,
                "io.modelcontextprotocol/clientInfo": { "name": "broken-client", "version": "1.0.0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let answer = self.post(request).await?;
        if answer.id.is_some() {
            self.id = answer.id;
        }
        Ok(answer.result)
    }

    async fn post(&self, mut message: Value) -> Result<Answer, Trouble> {
        let method = message["method"].to_string();
        mangle(&method, &mut message);
        let accepted = if self.flaws.has(Flaw::AcceptsAnything) {
            "*/*"
        } else {
            "application/json, text/event-stream"
        };
        let mut request = self.http.post(&self.url).header("accept", accepted);
        if !self.flaws.has(Flaw::NoContentType) {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(id) = &self.id {
            request = request.header("mcp-session-id", id);
        }
        if !self.version.is_empty() {
            request = request.header("mcp-protocol-version", &self.version);
        }
        if self.version.starts_with("2026") {
            if !self.flaws.has(Flaw::NoMethodHeader) {
                let method = message["method"].as_str().unwrap_or_default();
                request = request.header("mcp-method", method);
            }
            let params = &message["params"];
            if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
                request = request.header("mcp-name", name);
            }
        }
        let unreachable = |error: reqwest::Error| {
            if !error.is_connect() && self.flaws.has(Flaw::BannerExitsOne) && self.requests == 1 {
                Trouble::JustOne
            } else if error.is_connect() {
                Trouble::Unreachable(error.to_string())
            } else {
                Trouble::Unreachable(format!("broken off: {error}"))
            }
        };
        let response = request
            .body(message.to_string())
            .send()
            .await
            .map_err(unreachable)?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(self.login(&response).await);
        }
        let session = response.headers().get("mcp-session-id");
        let id = session.and_then(|id| id.to_str().ok()).map(str::to_owned);
        let status = response.status();
        let body = response.text().await.map_err(unreachable)?;
        let message = message_in(&body);
        if let Some(words) = message["error"]["message"].as_str() {
            return Err(Trouble::Refused(words.to_owned()));
        }
        if !status.is_success() {
            if status.is_redirection() && self.flaws.has(Flaw::MovedExitsThree) {
                return Err(Trouble::Refused(format!("{status}")));
            }
            return Err(Trouble::Elsewhere(format!("{status}: {body}")));
        }
        let is_page = body.starts_with('<') && self.flaws.has(Flaw::PageAsAnswer);
        let is_json = body.starts_with('{') && self.flaws.has(Flaw::JsonAsAnswer);
        if !body.is_empty() && message.get("result").is_none() && !is_page && !is_json {
            return Err(Trouble::Elsewhere(format!("not MCP: {body}")));
        }
        let result = message["result"].clone();
        Ok(Answer { result, id })
    }

    async fn login(&self, response: &Response) -> Trouble {
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.and_then(|one| one.to_str().ok()).unwrap_or("");
        let is_case_sensitive = self.flaws.has(Flaw::ChallengeInSmallLetters);
        let challenge = if self.flaws.has(Flaw::FirstChallengeOnly) {
            challenge.split(", bearer ").next().unwrap_or_default()
        } else {
            challenge
        };
        let names = if is_case_sensitive {
            challenge.to_owned()
        } else {
            challenge.to_ascii_lowercase()
        };
        // The address has no capitals in it.
        let url = names
            .split_once("resource_metadata=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("", |(url, _)| url);
        if self.flaws.has(Flaw::MetadataAsLogin) {
            return Trouble::NeedsLogin(url.to_owned());
        }
        let mut request = self.http.get(url);
        if self.flaws.has(Flaw::MetadataWithKey) {
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
        }
        let metadata = match request.send().await {
            Ok(response) => response.text().await.unwrap_or_default(),
            Err(error) => return Trouble::Unreachable(error.to_string()),
        };
        let metadata: Value = serde_json::from_str(&metadata).unwrap_or_default();
        let server = metadata["authorization_servers"][0].as_str();
        Trouble::NeedsLogin(server.unwrap_or_default().to_owned())
    }
}

/// The last message of a body, which is one, or a stream of them.
fn message_in(body: &str) -> Value {
    let lines = body.lines().filter_map(|line| line.strip_prefix("data:"));
    let mut messages = lines.filter_map(|line| serde_json::from_str(line.trim()).ok());
    messages
        .next_back()
        .or_else(|| serde_json::from_str(body).ok())
        .unwrap_or_default()
}
