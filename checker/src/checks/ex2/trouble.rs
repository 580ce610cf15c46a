//! 2.5: an unknown tool, bad arguments or a failed call are told to the model, not crashed on.

use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;
use rand::seq::SliceRandom;
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;

use super::carry_out::{calls, holds};
use super::draw;
use super::scene::{Played, Scene, propose, propose_each, sent};
use crate::checks::{Checked, ProgramUnderTest, Stop};
use crate::fixtures::model::{Heard, Proposal, Says, Script};
use crate::fixtures::{FakeServer, ServerSpec, ToolReply};
use crate::verdict::{Code, Why};

/// A call that goes wrong.
struct Wrong {
    /// What is wrong with it, after "a call".
    what: &'static str,
    call: Proposal,
    /// What the model must be told of it; empty if any words do.
    reason: String,
    why: &'static str,
    /// Whether no call of the tool may reach the server.
    reaches_nobody: bool,
}

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    what_goes_wrong_is_told(program).await?;
    a_server_that_is_gone_is_told(program).await?;
    an_empty_answer_is_none(program).await
}

async fn what_goes_wrong_is_told(program: &ProgramUnderTest) -> Checked {
    program.purpose("the model and the tools make mistakes");
    let names = draw::tool_names(program, 4);
    let [broken, failing, refusing, right] = [&names[0], &names[1], &names[2], &names[3]];
    let (tool_error, refusal, found) = (
        draw::token(program),
        draw::token(program),
        draw::token(program),
    );
    let spec = spec(program, &names, &tool_error, &refusal, &found);
    let arguments = json!({ "what": draw::token(program) });
    let whole = arguments.to_string();
    let cut = program.random(|dice| dice.random_range(1..whole.len() - 1));
    let mut wrong = [
        Wrong {
            what: "of a tool that does not exist",
            call: draw::call(program, &format!("{right}_now"), &arguments),
            reason: String::new(),
            why: "Models invent names. If you tell the model that the tool does not exist, and which tools there are, it chooses another one.",
            reaches_nobody: false,
        },
        Wrong {
            what: "with arguments that are not JSON",
            call: Proposal::written(draw::call_id(program), broken, &whole[..cut]),
            reason: String::new(),
            why: "Models write JSON as text, and sometimes stop in the middle. If you tell the model what is wrong with the JSON, the model writes it again.",
            reaches_nobody: true,
        },
        Wrong {
            what: "that ends in a tool error",
            call: draw::call(program, failing, &arguments),
            reason: tool_error,
            why: "A tool error (isError: true) is written for the model. It says what to do differently.",
            reaches_nobody: false,
        },
        Wrong {
            what: "that the server refuses with a JSON-RPC error",
            call: draw::call(program, refusing, &arguments),
            reason: refusal,
            why: "A protocol error ends the call, not the conversation. Its message helps the model too.",
            reaches_nobody: false,
        },
    ];
    program.random(|dice| wrong.shuffle(dice));
    let good = draw::call(program, right, &arguments);
    let answer = format!("It took a while: {}.", draw::token(program));
    let turns = |script: Script| {
        let all = wrong.iter().map(|one| &one.call).chain([&good]);
        propose_each(script, all).then(Says::Answer(answer.clone()))
    };
    let played = Scene::new("Please help me.")
        .play(program, spec, turns)
        .await
        .map_err(goes_on)?;
    for (number, one) in wrong.iter().enumerate() {
        is_told(&played, number, one)?;
    }
    calls(&played, &[&good])?;
    let told = played.told(wrong.len(), &good)?;
    holds(&played, &good, &told, &found)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

/// Says which call went wrong, and how.
fn of_call(stop: Stop, what: &str, call: &Proposal) -> Stop {
    match stop {
        Stop::Failed(mut finding) => {
            finding.expected += &format!(", a call {what}: {} {}", call.name, call.arguments);
            Stop::Failed(finding)
        }
        other => other,
    }
}

/// A panic is one way to stop, and stopping is what is wrong.
fn goes_on(stop: Stop) -> Stop {
    match stop {
        Stop::Failed(mut finding) if finding.code == Code::Panicked => {
            finding.expected =
                "an agent that tells the model what went wrong, and goes on".to_owned();
            finding.why = Why::from("The model makes mistakes, and tools fail. The model can do better if it reads what went wrong. A panic ends the program, and the user gets nothing.").in_rust("In the starter, all of these mistakes arrive as an `Err` at step_2_5.");
            Stop::Failed(finding)
        }
        other => other,
    }
}

fn spec(
    program: &ProgramUnderTest,
    names: &[String],
    error: &str,
    refusal: &str,
    found: &str,
) -> ServerSpec {
    let [error, refusal, found] = [error, refusal, found].map(str::to_owned);
    let looks = "Looks for something.";
    let of = move || draw::says(format!("Here is {found}."));
    let again = of.clone();
    let fails = move |_: &_| {
        let text = ContentBlock::text(format!("Not today: {error}."));
        ToolReply::Result(CallToolResult::error(vec![text]))
    };
    let refuses = move |_: &_| ToolReply::Refused(ErrorData::invalid_params(refusal.clone(), None));
    draw::bakery(program)
        .with_tool(draw::reading(&names[0], looks, &["what"], move |_| of()))
        .with_tool(draw::reading(&names[1], looks, &["what"], fails))
        .with_tool(draw::reading(&names[2], looks, &["what"], refuses))
        .with_tool(draw::reading(&names[3], looks, &["what"], move |_| again()))
}

/// That the model was told what became of a call that went wrong, in its turn `number`.
fn is_told(played: &Played, number: usize, wrong: &Wrong) -> Checked {
    let Wrong {
        what,
        call,
        reason,
        why,
        ..
    } = wrong;
    let proposed = format!("{} {}", call.name, call.arguments);
    if played.heard.len() <= number + 1 {
        return Err(played
            .ran
            .finding(Code::TroubleNotTold)
            .expected(format!(
                "a message that tells the model what is wrong with a call {what}, and another request to the model: {proposed}"
            ))
            .got(format!("the agent ended\n{}", played.ran.printed()))
            .why(*why)
            .into());
    }
    let told = played
        .told(number, call)
        .map_err(|stop| of_call(stop, what, call))?;
    if told.trim().is_empty() || !told.contains(reason) {
        let expected = if reason.is_empty() {
            "text that says what is wrong with".to_owned()
        } else {
            format!("the reason, … {reason} …, for")
        };
        return Err(played
            .ran
            .finding(Code::ReasonMissing)
            .expected(format!("{expected} a call {what}: {proposed}"))
            .got(format!("{told:?}"))
            .why(*why)
            .into());
    }
    let made_up = played.calls.iter().find(|sent| sent["name"] == call.name);
    match made_up.filter(|_| wrong.reaches_nobody) {
        None => Ok(()),
        Some(params) => Err(played
            .ran
            .finding(Code::ArgumentsMadeUp)
            .expected(format!("no tools/call for a call {what}: {proposed}"))
            .got(sent(params))
            .why("Do not guess what the model meant. A call with other arguments may do something that nobody wants.")
            .into()),
    }
}

async fn a_server_that_is_gone_is_told(program: &ProgramUnderTest) -> Checked {
    program.purpose("the server is gone");
    let names = draw::tool_names(program, 1);
    let tool = draw::reading(&names[0], "Looks around.", &["what"], |_| {
        draw::says("Here.")
    });
    let server = program.meet(draw::bakery(program).with_tool(tool)).await?;
    let (url, record) = (server.url().clone(), server.record().clone());
    let call = draw::call(program, &names[0], &json!({ "what": draw::token(program) }));
    let answer = format!("I cannot say: {}.", draw::token(program));
    // The server leaves as the model proposes to call it.
    let server: Arc<Mutex<Option<FakeServer>>> = Arc::new(Mutex::new(Some(server)));
    let leaving = Arc::clone(&server);
    let first = propose(vec![call.clone()]);
    let turns = |script: Script| {
        let script = script.then_with(move |heard: &Heard| {
            drop(
                leaving
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(),
            );
            first(heard)
        });
        script.then(Says::Answer(answer.clone()))
    };
    let played = Scene::new("Is there bread?")
        .perform(program, &[&url], &[&record], turns)
        .await
        .map_err(goes_on)?;
    played.asked_the_model()?;
    let wrong = Wrong {
        what: "of a server that is gone",
        call,
        reason: String::new(),
        why: "Servers can become unreachable. If you tell the model, it can tell the user, and answer without the server.",
        reaches_nobody: false,
    };
    is_told(&played, 0, &wrong)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

async fn an_empty_answer_is_none(program: &ProgramUnderTest) -> Checked {
    program.purpose("the model's reply is empty");
    let turns = |script: Script| script.then(Says::Answer(String::new()));
    let spec = draw::bakery(program);
    let played = Scene::new("Is there bread?")
        .play(program, spec, turns)
        .await?;
    let ran = &played.ran;
    if !ran.status.success() && !ran.stderr.trim().is_empty() {
        return Ok(());
    }
    Err(ran
        .finding(Code::EmptyAnswer)
        .expected("an exit code other than 0, and a message on stderr that says that the model gave no answer")
        .got(ran.printed())
        .why("Models sometimes say nothing at all. From an empty answer, users cannot tell whether something broke.")
        .into())
}
