//! 2.1: the model is offered the servers' tools, with their schemas.

use rand::RngExt;
use rmcp::model::{JsonObject, Tool};
use serde_json::{Value, json};

use super::scene::{Played, Scene};
use super::{draw, servers};
use crate::checks::{Checked, ProgramUnderTest, handshake};
use crate::fixtures::FakeTool;
use crate::fixtures::model::heard::text_of;
use crate::fixtures::model::{Says, Script};
use crate::verdict::Code;

/// The longest name that OpenAI takes for a tool, and the longest that MCP advises.
const LONGEST: [usize; 2] = [64, 128];

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    one_servers_tools(program).await?;
    servers::all_are_offered(program).await?;
    servers::one_may_be_down(program).await
}

async fn one_servers_tools(program: &ProgramUnderTest) -> Checked {
    program.purpose("the agent lists the tools and offers them to the model");
    let count = program.random(|dice| dice.random_range(3..6_usize));
    // An agent that reads the first page, or up to the empty one, offers only some of them.
    let mut spec = draw::bakery(program).with_pages([1, count - 2, 0, 1]);
    let names = draw::tool_names(program, count + 2);
    let unusual = unusual_names(&names[count + 1]);
    for name in names[1..=count].iter().chain(&unusual) {
        spec = spec.with_tool(servers::tool(program, name));
    }
    // One that may change something, and takes nothing: its schema has no `properties`.
    let schema = JsonObject::from_iter([("type".to_owned(), json!("object"))]);
    let changing = Tool::new(names[0].clone(), "Closes the shop.", schema);
    spec = spec.with_tool(FakeTool::new(changing, |_| draw::says("Closed.")));
    let tools: Vec<Tool> = spec
        .tools
        .iter()
        .map(|tool| tool.definition.clone())
        .collect();
    let question = format!("What do you know about {}?", draw::token(program));
    let answer = format!("It is {}.", draw::token(program));

    let turns = |script: Script| script.then(Says::Answer(answer.clone()));
    let server = program.meet(spec).await?;
    let (url, record) = (server.url(), server.record());
    let scene = Scene::new(&question);
    let played = scene.perform(program, &[url], &[record], turns).await?;
    handshake::taken(&played.ran, record)?;
    played.asked_the_model()?;
    handshake::announced(&played.ran, record)?;
    asks_the_question(&played, &question)?;
    for tool in &tools {
        offers(&played, tool)?;
    }
    names_differ(&played)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

/// Names that MCP allows: dots and slashes, which OpenAI does not take and which differ in nothing
/// else, and long ones.
fn unusual_names(stem: &str) -> Vec<String> {
    let mut names = vec![format!("{stem}.today"), format!("{stem}/today")];
    names.extend(LONGEST.map(|length| format!("{stem:_<length$}")));
    names
}

pub(super) fn asks_the_question(played: &Played, question: &str) -> Checked {
    let messages = played.heard[0].messages();
    let mut said = messages.iter().filter(|message| message["role"] == "user");
    if said.any(|message| text_of(&message["content"]).contains(question)) {
        return Ok(());
    }
    let roles: Vec<String> = messages.iter().map(|one| one["role"].to_string()).collect();
    Err(played
        .ran
        .finding(Code::QuestionMissing)
        .expected(format!("a message of role \"user\": {question}"))
        .got(format!("messages of role {}", roles.join(", ")))
        .why("The model only knows what is in the conversation.")
        .into())
}

pub(super) fn offers(played: &Played, tool: &Tool) -> Checked {
    let heard = &played.heard[0];
    // It may be offered under another name, but not with another description.
    let described = tool.description.as_deref();
    let described = described.and_then(|text| heard.function_described(text));
    let Some(function) = described.or_else(|| heard.function_of(&tool.name)) else {
        let offered: Vec<String> = heard
            .functions()
            .iter()
            .map(|one| one["name"].to_string())
            .collect();
        let got = match offered.as_slice() {
            [] => "no tools".to_owned(),
            some => some.join(", "),
        };
        return Err(played
            .ran
            .finding(Code::ToolNotOffered)
            .expected(format!(
                "among `tools`, a function for {}, described as \"{}\"",
                tool.name,
                tool.description.as_deref().unwrap_or_default()
            ))
            .got(got)
            .why("The model can only propose tools that it is offered. It never sees the MCP server, so the agent must offer every tool that the server lists.")
            .into());
    };
    let declared = serde_json::to_value(tool.input_schema.as_ref()).unwrap_or_default();
    let sent = &function["parameters"];
    // Whether they may be left out is for the model to say.
    let properties = |schema: &Value| schema.get("properties").cloned().unwrap_or(json!({}));
    let required = |schema: &Value| schema.get("required").cloned().unwrap_or(json!([]));
    if properties(sent) != properties(&declared) || !same(&required(sent), &required(&declared)) {
        return Err(played
            .ran
            .finding(Code::SchemaDiffers)
            .expected(format!("`parameters` of {}: {declared}", tool.name))
            .got(sent.to_string())
            .why("The schema tells the model which arguments the tool takes. Pass on the tool's inputSchema unchanged.")
            .into());
    }
    let description = tool.description.as_deref().unwrap_or_default();
    let said = function["description"].as_str().unwrap_or_default();
    if !said.contains(description) {
        return Err(played
            .ran
            .finding(Code::DescriptionDiffers)
            .expected(format!("{} with the description: {description}", tool.name))
            .got(function["description"].to_string())
            .why("The model chooses a tool by its description.")
            .into());
    }
    Ok(())
}

/// That no two functions have the same name.
pub(super) fn names_differ(played: &Played) -> Checked {
    let functions = played.heard[0].functions();
    let mut names: Vec<String> = functions
        .iter()
        .map(|one| one["name"].to_string())
        .collect();
    names.sort_unstable();
    let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) else {
        return Ok(());
    };
    Err(played
        .ran
        .finding(Code::AmbiguousNames)
        .expected(
            "a name of its own for every function",
        )
        .got(format!("{} twice", twice[0]))
        .why("The model proposes a call by name. If two tools share a name, nobody can tell which of them it means.")
        .into())
}

/// Whether two parts of a schema are the same; lists in any order.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().all(|item| other.contains(item))
        }
        _ => one == other,
    }
}
