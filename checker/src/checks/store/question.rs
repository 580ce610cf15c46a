//! What a store asks its customer before a sale, as the customer's client sees it.

use rmcp::model::ElicitationAction;
use serde_json::{Value, json};

use super::shop::{self, Product, Receipt, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::mcp::{Answer, Called, ClientProfile, InputRequired, Question, Reply, ToolCall};
use crate::verdict::{Code, Finding};

/// The method with which a server asks the user of its client.
const ELICITATION: &str = "elicitation/create";

/// What is typed into a form of a host can be read by the host, and by its model.
const SECRETS: [&str; 7] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "card_number",
    "cvv",
];

impl Shop {
    /// Opens a session for a customer who can be asked, and always confirms.
    pub async fn enter_confirming(server: &ServerUnderTest) -> Checked<Self> {
        Self::enter_as(server, confirming(server)).await
    }

    /// Opens a session of this client.
    pub async fn enter_as(server: &ServerUnderTest, client: ClientProfile) -> Checked<Self> {
        let session = server.session_of(client).await?;
        Ok(Self { session })
    }

    /// Orders, and is asked for a word before anything is sold.
    pub async fn order_and_be_asked(&self, product: &str, quantity: i64) -> Checked<InputRequired> {
        let reply = self.session.call_once(order(product, quantity)).await?;
        match reply {
            Reply::InputRequired(asked) => Ok(asked),
            Reply::Complete(called) => Err(unasked(&called)),
        }
    }

    /// Gives this answer to a question, and gets the result.
    pub async fn answer(&self, asked: InputRequired, answer: &Answer) -> Checked<Called> {
        let sent = answered(&asked.sent, answer);
        match self
            .session
            .respond(asked, std::slice::from_ref(answer))
            .await?
        {
            Reply::Complete(called) => Ok(Called { sent, ..*called }),
            Reply::InputRequired(_) => Err(Finding::new(Code::AsksAgain)
                .sent(sent)
                .expected("the result of the call")
                .got("another question")
                .why("The user has already answered. People who are asked again and again stop reading the question.")
                .into()),
        }
    }

    /// Orders, confirms and gets the receipt, where nothing stands against it.
    pub async fn confirm(&self, product: &str, quantity: i64) -> Checked<Receipt> {
        let asked = self.order_and_be_asked(product, quantity).await?;
        let called = self.answer(asked, &yes()).await?;
        shop::succeeded(
            &called,
            "a receipt: the product is in stock, and was confirmed",
        )?;
        shop::structured(&called)
    }
}

/// A client that can show forms, and whose user confirms.
pub fn confirming(server: &ServerUnderTest) -> ClientProfile {
    server.client().answering([yes()])
}

/// The order, as the first round of a call.
pub fn order(product: &str, quantity: i64) -> ToolCall {
    let arguments = json!({ "product_name": product, "quantity": quantity });
    ToolCall::new("buy_product", arguments)
}

/// The second round of a call, with a yes to what was asked.
pub fn second_round(asked: &InputRequired, call: ToolCall, state: Option<String>) -> ToolCall {
    let mut call = call.with_state(state);
    for question in &asked.questions {
        call = call.with_response(&question.key, yes().to_json());
    }
    call
}

/// The user has selected the checkbox and sent the form.
pub fn yes() -> Answer {
    Answer::accept(json!({ "confirm": true }))
}

/// A request and what was answered to the question that came of it.
pub fn answered(sent: &str, answer: &Answer) -> String {
    let action = match answer.action {
        ElicitationAction::Accept => "accept",
        ElicitationAction::Decline => "decline",
        _ => "cancel",
    };
    let content = match &answer.content {
        Some(content) => format!(" with content {content}"),
        None if answer.action == ElicitationAction::Accept => " without content".to_owned(),
        None => String::new(),
    };
    format!("{sent}, then {action}{content}")
}

/// A result where a question was due.
fn unasked(called: &Called) -> Stop {
    let finding = if called.result.is_error == Some(true) {
        Finding::new(Code::DoesNotAsk)
            .why("The product is in stock, and the client has declared that it can show forms.")
    } else {
        Finding::new(Code::BuysWithoutAsking)
            .why("A model may call a tool by mistake, or because something it read told it to. Ask the user first. This client has declared that it can show forms.")
    };
    finding
        .sent(&called.sent)
        .expected("a question to the user, before anything is sold")
        .got(shop::outcome(called))
        .into()
}

