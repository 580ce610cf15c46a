//! 2.2: a proposed call is executed, and its result goes back under the right id.

use serde_json::{Value, json};

use super::scene::{Played, Scene, propose_saying, sent, shown};
use super::{draw, places, servers};
use crate::checks::{Checked, ProgramUnderTest, Stop};
use crate::fixtures::model::heard::text_of;
use crate::fixtures::model::{Heard, Proposal, Says, Script};
use crate::verdict::Code;

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    one_call(program).await?;
    servers::each_gets_its_calls(program).await
}

async fn one_call(program: &ProgramUnderTest) -> Checked {
    program.purpose("the model proposes a call");
    let names = draw::tool_names(program, 3);
    let (wanted, found) = (draw::token(program), draw::token(program));
    let mut spec = draw::bakery(program);
    for name in &names {
        let found = found.clone();
        let answer = move |_: &_| draw::says(format!("We have {found}."));
        spec = spec.with_tool(draw::reading(name, "Looks around.", &["what"], answer));
    }
    let call = draw::call(program, &names[1], &json!({ "what": wanted }));
    let question = format!("Is there {wanted}?");
    let answer = format!("Yes, {}.", draw::token(program));
    let words = format!("I look for it, as {} asks.", draw::person(program));
    let turns = |script: Script| {
        let proposed = propose_saying(Some(words.clone()), vec![call.clone()]);
        script
            .then_with(proposed)
            .then(Says::Answer(answer.clone()))
    };
    let played = Scene::new(&question).play(program, spec, turns).await?;
    calls(&played, &[&call]).map_err(|stop| stop.at(places::CALL))?;
    let in_result = |stop: Stop| stop.at(places::RESULT);
    let told = played.told(0, &call).map_err(in_result)?;
    holds(&played, &call, &told, &found).map_err(in_result)?;
    played.goes_by_the_rules()?;
    keeps_the_words(&played, &words)?;
    played.answers(&answer)
}

/// That what the model said beside its call is in the conversation.
fn keeps_the_words(played: &Played, words: &str) -> Checked {
    let messages = played.heard.get(1).map_or(&[][..], Heard::messages);
    let mut said = messages.iter().filter(|one| one["role"] == "assistant");
    if said.any(|message| text_of(&message["content"]).contains(words)) {
        return Ok(());
    }
    Err(played
        .ran
        .finding(Code::WordsDropped)
        .expected(format!(
            "the text that the model sent with its call, in a message of role \"assistant\": {words}"
        ))
        .got("the call without the text")
        .why("Some models send their thoughts along with a call. The conversation is their only memory of them.")
        .into())
}

/// That the server got these calls, each once, in any order.
pub(super) fn calls(played: &Played, expected: &[&Proposal]) -> Checked {
    for call in expected {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let of_tool = || played.calls.iter().filter(|got| got["name"] == call.name);
        let right = of_tool()
            .filter(|got| got["arguments"] == arguments)
            .count();
        if right == 1 {
            continue;
        }
        let several = expected.len() > 1;
        let arrived: Vec<String> = if several || of_tool().next().is_none() {
            played.calls.iter().map(sent).collect()
        } else {
            of_tool().map(sent).collect()
        };
        let (proposed, made) = (expected.len(), arrived.len());
        let got = match arrived.as_slice() {
            [] => format!("no tools/call\n{}", played.ran.printed()),
            some if several => format!(
                "{proposed} calls proposed, {made} made:\n{}",
                some.join("\n")
            ),
            some => some.join("\n"),
        };
        let why = if several && right == 0 && made > 0 {
            "The model may propose several calls in one reply. Make them all."
        } else {
            "The model does not call tools itself. It proposes a call, and the agent calls the server's tool: once, with the proposed arguments."
        };
        return Err(played
            .ran
            .finding(if right > 1 {
                Code::CalledAgain
            } else {
                Code::NotCalled
            })
            .expected(format!(
                "one tools/call, as the model proposes it: {} {}",
                call.name, call.arguments
            ))
            .got(got)
            .why(why)
            .into());
    }
    Ok(())
}

/// That what the model was told of a call holds what the server answered.
pub(super) fn holds(played: &Played, call: &Proposal, told: &str, fact: &str) -> Checked {
    if told.contains(fact) {
        return Ok(());
    }
    Err(played
        .ran
        .finding(Code::WrongResult)
        .expected(format!(
            "for {}, the text that the tool returned: … {fact} …",
            shown(call)
        ))
        .got(format!("{told:?}"))
        .why("The model believes what it reads here, and builds its answer on it.")
        .into())
}
