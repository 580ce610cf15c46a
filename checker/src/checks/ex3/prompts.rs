//! 3.11 (bonus): the prompt `recommend {occasion, budget_cents?}`, with completions for
//! `occasion` and nothing else; arguments are strings, as MCP has them.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rmcp::model::PromptMessage;
use serde_json::{Value, json};

use super::places;
use crate::checks::draw;
use crate::checks::store::shop::{self, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract, symptoms};
use crate::mcp::{ErrorKind, RequestError};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/3.11.snap");
const PROMPT: &str = "recommend";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    if shop.session.capabilities().prompts.is_none() {
        return Err(undeclared(server, &shop).await);
    }
    server.purpose("see which prompts there are");
    let prompts = shop.session.prompts().await?;
    let lines: Vec<String> = prompts
        .iter()
        .filter(|one| one.name == PROMPT)
        .map(contract::prompt)
        .collect();
    contract::compare(&lines, CONTRACT).map_err(|stop| match lines.len() {
        0 => stop.at(places::PROMPTS_HANDLER),
        _ => stop,
    })?;

    let occasion = draw::unheard_of(server);
    names_the_occasion(server, &shop, &occasion).await?;
    minds_the_budget(server, &shop, &occasion).await?;
    for (code, what, name, arguments) in [
        (
            Code::MissingOccasionAccepted,
            "without the occasion",
            PROMPT,
            json!({}),
        ),
        (
            Code::BadBudgetAccepted,
            "with a budget that is no number",
            PROMPT,
            json!({ "occasion": occasion, "budget_cents": "not much" }),
        ),
        (
            Code::UnknownPromptAccepted,
            "of a name that does not exist",
            &occasion,
            json!({}),
        ),
    ] {
        server.purpose(&format!("ask for a prompt {what}"));
        is_refused(
            code,
            what,
            name,
            &arguments,
            shop.session.prompt(name, arguments.clone()).await,
        )?;
    }
    completes_occasions(server, &shop).await
}

/// Whoever lists prompts and does not declare them has begun. Without a list nothing is there.
async fn undeclared(server: &ServerUnderTest, shop: &Shop) -> Stop {
    server.purpose("no prompts are declared: see whether some are there all the same");
    match shop.session.prompts().await {
        Ok(prompts) if !prompts.is_empty() => Finding::new(Code::PromptsNotDeclared)
            .sent("server/discover, or initialize")
            .expected("capabilities with prompts")
            .got("prompts/list answers, but capabilities do not name prompts")
            .why("A client asks only for what was declared. It would never see this prompt.")
            .at(places::PROMPTS_CAPABILITY)
            .into(),
        _ => Stop::not_declared("the server does not declare prompts"),
    }
}

async fn names_the_occasion(server: &ServerUnderTest, shop: &Shop, occasion: &str) -> Checked {
    server.purpose("fill in the prompt for an occasion");
    let arguments = json!({ "occasion": occasion });
    let text = text(&shop.session.prompt(PROMPT, arguments.clone()).await?);
    if text.contains(occasion) {
        return Ok(());
    }
    Err(Finding::new(Code::OccasionIgnored)
        .sent(format!("prompts/get {PROMPT} {arguments}"))
        .expected(format!("a message that names the occasion, {occasion:?}"))
        .got(shop::quoted(&text))
        .why("The message is all that the model gets of what the user typed.")
        .into())
}

async fn minds_the_budget(server: &ServerUnderTest, shop: &Shop, occasion: &str) -> Checked {
    server.purpose("see prices, to choose a budget that not everything fits");
    let mut products = shop.products().await?;
    // What is sold out may be left out anyway.
    products.retain(|product| product.stock > 0);
    let prices = || products.iter().map(|product| product.price_cents);
    let (Some(least), Some(most)) = (prices().min(), prices().max()) else {
        return Err(shop::too_little_left(server));
    };
    let budget = if least < most {
        i64::midpoint(least, most)
    } else {
        (least - 1).max(0)
    };
    // Arguments of prompts are strings, whatever they stand for.
    let arguments = json!({ "occasion": occasion, "budget_cents": budget.to_string() });
    server.purpose("fill in the prompt for an occasion and a budget");
    let with = match shop.session.prompt(PROMPT, arguments.clone()).await {
        Err(RequestError {
            sent,
            kind: kind @ ErrorKind::Refused { .. },
        }) => {
            return Err(Finding::new(Code::BudgetRefused)
                .sent(sent)
                .expected("a message: the budget is a whole number")
                .got(kind.to_string())
                .why("In MCP a prompt's arguments are strings, always. Take budget_cents as text, and parse it.")
                .into());
        }
        answer => text(&answer?),
    };
    let without = text(
        &shop
            .session
            .prompt(PROMPT, json!({ "occasion": occasion }))
            .await?,
    );
    if with != without {
        return Ok(());
    }
    Err(Finding::new(Code::BudgetIgnored)
        .sent(format!("prompts/get {PROMPT} {arguments}"))
        .expected(
            "another message than without a budget: one that names it, or only what it pays for",
        )
        .got("the same message")
        .why("The user typed a budget, and the model will never know.")
        .into())
}

