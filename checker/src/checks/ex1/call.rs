//! 1.4: `call` calls a tool with JSON arguments and prints text and structured content; `read`
//! reads a resource.

use rand::RngExt;
use rmcp::model::{CallToolResult, ContentBlock, Resource, ResourceContents, Tool};
use serde_json::{Value, json};

use super::{draw, places, prints, was_spoken_to};
use crate::checks::harness::Ran;
use crate::checks::printed::tells;
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::{FakeServer, FakeTool, ServerSpec, ToolReply};
use crate::verdict::Code;

/// A text that would clear the screen of a terminal (ECMA-48, ED). Nobody is asked to show it.
const FAREWELL: &str = "Good\u{1b}[2Jbye";

/// Step 1.3 asks for it, where a list is printed. A result is no safer.
const ESCAPES_PRINTED: &str = "`call` prints escape characters as the server sent them. A server can clear the screen with them, or overwrite what the user has already read. Leave them out, as in `list`.";

/// What is drawn for one run.
struct Drawn {
    tool: Tool,
    arguments: Value,
    text: String,
    more_text: String,
    structured: Value,
    uri: String,
    pages: [String; 2],
}

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    let drawn = Drawn::new(program);
    let server = program.meet(drawn.spec(program)).await?;

    program.purpose("the client calls a tool");
    let arguments = drawn.arguments.to_string();
    let url = server.url().as_str();
    let ran = program
        .run(&[url, "call", &drawn.tool.name, &arguments])
        .await?;
    was_spoken_to(&ran, server.record())?;
    the_call_arrived(&ran, &server, &drawn)?;
    ran.succeeded()?;
    the_result_is_printed(&ran, &drawn)?;
    if ran.stdout.contains('\u{1b}') {
        program.remark(ESCAPES_PRINTED);
    }

    program.purpose("the client reads a resource");
    let ran = program.run(&[url, "read", &drawn.uri]).await?;
    the_resource_was_read(&ran, &server, &drawn)?;
    ran.succeeded()?;
    for page in &drawn.pages {
        prints(
            &ran,
            page,
            "the text of the resource",
            "The answer to resources/read is a list of contents: often one, sometimes more. Print the text of every one.",
            places::READ,
        )?;
    }
    Ok(())
}

impl Drawn {
    fn new(program: &ProgramUnderTest) -> Self {
        let token = || draw::token(program);
        let number = |from: i64| program.random(|dice| dice.random_range(from..from + 9000));
        let tool = draw::tools(program, 1).remove(0);
        Self {
            tool,
            arguments: json!({
                "title": format!("{} & \"{}\"", token(), token()),
                "copies": number(1000),
                "signed": program.random(|dice| dice.random_bool(0.5)),
                "shelf": { "row": number(10_000), "tags": [token(), token()] },
            }),
            text: format!("Done, and noted as {}", token()),
            more_text: format!("Ask for {} next time", token()),
            structured: json!({ "receipt": token(), "total": number(20_000) }),
            uri: format!("desk://Notes/{}", token()),
            pages: [token(), token()].map(|token| format!("The note says: {token}")),
        }
    }

    fn spec(&self, program: &ProgramUnderTest) -> ServerSpec {
        let mut result = CallToolResult::success(vec![
            ContentBlock::text(&self.text),
            // Not every block is text. Nobody is asked to show this one.
            ContentBlock::image("iVBORw0KGgo=", "image/png"),
            ContentBlock::text(&self.more_text),
            ContentBlock::text(FAREWELL),
        ]);
        result.structured_content = Some(self.structured.clone());
        // As good as false. Elsewhere it is written out.
        result.is_error = None;
        let answer = move |_: &_| ToolReply::Result(result.clone());
        let contents =
            self.pages.iter().enumerate().map(|(number, page)| {
                ResourceContents::text(page, format!("{}#{number}", self.uri))
            });
        ServerSpec::new(draw::server_name(program), "1.0.0")
            .with_tool(FakeTool::new(self.tool.clone(), answer))
            .with_resource(Resource::new(&self.uri, "note"), contents.collect())
    }
}

fn the_call_arrived(ran: &Ran, server: &FakeServer, drawn: &Drawn) -> Checked {
    let calls = server.record().messages("tools/call");
    let call = match calls.as_slice() {
        [call] => call,
        [] => {
            return Err(ran
                .finding(Code::NotCalled)
                .expected(format!("tools/call with the name {}", drawn.tool.name))
                .got(format!("no call arrived\n{}", ran.printed()))
                .why("`call TOOL JSON` sends one tools/call, with TOOL as its name and JSON as its arguments.")
                .into());
        }
        more => {
            return Err(ran
                .finding(Code::CalledAgain)
                .expected("one tools/call")
                .got(format!("{} of them", more.len()))
                .why("A tool may sell something. Calling it twice buys twice.")
                .into());
        }
    };
    let sent = &call["params"];
    if sent["name"] != json!(drawn.tool.name) {
        return Err(ran
            .finding(Code::WrongTool)
            .expected(format!("the tool {}", drawn.tool.name))
            .got(sent["name"].to_string())
            .why("The name is the first argument after `call`, as written.")
            .into());
    }
    if sent["arguments"] != drawn.arguments {
        return Err(ran
            .finding(Code::WrongArguments)
            .expected(format!("arguments {}", drawn.arguments))
            .got(format!("arguments {}", sent["arguments"]))
            .why("Parse the JSON on the command line and send it unchanged: every value keeps its type.")
            .into());
    }
    Ok(())
}

fn the_result_is_printed(ran: &Ran, drawn: &Drawn) -> Checked {
    for text in [&drawn.text, &drawn.more_text] {
        prints(
            ran,
            text,
            "the text of the result",
            "A result's `content` is a list of blocks. Print the text of every one.",
            places::CALL,
        )?;
    }
    let values = drawn.structured.as_object().into_iter().flatten();
    for (name, value) in values {
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if !tells(&ran.stdout, &shown) {
            return Err(ran
                .finding(Code::StructuredContentNotPrinted)
                .expected(format!("the structured content too: {}", drawn.structured))
                .got(format!("no {name} {shown}\n{}", ran.printed()))
                .why("`structuredContent` is the answer for programs, and may hold more than the text. This server's text does not repeat it.")
                .into());
        }
    }
    Ok(())
}

fn the_resource_was_read(ran: &Ran, server: &FakeServer, drawn: &Drawn) -> Checked {
    let reads = server.record().messages("resources/read");
    if reads
        .iter()
        .any(|read| read["params"]["uri"] == json!(drawn.uri))
    {
        return Ok(());
    }
    let got = match reads.first() {
        Some(read) => format!("resources/read of {}", read["params"]["uri"]),
        None => format!("no resources/read arrived\n{}", ran.printed()),
    };
    Err(ran
        .finding(Code::NotRead)
        .expected(format!("resources/read of {}", drawn.uri))
        .got(got)
        .why("`read URI` sends one resources/read with this URI. You can read a resource even if the server does not list it.")
        .at(places::READ)
        .into())
}
