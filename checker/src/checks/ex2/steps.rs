//! 2.3: the loop runs until there is an answer, several steps deep.
//!
//! Each call needs what the one before it found, so the model can only get there if every
//! result reaches it.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::carry_out::calls;
use super::draw;
use super::scene::{DEFAULT_STEPS, Played, Scene, propose_each, shown};
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::ServerSpec;
use crate::fixtures::model::{Proposal, Says, Script};
use crate::verdict::Code;

/// What the bakery knows.
struct Order {
    customer: String,
    customer_id: String,
    product: String,
    substitute: String,
}

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    an_order_is_found(program).await?;
    a_trail_is_followed(program).await
}

/// As many steps as there may be without `--max-steps`, the last one with the answer.
async fn a_trail_is_followed(program: &ProgramUnderTest) -> Checked {
    program.purpose("each answer leads to the next question");
    const CALLS: usize = DEFAULT_STEPS - 1;
    let signs: Vec<String> = (0..=CALLS).map(|_| draw::token(program)).collect();
    let known = signs.clone();
    let next_sign = move |arguments: &JsonObject| {
        let at = arguments.get("sign").and_then(Value::as_str);
        let position = known.iter().position(|sign| Some(sign.as_str()) == at);
        let next = position.and_then(|position| known.get(position + 1));
        draw::says(match next {
            Some(sign) => format!("Look at the sign {sign}."),
            None => "There is no such sign.".to_owned(),
        })
    };
    let tool = draw::reading("follow", "Says what a sign says.", &["sign"], next_sign);
    let spec = draw::bakery(program).with_tool(tool);
    let steps: Vec<Proposal> = signs[..CALLS]
        .iter()
        .map(|sign| draw::call(program, "follow", &json!({ "sign": sign })))
        .collect();
    let answer = format!("The last sign is {}.", signs[CALLS]);
    let turns = |script: Script| propose_each(script, &steps).then(Says::Answer(answer.clone()));
    let scene = Scene::new("Where does the trail end?");
    let played = scene.play(program, spec, turns).await?;
    for (number, step) in steps.iter().enumerate() {
        went_on(&played, number, step)?;
    }
    remembers_all(&played, &steps)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

async fn an_order_is_found(program: &ProgramUnderTest) -> Checked {
    program.purpose("the agent works until the model has an answer");
    let breads = draw::breads(program, 2);
    let order = Order {
        customer: draw::person(program),
        customer_id: draw::token(program),
        product: breads[0].clone(),
        substitute: breads[1].clone(),
    };
    let steps = [
        draw::call(program, "find_customer", &json!({ "name": order.customer })),
        draw::call(
            program,
            "get_last_order",
            &json!({ "customer_id": order.customer_id }),
        ),
        draw::call(
            program,
            "check_inventory",
            &json!({ "product": order.product }),
        ),
        draw::call(
            program,
            "find_substitute",
            &json!({ "product": order.product }),
        ),
    ];
    let answer = format!(
        "Not the {}: it is sold out today. Would you like the {}?",
        order.product, order.substitute
    );
    let question = format!(
        "I am {}. Can I reorder my last bakery order for pickup today?",
        order.customer
    );
    let turns = |script: Script| propose_each(script, &steps).then(Says::Answer(answer.clone()));
    let played = Scene::new(&question)
        .play(program, spec(program, &order), turns)
        .await?;
    for (number, step) in steps.iter().enumerate() {
        went_on(&played, number, step)?;
        calls(&played, &[step])?;
    }
    remembers_all(&played, &steps)?;
    played.goes_by_the_rules()?;
    played.answers(&answer)
}

/// A bakery that knows one customer, and is out of what they had.
fn spec(program: &ProgramUnderTest, order: &Order) -> ServerSpec {
    let tool = |name: &str, what: &str, parameter: &'static str, known: &str, found: Value| {
        let known = known.to_owned();
        let answer = move |arguments: &JsonObject| {
            let asked = arguments.get(parameter).and_then(Value::as_str);
            draw::says(if asked == Some(known.as_str()) {
                found.to_string()
            } else {
                json!({ "found": null }).to_string()
            })
        };
        draw::reading(name, what, &[parameter], answer)
    };
    let Order {
        customer,
        customer_id,
        product,
        substitute,
    } = order;
    draw::bakery(program)
        .with_tool(tool(
            "find_customer",
            "Finds a customer by name.",
            "name",
            customer,
            json!({ "customer_id": customer_id }),
        ))
        .with_tool(tool(
            "get_last_order",
            "Says what a customer ordered last.",
            "customer_id",
            customer_id,
            json!({ "product": product, "quantity": 1 }),
        ))
        .with_tool(tool(
            "check_inventory",
            "Says how many of a product are left today.",
            "product",
            product,
            json!({ "left": 0 }),
        ))
        .with_tool(tool(
            "find_substitute",
            "Finds what is much like a product, and in stock.",
            "product",
            product,
            json!({ "substitute": substitute }),
        ))
}

/// That the model was asked again after its turn `number`.
fn went_on(played: &Played, number: usize, step: &Proposal) -> Checked {
    if played.heard.len() > number + 1 {
        return Ok(());
    }
    Err(played
        .ran
        .finding(Code::StoppedEarly)
        .expected("one step after another, until the model answers without proposing a call")
        .got(format!(
            "the agent stopped after {} of the model's replies. The last one proposes {}\n{}",
            played.heard.len(),
            shown(step),
            played.ran.printed()
        ))
        .why("One result often leads to the next question. The model is done when it proposes no more calls.")
        .into())
}

/// That the last request still holds what each call brought.
fn remembers_all(played: &Played, steps: &[Proposal]) -> Checked {
    let last = played
        .heard
        .last()
        .map(|heard| heard.result_ids())
        .unwrap_or_default();
    let Some(forgotten) = steps.iter().find(|step| !last.contains(&step.id)) else {
        return Ok(());
    };
    Err(played
        .ran
        .finding(Code::Forgets)
        .expected(format!(
            "the whole conversation in the last request, including the result of {}",
            shown(forgotten)
        ))
        .got(format!("results of {} of {} calls", last.len(), steps.len()))
        .why("The model remembers nothing between requests. Every request must hold the whole conversation.")
        .into())
}