fn is_refused(
    code: Code,
    what: &str,
    name: &str,
    arguments: &Value,
    answer: Result<Vec<PromptMessage>, RequestError>,
) -> Checked {
    match answer {
        Err(RequestError {
            kind: ErrorKind::Refused { .. },
            ..
        }) => Ok(()),
        Err(failure) => Err(symptoms::of_failure(failure)),
        Ok(messages) => Err(Finding::new(code)
            .sent(format!("prompts/get {name} {arguments}"))
            .expected(format!("an error for a prompt {what}: -32602"))
            .got(match messages.as_slice() {
                [] => "a prompt without messages".to_owned(),
                messages => shop::quoted(&text(messages)),
            })
            .why("The client shows the error beside the field where the user can mend it.")
            .into()),
    }
}

async fn completes_occasions(server: &ServerUnderTest, shop: &Shop) -> Checked {
    if shop.session.capabilities().completions.is_none() {
        return Err(Finding::new(Code::CompletionsNotDeclared)
            .sent("server/discover, or initialize")
            .expected("capabilities with completions")
            .got("none")
            .why("A client that sees no such capability never asks for completions.")
            .at(places::PROMPTS_CAPABILITY)
            .into());
    }
    server.purpose("complete an occasion of which nothing is typed yet");
    let all = shop.session.complete(PROMPT, "occasion", "").await?;
    let Some(one) = server.random(|dice| all.choose(dice).cloned()) else {
        return Err(Finding::new(Code::NoCompletions)
            .sent("completion/complete recommend, occasion \"\"")
            .expected("a few occasions to choose from")
            .got("none")
            .why("Completions show the user what could be meant, before anything is typed.")
            .at(places::COMPLETIONS)
            .into());
    };
    completes_nothing_else(server, shop, &all).await?;
    let letters = one.chars().count();
    let length = server.random(|dice| dice.random_range(1..=letters.max(1)));
    let typed: String = one.chars().take(length).collect();
    for (typed, must_have) in [(typed, Some(&one)), ("zzzq".to_owned(), None)] {
        server.purpose("complete what is typed so far");
        let values = shop.session.complete(PROMPT, "occasion", &typed).await?;
        let begin = typed.to_lowercase();
        let stray = values
            .iter()
            .find(|value| !value.to_lowercase().starts_with(&begin));
        let missing = must_have.filter(|one| !values.contains(one));
        if stray.is_some() || missing.is_some() {
            return Err(Finding::new(Code::WrongCompletions)
                .sent(format!("completion/complete recommend, occasion {typed:?}"))
                .expected("the occasions that begin with it, and no other")
                .got(format!("{values:?}"))
                .why("The user has typed the beginning already.")
                .into());
        }
    }
    Ok(())
}

/// Occasions complete the occasion of this prompt, and nothing else. An error is as good as an
/// empty list.
async fn completes_nothing_else(
    server: &ServerUnderTest,
    shop: &Shop,
    occasions: &[String],
) -> Checked {
    let other = draw::unheard_of(server).to_lowercase();
    for (code, what, prompt, argument) in [
        (
            Code::CompletesOtherArgument,
            "another argument",
            PROMPT,
            "budget_cents",
        ),
        (
            Code::CompletesOtherPrompt,
            "another prompt",
            other.as_str(),
            "occasion",
        ),
    ] {
        server.purpose(&format!("ask for completions of {what}"));
        let values = match shop.session.complete(prompt, argument, "").await {
            Ok(values) => values,
            Err(RequestError {
                kind: ErrorKind::Refused { .. },
                ..
            }) => continue,
            Err(failure) => return Err(failure.into()),
        };
        if values.iter().any(|value| occasions.contains(value)) {
            return Err(Finding::new(code)
                .sent(format!("completion/complete {prompt}, {argument} \"\""))
                .expected(format!("no occasions: {what} is meant"))
                .got(format!("{values:?}"))
                .why("Every completion of the server comes to this method. The request says which prompt and which argument it is for: look at both.")
                .into());
        }
    }
    Ok(())
}

fn text(messages: &[PromptMessage]) -> String {
    let texts = messages
        .iter()
        .filter_map(|message| message.content.as_text());
    texts
        .map(|text| text.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
