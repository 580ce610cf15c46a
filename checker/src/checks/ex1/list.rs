//! 1.3: `list` prints every tool with its description, across pages.

use super::{draw, tells, was_spoken_to};
use crate::checks::client::Ran;
use crate::checks::{Checked, Client};
use crate::counterpart::{Answer, House, OfferedTool, Record};
use rmcp::model::{CallToolResult, Tool};

pub(super) async fn check(client: &Client) -> Checked {
    client.purpose("whatever the client asks to list the tools");
    // Three pages, and a single tool on the last.
    let page = client.random(|rng| rand::RngExt::random_range(rng, 2..5_usize));
    let mut tools = draw::tools(client, 2 * page + 1);
    // Not every server describes every tool.
    tools[page].description = None;
    let mut house = House::new(draw::server_name(client), "1.0.0").with_pages_of(page);
    for tool in &tools {
        let answer = |_: &_| Answer::Result(CallToolResult::success(Vec::new()));
        house = house.with_tool(OfferedTool::new(tool.clone(), answer));
    }
    let server = client.meet(house).await?;
    let ran = client.run(&[server.url().as_str(), "list"]).await?;

    was_spoken_to(&ran, server.record())?;
    all_pages_were_asked_for(&ran, server.record())?;
    ran.succeeded()?;
    every_tool_is_printed(&ran, &tools)
}

fn all_pages_were_asked_for(ran: &Ran, record: &Record) -> Checked {
    let lists = record.messages("tools/list");
    if lists.is_empty() {
        return Err(ran
            .finding("not_listed")
            .expected("tools/list")
            .got(format!(
                "the server was never asked for its tools\n{}",
                ran.printed()
            ))
            .why("The list of tools is a request of its own, in the session that is open.")
            .into());
    }
    let mut cursors = lists.iter().map(|list| list["params"]["cursor"].as_str());
    // The last page is the one whose answer names no other.
    let last = record.last("tools/list").and_then(|exchange| {
        let answer = exchange.answer()?;
        Some(answer.get("result")?.get("nextCursor").is_none())
    });
    if last == Some(true) {
        return Ok(());
    }
    let asked = lists.len();
    let again = cursors.any(|cursor| cursor.is_some());
    let got = match (asked, again) {
        (1, _) => "tools/list once. Its answer had a nextCursor, and nobody used it".to_owned(),
        (_, false) => format!("tools/list {asked} times, never with a cursor"),
        (_, true) => format!("tools/list {asked} times. The last answer still had a nextCursor"),
    };
    Err(ran
        .finding("pages_left_out")
        .expected("tools/list again with each nextCursor as cursor, until an answer has none")
        .got(got)
        .why("A server may cut a long list into pages. Who reads only the first page never learns of the other tools.")
        .into())
}

fn every_tool_is_printed(ran: &Ran, tools: &[Tool]) -> Checked {
    let left_out = tools.iter().find(|tool| !tells(&ran.stdout, &tool.name));
    if let Some(tool) = left_out {
        let printed = tools.iter().filter(|tool| tells(&ran.stdout, &tool.name));
        return Err(ran
            .finding("tool_not_printed")
            .expected(format!("all {} tools on stdout, {} too", tools.len(), tool.name))
            .got(format!("{} of them\n{}", printed.count(), ran.printed()))
            .why("The server sent every one of them. What your program does not print, its user cannot use.")
            .into());
    }
    let description = |tool: &Tool| tool.description.clone().unwrap_or_default();
    let undescribed = tools
        .iter()
        .find(|tool| !tells(&ran.stdout, &description(tool)));
    match undescribed {
        None => Ok(()),
        Some(tool) => Err(ran
            .finding("description_not_printed")
            .expected(format!("{} with its description: {}", tool.name, description(tool)))
            .got(ran.printed())
            .why("A name alone does not say what a tool is for. The description is what a model chooses by.")
            .into()),
    }
}
