//! 2.2: a proposed call is executed, and its result goes back under the right id.

use serde_json::{Value, json};

use super::draw;
use super::stage::{Played, Scene, propose, sent, shown};
use crate::checks::{Checked, Client};
use crate::counterpart::model::{Proposal, Says};

pub(super) async fn check(client: &Client) -> Checked {
    client.purpose("whatever the agent does with the call that the model proposes");
    let names = draw::tool_names(client, 3);
    let (wanted, found) = (draw::token(client), draw::token(client));
    let mut house = draw::bakery(client);
    for name in &names {
        let found = found.clone();
        let answer = move |_: &_| draw::says(format!("We have {found}."));
        house = house.with_tool(draw::reading(name, "Looks around.", &["what"], answer));
    }
    let call = draw::call(client, &names[1], &json!({ "what": wanted }));
    let question = format!("Is there {wanted}?");
    let answer = format!("Yes, {}.", draw::token(client));
    let turns = |script: crate::counterpart::model::Script| {
        let script = script.then_with(propose(vec![call.clone()]));
        script.then(Says::Answer(answer.clone()))
    };
    let played = Scene::new(&question).play(client, house, turns).await?;
    calls(&played, &[&call])?;
    let told = played.told(0, &call)?;
    holds(&played, &call, &told, &found)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
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
        let arrived: Vec<String> = match (of_tool().count(), right) {
            (0, _) => played.calls.iter().map(sent).collect(),
            _ => of_tool().map(sent).collect(),
        };
        let got = match arrived.as_slice() {
            [] => format!("no tools/call\n{}", played.ran.printed()),
            some => some.join("\n"),
        };
        return Err(played
            .ran
            .finding(if right > 1 { "called_again" } else { "not_called" })
            .expected(format!(
                "one tools/call, as the model proposes it: {} {}",
                call.name, call.arguments
            ))
            .got(got)
            .why("The model calls nothing itself. It proposes, and the agent calls the server's tool: once, with the proposed arguments.")
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
        .finding("wrong_result")
        .expected(format!(
            "for {}, what the tool returned: … {fact} …",
            shown(call)
        ))
        .got(format!("{told:?}"))
        .why("The model goes on with what it reads here, and believes it.")
        .into())
}
