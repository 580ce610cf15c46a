//! The same server without rmcp: what its macros and its types spare you. Nothing serves it; a
//! test proves that it answers as the real one does.

use serde_json::{Value, json};

use crate::units::{self, Unit};

// ANCHOR: answer
/// The result of a JSON-RPC request, or its error.
pub fn answer(request: &Value) -> Result<Value, Value> {
    match request["method"].as_str() {
        Some("tools/list") => Ok(json!({ "tools": [tool()] })),
        Some("tools/call") if request["params"]["name"] == "convert" => {
            Ok(call(&request["params"]["arguments"]))
        }
        Some("tools/call") => Err(json!({ "code": -32602, "message": "tool not found" })),
        _ => Err(json!({ "code": -32601, "message": "method not found" })),
    }
}
// ANCHOR_END: answer

// ANCHOR: call
fn call(arguments: &Value) -> Value {
    let unit = |name: &str| serde_json::from_value::<Unit>(arguments[name].clone());
    let converted = match (arguments["value"].as_f64(), unit("from"), unit("to")) {
        (Some(value), Ok(from), Ok(to)) => units::convert(value, from, to)
            .map(|value| json!({ "value": value, "unit": to }))
            .map_err(|mismatch| mismatch.to_string()),
        (None, ..) => Err("value must be a number".to_owned()),
        (_, Err(error), _) | (.., Err(error)) => Err(error.to_string()),
    };
    match converted {
        Ok(result) => json!({
            "content": [{ "type": "text", "text": result.to_string() }],
            "structuredContent": result,
            "isError": false,
        }),
        Err(message) => json!({
            "content": [{ "type": "text", "text": message }],
            "isError": true,
        }),
    }
}
// ANCHOR_END: call

// ANCHOR: tool
fn tool() -> Value {
    let units = ["metre", "foot", "mile", "gram", "ounce", "pound"];
    json!({
        "name": "convert",
        "description": "Converts a length or a mass from one unit to another.",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "value": {
                    "type": "number",
                    "format": "double",
                    "description": "How many of the first unit.",
                },
                "from": {
                    "type": "string",
                    "enum": units,
                    "description": "The unit to convert from.",
                },
                "to": {
                    "type": "string",
                    "enum": units,
                    "description": "The unit to convert to. It must be of the same kind as the first.",
                },
            },
            "required": ["value", "from", "to"],
        },
        "outputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "value": {
                    "type": "number",
                    "format": "double",
                    "description": "How many of the second unit.",
                },
                "unit": {
                    "type": "string",
                    "enum": units,
                    "description": "The second unit.",
                },
            },
            "required": ["value", "unit"],
        },
        "annotations": { "readOnlyHint": true, "openWorldHint": false },
    })
}
// ANCHOR_END: tool
