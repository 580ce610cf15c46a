//! What OpenAI refuses, in OpenAI's words.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;

use super::wire::Refusal;
use super::{Key, Script};

/// The longest name of a tool.
const MAX_NAME: usize = 64;

pub(super) fn of_key(key: Key) -> Result<(), Refusal> {
    let message = match key {
        Key::Right => return Ok(()),
        Key::Wrong => {
            "Incorrect API key provided. You can find your API key at \
             https://platform.openai.com/account/api-keys."
        }
        Key::Missing => {
            "You didn't provide an API key. You need to provide your API key in an Authorization \
             header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        }
    };
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        message,
        "invalid_api_key",
    ))
}

pub(super) fn of_body(body: &Value, script: &Script) -> Result<(), Refusal> {
    if !body.is_object() {
        return Err(invalid(
            "We could not parse the JSON body of your request. (HINT: This likely means you \
             aren't using your HTTP library correctly. The OpenAI API expects a JSON payload.)",
            "",
        ));
    }
    match body["model"].as_str() {
        None => return Err(invalid("you must provide a model parameter", "")),
        Some(model) if model != script.model => {
            let message =
                format!("The model `{model}` does not exist or you do not have access to it.");
            let code = "model_not_found";
            return Err(Refusal::new(StatusCode::NOT_FOUND, message, code));
        }
        Some(_) => (),
    }
    of_tools(&body["tools"])?;
    match body["messages"].as_array() {
        None => Err(invalid(
            "Missing required parameter: 'messages'.",
            "messages",
        )),
        Some(messages) if messages.is_empty() => Err(empty("messages")),
        Some(messages) => of_conversation(messages),
    }
}

fn of_tools(tools: &Value) -> Result<(), Refusal> {
    let Some(tools) = tools.as_array() else {
        return if tools.is_null() {
            Ok(())
        } else {
            Err(invalid(
                "Invalid type for 'tools': expected an array of objects.",
                "tools",
            ))
        };
    };
    if tools.is_empty() {
        return Err(empty("tools"));
    }
    for (index, tool) in tools.iter().enumerate() {
        let at = |field: &str| format!("tools[{index}].{field}");
        if tool["type"] != "function" {
            let at = at("type");
            return Err(invalid(
                format!("Invalid value for '{at}'. Supported values are: 'function'."),
                &at,
            ));
        }
        let at = at("function.name");
        let Some(name) = tool["function"]["name"].as_str() else {
            return Err(invalid(format!("Missing required parameter: '{at}'."), &at));
        };
        if name.len() > MAX_NAME {
            let length = name.len();
            return Err(invalid(
                format!(
                    "Invalid '{at}': string too long. Expected a string with maximum length \
                     {MAX_NAME}, but got a string with length {length} instead."
                ),
                &at,
            ));
        }
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        if name.is_empty() || !name.chars().all(fits) {
            return Err(invalid(
                format!(
                    "Invalid '{at}': string does not match pattern. Expected a string that \
                     matches the pattern '^[a-zA-Z0-9_-]+$'."
                ),
                &at,
            ));
        }
        let parameters = &tool["function"]["parameters"];
        of_schema(name, parameters)?;
        if tool["function"]["strict"] == true {
            of_strict_schema(name, parameters)?;
        }
    }
    Ok(())
}

fn wrong_schema(name: &str, what: &str) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        format!("Invalid schema for function '{name}': {what}"),
        "invalid_function_parameters",
    )
}

/// What `strict` asks for besides, of the outermost object.
fn of_strict_schema(name: &str, schema: &Value) -> Result<(), Refusal> {
    if schema["additionalProperties"] != false {
        let what =
            "In context=(), 'additionalProperties' is required to be supplied and to be false.";
        return Err(wrong_schema(name, what));
    }
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let mut properties = schema["properties"].as_object().into_iter().flatten();
    match properties.find(|(name, _)| !required.contains(&Value::from(name.as_str()))) {
        None => Ok(()),
        Some((missing, _)) => Err(wrong_schema(
            name,
            &format!(
                "In context=(), 'required' is required to be supplied and to be an array including \
                 every key in properties. Missing '{missing}'."
            ),
        )),
    }
}

fn of_schema(name: &str, schema: &Value) -> Result<(), Refusal> {
    let wrong = |what: &str| Err(wrong_schema(name, what));
    match schema {
        Value::Null => Ok(()),
        Value::Object(schema) if schema.get("type").is_none_or(|kind| kind != "object") => {
            let kind = schema
                .get("type")
                .map_or("None".to_owned(), Value::to_string);
            wrong(&format!(
                "schema must be a JSON Schema of 'type: \"object\"', got 'type: {kind}'."
            ))
        }
        Value::Object(schema) if !schema.contains_key("properties") => {
            wrong("In context=(), object schema missing properties.")
        }
        Value::Object(_) => Ok(()),
        other => wrong(&format!("{other} is not of type 'object', 'boolean'.")),
    }
}

/// Each message of role `tool` answers a call of the assistant's message before it, and each
/// call is answered before anything else is said.
fn of_conversation(messages: &[Value]) -> Result<(), Refusal> {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut answered: BTreeSet<&str> = BTreeSet::new();
    for (index, message) in messages.iter().enumerate() {
        let at = format!("messages.[{index}].role");
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if open.is_empty() && answered.is_empty() {
                return Err(invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a \
                     preceeding message with 'tool_calls'.",
                    &at,
                ));
            }
            if !open.remove(id) && !answered.contains(id) {
                return Err(invalid(
                    format!(
                        "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' \
                         of previous message."
                    ),
                    &format!("messages.[{index}].tool_call_id"),
                ));
            }
            answered.insert(id);
            continue;
        }
        all_answered(&open, &at)?;
        if !["system", "developer", "user", "assistant"].contains(&role) {
            return Err(invalid(
                format!(
                    "Invalid value: '{role}'. Supported values are: 'system', 'assistant', \
                     'user', 'function', 'tool', and 'developer'."
                ),
                &at,
            ));
        }
        answered.clear();
        let calls = message["tool_calls"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        open = calls
            .iter()
            .filter_map(|call| call["id"].as_str())
            .collect();
        if role == "assistant" && calls.is_empty() && message["content"].is_null() {
            return Err(invalid(
                "Invalid value for 'content': expected a string, got null.",
                &format!("messages.[{index}].content"),
            ));
        }
    }
    let at = format!("messages.[{}].role", messages.len());
    all_answered(&open, &at)
}

fn all_answered(open: &BTreeSet<&str>, at: &str) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = open.iter().copied().collect();
    Err(invalid(
        format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding \
             to each 'tool_call_id'. The following tool_call_ids did not have response messages: \
             {}",
            ids.join(", ")
        ),
        at,
    ))
}

fn empty(field: &str) -> Refusal {
    invalid(
        format!(
            "Invalid '{field}': empty array. Expected an array with minimum length 1, but got an \
             empty array instead."
        ),
        field,
    )
}

fn invalid(message: impl Into<String>, param: &str) -> Refusal {
    Refusal {
        param: (!param.is_empty()).then(|| param.to_owned()),
        ..Refusal::new(StatusCode::BAD_REQUEST, message, "")
    }
}
