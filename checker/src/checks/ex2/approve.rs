//! 2.6: a step limit, and a human's yes before a call that changes something.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::json;

use super::carry_out::{calls, holds};
use super::stage::{Played, Scene, propose, sent};
use super::{draw, places};
use crate::checks::{Checked, Client, Stop};
use crate::counterpart::model::{Heard, Proposal, Says, Script};
use crate::counterpart::{House, OfferedTool};

/// How many steps there are without `--max-steps`.
const DEFAULT_STEPS: usize = 10;

/// The model gives in after so many turns beyond the limit: no need to wait for ever.
const TOO_MANY: usize = 5;

pub(super) async fn check(client: &Client) -> Checked {
    let limit = client.random(|rng| rng.random_range(2..6_usize));
    it_gives_up(client, Some(limit)).await?;
    it_gives_up(client, None).await?;
    let one_of = |words: [&'static str; 3]| {
        client.random(|rng| words.choose(rng).copied().unwrap_or_default())
    };
    let changing = || ToolAnnotations::new().read_only(false);
    // Only a yes is one, and a tool that says nothing of itself may change anything.
    it_asks(client, Some(changing().destructive(true)), "", false).await?;
    it_asks(
        client,
        None,
        one_of(["yesterday\n", "yet another\n", "yellow\n"]),
        false,
    )
    .await?;
    it_asks(
        client,
        Some(ToolAnnotations::new()),
        one_of(["n\n", "later\n", "\n"]),
        false,
    )
    .await?;
    // However they are written, both words are a yes.
    it_asks(
        client,
        Some(changing().destructive(true)),
        one_of(["Y\n", " y\n", "Y \n"]),
        true,
    )
    .await?;
    it_asks(
        client,
        Some(changing().destructive(false)),
        one_of(["YES\n", " yes\n", "Yes\n"]),
        true,
    )
    .await
}

/// The model proposes calls without end.
async fn it_gives_up(client: &Client, limit: Option<usize>) -> Checked {
    client.purpose("whatever the agent does while the model proposes one call after another");
    let names = draw::tool_names(client, 1);
    let tool = draw::reading(&names[0], "Looks around.", &["what"], |_| {
        draw::says("Not here.")
    });
    let house = draw::bakery(client).with_tool(tool);
    let steps = limit.unwrap_or(DEFAULT_STEPS);
    let what = draw::token(client);
    let (id, name) = (draw::call_id(client), names[0].clone());
    let turns = |script: Script| {
        let all = steps + TOO_MANY;
        let looking = (0..all).fold(script, |script, number| {
            let call = Proposal::new(format!("{id}{number}"), &name, &json!({ "what": what }));
            script.then_with(propose(vec![call]))
        });
        looking.then(Says::Answer("I give up.".to_owned()))
    };
    let written = steps.to_string();
    let options = match limit {
        Some(_) => vec!["--max-steps", &written],
        None => Vec::new(),
    };
    let scene = Scene {
        options,
        ..Scene::new("Where is the bread?")
    };
    let played = scene.play(client, house, turns).await?;
    played.goes_by_the_rules()?;
    gave_up_after(&played, steps, limit.is_some())
}

fn gave_up_after(played: &Played, steps: usize, said: bool) -> Checked {
    let asked = played.heard.len();
    let ran = &played.ran;
    let limit = match said {
        true => format!("--max-steps {steps}"),
        false => format!("{steps} steps, the limit without --max-steps"),
    };
    if asked != steps {
        let got = match asked > steps + TOO_MANY {
            true => format!("{asked} requests, and the model gave in"),
            false => format!("{asked} requests\n{}", ran.printed()),
        };
        return Err(ran
            .finding("no_limit")
            .expected(format!("{limit}: so many requests to the model, and no more"))
            .got(got)
            .why("A model can go round in circles, and each round costs money. The limit is the one thing that ends it.")
            .into());
    }
    if ran.code() == Some(1) && ran.stdout.trim().is_empty() && !ran.stderr.trim().is_empty() {
        return Ok(());
    }
    Err(ran
        .finding("gave_up_silently")
        .expected(format!(
            "after {limit}: exit code 1, a word on stderr, nothing on stdout"
        ))
        .got(ran.printed())
        .why("There is no answer. Who called the agent must be able to tell.")
        .into())
}

