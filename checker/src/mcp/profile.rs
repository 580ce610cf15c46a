//! What a client is: one value describes rmcp's client and the hand-made one alike.

use std::collections::BTreeMap;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitResult, ElicitationAction, ElicitationCapability,
    FormElicitationCapability, Implementation,
};
use serde_json::Value;

use super::Era;
use super::bearer::Bearer;
use crate::patience::Patience;

/// A client: what it speaks, what it can do, and what its user says.
#[derive(Clone, Debug)]
pub struct ClientProfile {
    /// The era that it speaks.
    pub era: Era,
    /// What it declares.
    pub capabilities: ClientCapabilities,
    /// What it sends with every HTTP request: a token, an `Origin`.
    pub headers: HeaderMap,
    /// A token that may become another one, instead of one among the headers.
    pub bearer: Bearer,
    /// What its user answers when the server asks, in order; the last answer for all that come
    /// after. Without any the user declines.
    pub answers: Vec<Answer>,
    /// How long it waits.
    pub patience: Patience,
}

/// What a user answers to an elicitation.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether they go along.
    pub action: ElicitationAction,
    /// What they filled in. Clients are not of one mind about it where there is nothing to say:
    /// `None` leaves the field out, `null` and `{}` are sent as they are.
    pub content: Option<Value>,
}

impl Answer {
    /// The user has filled in the form.
    pub fn accept(content: Value) -> Self {
        Self {
            action: ElicitationAction::Accept,
            content: Some(content),
        }
    }

    /// The user has agreed, and nothing was filled in.
    pub fn accept_without_content() -> Self {
        Self {
            action: ElicitationAction::Accept,
            content: None,
        }
    }

    /// The user has said no.
    pub fn decline() -> Self {
        Self {
            action: ElicitationAction::Decline,
            content: None,
        }
    }

    /// The user has closed the form.
    pub fn cancel() -> Self {
        Self {
            action: ElicitationAction::Cancel,
            content: None,
        }
    }

    /// The same, with this content beside it.
    pub fn with_content(mut self, content: Value) -> Self {
        self.content = Some(content);
        self
    }

    /// As it crosses the wire: `{"action": "accept", "content": {"confirm": true}}`.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.to_result()).unwrap_or_default()
    }

    pub(super) fn to_result(&self) -> ElicitResult {
        let result = ElicitResult::new(self.action.clone());
        match &self.content {
            Some(content) => result.with_content(content.clone()),
            None => result,
        }
    }
}

impl ClientProfile {
    /// A client that can do nothing but ask.
    pub fn new(era: Era) -> Self {
        Self {
            era,
            capabilities: ClientCapabilities::default(),
            headers: HeaderMap::new(),
            bearer: Bearer::default(),
            answers: Vec::new(),
            patience: Patience::default(),
        }
    }

    /// The same, which can show forms; its user answers these in turn.
    pub fn answering(mut self, answers: impl IntoIterator<Item = Answer>) -> Self {
        let form = FormElicitationCapability::default();
        self.capabilities.elicitation = Some(ElicitationCapability::new().with_form(form));
        self.answering_as(answers)
    }

    /// The same; its user answers these in turn, whatever it has declared.
    pub fn answering_as(mut self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers = answers.into_iter().collect();
        self
    }

    /// The same, with this header in every HTTP request.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same, with this bearer token (RFC 6750, 2.1) in every HTTP request. A token that no
    /// header can hold is left out.
    pub fn with_token(self, token: &str) -> Self {
        match HeaderValue::from_str(&format!("Bearer {token}")) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.with_header(AUTHORIZATION, value)
            }
            Err(_) => self,
        }
    }

    /// The same, with this token in every HTTP request, as it is then.
    pub fn with_bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = bearer;
        self
    }

    /// The same, which waits this long.
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Who it says it is, and what it can do.
    pub(super) fn config(&self) -> ClientConfig {
        let name = Implementation::new("workshop-checker", env!("CARGO_PKG_VERSION"));
        let mut config = ClientConfig::new(self.capabilities.clone(), name);
        config.protocol_version = Era::Legacy.version();
        config
    }

    /// The answer to the question with this number, from 0.
    pub(super) fn answer(&self, number: usize) -> Answer {
        let answer = self.answers.get(number).or(self.answers.last());
        answer.cloned().unwrap_or_else(Answer::decline)
    }
}

/// A call of a tool, also in its later rounds.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool.
    pub tool: String,
    /// Its arguments, which must be an object.
    pub arguments: Value,
    /// What was answered to the server's questions, by their keys.
    pub responses: BTreeMap<String, Value>,
    /// The `requestState` that the server gave, to the letter.
    pub state: Option<String>,
}

impl ToolCall {
    /// The first round.
    pub fn new(tool: &str, arguments: Value) -> Self {
        Self {
            tool: tool.to_owned(),
            arguments,
            responses: BTreeMap::new(),
            state: None,
        }
    }

    /// The same with this answer to the question of this key.
    pub fn with_response(mut self, key: &str, response: Value) -> Self {
        self.responses.insert(key.to_owned(), response);
        self
    }

    /// The same with this state, or none.
    pub fn with_state(mut self, state: Option<String>) -> Self {
        self.state = state;
        self
    }
}
