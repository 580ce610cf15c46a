//! 2.6: a step limit, and the user's approval before a call that changes something.

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::carry_out::{calls, holds};
use super::scene::{DEFAULT_STEPS, Played, Scene, propose, propose_each};
use super::{draw, places};
use crate::blocks::TodoBlock;
use crate::checks::{Checked, ProgramUnderTest, Stop};
use crate::fixtures::model::{Proposal, Says, Script};
use crate::fixtures::{FakeTool, ServerSpec};
use crate::verdict::Code;

/// Fewer words than this may say anything: "done" is what a call is told that was made.
const WORDS_OF_A_REFUSAL: usize = 3;

/// Words by which one says no in one word or two, by their beginnings.
const REFUSES: [&str; 12] = [
    "no", "not", "den", "declin", "refus", "reject", "cancel", "abort", "disallow", "forbid",
    "skip", "veto",
];

/// The model gives in after so many turns beyond the limit: no need to wait for ever.
const TOO_MANY: usize = 5;

/// Words that are no yes, although some of them begin like one or mean one elsewhere. Each is always tried:
/// with a look, a "n" and the answer they take as many steps as there are without --max-steps.
const NOT_YES: [&str; DEFAULT_STEPS - 3] =
    ["", "later", "ok", "sure", "ja", "yesterday", "yet another"];

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    let in_limit = |stop: Stop| stop.at(places::LIMIT);
    let low = program.random(|dice| dice.random_range(2..6_usize));
    let high = program.random(|dice| dice.random_range(DEFAULT_STEPS + 1..DEFAULT_STEPS + 4));
    for limit in [Some(low), None, Some(high)] {
        it_gives_up(program, limit).await.map_err(in_limit)?;
    }
    let changing = || ToolAnnotations::new().read_only(false);
    it_takes_a_no(program).await?;
    it_asks(program, changing().destructive(true), "", false).await?;
    // However they are written, both words are a yes.
    let one_of = |words: [&'static str; 3]| {
        program.random(|dice| words.choose(dice).copied().unwrap_or_default())
    };
    let (short, long) = (
        one_of(["Y\n", " y\n", "Y \n"]),
        one_of(["YES\n", " yes\n", "Yes\n"]),
    );
    it_asks(program, changing().destructive(true), short, true).await?;
    it_asks(program, changing().destructive(false), long, true).await
}

/// The model proposes calls without end.
async fn it_gives_up(program: &ProgramUnderTest, limit: Option<usize>) -> Checked {
    program.purpose("the model proposes one call after another");
    let names = draw::tool_names(program, 1);
    let tool = draw::reading(&names[0], "Looks around.", &["what"], |_| {
        draw::says("Not here.")
    });
    let spec = draw::bakery(program).with_tool(tool);
    let steps = limit.unwrap_or(DEFAULT_STEPS);
    let what = draw::token(program);
    let (id, name) = (draw::call_id(program), names[0].clone());
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
    let played = scene.play(program, spec, turns).await?;
    played.goes_by_the_rules()?;
    gave_up_after(&played, steps, limit.is_some())
}

fn gave_up_after(played: &Played, steps: usize, said: bool) -> Checked {
    let asked = played.heard.len();
    let ran = &played.ran;
    let limit = if said {
        format!("--max-steps {steps}")
    } else {
        format!("{steps} steps, the limit without --max-steps")
    };
    if asked != steps {
        let got = if asked > steps + TOO_MANY {
            format!("{asked} requests. Then the model proposed no more calls")
        } else {
            format!("{asked} requests\n{}", ran.printed())
        };
        return Err(ran
            .finding(Code::NoLimit)
            .expected(format!("{limit}: exactly {steps} requests to the model"))
            .got(got)
            .why(if asked < steps {
                "The user allows this many steps, and the model is not done yet. The next step may bring the answer."
            } else {
                "A model can go around in circles, and each round costs money. Only the limit ends it."
            })
            .into());
    }
    if ran.code() == Some(1) && ran.stdout.trim().is_empty() && !ran.stderr.trim().is_empty() {
        return Ok(());
    }
    Err(ran
        .finding(Code::GaveUpSilently)
        .expected(format!(
            "after {limit}: exit code 1, a message on stderr, nothing on stdout"
        ))
        .got(ran.printed())
        .why("There is no answer. Callers must be able to tell that from the exit code and stderr.")
        .into())
}

