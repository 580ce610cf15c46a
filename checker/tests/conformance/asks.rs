//! The tools that ask their client: by a request while the call waits, or in rounds.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{Conformance, from_json, internal, invalid, text};

/// Their names.
pub const TOOLS: &[&str] = &[
    "test_tool_with_progress",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

/// The prompt that asks.
pub const PROMPT: &str = "test_input_required_result_prompt";

/// How long a question can be answered.
const LIFETIME: Duration = Duration::from_secs(300);

impl Conformance {
    /// Calls one of these tools.
    pub async fn ask(
        &self,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = request.name.as_ref();
        let responses = request.input_responses.as_ref();
        let question = |key: &str| all_answered(responses, &[key]);
        match tool {
            "test_tool_with_progress" => progress(context).await,
            "test_elicitation" => {
                let message = request.arguments.as_ref().map(|all| all["message"].clone());
                elicit(context, message.unwrap_or_default(), &username_and_email()).await
            }
            "test_elicitation_sep1034_defaults" => elicit(context, json!("?"), &defaults()).await,
            "test_elicitation_sep1330_enums" => elicit(context, json!("?"), &enums()).await,
            "test_input_required_result_elicitation" => match question("user_name")? {
                true => Ok(text("Hello!").into()),
                false => required(json!({ "user_name": ask_for("name", "string") }), None),
            },
            "test_input_required_result_sampling" => match question("capital_question")? {
                true => Ok(text("It is.").into()),
                false => required(
                    json!({ "capital_question": sample("What is the capital of France?") }),
                    None,
                ),
            },
            "test_input_required_result_list_roots" => match question("client_roots")? {
                true => Ok(text("The roots are known.").into()),
                false => required(json!({ "client_roots": roots() }), None),
            },
            "test_input_required_result_request_state"
            | "test_input_required_result_tampered_state" => {
                let round = self.open(request)?;
                match round.is_some() && question("confirm")? {
                    true => Ok(text("state-ok").into()),
                    false => required(
                        json!({ "confirm": ask_for("ok", "boolean") }),
                        Some(self.seal(tool, 1)?),
                    ),
                }
            }
            "test_input_required_result_multiple_inputs" => {
                let round = self.open(request)?;
                let keys = ["user_name", "greeting", "client_roots"];
                match round.is_some() && all_answered(responses, &keys)? {
                    true => Ok(text("Hello!").into()),
                    false => required(
                        json!({
                            "user_name": ask_for("name", "string"),
                            "greeting": sample("Generate a greeting"),
                            "client_roots": roots(),
                        }),
                        Some(self.seal(tool, 1)?),
                    ),
                }
            }
            "test_input_required_result_multi_round" => match self.open(request)? {
                Some(2) if question("step2")? => Ok(text("Two steps.").into()),
                Some(1) if question("step1")? => required(
                    json!({ "step2": ask_for("color", "string") }),
                    Some(self.seal(tool, 2)?),
                ),
                _ => required(
                    json!({ "step1": ask_for("name", "string") }),
                    Some(self.seal(tool, 1)?),
                ),
            },
            "test_input_required_result_capabilities" => what_it_can(context),
            _ => Err(invalid(format!("There is no tool {tool:?}."))),
        }
    }

    /// The state of this round of a tool, sealed for it.
    fn seal(&self, tool: &str, round: u8) -> Result<String, ErrorData> {
        let options = SealOptions::new().associated_data(tool.as_bytes());
        let options = options.ttl(LIFETIME);
        self.codec
            .seal_json_with(&round, &options)
            .map_err(internal)
    }

    /// The round that a state was made for. `None` if there is no state.
    fn open(&self, request: &CallToolRequestParams) -> Result<Option<u8>, ErrorData> {
        let Some(state) = &request.request_state else {
            return Ok(None);
        };
        let opened = self.codec.open_json_with(state, request.name.as_bytes());
        opened
            .map(Some)
            .map_err(|_| invalid("This requestState is not valid."))
    }
}

/// Asks in the result of `prompts/get`.
pub fn prompt(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    if request.name != PROMPT {
        return Err(invalid(format!("There is no prompt {:?}.", request.name)));
    }
    if all_answered(request.input_responses.as_ref(), &["user_context"])? {
        let message = PromptMessage::new(Role::User, ContentBlock::text("In this context."));
        return Ok(GetPromptResponse::Complete(GetPromptResult::new(vec![
            message,
        ])));
    }
    let questions = from_json(json!({ "user_context": ask_for("context", "string") }))?;
    let required = InputRequiredResult::new(Some(questions), None);
    Ok(GetPromptResponse::InputRequired(required))
}

/// Whether all of these were answered. What is no answer at all is an error.
pub fn all_answered(responses: Option<&InputResponses>, keys: &[&str]) -> Result<bool, ErrorData> {
    for key in keys {
        match responses.and_then(|responses| responses.get(*key)) {
            None => return Ok(false),
            Some(Value::Object(_)) => (),
            Some(other) => return Err(invalid(format!("{key}: {other} is no answer."))),
        }
    }
    Ok(true)
}

/// A result that asks, with the state for the next round.
pub fn required(questions: Value, state: Option<String>) -> Result<CallToolResponse, ErrorData> {
    let questions: BTreeMap<String, InputRequest> = from_json(questions)?;
    Ok(InputRequiredResult::new(Some(questions), state).into())
}

/// A form with one field.
pub fn ask_for(field: &str, kind: &str) -> Value {
    let mut properties = json!({});
    properties[field] = json!({ "type": kind });
    json!({
        "method": "elicitation/create",
        "params": {
            "message": format!("What is your {field}?"),
            "requestedSchema": { "type": "object", "properties": properties, "required": [field] },
        },
    })
}

fn sample(words: &str) -> Value {
    let content = json!({ "type": "text", "text": words });
    json!({
        "method": "sampling/createMessage",
        "params": { "messages": [{ "role": "user", "content": content }], "maxTokens": 100 },
    })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

/// Asks for what the client has declared, and for nothing else.
fn what_it_can(context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
    let client = context.client_capabilities().unwrap_or_default();
    let mut questions = json!({});
    if client.sampling.is_some() {
        questions["greeting"] = sample("Generate a greeting");
    }
    if client.elicitation.is_some() {
        questions["user_name"] = ask_for("name", "string");
    }
    if client.roots.is_some() {
        questions["client_roots"] = roots();
    }
    required(questions, None)
}

async fn progress(context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
    let token = context.meta.get_progress_token();
    for done in [0.0, 50.0, 100.0] {
        if let Some(token) = &token {
            let progress = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
            let _ = context.peer.notify_progress(progress).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(text("Done.").into())
}

/// Asks a client of 2025-11-25, while its call waits.
async fn elicit(
    context: &RequestContext<RoleServer>,
    message: Value,
    form: &Value,
) -> Result<CallToolResponse, ErrorData> {
    let question: ElicitRequestParams = from_json(json!({
        "mode": "form", "message": message, "requestedSchema": form,
    }))?;
    let asked = context
        .peer
        .create_elicitation_with_timeout(question, Some(LIFETIME));
    let result = asked.await.map_err(internal)?;
    let answer = serde_json::to_string(&result).map_err(internal)?;
    Ok(text(format!("User response: {answer}")).into())
}

fn username_and_email() -> Value {
    json!({
        "type": "object",
        "properties": {
            "username": { "type": "string", "description": "User's response" },
            "email": { "type": "string", "description": "User's email address" },
        },
        "required": ["username", "email"],
    })
}

/// SEP-1034: a default for each kind of field.
fn defaults() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
            "verified": { "type": "boolean", "default": true },
        },
    })
}

/// SEP-1330: a choice in each of the five ways.
fn enums() -> Value {
    let options = json!(["option1", "option2", "option3"]);
    let titled = json!([
        { "const": "value1", "title": "First" },
        { "const": "value2", "title": "Second" },
        { "const": "value3", "title": "Third" },
    ]);
    json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": options },
            "titledSingle": { "type": "string", "oneOf": titled },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
            "titledMulti": { "type": "array", "items": { "anyOf": titled } },
        },
    })
}