/// The model proposes a call that changes something; `typed` is what the human says.
async fn it_asks(
    client: &Client,
    hints: Option<ToolAnnotations>,
    typed: &str,
    agreed: bool,
) -> Checked {
    client.purpose("whatever the agent does before a call that changes something");
    let names = draw::tool_names(client, 2);
    let done = draw::token(client);
    let what = draw::token(client);
    let house = house(client, &names, &done, hints);
    let looked = draw::call(client, &names[0], &json!({ "what": what }));
    let ordered = draw::call(client, &names[1], &json!({ "what": what }));
    let answer = format!("That is it: {}.", draw::token(client));
    let turns = |script: Script| {
        script
            .then_with(propose(vec![looked.clone()]))
            .then_with(propose(vec![ordered.clone()]))
            .then(Says::Answer(answer.clone()))
    };
    let scene = Scene {
        typed,
        ..Scene::new("Order it for me.")
    };
    let played = scene.play(client, house, turns).await?;
    let in_question = |stop: Stop| stop.at(places::ASK);
    reads_without_asking(&played, &looked, typed).map_err(in_question)?;
    if agreed {
        shows_the_call(&played, &ordered, &what).map_err(in_question)?;
        takes_the_yes(&played, &ordered, typed).map_err(|stop| stop.at(places::YES))?;
        calls(&played, &[&ordered]).map_err(in_question)?;
        let told = played.told(1, &ordered)?;
        holds(&played, &ordered, &told, &done)?;
    } else {
        is_not_called(&played, &ordered, typed)?;
        shows_the_call(&played, &ordered, &what).map_err(in_question)?;
        refusal_is_told(&played, &ordered, typed).map_err(in_question)?;
    }
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

/// That the call that only reads is made whatever the human says, who is not asked.
fn reads_without_asking(played: &Played, call: &Proposal, typed: &str) -> Checked {
    if played.has_called(call) {
        return calls(played, &[call]);
    }
    Err(played
        .ran
        .finding("asked_needlessly")
        .expected(format!(
            "tools/call of {} when {}: it is annotated readOnlyHint: true",
            call.name,
            said(typed)
        ))
        .got(format!("no such call\n{}", played.ran.printed()))
        .why("A call that changes nothing is made without asking. Who is asked too often stops reading the questions.")
        .into())
}

/// That a yes is taken for one.
fn takes_the_yes(played: &Played, call: &Proposal, typed: &str) -> Checked {
    if played.has_called(call) {
        return Ok(());
    }
    Err(played
        .ran
        .finding("yes_not_taken")
        .expected(format!("tools/call of {} when {}", call.name, said(typed)))
        .got(format!("no such call\n{}", played.ran.printed()))
        .why("`y` and `yes` are a yes, in capital letters and with blanks around them too.")
        .into())
}

/// One tool that reads, and one that changes something.
fn house(client: &Client, names: &[String], done: &str, hints: Option<ToolAnnotations>) -> House {
    let changing = Tool::new(
        names[1].clone(),
        "Orders something.",
        draw::schema(&["what"]),
    );
    let changing = match hints {
        Some(hints) => changing.with_annotations(hints),
        None => changing,
    };
    let done = done.to_owned();
    let order = move |_: &_| draw::says(format!("Ordered, number {done}."));
    draw::bakery(client)
        .with_tool(draw::reading(&names[0], "Looks around.", &["what"], |_| {
            draw::says("It is there.")
        }))
        .with_tool(OfferedTool::new(changing, order))
}

fn shows_the_call(played: &Played, call: &Proposal, what: &str) -> Checked {
    let ran = &played.ran;
    if ran.stderr.contains(&call.name) && ran.stderr.contains(what) {
        return Ok(());
    }
    Err(ran
        .finding("call_not_shown")
        .expected(format!(
            "on stderr, before the call, the question whether to go ahead with {} {}",
            call.name, call.arguments
        ))
        .got(ran.printed())
        .why("A yes means something only to who has seen what will be done: the tool, and its arguments.")
        .into())
}

fn is_not_called(played: &Played, call: &Proposal, typed: &str) -> Checked {
    let Some(params) = played.calls.iter().find(|sent| sent["name"] == call.name) else {
        return Ok(());
    };
    let said = said(typed);
    // What it asks of the human, the workshop's agent asks in these words.
    let block = match played.ran.stderr.contains("Go ahead?") {
        true => places::YES,
        false => places::ASK,
    };
    Err(played
        .ran
        .finding("not_asked")
        .at(block)
        .expected(format!("no tools/call of {} when {said}", call.name))
        .got(sent(params))
        .why("The tool is not annotated readOnlyHint: true, so it may change something, and only `y` or `yes` lets it. A model can be talked into calls by what it reads.")
        .into())
}

fn refusal_is_told(played: &Played, call: &Proposal, typed: &str) -> Checked {
    let answer_heard = |heard: &Heard| !heard.results_of(&call.id).join("").trim().is_empty();
    if played.heard.get(2).is_some_and(answer_heard) {
        return Ok(());
    }
    let got = match played.heard.get(2) {
        None => format!("the agent ended\n{}", played.ran.printed()),
        Some(heard) => match heard.results_of(&call.id).as_slice() {
            [] => "no message for it".to_owned(),
            _ => "a message without words".to_owned(),
        },
    };
    Err(played
        .ran
        .finding("refusal_not_told")
        .expected(format!(
            "when {}, the model is told that the user refuses the call {}",
            said(typed),
            call.id
        ))
        .got(got)
        .why("A model that knows of the refusal offers something else. One that does not may tell the user it was done.")
        .into())
}

fn said(typed: &str) -> String {
    match typed {
        "" => "stdin is at its end".to_owned(),
        "\n" => "the user types an empty line".to_owned(),
        words => format!("the user types {:?}", words.trim_end()),
    }
}