/// The model proposes a call after the other, and the human says something else each time that
/// is no yes. The tools say nothing of themselves, so they may change anything.
async fn it_takes_a_no(program: &ProgramUnderTest) -> Checked {
    program.purpose("the user does not approve the call");
    let words = program.random(|dice| {
        let mut words = [NOT_YES.as_slice(), &["n"]].concat();
        words.shuffle(dice);
        words
    });
    let words = words.as_slice();
    let names = draw::tool_names(program, 3);
    let hints = [None, Some(ToolAnnotations::new())];
    let spec = spec(program, &names, "0", hints);
    let of = |name: &String| {
        let what = draw::token(program);
        draw::call(
            program,
            name,
            &json!({ "note": "As always.", "what": what }),
        )
    };
    let looked = of(&names[0]);
    let ordered: Vec<Proposal> = (0..words.len()).map(|at| of(&names[1 + at % 2])).collect();
    let answer = format!("Nothing is ordered: {}.", draw::token(program));
    let turns = |script: Script| {
        let all = std::iter::once(&looked).chain(&ordered);
        propose_each(script, all).then(Says::Answer(answer.clone()))
    };
    let typed = words.join("\n") + "\n";
    let scene = Scene {
        typed: &typed,
        ..Scene::new("Order it for me.")
    };
    let played = scene.play(program, spec, turns).await?;
    let in_question = |stop: Stop| stop.at(places::ASK);
    reads_without_asking(&played, &looked, words.first().copied()).map_err(in_question)?;
    no_is_no(&played, &ordered, words)?;
    for (number, (call, word)) in ordered.iter().zip(words).enumerate() {
        shows_the_call(&played, call).map_err(in_question)?;
        refusal_is_told(&played, 2 + number, call, Some(word)).map_err(in_question)?;
    }
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

/// The model proposes a call that changes something; `typed` is what the human says.
async fn it_asks(
    program: &ProgramUnderTest,
    hints: ToolAnnotations,
    typed: &str,
    agreed: bool,
) -> Checked {
    program.purpose("the agent asks before a call that changes something");
    let names = draw::tool_names(program, 2);
    let done = draw::token(program);
    let spec = spec(program, &names, &done, [Some(hints)]);
    let arguments = long_arguments(program);
    let looked = draw::call(program, &names[0], &arguments);
    let ordered = draw::call(program, &names[1], &arguments);
    let answer = format!("That is it: {}.", draw::token(program));
    let turns = |script: Script| {
        propose_each(script, [&looked, &ordered]).then(Says::Answer(answer.clone()))
    };
    let scene = Scene {
        typed,
        ..Scene::new("Order it for me.")
    };
    let played = scene.play(program, spec, turns).await?;
    let in_question = |stop: Stop| stop.at(places::ASK);
    let word = typed.strip_suffix('\n');
    reads_without_asking(&played, &looked, word).map_err(in_question)?;
    if agreed {
        shows_the_call(&played, &ordered).map_err(in_question)?;
        takes_the_yes(&played, &ordered, word).map_err(|stop| stop.at(places::YES))?;
        calls(&played, &[&ordered]).map_err(in_question)?;
        let told = played.told(1, &ordered)?;
        holds(&played, &ordered, &told, &done)?;
    } else {
        end_is_no_yes(&played, &ordered)?;
        shows_the_call(&played, &ordered).map_err(in_question)?;
        refusal_is_told(&played, 2, &ordered, None).map_err(in_question)?;
    }
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

/// What the human must see, all of it: longer than what a log shows of a line.
fn long_arguments(program: &ProgramUnderTest) -> Value {
    let long: Vec<String> = (0..18).map(|_| draw::token(program)).collect();
    json!({ "note": long.join(" "), "what": draw::token(program) })
}

/// That the call that only reads is made whatever the human says, who is not asked.
fn reads_without_asking(played: &Played, call: &Proposal, word: Option<&str>) -> Checked {
    if played.has_called(call) {
        return calls(played, &[call]);
    }
    Err(played
        .ran
        .finding(Code::AskedNeedlessly)
        .expected(format!(
            "tools/call of {} when {}: it is annotated readOnlyHint: true",
            call.name,
            said(word)
        ))
        .got(format!("no such call\n{}", played.ran.printed()))
        .why("Run read-only tools without asking. People who are asked too often stop reading the question.")
        .into())
}

/// That a yes is taken for one.
fn takes_the_yes(played: &Played, call: &Proposal, word: Option<&str>) -> Checked {
    if played.has_called(call) {
        return Ok(());
    }
    Err(played
        .ran
        .finding(Code::YesNotTaken)
        .expected(format!("tools/call of {} when {}", call.name, said(word)))
        .got(format!("no such call\n{}", played.ran.printed()))
        .why("`y` and `yes` both approve the call, also in capital letters or with spaces around them.")
        .into())
}

/// One tool that reads, and others that may change something.
fn spec<const N: usize>(
    program: &ProgramUnderTest,
    names: &[String],
    done: &str,
    hints: [Option<ToolAnnotations>; N],
) -> ServerSpec {
    let parameters = ["note", "what"];
    let looks = draw::reading(&names[0], "Looks around.", &parameters, |_| {
        draw::says("It is there.")
    });
    let orders = hints.into_iter().zip(&names[1..]).map(|(hints, name)| {
        let tool = Tool::new(name.clone(), "Orders something.", draw::schema(&parameters));
        let tool = match hints {
            Some(hints) => tool.with_annotations(hints),
            None => tool,
        };
        let done = done.to_owned();
        FakeTool::new(tool, move |_| {
            draw::says(format!("Ordered, number {done}."))
        })
    });
    orders.fold(
        draw::bakery(program).with_tool(looks),
        ServerSpec::with_tool,
    )
}

/// That the question names the tool and all the arguments, to the last.
fn shows_the_call(played: &Played, call: &Proposal) -> Checked {
    let ran = &played.ran;
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let end = arguments["what"].as_str().unwrap_or_default();
    // Whoever writes the arguments in one line has the tool's name in it too.
    let mut lines = ran.stderr.lines().filter(|line| line.contains(end));
    let shows = |line: &str| !line.contains("note") || line.contains(&call.name);
    if ran.stderr.contains(&call.name) && lines.any(shows) {
        return Ok(());
    }
    Err(ran
        .finding(Code::CallNotShown)
        .expected(format!(
            "on stderr, before the call, a question that shows {} and all its arguments, to the end: …{end}\"}}",
            call.name
        ))
        .got(ran.printed())
        .why("Users can only approve what they can see. Show the tool and all its arguments before you ask.")
        .into())
}

/// That no call was made after any of these words.
fn no_is_no(played: &Played, ordered: &[Proposal], words: &[&str]) -> Checked {
    let said = ordered.iter().zip(words);
    let made: Vec<_> = said.filter(|(call, _)| played.has_called(call)).collect();
    // Who does not hear a plain no hears nothing. Else one of the words was taken for a yes.
    let plain = made.iter().find(|(_, word)| **word == "n");
    let block = if plain.is_some() {
        places::ASK
    } else {
        places::YES
    };
    match plain.or(made.first()) {
        Some((call, word)) => Err(called_without_yes(played, call, Some(word), block)),
        None => Ok(()),
    }
}

/// That the end of input is no yes.
fn end_is_no_yes(played: &Played, call: &Proposal) -> Checked {
    if played.has_called(call) {
        Err(called_without_yes(played, call, None, places::YES))
    } else {
        Ok(())
    }
}

fn called_without_yes(
    played: &Played,
    call: &Proposal,
    word: Option<&str>,
    block: TodoBlock,
) -> Stop {
    played
        .ran
        .finding(Code::NotAsked)
        .expected(format!("no tools/call of {} when {}", call.name, said(word)))
        .got(format!(
            "tools/call {}\n{}",
            call.name,
            played.ran.printed()
        ))
        .why("The tool is not annotated readOnlyHint: true, so it may change something. Only `y` or `yes` allows the call. Text that the model reads can talk it into a call.")
        .at(block)
        .into()
}

/// That the model is told of the refusal, `heard` being the number of its next request from 0.
fn refusal_is_told(played: &Played, heard: usize, call: &Proposal, word: Option<&str>) -> Checked {
    let told = played
        .heard
        .get(heard)
        .map(|heard| heard.results_of(&call.id));
    let got = match told.as_deref() {
        None => format!("the agent ended\n{}", played.ran.printed()),
        Some([]) => "no message for it".to_owned(),
        Some(texts) => {
            let words = texts.join(" ");
            if tells_a_refusal(&words) {
                return Ok(());
            }
            format!("{words:?}")
        }
    };
    Err(played
        .ran
        .finding(Code::RefusalNotTold)
        .expected(format!(
            "when {}, a message that tells the model that the user refused the call {}",
            said(word),
            call.id
        ))
        .got(got)
        .why("If the model knows about the refusal, it can offer something else. If not, it may tell the user that the call was made.")
        .into())
}

/// Whether a model could read a refusal in it. A sentence may be in any language.
fn tells_a_refusal(words: &str) -> bool {
    let says_no = |word: &str| REFUSES.iter().any(|begin| word.starts_with(begin));
    words.split_whitespace().count() >= WORDS_OF_A_REFUSAL
        || words.to_lowercase().split_whitespace().any(says_no)
}

fn said(word: Option<&str>) -> String {
    match word {
        None => "stdin has ended".to_owned(),
        Some("") => "the user types an empty line".to_owned(),
        Some(word) => format!("the user types {word:?}"),
    }
}
