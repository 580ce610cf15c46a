//! Arguments that a tool wants in HTTP headers too: `x-mcp-header` in its input schema
//! (2026-07-28, Streamable HTTP, *Custom Headers from Tool Parameters*).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue};
use rmcp::model::Tool;
use serde_json::Value;

/// The `Mcp-Param-*` headers of a call of this tool with these arguments.
pub(super) fn of(tool: &Tool, arguments: &Value) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    let properties = tool.input_schema.get("properties");
    collect(properties.unwrap_or(&Value::Null), arguments, &mut headers);
    headers
}

fn collect(properties: &Value, arguments: &Value, headers: &mut Vec<(HeaderName, HeaderValue)>) {
    for (name, schema) in properties.as_object().into_iter().flatten() {
        let Some(argument) = arguments.get(name) else {
            continue;
        };
        if let Some(header) = schema["x-mcp-header"].as_str() {
            headers.extend(header_of(header, argument));
        }
        collect(&schema["properties"], argument, headers);
    }
}

fn header_of(name: &str, argument: &Value) -> Option<(HeaderName, HeaderValue)> {
    let value = match argument {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => argument.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let name = HeaderName::from_bytes(format!("mcp-param-{name}").as_bytes()).ok()?;
    Some((name, HeaderValue::from_str(&encoded(value)).ok()?))
}

/// As a header can hold it: what is not plain ASCII, or would lose its outer whitespace, in base64.
fn encoded(value: String) -> String {
    let is_plain = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let looks_encoded = value.starts_with("=?base64?") && value.ends_with("?=");
    if is_plain && value.trim() == value && !looks_encoded {
        return value;
    }
    format!("=?base64?{}?=", BASE64_STANDARD.encode(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_marked_comes_in_a_header() {
        let schema = json!({ "type": "object", "properties": {
            "product_name": { "type": "string", "x-mcp-header": "Product" },
            "note": { "type": "string" },
            "to": { "type": "object", "properties": {
                "floor": { "type": "integer", "x-mcp-header": "Floor" },
                "bell": { "type": "string", "x-mcp-header": "Bell" },
            } },
        } });
        let schema = schema.as_object().cloned().unwrap_or_default();
        let tool = Tool::new("buy_product", "Buys.", schema);
        let arguments = json!({ "product_name": "Café ", "note": "soon", "to": { "floor": 3 } });
        let headers = of(&tool, &arguments);
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
            .collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            [
                ("mcp-param-floor", "3"),
                ("mcp-param-product", "=?base64?Q2Fmw6kg?="),
            ]
        );
    }
}
