//! 2.4: several calls in one reply.

use rand::RngExt;
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::carry_out::{calls, holds};
use super::draw;
use super::scene::{Scene, propose};
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::model::{Proposal, Says, Script};

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    program.purpose("the model proposes several calls at once");
    let names = draw::tool_names(program, 2);
    let mut spec = draw::bakery(program);
    for name in &names {
        // Each call has its own answer.
        let of = name.clone();
        let answer = move |arguments: &JsonObject| {
            let what = arguments.get("what").and_then(Value::as_str);
            draw::says(format!("{of} of {}: done", what.unwrap_or_default()))
        };
        spec = spec.with_tool(draw::reading(name, "Does one thing.", &["what"], answer));
    }
    let count = program.random(|dice| dice.random_range(2..5_usize));
    // The first two are of one tool: its name does not tell them apart.
    let proposed: Vec<(Proposal, String)> = (0..count)
        .map(|number| {
            let what = draw::token(program);
            let name = &names[number / 2];
            let call = draw::call(program, name, &json!({ "what": what }));
            (call, format!("{name} of {what}: done"))
        })
        .collect();
    let answer = format!("All done: {}.", draw::token(program));
    let turns = |script: Script| {
        let calls = proposed.iter().map(|(call, _)| call.clone()).collect();
        let script = script.then_with(propose(calls));
        script.then(Says::Answer(answer.clone()))
    };
    let scene = Scene::new("Do all of it, please.");
    let played = scene.play(program, spec, turns).await?;
    let expected: Vec<&Proposal> = proposed.iter().map(|(call, _)| call).collect();
    calls(&played, &expected)?;
    for (call, fact) in &proposed {
        let told = played.told(0, call)?;
        holds(&played, call, &told, fact)?;
    }
    played.goes_by_the_rules()?;
    played.answers(&answer)
}
