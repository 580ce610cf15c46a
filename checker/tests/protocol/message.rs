//! JSON-RPC messages, and the era they belong to.

use serde_json::{Value, json};

use super::faults::{Fault, Faults};

pub const PARSE_ERROR: i64 = -32700;
/// Stands for a code that is a text, which no code may be.
pub const NO_NUMBER: i64 = 0;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const INTERNAL_ERROR: i64 = -32603;
pub const HEADER_MISMATCH: i64 = -32020;
pub const UNSUPPORTED_VERSION: i64 = -32022;
/// Until 2025-11-25; later it is [`INVALID_PARAMS`].
pub const RESOURCE_NOT_FOUND: i64 = -32002;

pub const MODERN_VERSION: &str = "2026-07-28";
/// The newest first.
pub const LEGACY_VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The protocol generation of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// 2026-07-28: stateless, `server/discover`.
    Modern,
    /// 2025-11-25 and older: `initialize`.
    Legacy,
}

/// What a client sends.
#[derive(Debug)]
pub enum Message {
    /// A request, or a notification if it has no id.
    Request(Request),
    /// The answer to a request of the server's own.
    Response {
        id: Value,
        outcome: Result<Value, RpcError>,
    },
}

/// A request, or a notification if it has no id.
#[derive(Debug)]
pub struct Request {
    pub id: Option<Value>,
    pub method: String,
    pub params: Value,
    pub era: Era,
}

/// A JSON-RPC error.
#[derive(Clone, Debug)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    data: Option<Value>,
}

impl Message {
    /// Reads a message. `header_version` is `MCP-Protocol-Version`, where there are headers.
    /// `None` is neither request nor response: a batch, say.
    pub fn read(message: &Value, header_version: Option<&str>) -> Option<Self> {
        let Some(method) = message["method"].as_str() else {
            return Self::response(message);
        };
        let params = message["params"].clone();
        let says_modern = meta(&params, "protocolVersion").is_some()
            || header_version.is_some_and(|version| version >= MODERN_VERSION)
            || method == "server/discover";
        Some(Self::Request(Request {
            id: message.get("id").cloned(),
            method: method.to_owned(),
            params,
            era: if says_modern {
                Era::Modern
            } else {
                Era::Legacy
            },
        }))
    }

    fn response(message: &Value) -> Option<Self> {
        let id = message.get("id")?.clone();
        let outcome = match (message.get("result"), message.get("error")) {
            (Some(result), None) => Ok(result.clone()),
            (None, Some(error)) => Err(RpcError::read(error)),
            _ => return None,
        };
        Some(Self::Response { id, outcome })
    }
}

impl Request {
    /// A field that MCP keeps in the `_meta` of every modern request.
    pub fn meta(&self, field: &str) -> Option<&Value> {
        meta(&self.params, field)
    }

    /// Whether a modern request says what every modern request must say.
    pub fn check_meta(&self) -> Result<(), RpcError> {
        if self.era == Era::Legacy || self.id.is_none() {
            return Ok(());
        }
        let version = self.meta("protocolVersion").and_then(Value::as_str);
        let capabilities = self.meta("clientCapabilities").and_then(Value::as_object);
        let (Some(version), Some(_)) = (version, capabilities) else {
            let message = "_meta lacks protocolVersion or clientCapabilities";
            return Err(RpcError::new(INVALID_PARAMS, message));
        };
        if version == MODERN_VERSION {
            return Ok(());
        }
        Err(RpcError {
            data: Some(json!({ "requested": version, "supported": supported_versions() })),
            ..RpcError::new(UNSUPPORTED_VERSION, "Unsupported protocol version")
        })
    }

    /// The message that answers this request.
    pub fn reply(&self, faults: &Faults, outcome: Result<Value, RpcError>) -> Value {
        let id = match &self.id {
            Some(id) if faults.has(Fault::WrongIds) => other(id),
            Some(id) => id.clone(),
            None => Value::Null,
        };
        let mut message = match outcome {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() }),
        };
        if faults.has(Fault::NoJsonrpc)
            && let Some(fields) = message.as_object_mut()
        {
            fields.remove("jsonrpc");
        }
        message
    }
}

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    fn read(error: &Value) -> Self {
        Self {
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            data: error.get("data").cloned(),
        }
    }

    fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if self.code == NO_NUMBER {
            error["code"] = json!("not_found");
        }
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        error
    }
}

/// The answer to what is not even JSON, or no request.
pub fn parse_error(reason: impl std::fmt::Display) -> Value {
    let error = RpcError::new(PARSE_ERROR, format!("not a JSON-RPC request: {reason}"));
    json!({ "jsonrpc": "2.0", "id": null, "error": error.to_json() })
}

/// What the servers speak, the newest first.
pub fn supported_versions() -> Vec<&'static str> {
    [MODERN_VERSION]
        .into_iter()
        .chain(LEGACY_VERSIONS)
        .collect()
}

fn meta<'a>(params: &'a Value, field: &str) -> Option<&'a Value> {
    params["_meta"].get(format!("io.modelcontextprotocol/{field}"))
}

fn other(id: &Value) -> Value {
    match id.as_i64() {
        Some(id) => json!(id + 1000),
        None => json!("another id"),
    }
}