/// That the question is the one to ask before this sale, in a form that clients can show.
pub fn is_right(asked: &InputRequired, product: &Product, quantity: i64) -> Checked {
    let question = the_only_one(asked)?;
    names_the_purchase(asked, question, product, quantity)?;
    is_a_form_for_a_word(asked, question)
}

fn the_only_one(asked: &InputRequired) -> Checked<&Question> {
    let finding = |got: String| {
        Finding::new(Code::AsksOtherwise)
            .sent(&asked.sent)
            .expected(format!("one {ELICITATION}, in form mode"))
            .got(got)
    };
    let [question] = asked.questions.as_slice() else {
        let got = format!("{} questions", asked.questions.len());
        let why = "One purchase needs exactly one question.";
        return Err(finding(got).why(why).into());
    };
    if question.method != ELICITATION {
        let got = format!("a request for {}", question.method);
        let why = "Only the user can decide whether to buy.";
        return Err(finding(got).why(why).into());
    }
    let mode = question.params["mode"].as_str().unwrap_or("form");
    if mode != "form" {
        let got = format!("mode {mode:?}");
        let why = "This client has only declared forms.";
        return Err(finding(got).why(why).into());
    }
    Ok(question)
}

fn names_the_purchase(
    asked: &InputRequired,
    question: &Question,
    product: &Product,
    quantity: i64,
) -> Checked {
    let total = i128::from(product.price_cents) * i128::from(quantity);
    let message = question.message();
    // A name may have numbers in it.
    let rest = message.replace(&product.name, " ");
    let mut numbers = numbers(&rest);
    let mut take = |is_it: &dyn Fn(&Number) -> bool| {
        let position = numbers.iter().position(is_it);
        position.map(|position| numbers.remove(position)).is_some()
    };
    let mut missing = Vec::new();
    if !message.contains(&product.name) {
        missing.push(format!("the product, {}", product.name));
    }
    if !take(&|number| number.digits == quantity.to_string()) {
        missing.push(format!("the quantity, {quantity}"));
    }
    if !take(&|number| number.is_amount(total)) {
        missing.push(format!("the total price, {total} cents"));
    }
    let Some(last) = missing.pop() else {
        return Ok(());
    };
    let missing = match missing.as_slice() {
        [] => last,
        others => format!("{}, and {last}", others.join(", ")),
    };
    Err(Finding::new(Code::MessageLacks)
        .sent(&asked.sent)
        .expected(format!("a message that states {missing}"))
        .got(shop::quoted(message))
        .why("The user sees this message, not the call. It must say what they agree to, with numbers in digits.")
        .into())
}

/// Whether a text names this amount, as people write cents, or this number.
pub fn names(text: &str, amount: i128) -> bool {
    numbers(text).iter().any(|number| number.is_amount(amount))
}

/// Whether a text shows this price as people write it: not `320` for 3.20.
pub fn shows_price(text: &str, cents: i64) -> bool {
    let is_it = |number: &Number| match number.decimals {
        Some(1 | 2) => number.is_amount(i128::from(cents)),
        _ => cents % 100 == 0 && number.digits == (cents / 100).to_string(),
    };
    numbers(text).iter().any(is_it)
}

/// Whether a text has this whole number in it.
pub fn counts(text: &str, number: i64) -> bool {
    let number = number.to_string();
    numbers(text).iter().any(|one| one.digits == number)
}

/// A number in a text.
struct Number {
    /// Without leading zeros and separators.
    digits: String,
    /// How many digits stand behind the last separator.
    decimals: Option<usize>,
}

impl Number {
    /// Whether it is this many cents, as people write them: `9.60`, `9,60`, `9.6`, `960`, `9`.
    fn is_amount(&self, cents: i128) -> bool {
        let cents = cents.to_string();
        let whole = cents.strip_suffix("00").filter(|whole| !whole.is_empty());
        let tens = cents.strip_suffix('0').filter(|_| self.decimals == Some(1));
        self.digits == cents
            || Some(self.digits.as_str()) == whole
            || Some(self.digits.as_str()) == tens
    }
}

/// The numbers in a text, with what stands between their digits left out.
fn numbers(text: &str) -> Vec<Number> {
    const SEPARATORS: [char; 8] = ['.', ',', '\'', '’', '_', '\u{a0}', '\u{202f}', '\u{2009}'];
    let letters: Vec<char> = text.chars().collect();
    let is_digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if !is_digit(at) {
            at += 1;
            continue;
        }
        let (mut digits, mut decimals) = (String::new(), None);
        while is_digit(at) || (SEPARATORS.contains(&letters[at]) && is_digit(at + 1)) {
            if is_digit(at) {
                digits.push(letters[at]);
                decimals = decimals.map(|count| count + 1);
            } else {
                decimals = Some(0);
            }
            at += 1;
            if at == letters.len() {
                break;
            }
        }
        let trimmed = digits.trim_start_matches('0');
        let digits = if trimmed.is_empty() { "0" } else { trimmed }.to_owned();
        numbers.push(Number { digits, decimals });
    }
    numbers
}

