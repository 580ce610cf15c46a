//! 1.5: a tool error, a protocol error and an unreachable server are told apart, by message and
//! exit code.

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock};

use super::{draw, places};
use crate::blocks::TodoBlock;
use crate::checks::harness::Ran;
use crate::checks::printed::tells;
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::{Elsewhere, FakeTool, ServerSpec, ToolReply};
use crate::verdict::{Code, Why};

const TOOL_ERROR: i32 = 1;
const REFUSED: i32 = 3;
const UNREACHABLE: i32 = 4;

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    nobody_answers(program).await?;
    something_else_answers(program).await?;

    let tools = draw::tools(program, 3);
    let complaint = format!("There is no room for {}", draw::token(program));
    let refusal = format!("This desk is closed: {}", draw::token(program));
    let result = CallToolResult::error(vec![
        // An error may come with a picture too.
        ContentBlock::image("iVBORw0KGgo=", "image/png"),
        ContentBlock::text(&complaint),
    ]);
    let error = ErrorData::invalid_params(refusal.clone(), None);
    let spec = ServerSpec::new(draw::server_name(program), "1.0.0")
        .with_tool(FakeTool::new(tools[0].clone(), move |_| {
            ToolReply::Result(result.clone())
        }))
        .with_tool(FakeTool::new(tools[1].clone(), move |_| {
            ToolReply::Refused(error.clone())
        }))
        .with_tool(FakeTool::breaking(tools[2].clone()));
    let server = program.meet(spec).await?;
    let url = server.url().as_str();

    program.purpose("a call during which the connection breaks");
    let ran = program.run(&[url, "call", &tools[2].name, "{}"]).await?;
    let broken = "the connection broke before the answer came";
    complains(&ran, UNREACHABLE, broken, None)?;

    program.purpose("a resource that does not exist");
    let uri = format!("desk://Lost/{}", draw::token(program));
    let ran = program.run(&[url, "read", &uri]).await?;
    let gone = "a JSON-RPC error says that the resource does not exist";
    complains(&ran, REFUSED, gone, Some((&uri, places::READ)))?;

    program.purpose("a call that is refused with a protocol error");
    let ran = program.run(&[url, "call", &tools[1].name, "{}"]).await?;
    complains(
        &ran,
        REFUSED,
        "a JSON-RPC error says that the request itself was wrong",
        Some((&refusal, places::CALL)),
    )?;

    program.purpose("a call that the tool reports as failed");
    let ran = program.run(&[url, "call", &tools[0].name, "{}"]).await?;
    complains(
        &ran,
        TOOL_ERROR,
        "isError: true says that the call arrived, but the tool failed",
        Some((&complaint, places::CALL)),
    )
}

/// A port at which nobody listens.
async fn nobody_answers(program: &ProgramUnderTest) -> Checked {
    let nobody = program.nobody()?;
    let ran = program.run(&[nobody.url().as_str(), "info"]).await?;
    complains(&ran, UNREACHABLE, "nothing listens at this address", None)
}

/// Something else than MCP, of every kind.
async fn something_else_answers(program: &ProgramUnderTest) -> Checked {
    let web = program.web().await?;
    for what in Elsewhere::ALL {
        program.purpose("an address without an MCP server");
        let ran = program.run(&[web.url(what).as_str(), "info"]).await?;
        complains(&ran, UNREACHABLE, what.describe(), None)?;
    }
    Ok(())
}

/// That it complains on stderr, with this exit code and these words of the server, which come up in
/// this block.
fn complains(ran: &Ran, code: i32, what: &str, words: Option<(&str, TodoBlock)>) -> Checked {
    if let Some((words, asked_in)) = words {
        said_on_stderr(ran, what, words, asked_in)?;
    }
    if ran.stderr.trim().is_empty() {
        return Err(ran
            .finding(Code::Silent)
            .expected(format!("a sentence on stderr: {what}"))
            .got(ran.printed())
            .why(match ran.stdout.trim() {
                "" => "Say why there is no answer.",
                _ => "Programs that read your output see stdout. Print answers there, and errors to stderr. This is not an answer.",
            })
            .into());
    }
    if ran.code() == Some(code) {
        return Ok(());
    }
    Err(ran
        .finding(Code::WrongExitCode)
        .expected(format!("exit code {code}: {what}"))
        .got(ran.printed())
        .why("Scripts read the exit code: 1 if the tool reported an error, 3 if the server refused the request, 4 if no server was reached. After 1, other arguments may work. After 4, check the address.")
        .at(responsible(ran, code))
        .into())
}

/// Where the mistake is likely: the workshop's own words of a failure say which one it is taken
/// for, and its exit code comes after that.
fn responsible(ran: &Ran, code: i32) -> TodoBlock {
    let words = match code {
        TOOL_ERROR => "the tool reported an error",
        REFUSED => "the server refused the request",
        _ => "no MCP server was reached",
    };
    if ran.stderr.contains(words) {
        return places::EXIT_CODES;
    }
    places::KINDS
}

fn said_on_stderr(ran: &Ran, what: &str, words: &str, asked_in: TodoBlock) -> Checked {
    let on_stdout = tells(&ran.stdout, words);
    if tells(&ran.stderr, words) && !on_stdout {
        return Ok(());
    }
    let (code, expected, why) = if on_stdout {
        (
            Code::ComplaintOnStdout,
            "the server's message on stderr, not on stdout",
            Why::from("stdout is only for answers.").in_rust(
                "In the starter, the function `succeeded` is the place to turn such a result into a failure.",
            ),
        )
    } else {
        (
            Code::ComplaintSwallowed,
            "the server's message on stderr",
            Why::from("The server's message says what to do. Print the message unchanged."),
        )
    };
    // The workshop's `succeeded` says what a tool error is. Any other that is no failure to the
    // program was dropped where it came up.
    let block = if ran.status.success() && !on_stdout {
        asked_in
    } else {
        places::KINDS
    };
    Err(ran
        .finding(code)
        .expected(format!("{expected}: {words}"))
        .got(ran.printed())
        .why(Why::from(format!("This is not an answer. {what}.")).followed_by(why))
        .at(block)
        .into())
}
