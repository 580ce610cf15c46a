//! Who may speak to a server over HTTP, and how.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde_json::Value;

use super::faults::{Fault, Faults};
use super::message::{Era, HEADER_MISMATCH, LEGACY_VERSIONS, MODERN_VERSION, Request, RpcError};

/// A request that may come from a web page of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The page's domain was made to resolve to this machine (DNS rebinding).
    Host,
    /// The page is shown by a browser on this machine.
    Origin,
}

impl Foreign {
    pub fn of(faults: &Faults, headers: &HeaderMap) -> Option<Self> {
        let host = text(headers, header::HOST).unwrap_or_default();
        let passes = faults.has(Fault::AnyHost)
            || faults.has(Fault::HostByPrefix) && host.starts_with("localhost");
        if !is_local(host) && !passes {
            return Some(Self::Host);
        }
        let looks_local = |origin: &str| {
            faults.has(Fault::OriginByPrefix) && origin.starts_with("http://localhost")
                || faults.has(Fault::OriginContains) && origin.contains("localhost")
                || faults.has(Fault::NullOrigin) && origin == "null"
        };
        let from_here = |origin: &str| {
            let authority = origin.strip_prefix("http://");
            let refused = faults.has(Fault::NoOrigin)
                || faults.has(Fault::LocalhostOnly) && origin.contains("127.0.0.1");
            authority.is_some_and(is_local) && !refused || looks_local(origin)
        };
        let foreign = match headers.get(header::ORIGIN) {
            Some(origin) => !origin.to_str().is_ok_and(from_here),
            None => false,
        };
        (foreign && !faults.has(Fault::AnyOrigin)).then_some(Self::Origin)
    }

    pub fn status(self, faults: &Faults) -> StatusCode {
        match self {
            Self::Host if faults.has(Fault::HostWrongStatus) => StatusCode::NOT_FOUND,
            Self::Host if faults.has(Fault::HostMisdirected) => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin if faults.has(Fault::OriginWrongStatus) => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

/// Whether a `host` or `host:port` is this machine.
fn is_local(authority: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| {
        let rest = authority.strip_prefix(local);
        rest.is_some_and(|rest| match rest.strip_prefix(':') {
            Some(port) => port.parse::<u16>().is_ok(),
            None => rest.is_empty(),
        })
    })
}

/// Whether a POST can be understood at all.
pub fn check_transport(headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let accept = text(headers, header::ACCEPT).unwrap_or_default();
    if !(accept.contains("application/json") && accept.contains("text/event-stream")) {
        let message = "Accept must have both application/json and text/event-stream";
        return Err((StatusCode::NOT_ACCEPTABLE, message));
    }
    let content_type = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        let message = "Content-Type must be application/json";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    Ok(())
}

/// `MCP-Protocol-Version`, unless it is missing.
pub fn version(headers: &HeaderMap) -> Option<&str> {
    text(headers, HeaderName::from_static("mcp-protocol-version"))
}

/// Whether the headers of a request say what its body says.
pub fn check_request(
    faults: &Faults,
    headers: &HeaderMap,
    request: &Request,
) -> Result<(), RpcError> {
    let version = version(headers);
    if request.era == Era::Legacy {
        return match version {
            Some(version) if !LEGACY_VERSIONS.contains(&version) => {
                Err(mismatch(format!("unknown MCP-Protocol-Version: {version}")))
            }
            _ => Ok(()),
        };
    }
    if request.id.is_none() {
        return Ok(());
    }
    let in_body = request
        .meta("protocolVersion")
        .and_then(|version| version.as_str());
    if in_body.is_some() && in_body != version {
        return Err(mismatch("MCP-Protocol-Version does not match the body"));
    }
    request.check_meta()?;
    if version != Some(MODERN_VERSION) {
        return Err(mismatch("MCP-Protocol-Version is missing"));
    }
    let method = text(headers, HeaderName::from_static("mcp-method"));
    if method != Some(&request.method) {
        return Err(mismatch("Mcp-Method does not match the body"));
    }
    let named = match request.method.as_str() {
        "tools/call" | "prompts/get" => request.params["name"].as_str(),
        "resources/read" => request.params["uri"].as_str(),
        _ => None,
    };
    let name = text(headers, HeaderName::from_static("mcp-name"));
    match (named, name.map(decoded)) {
        (Some(named), Some(Some(name))) if named == name => (),
        (Some(_), _) => return Err(mismatch("Mcp-Name does not match the body")),
        (None, _) => (),
    }
    let wanted = match &request.params["arguments"]["product_name"] {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let product = text(headers, HeaderName::from_static("mcp-param-product"));
    if faults.has(Fault::WantsHeaders)
        && request.params["name"] == "buy_product"
        && product.and_then(decoded) != wanted
    {
        return Err(mismatch("Mcp-Param-Product does not match the body"));
    }
    Ok(())
}

fn mismatch(message: impl Into<String>) -> RpcError {
    RpcError::new(HEADER_MISMATCH, message)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A header's value, which is base64 where it is not ASCII.
fn decoded(value: &str) -> Option<String> {
    let inner = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match inner {
        Some(base64) => String::from_utf8(bytes_of(base64)?).ok(),
        None => Some(value.to_owned()),
    }
}

fn bytes_of(base64: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut width) = (0, 0);
    for digit in base64.trim_end_matches('=').bytes() {
        bits = bits << 6 | ALPHABET.iter().position(|&letter| letter == digit)?;
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from(bits >> width).ok()?);
            bits &= (1 << width) - 1;
        }
    }
    Some(bytes)
}
