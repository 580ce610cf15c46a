//! Several servers at once: their tools are offered together, also where two of them have the same
//! name or one of the servers is down (2.1), and each call goes to the server whose tool it is (2.2).

use reqwest::Url;
use rmcp::model::Tool;
use serde_json::{Value, json};

use super::carry_out::holds;
use super::offer::{asks_the_question, names_differ, offers};
use super::scene::{Played, Scene, sent};
use super::{draw, places};
use crate::checks::harness::Ran;
use crate::checks::printed::tells;
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::model::{Heard, Proposal, Says, Script};
use crate::fixtures::{FakeServer, FakeTool, Record};
use crate::verdict::Code;

/// That the tools of two servers are offered, each under a name of its own although one has the
/// same name on both.
pub(super) async fn all_are_offered(program: &ProgramUnderTest) -> Checked {
    program.purpose("two servers share the name of a tool");
    let names = draw::tool_names(program, 3);
    let [shared, of_first, of_second] = [&names[0], &names[1], &names[2]];
    let specs = [
        draw::bakery(program)
            .with_tool(tool(program, of_first))
            .with_tool(tool(program, shared)),
        draw::bakery(program)
            .with_tool(tool(program, shared))
            .with_tool(tool(program, of_second)),
    ];
    let mut declared = Vec::new();
    let mut servers = Vec::new();
    for spec in specs {
        let tools = spec.tools.clone();
        let server = program.meet(spec).await?;
        declared.extend(
            tools
                .into_iter()
                .map(|tool| (tool.definition, server.url().clone())),
        );
        servers.push(server);
    }
    let urls: Vec<&Url> = servers.iter().map(FakeServer::url).collect();
    let answer = format!("It is {}.", draw::token(program));
    let turns = |script: Script| script.then(Says::Answer(answer.clone()));
    let scene = Scene::new("What can you do for me?");
    let records = records(&servers);
    let played = scene.perform(program, &urls, &records, turns).await?;
    played.asked_the_model()?;
    for (tool, url) in &declared {
        is_offered(&played, tool, url, OF_EVERY_SERVER)?;
        offers(&played, tool)?;
    }
    names_differ(&played)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

fn records(servers: &[FakeServer]) -> Vec<&Record> {
    servers.iter().map(FakeServer::record).collect()
}

/// Why the tools of each server count.
const OF_EVERY_SERVER: &str = "The model may use the tools of every `--mcp` server. If two servers have a tool with the same name, offer one of the two under another name.";
const BESIDE_ONE_THAT_IS_DOWN: &str = "One server is down, but this is another one. Offer its tools, whichever server is named first.";

fn is_offered(played: &Played, tool: &Tool, url: &Url, why: &str) -> Checked {
    let description = tool.description.as_deref().unwrap_or_default();
    let heard = &played.heard[0];
    if heard.function_described(description).is_some() {
        return Ok(());
    }
    let offered = heard.functions().into_iter();
    let offered: Vec<String> = offered
        .map(|one| format!("{}: {}", one["name"], one["description"]))
        .collect();
    Err(played
        .ran
        .finding(Code::ToolNotOffered)
        .expected(format!(
            "among `tools`, a function for {} of the server at {url}, described as \"{description}\"",
            tool.name
        ))
        .got(offered.join("\n"))
        .why(why)
        .into())
}

/// That a server that is down is told of by its address, and costs no other server its tools.
pub(super) async fn one_may_be_down(program: &ProgramUnderTest) -> Checked {
    program.purpose("one of the servers is down");
    let names = draw::tool_names(program, 2);
    let mut servers = Vec::new();
    let mut declared = Vec::new();
    for name in &names {
        let tool = tool(program, name);
        declared.push(tool.definition.clone());
        servers.push(program.meet(draw::bakery(program).with_tool(tool)).await?);
    }
    let down = program.nobody()?;
    // Between the others, so that what comes after it counts too.
    let urls = [servers[0].url(), down.url(), servers[1].url()];
    let question = format!("What do you know about {}?", draw::token(program));
    let answer = format!("It is {}.", draw::token(program));
    let turns = |script: Script| script.then(Says::Answer(answer.clone()));
    let scene = Scene::new(&question);
    let records = records(&servers);
    let played = scene.perform(program, &urls, &records, turns).await?;
    says_which_is_down(&played.ran, down.url())?;
    if played.heard.is_empty() {
        return gives_up(&played.ran);
    }
    asks_the_question(&played, &question)?;
    for (tool, server) in declared.iter().zip(&servers) {
        is_offered(&played, tool, server.url(), BESIDE_ONE_THAT_IS_DOWN)?;
        offers(&played, tool)?;
    }
    played.answers(&answer)
}

fn says_which_is_down(ran: &Ran, down: &Url) -> Checked {
    let port = down.port().unwrap_or_default().to_string();
    if tells(&ran.stderr, &port) {
        return Ok(());
    }
    Err(ran
        .finding(Code::DownServerNotNamed)
        .expected(format!("a message on stderr that says that the server at {down} cannot be used"))
        .got(ran.printed())
        .why("Nothing listens there. Tell the user which server is missing. Without its tools, the answer may be different.")
        .at(places::connects())
        .into())
}

/// That an agent which does not go on without one of its servers says so to whoever called it.
fn gives_up(ran: &Ran) -> Checked {
    if !ran.status.success() && ran.stdout.trim().is_empty() {
        return Ok(());
    }
    Err(ran
        .finding(Code::GaveUpSilently)
        .expected("an answer that uses the tools of the other servers, or else nothing on stdout and an exit code other than 0")
        .got(ran.printed())
        .why("The agent printed no answer. Callers need an exit code other than 0 to notice.")
        .into())
}

/// A call of a tool, and the server that it is meant for.
struct Meant {
    call: Proposal,
    /// What the tool says of itself: the model goes by that.
    description: String,
    server: usize,
    found: String,
}

/// That each call goes to the server whose tool it is, under the name that it has there.
pub(super) async fn each_gets_its_calls(program: &ProgramUnderTest) -> Checked {
    program.purpose("the model calls tools of two servers that share a name");
    let names = draw::tool_names(program, 2);
    let dotted = format!("{}.today", names[1]);
    let mut specs = [draw::bakery(program), draw::bakery(program)];
    let mut meant = Vec::new();
    // The second server's first: who looks for a name finds that of the first one.
    for (server, name) in [(1, &names[0]), (0, &names[0]), (1, &dotted)] {
        let found = draw::token(program);
        let description = format!("Ask for {} here.", draw::token(program));
        let says = found.clone();
        let tool = draw::reading(name, &description, &["what"], move |_| {
            draw::says(format!("We have {says}."))
        });
        specs[server] = specs[server].clone().with_tool(tool);
        meant.push(Meant {
            call: draw::call(program, name, &json!({ "what": draw::token(program) })),
            description,
            server,
            found,
        });
    }
    let mut servers = Vec::new();
    for spec in specs {
        servers.push(program.meet(spec).await?);
    }
    // One call at a time: more of them are the business of later steps.
    for one in &meant {
        is_made(program, one, &servers).await?;
    }
    Ok(())
}

async fn is_made(program: &ProgramUnderTest, meant: &Meant, servers: &[FakeServer]) -> Checked {
    let Meant {
        call, description, ..
    } = meant;
    let urls: Vec<&Url> = servers.iter().map(FakeServer::url).collect();
    let answer = format!("Yes, {}.", draw::token(program));
    let (proposed, described) = (call.clone(), description.clone());
    let turns = |script: Script| {
        let propose = move |heard: &Heard| {
            let function = heard.function_described(&described);
            let offered = function.and_then(|function| function["name"].as_str());
            let call = Proposal {
                name: offered.unwrap_or(&proposed.name).to_owned(),
                ..proposed.clone()
            };
            Says::Calls(vec![call], None)
        };
        script.then_with(propose).then(Says::Answer(answer.clone()))
    };
    let scene = Scene::new("Do you have it?");
    let records = records(servers);
    let played = scene.perform(program, &urls, &records, turns).await?;
    played.asked_the_model()?;
    arrives(&played, meant, servers)?;
    let told = played.told(0, call)?;
    holds(&played, call, &told, &meant.found)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

fn arrives(played: &Played, meant: &Meant, servers: &[FakeServer]) -> Checked {
    let Meant { call, server, .. } = meant;
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let wanted = json!({ "name": call.name, "arguments": arguments });
    let of = |server: &FakeServer| -> Vec<Value> {
        let calls = server.record().messages("tools/call").into_iter();
        let params = calls.map(|mut call| call["params"].take());
        params
            .map(|params| json!({ "name": params["name"], "arguments": params["arguments"] }))
            .collect()
    };
    let right = of(&servers[*server]);
    if right.iter().filter(|call| **call == wanted).count() == 1 {
        return Ok(());
    }
    let with_arguments = servers.iter().flat_map(|server| {
        let calls = of(server).into_iter();
        let url = server.url();
        calls
            .filter(|call| call["arguments"] == arguments)
            .map(move |call| format!("{} at {url}", sent(&call)))
    });
    let got = with_arguments.collect::<Vec<_>>().join("\n");
    let got = if got.is_empty() {
        format!("no such call\n{}", played.ran.printed())
    } else {
        got
    };
    Err(played
        .ran
        .finding(Code::NotCalled)
        .expected(format!(
            "one {} to {}, the server that has this tool",
            sent(&wanted),
            servers[*server].url()
        ))
        .got(got)
        .why("A tool has two names: the one that you offered to the model, and the one that its server knows. Send the call to that server, with the server's name for it.")
        .at(places::CALL)
        .into())
}

/// A tool that only reads, with a description and parameters that no other has.
pub(super) fn tool(program: &ProgramUnderTest, name: &str) -> FakeTool {
    let parameters = [draw::token(program), draw::token(program)].map(|one| one.replace('-', "_"));
    let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
    let description = format!("Ask for {} here.", draw::token(program));
    draw::reading(name, &description, &parameters, |_| draw::says("Done."))
}