fn is_a_form_for_a_word(asked: &InputRequired, question: &Question) -> Checked {
    let form = question.form();
    let finding = |code: Code, expected: &str, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent(&asked.sent)
                .expected(expected)
                .got(got)
                .why(why),
        )
    };
    let fields = form["properties"].as_object();
    let Some(fields) = fields.filter(|_| form["type"] == "object") else {
        return Err(finding(
            Code::FormNotAllowed,
            "a requestedSchema of type object, with properties",
            form.to_string(),
            "The client builds a form from it, with a field for each property.",
        ));
    };
    for (name, field) in fields {
        let kind = contract::resolve(field, form);
        if !is_primitive(kind) {
            return Err(finding(
                Code::FormNotAllowed,
                "fields of type string, number, integer or boolean, or a choice of strings",
                format!("{name}: {kind}"),
                "Clients only build forms from flat objects with simple fields.",
            ));
        }
        let is_secret = kind["format"] == "password"
            || SECRETS
                .iter()
                .any(|secret| name.to_lowercase().contains(secret));
        if is_secret {
            return Err(finding(
                Code::FormAsksForSecrets,
                "a form that asks for nothing secret",
                format!("a field named {name}"),
                "What the user types into a form passes through the host, and may end up in a model's context. Ask for secrets on a page of your own, in URL mode.",
            ));
        }
    }
    let confirm = contract::resolve(&form["properties"]["confirm"], form);
    if confirm["type"] != "boolean" {
        return Err(finding(
            Code::FormWithoutConfirm,
            "a field named confirm, of type boolean",
            form["properties"].to_string(),
            "If a form has no fields, the button does nothing in some clients. One checkbox is enough.",
        ));
    }
    if confirm["default"] == json!(true) {
        return Err(finding(
            Code::ConfirmsByDefault,
            "no default for confirm, or false",
            confirm.to_string(),
            "Some clients fill in defaults by themselves, and then nobody has agreed.",
        ));
    }
    let is_described = ["description", "title"].iter().any(|key| {
        confirm[key]
            .as_str()
            .is_some_and(|words| !words.trim().is_empty())
    });
    if !is_described {
        return Err(finding(
            Code::FormUndescribed,
            "a description or a title for confirm",
            confirm.to_string(),
            "Clients show it as the label of the checkbox.",
        ));
    }
    let demanded = form["required"].as_array().into_iter().flatten();
    let others = demanded.filter(|name| **name != json!("confirm"));
    let others: Vec<&str> = others.filter_map(Value::as_str).collect();
    if !others.is_empty() {
        return Err(finding(
            Code::FormNotAllowed,
            "confirm as the only required field",
            format!("{} is required, too", others.join(", ")),
            "Clients that follow the contract only send confirm.",
        ));
    }
    Ok(())
}

/// What a form may hold: a primitive, or a choice of several texts.
fn is_primitive(field: &Value) -> bool {
    let kinds = match &field["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_choice = ["enum", "oneOf", "anyOf"]
        .iter()
        .any(|key| field[key].is_array());
    match kinds.as_slice() {
        [] => is_choice,
        ["array"] => field["items"]["type"] == "string" || field["items"]["anyOf"].is_array(),
        kinds => kinds
            .iter()
            .all(|kind| ["string", "number", "integer", "boolean", "null"].contains(kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_found_however_people_write_it() {
        for text in [
            "for $9.60 in total",
            "9,60 €",
            "USD 9.6",
            "960 cents",
            "that makes 9.60.",
        ] {
            assert!(names(text, 960), "{text}");
        }
        for text in [
            "$24,000.00",
            "24.000,00 €",
            "24 000.00",
            "24000",
            "2400000 ct",
            "CHF 24’000.–",
        ] {
            let text = text.replace(' ', "\u{a0}");
            assert!(names(&text, 2_400_000), "{text}");
        }
        assert!(names("$0.05", 5));
        for text in ["", "for free", "$9.61", "96", "$3.20 each", "19.60"] {
            assert!(!names(text, 960), "{text}");
        }
    }
}
