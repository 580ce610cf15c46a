//! A client that other people wrote takes the scripted model for OpenAI.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::*;
use futures::StreamExt;
use serde_json::{Value, json};

use super::{Key, Proposal, Says, Script, ScriptedModel};
use crate::mcp::Transcript;

fn client(model: &ScriptedModel, key: &str) -> Client<OpenAIConfig> {
    let config = OpenAIConfig::new()
        .with_api_base(model.base_url())
        .with_api_key(key);
    Client::with_config(config)
}

fn request(body: Value) -> CreateChatCompletionRequest {
    serde_json::from_value(body).unwrap()
}

async fn start(script: Script) -> ScriptedModel {
    let started = ScriptedModel::start(script, Transcript::default());
    started.await.unwrap()
}

fn question() -> CreateChatCompletionRequest {
    request(json!({ "model": "baker", "messages": [{ "role": "user", "content": "Bread?" }] }))
}

fn script() -> Script {
    Script::new("baker", "sk-test")
}

fn two_calls() -> Says {
    let find = Proposal::new(
        "call_1",
        "find_customer",
        &json!({ "name": "Ines Maréchal" }),
    );
    let check = Proposal::written("call_2", "check_inventory", "{\"product");
    Says::Calls(vec![find, check], Some("Let me see.".to_owned()))
}

async fn refusal_of(body: Value) -> String {
    let model = start(script().then(Says::Answer("Yes.".to_owned()))).await;

    let asked = client(&model, "sk-test").chat().create(request(body)).await;
    match asked {
        Err(OpenAIError::ApiError(error)) => {
            let message = error.api_error.message;
            assert_eq!(model.heard()[0].refused.as_ref(), Some(&message));
            message
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn turns_follow_each_other_and_the_last_is_said_again() {
    let model = script()
        .then(two_calls())
        .then_with(|heard| Says::Answer(format!("You said {}.", heard.messages()[0]["content"])));
    let model = start(model).await;
    let client = client(&model, "sk-test");
    let first = client.chat().create(question()).await.unwrap();
    let first = &first.choices[0].message;
    assert_eq!(first.tool_calls.as_ref().unwrap().len(), 2);
    assert_eq!(first.content.as_deref(), Some("Let me see."));
    for _ in 0..2 {
        let next = client.chat().create(question()).await.unwrap();
        let said = next.choices[0].message.content.as_deref();
        assert_eq!(said, Some("You said \"Bread?\"."));
    }
    let heard = model.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!(heard[0].key, Key::Right);
    let all = format!("{heard:?}");
    assert!(!all.contains("sk-test"), "the key is in the record: {all}");
}

#[tokio::test]
async fn a_stream_says_the_same_in_pieces() {
    let model = script()
        .then(two_calls())
        .then(Says::Answer("Rye, and it is fresh.".to_owned()));
    let model = start(model).await;
    let client = client(&model, "sk-test");
    // With the client's feature `byot` one says so oneself.
    let mut streamed = question();
    streamed.stream = Some(true);
    let chat = client.chat();
    let mut chunks = chat.create_stream(streamed.clone()).await.unwrap();
    let mut calls: Vec<(String, String)> = Vec::new();
    let mut pieces = 0;
    let mut beside = String::new();
    while let Some(chunk) = chunks.next().await {
        let delta = chunk.unwrap().choices[0].delta.clone();
        beside += delta.content.as_deref().unwrap_or_default();
        for piece in delta.tool_calls.iter().flatten() {
            let function = piece.function.clone().unwrap();
            let index = usize::try_from(piece.index).unwrap();
            if let Some(id) = piece.id.clone() {
                calls.push((id, String::new()));
            }
            calls[index].1 += &function.arguments.unwrap_or_default();
            pieces += 1;
        }
    }
    let arguments = "{\"name\":\"Ines Maréchal\"}".to_owned();
    let expected = [("call_1", arguments), ("call_2", "{\"product".to_owned())];
    assert_eq!(
        calls,
        expected.map(|(id, arguments)| (id.to_owned(), arguments))
    );
    assert!(pieces > 4, "{pieces} pieces");
    assert_eq!(beside, "Let me see.");

    let mut said = String::new();
    let mut chunks = chat.create_stream(streamed).await.unwrap();
    while let Some(chunk) = chunks.next().await {
        said += chunk.unwrap().choices[0]
            .delta
            .content
            .as_deref()
            .unwrap_or_default();
    }
    assert_eq!(said, "Rye, and it is fresh.");
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_model_are_refused() {
    let model = start(script()).await;
    let asked = client(&model, "sk-other").chat().create(question()).await;
    assert!(asked.unwrap_err().to_string().contains("Incorrect API key"));
    assert_eq!(model.heard()[0].key, Key::Wrong);
    let mut other = question();
    other.model = "smith".to_owned();
    let asked = client(&model, "sk-test").chat().create(other).await;
    assert!(
        asked
            .unwrap_err()
            .to_string()
            .contains("`smith` does not exist")
    );
}

#[tokio::test]
async fn a_conversation_is_held_to_openais_rules() {
    let user = json!({ "role": "user", "content": "Bread?" });
    let call = json!({ "id": "call_1", "type": "function",
        "function": { "name": "bake", "arguments": "{}" } });
    let proposed = json!({ "role": "assistant", "tool_calls": [call] });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "Done." });
    let body = |messages: Value| json!({ "model": "baker", "messages": messages });

    let lonely = refusal_of(body(json!([user, result("call_1")]))).await;
    assert!(
        lonely.contains("must be a response to a preceeding message"),
        "{lonely}"
    );
    let wrong = refusal_of(body(json!([user, proposed, result("call_9")]))).await;
    assert!(wrong.contains("'call_9' not found"), "{wrong}");
    for rest in [json!([user, proposed]), json!([user, proposed, user])] {
        let open = refusal_of(body(rest)).await;
        assert!(
            open.ends_with("did not have response messages: call_1"),
            "{open}"
        );
    }
    let none = refusal_of(body(json!([]))).await;
    assert!(
        none.starts_with("Invalid 'messages': empty array."),
        "{none}"
    );
}

#[tokio::test]
async fn tools_are_held_to_openais_rules() {
    let with = |tools: Value| {
        json!({ "model": "baker", "messages": [{ "role": "user", "content": "Bread?" }],
            "tools": tools })
    };
    let tool = |name: &str, parameters: Value| json!([{ "type": "function", "function": { "name": name, "parameters": parameters } }]);
    let object = json!({ "type": "object", "properties": {} });
    for (tools, expected) in [
        (json!([]), "Invalid 'tools': empty array."),
        (tool("shop.bake", object.clone()), "does not match pattern"),
        (tool(&"b".repeat(65), object), "string too long"),
        (
            json!([{ "type": "function", "function": { "name": "bake", "strict": true,
                "parameters": { "type": "object", "properties": {} } } }]),
            "'additionalProperties' is required to be supplied and to be false",
        ),
        (
            json!([{ "type": "function", "function": { "name": "bake", "strict": true,
                "parameters": { "type": "object", "properties": { "what": { "type": "string" } },
                    "additionalProperties": false } } }]),
            "Missing 'what'.",
        ),
        (
            tool("bake", json!({ "type": "object" })),
            "object schema missing properties",
        ),
        (
            tool("bake", json!({ "type": "array" })),
            "of 'type: \"object\"'",
        ),
    ] {
        let refusal = refusal_of(with(tools)).await;
        assert!(refusal.contains(expected), "{refusal}");
    }
}
