//! 3.11 (bonus): the prompt `recommend {occasion, budget_cents?}`, with completions for
//! `occasion` and nothing else; arguments are strings, as MCP has them.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rmcp::model::{PromptMessage, Role};
use serde_json::{Value, json};

use super::places;
use crate::checks::draw;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract, symptoms};
use crate::mcp::{ErrorKind, RequestError};
use crate::verdict::{Code, Finding, Why};

const CONTRACT: &str = include_str!("snapshots/3.11.snap");
const PROMPT: &str = "recommend";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    if shop.session.capabilities().prompts.is_none() {
        return Err(undeclared(server, &shop).await);
    }
    server.purpose("see which prompts there are");
    let prompts = shop.session.prompts().await?;
    if prompts.is_empty() {
        // FastMCP and others declare what they have a method for.
        let nothing =
            Why::from("prompts are declared but not connected yet: prompts/list returns none");
        return Err(Stop::not_declared(nothing.in_rust(
            "(#[prompt_handler] on `impl ServerHandler` connects them)",
        )));
    }
    let lines: Vec<String> = prompts
        .iter()
        .filter(|one| one.name == PROMPT || prompts.iter().all(|one| one.name != PROMPT))
        .map(contract::prompt)
        .collect();
    contract::compare(&lines, CONTRACT)?;

    let occasion = draw::unheard_of(server);
    names_the_occasion(server, &shop, &occasion).await?;
    shows_what_there_is(server, &shop, &occasion).await?;
    for (code, what, name, arguments) in [
        (
            Code::MissingOccasionAccepted,
            "without the occasion",
            PROMPT,
            json!({}),
        ),
        (
            Code::BadBudgetAccepted,
            "with a budget that is not a number",
            PROMPT,
            json!({ "occasion": occasion, "budget_cents": "not much" }),
        ),
        // What some take for numbers, and nobody can pay.
        (
            Code::BadBudgetAccepted,
            "with NaN for a budget",
            PROMPT,
            json!({ "occasion": occasion, "budget_cents": "NaN" }),
        ),
        (
            Code::BadBudgetAccepted,
            "with an infinite budget",
            PROMPT,
            json!({ "occasion": occasion, "budget_cents": "inf" }),
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
    server.purpose("no prompts are declared: see whether there are any anyway");
    match shop.session.prompts().await {
        Ok(prompts) if !prompts.is_empty() => Finding::new(Code::PromptsNotDeclared)
            .sent("server/discover, or initialize")
            .expected("capabilities with prompts")
            .got("prompts/list answers, but capabilities do not name prompts")
            .why("Clients only ask for what the server declares, so they would never see this prompt.")
            .at(places::PROMPTS_CAPABILITY)
            .into(),
        _ => Stop::not_declared("the server does not declare prompts"),
    }
}

async fn names_the_occasion(server: &ServerUnderTest, shop: &Shop, occasion: &str) -> Checked {
    server.purpose("fill in the prompt for an occasion");
    let arguments = json!({ "occasion": occasion });
    let messages = shop.session.prompt(PROMPT, arguments.clone()).await?;
    let users = messages.iter().filter(|message| message.role == Role::User);
    if text(users).contains(occasion) {
        return Ok(());
    }
    let text = text(&messages);
    let (code, why) = if text.contains(occasion) {
        (
            Code::WrongRole,
            "A prompt is a message that the user sends and you write. In the assistant's role, it looks like an answer that the model already gave.",
        )
    } else {
        (
            Code::OccasionIgnored,
            "The model only sees this message, so put what the user typed into it.",
        )
    };
    let got = match code {
        Code::WrongRole => format!("in the role assistant: {}", shop::quoted(&text)),
        _ => shop::quoted(&text),
    };
    Err(Finding::new(code)
        .sent(format!("prompts/get {PROMPT} {arguments}"))
        .expected(format!(
            "a message from the user that names the occasion, {occasion:?}"
        ))
        .got(got)
        .why(why)
        .into())
}

/// Of the products the message names those that can be bought, for no more than the budget.
async fn shows_what_there_is(server: &ServerUnderTest, shop: &Shop, occasion: &str) -> Checked {
    server.purpose("fill in the prompt while everything is in stock");
    let full = filled_in(shop, &json!({ "occasion": occasion })).await?;
    shop.something_sold_out(server).await?;
    server.purpose("see prices, to choose budgets that are too low for some products");
    let products = shop.products().await?;
    let in_stock = products.iter().filter(|product| product.stock > 0);
    let Some(least) = in_stock.map(|product| product.price_cents).min() else {
        return Err(shop::too_little_left(server));
    };
    // None, the price of the cheapest to the cent, and a cent less.
    let less = Some(least - 1).filter(|cents| *cents >= 0).map(Some);
    for budget in [None, Some(least)].into_iter().chain(less) {
        server.purpose(match budget {
            None => "fill in the prompt without a budget",
            Some(_) => "fill in the prompt with a budget",
        });
        // Arguments of prompts are strings, whatever they stand for.
        let arguments = match budget {
            None => json!({ "occasion": occasion }),
            Some(cents) => json!({ "occasion": occasion, "budget_cents": cents.to_string() }),
        };
        let text = filled_in(shop, &arguments).await?;
        names_the_right_ones(&products, budget, &arguments, (&full, &text))?;
    }
    Ok(())
}

async fn filled_in(shop: &Shop, arguments: &Value) -> Checked<String> {
    match shop.session.prompt(PROMPT, arguments.clone()).await {
        Err(RequestError {
            sent,
            kind: kind @ ErrorKind::Refused { .. },
        }) if arguments.get("budget_cents").is_some() => Err(Finding::new(Code::BudgetRefused)
            .sent(sent)
            .expected("a message: the budget is a whole number")
            .got(kind.to_string())
            .why("In MCP, a prompt's arguments are always strings. Take budget_cents as a string, and parse it.")
            .into()),
        answer => Ok(text(&answer?)),
    }
}

fn names_the_right_ones(
    products: &[Product],
    budget: Option<i64>,
    arguments: &Value,
    (full, text): (&str, &str),
) -> Checked {
    let affordable = |product: &&Product| {
        product.stock > 0 && budget.is_none_or(|budget| product.price_cents <= budget)
    };
    let named = |product: &Product| text.contains(&product.name);
    // A shop may be called after one of its products: that is said of the others too.
    let times = |text: &str, product: &Product| text.matches(&product.name).count();
    let only_in_passing = |product: &Product| times(text, product) < times(full, product);
    let right: Vec<&Product> = products.iter().filter(affordable).collect();
    // A name may be a part of another one.
    let wrong = products.iter().filter(|one| !affordable(one)).find(|one| {
        let part_of_another = right.iter().any(|other| other.name.contains(&one.name));
        named(one) && !part_of_another && !only_in_passing(one)
    });
    let names = |products: &[&Product]| {
        let names: Vec<String> = products
            .iter()
            .map(|one| format!("{:?}", one.name))
            .collect();
        names.join(", ")
    };
    let (code, expected, why) = match wrong {
        Some(wrong) if wrong.stock == 0 => (
            Code::PromptShowsSoldOut,
            format!("a message without {:?}, which is sold out", wrong.name),
            "The model would recommend a product that nobody can buy.",
        ),
        Some(wrong) => (
            Code::BudgetIgnored,
            format!(
                "a message without {:?}, which costs {} cents",
                wrong.name, wrong.price_cents
            ),
            "The user set a budget. The model would recommend a product that is too expensive.",
        ),
        None if right.is_empty() || right.iter().any(|product| named(product)) => return Ok(()),
        None => (
            Code::PromptWithoutProducts,
            match budget {
                None => format!("a message with products to choose from: {}", names(&right)),
                Some(budget) => format!(
                    "a message with the products that cost {budget} cents or less: {}",
                    names(&right)
                ),
            },
            match budget {
                None => "The model can only recommend products that it knows about.",
                Some(_) => {
                    "The model can only recommend products that it knows about. A product that costs exactly the budget is affordable."
                }
            },
        ),
    };
    Err(Finding::new(code)
        .sent(format!("prompts/get {PROMPT} {arguments}"))
        .expected(expected)
        .got(shop::quoted(text))
        .why(why)
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
        Err(failure) => {
            let expected = format!("an error for a prompt {what}: -32602");
            Err(symptoms::of_failure(failure).expecting(expected))
        }
        Ok(messages) => Err(Finding::new(code)
            .sent(format!("prompts/get {name} {arguments}"))
            .expected(format!("an error for a prompt {what}: -32602"))
            .got(match messages.as_slice() {
                [] => "a prompt with no messages".to_owned(),
                messages => shop::quoted(&text(messages)),
            })
            .why(match code {
                Code::UnknownPromptAccepted => "An error tells the client that this prompt does not exist. An answer says that it does.",
                _ => "The client shows the error next to the field, and the user can correct it.",
            })
            .into()),
    }
}

async fn completes_occasions(server: &ServerUnderTest, shop: &Shop) -> Checked {
    if shop.session.capabilities().completions.is_none() {
        return Err(Finding::new(Code::CompletionsNotDeclared)
            .sent("server/discover, or initialize")
            .expected("capabilities with completions")
            .got("none")
            .why("Clients that do not see this capability never ask for completions.")
            .at(places::PROMPTS_CAPABILITY)
            .into());
    }
    server.purpose("complete an empty occasion");
    let all = shop.session.complete(PROMPT, "occasion", "").await?;
    let Some(one) = server.random(|dice| all.choose(dice).cloned()) else {
        return Err(Finding::new(Code::NoCompletions)
            .sent("completion/complete recommend, occasion \"\"")
            .expected("a few occasions to choose from")
            .got("none")
            .why("Completions show users what they could enter, even before they type anything.")
            .at(places::COMPLETIONS)
            .into());
    };
    completes_nothing_else(server, shop, &all).await?;
    let letters = one.chars().count();
    let length = server.random(|dice| dice.random_range(1..=letters.max(1)));
    let typed: String = one.chars().take(length).collect();
    // What one of them holds, and none begins with.
    let inside = all
        .iter()
        .map(|value| value.chars().skip(1).collect::<String>());
    let begins = |typed: &String| {
        let typed = typed.to_lowercase();
        all.iter()
            .any(|value| value.to_lowercase().starts_with(&typed))
    };
    let inside = inside
        .into_iter()
        .find(|inside| !inside.is_empty() && !begins(inside));
    let nothing = [Some("zzzq".to_owned()), inside].into_iter().flatten();
    let all_typed = std::iter::once((typed, Some(&one))).chain(nothing.map(|typed| (typed, None)));
    for (typed, must_have) in all_typed {
        server.purpose("complete the beginning of an occasion");
        let values = shop.session.complete(PROMPT, "occasion", &typed).await?;
        let begin = typed.to_lowercase();
        let stray = values
            .iter()
            .find(|value| !value.to_lowercase().starts_with(&begin));
        let missing = must_have.filter(|one| !values.contains(one));
        if stray.is_some() || missing.is_some() {
            return Err(Finding::new(Code::WrongCompletions)
                .sent(format!("completion/complete recommend, occasion {typed:?}"))
                .expected("only the occasions that begin with it")
                .got(format!("{values:?}"))
                .why("The user has already typed the beginning. Offer only what continues it.")
                .at(places::completions())
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
                .expected(format!("no occasions: this is {what}"))
                .got(format!("{values:?}"))
                .why("This method gets every completion request. The request names the prompt and the argument that it is for. Check both.")
                .at(places::completions())
                .into());
        }
    }
    Ok(())
}

fn text<'m>(messages: impl IntoIterator<Item = &'m PromptMessage>) -> String {
    let texts = messages
        .into_iter()
        .filter_map(|message| message.content.as_text());
    texts
        .map(|text| text.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
