//! 1.3: `list` prints every tool with its description, across pages.

use super::{draw, was_spoken_to};
use crate::checks::harness::Ran;
use crate::checks::printed::tells;
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::{FakeTool, Record, ServerSpec, ToolReply};
use crate::verdict::Code;
use rand::RngExt;
use rmcp::model::{CallToolResult, Tool};
use serde_json::Value;

/// What a terminal does when it reads this (ECMA-48, ED).
const CLEARS_THE_SCREEN: &str = "\u{1b}[2J";

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    program.purpose("the client lists the tools");
    // Five pages: one is empty and not the last, and the last holds a single tool.
    let page = program.random(|dice| dice.random_range(2..5_usize));
    let mut tools = draw::tools(program, 2 * page + 1);
    // Not every server describes every tool, and one of them would like to clear the screen.
    tools[page].description = None;
    let described = tools[0].description.clone().unwrap_or_default();
    tools[0].description = Some(format!("{described} {CLEARS_THE_SCREEN}").into());
    let mut spec =
        ServerSpec::new(draw::server_name(program), "1.0.0").with_pages([page, 1, 0, page - 1]);
    for tool in &tools {
        let answer = |_: &_| ToolReply::Result(CallToolResult::success(Vec::new()));
        spec = spec.with_tool(FakeTool::new(tool.clone(), answer));
    }
    let server = program.meet(spec).await?;
    let ran = program.run(&[server.url().as_str(), "list"]).await?;

    was_spoken_to(&ran, server.record())?;
    all_pages_were_asked_for(&ran, server.record())?;
    ran.succeeded()?;
    tools[0].description = Some(described);
    every_tool_is_printed(&ran, &tools)?;
    nothing_is_done_to_the_terminal(&ran)
}

fn nothing_is_done_to_the_terminal(ran: &Ran) -> Checked {
    if !ran.stdout.contains('\u{1b}') {
        return Ok(());
    }
    Err(ran
        .finding(Code::EscapesPrinted)
        .expected("no escape character on stdout: left out, or written as \\u001b[2J")
        .got("\\u001b[2J, as the server sent it, where the tool's description ends")
        .why("Do not trust text from a server. This text clears the screen; others move the cursor and overwrite what you have read.")
        .in_rust("show::line prints such text safely.")
        .into())
}

fn all_pages_were_asked_for(ran: &Ran, record: &Record) -> Checked {
    let lists = record.messages("tools/list");
    if lists.is_empty() {
        return Err(ran
            .finding(Code::NotListed)
            .expected("tools/list")
            .got(format!(
                "the server was never asked for its tools\n{}",
                ran.printed()
            ))
            .why("Listing the tools takes a request of its own, in the open session.")
            .into());
    }
    let Some(last) = record.last("tools/list") else {
        return Ok(());
    };
    // The last page is the one whose answer names no other.
    let result = last.result();
    if result.is_object() && result.get("nextCursor").is_none() {
        return Ok(());
    }
    let cursor = &last.sent.json["params"]["cursor"];
    if let Some(error) = last.answer().and_then(|answer| answer.get("error")) {
        return Err(ran
            .finding(Code::CursorChanged)
            .expected("each nextCursor sent back unchanged")
            .got(format!(
                "tools/list with the cursor {}, which the server refuses: {}",
                shortened(cursor),
                error["message"]
            ))
            .why("Only the server knows what a cursor means. It may be long, or empty, or look like a number. Send back the same string.")
            .into());
    }
    let with_cursor = |list: &Value| list["params"].get("cursor").is_some();
    let asked = lists.len();
    let next = shortened(&result["nextCursor"]);
    let got = match (asked, lists.iter().any(with_cursor)) {
        (1, _) => {
            format!("tools/list once. Its answer has the nextCursor {next}, which was not used")
        }
        (_, false) => format!("tools/list {asked} times, never with a cursor"),
        (_, true) => {
            format!("tools/list {asked} times. The last answer still has a nextCursor: {next}")
        }
    };
    let tools = result["tools"].as_array().map_or(0, Vec::len);
    let why = if result["nextCursor"] == "" {
        "A cursor may be any string, even an empty one. Only an answer without a nextCursor is the last page."
    } else if tools == 0 {
        "A page may be empty, for example if the server hides tools from this user. Only an answer without a nextCursor is the last page."
    } else {
        "A server may split a long list into pages. If you read only some of them, you miss the remaining tools."
    };
    Err(ran
        .finding(Code::PagesLeftOut)
        .expected("tools/list again with each nextCursor as cursor, until an answer has none")
        .got(got)
        .why(why)
        .into())
}

/// A cursor as findings show it, in quotes: some are long.
fn shortened(cursor: &Value) -> String {
    const SHOWN: usize = 40;
    let written = cursor.to_string();
    match written.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} characters)", &written[..end], written.len() - 2),
        None => written,
    }
}

fn every_tool_is_printed(ran: &Ran, tools: &[Tool]) -> Checked {
    let left_out = tools.iter().find(|tool| !tells(&ran.stdout, &tool.name));
    if let Some(tool) = left_out {
        let printed = tools.iter().filter(|tool| tells(&ran.stdout, &tool.name));
        return Err(ran
            .finding(Code::ToolNotPrinted)
            .expected(format!("all {} tools on stdout, including {}", tools.len(), tool.name))
            .got(format!("{} of them\n{}", printed.count(), ran.printed()))
            .why("The server sent them all. Users cannot use a tool that your program does not print.")
            .into());
    }
    let description = |tool: &Tool| tool.description.clone().unwrap_or_default();
    let undescribed = tools
        .iter()
        .find(|tool| !tells(&ran.stdout, &description(tool)));
    match undescribed {
        None => Ok(()),
        Some(tool) => Err(ran
            .finding(Code::DescriptionNotPrinted)
            .expected(format!("{} with its description: {}", tool.name, description(tool)))
            .got(ran.printed())
            .why("A name alone does not say what a tool is for. Models choose a tool by its description.")
            .into()),
    }
}
