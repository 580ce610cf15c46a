//! A JSON-RPC message, with who sent it.

use std::sync::Arc;

use serde_json::Value;

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that opened the connection.
    Client,
    /// The one that was connected to.
    Server,
}

impl Side {
    /// The one that it talks to.
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What a message is (JSON-RPC 2.0, 4 and 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Asks for a response with the same id.
    Request {
        /// The method: `tools/call`.
        method: String,
        /// A number or a text. Client and server count theirs independently.
        id: Value,
    },
    /// A result or an error.
    Response {
        /// The id of the request.
        id: Value,
    },
    /// Says something, and wants no response.
    Notification {
        /// The method: `notifications/progress`.
        method: String,
    },
    /// Anything else: a batch, something malformed, or no JSON-RPC at all.
    Other,
}

/// A message. Clones share its JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who sent it.
    pub from: Side,
    /// What it is.
    pub kind: Kind,
    /// How it crossed the wire.
    pub json: Arc<Value>,
}

impl Message {
    /// The message that this JSON is.
    pub fn new(from: Side, json: Value) -> Self {
        Self {
            from,
            kind: Kind::of(&json),
            json: Arc::new(json),
        }
    }

    /// The method of a request or notification.
    pub fn method(&self) -> Option<&str> {
        match &self.kind {
            Kind::Request { method, .. } | Kind::Notification { method } => Some(method),
            Kind::Response { .. } | Kind::Other => None,
        }
    }

    /// The id of a request.
    pub fn request_id(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Request { id, .. } => Some(id),
            Kind::Response { .. } | Kind::Notification { .. } | Kind::Other => None,
        }
    }

    /// Whether it asks for a response.
    pub fn is_request(&self) -> bool {
        self.request_id().is_some()
    }

    /// Whether it is the response to this request: to the other side, with its id.
    pub fn answers(&self, request: &Self) -> bool {
        let Kind::Response { id } = &self.kind else {
            return false;
        };
        self.from == request.from.peer() && request.request_id() == Some(id)
    }

    /// The message in a line: `tools/call buy_product {"product_name":"Croissant","quantity":0}`.
    pub fn describe(&self) -> String {
        describe(&self.json)
    }
}

impl Kind {
    fn of(json: &Value) -> Self {
        let method = json.get("method").and_then(Value::as_str);
        let is_response = json.get("result").is_some() || json.get("error").is_some();
        match (method, json.get("id")) {
            (Some(method), Some(id)) => Self::Request {
                method: method.to_owned(),
                id: id.clone(),
            },
            (Some(method), None) => Self::Notification {
                method: method.to_owned(),
            },
            (None, Some(id)) if is_response => Self::Response { id: id.clone() },
            (None, _) => Self::Other,
        }
    }
}

/// A request in a line: `tools/call buy_product {"product_name":"Croissant","quantity":0}`.
fn describe(request: &Value) -> String {
    let method = request["method"]
        .as_str()
        .unwrap_or("a message without a method");
    let params = &request["params"];
    let about = ["name", "uri"].iter().find_map(|key| params[key].as_str());
    let mut words = vec![method.to_owned()];
    words.extend(about.map(str::to_owned));
    match method {
        "tools/call" | "prompts/get" => {
            words.extend(params.get("arguments").map(Value::to_string));
        }
        "completion/complete" => {
            let (of, argument) = (&params["ref"], &params["argument"]);
            let of = of["name"].as_str().or_else(|| of["uri"].as_str());
            let argument_name = argument["name"].as_str().unwrap_or_default();
            words.push(format!(
                "{}, {argument_name} {}",
                of.unwrap_or_default(),
                argument["value"]
            ));
        }
        _ => (),
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind(json: Value) -> Kind {
        Message::new(Side::Client, json).kind
    }

    #[test]
    fn a_reply_to_the_server_is_a_response_though_it_has_an_id() {
        let reply = json!({ "jsonrpc": "2.0", "id": 1, "result": { "action": "accept" } });
        assert_eq!(kind(reply), Kind::Response { id: json!(1) });
        let refusal = json!({ "jsonrpc": "2.0", "id": "a", "error": { "code": -32601 } });
        assert_eq!(kind(refusal), Kind::Response { id: json!("a") });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call" });
        assert!(matches!(kind(call), Kind::Request { .. }));
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert!(matches!(kind(told), Kind::Notification { .. }));
        for other in [
            json!(null),
            json!([1]),
            json!({ "id": 1 }),
            json!({ "messages": [] }),
        ] {
            assert_eq!(kind(other), Kind::Other);
        }
    }

    #[test]
    fn only_the_other_side_answers_a_request() {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call" });
        let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
        let call = Message::new(Side::Client, call);
        assert!(Message::new(Side::Server, response.clone()).answers(&call));
        assert!(!Message::new(Side::Client, response).answers(&call));
    }
}
