//! 3.2: `list_products` gives structured content that fits its output schema, mirrored as
//! text; three products or more.

use std::collections::HashSet;
use std::slice;

use serde_json::{Value, json};

use super::places;
use crate::checks::store::schema::{fits, output_schema};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::mcp::Called;
use crate::snapshot::contents;
use crate::verdict::{Code, Finding, Location};

const CONTRACT: &str = include_str!("snapshots/3.2.snap");

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let in_tool = |stop: Stop| stop.at(places::of_tool("list_products"));
    let (called, products) = lists(server).await.map_err(in_tool)?;
    are_worth_a_visit(server, &called, &products)
}

/// What the tool declares, and that it lists as declared.
async fn lists(server: &ServerUnderTest) -> Checked<(Called, Vec<Product>)> {
    let shop = Shop::enter(server).await?;
    server.purpose("see which tools there are, and their schemas");
    let tool = shop.declared("list_products").await?;
    server.purpose("list the products, as a customer would");
    let called = shop.session.call("list_products", json!({})).await?;

    tools_are_a_declared_capability(&shop)?;
    let schema = output_schema(&tool)?;
    let line = contract::tool(&tool);
    contract::compare(slice::from_ref(&line), CONTRACT)
        .map_err(|stop| stop.at(place_of_difference(&line)))?;
    shop::succeeded(&called, "a list of products")?;
    let content: Value = shop::structured(&called)?;
    fits(&called, &content, &schema).map_err(|stop| stop.at(places::product()))?;
    is_mirrored_as_text(&called, &content)?;
    let products = shop::products_of(&called)?;
    Ok((called, products))
}

/// Where something is written that differs from the contract: the tool's parameters, its list, or
/// a product in that.
fn place_of_difference(line: &str) -> Location {
    let contract = contents(CONTRACT);
    let parts = |line: &str| {
        let (parameters, result) = line.split_once(" → ").unwrap_or((line, ""));
        (parameters.to_owned(), result.to_owned())
    };
    let (parameters, result) = parts(line);
    if parameters != parts(contract.trim()).0 {
        places::of_tool("list_products")
    } else if result.starts_with("{products: [{") {
        places::product()
    } else {
        places::product_list()
    }
}

fn tools_are_a_declared_capability(shop: &Shop) -> Checked {
    if shop.session.capabilities().tools.is_some() {
        return Ok(());
    }
    Err(Finding::new(Code::ToolsNotDeclared)
        .sent("server/discover, or initialize")
        .expected("capabilities with tools")
        .got("tools/list answers, but capabilities do not name tools")
        .why("Clients only ask for what the server declares, so they would never see these tools.")
        .at(places::IDENTITY)
        .into())
}

fn is_mirrored_as_text(called: &Called, content: &Value) -> Checked {
    let texts = shop::json_texts(called);
    if texts.contains(content) {
        return Ok(());
    }
    let (code, got) = match shop::text(called) {
        text if text.is_empty() => (Code::NoText, "no text at all".to_owned()),
        text if texts.is_empty() => (Code::TextIsNotJson, shop::quoted(&text)),
        _ => {
            let differences = texts
                .iter()
                .filter_map(|text| difference(text, content, ""));
            let difference = differences.min_by_key(String::len).unwrap_or_default();
            (
                Code::TextDiffers,
                format!("text that differs from structuredContent: {difference}"),
            )
        }
    };
    Err(Finding::new(code)
        .sent(&called.sent)
        .expected("the same JSON, as text in content")
        .got(got)
        .why("Older clients and many models only see the text.")
        .in_rust("In rmcp, Json<T> writes both.")
        .into())
}

/// The first thing in which a text is not the structured content: "/products/0/stock is 13, not 12".
fn difference(text: &Value, content: &Value, path: &str) -> Option<String> {
    match (text, content) {
        (Value::Object(text), Value::Object(content)) => {
            let missing = content.keys().find(|key| !text.contains_key(*key));
            let more = text.keys().find(|key| !content.contains_key(*key));
            let lacking = missing.map(|key| format!("{path}/{key} is missing"));
            let lacking = lacking.or(more.map(|key| format!("{path}/{key} is not there")));
            lacking.or_else(|| {
                let mut fields = text.iter();
                fields.find_map(|(key, value)| {
                    difference(value, content.get(key)?, &format!("{path}/{key}"))
                })
            })
        }
        (Value::Array(text), Value::Array(content)) if text.len() == content.len() => {
            let mut items = text.iter().zip(content).enumerate();
            items.find_map(|(number, (text, content))| {
                difference(text, content, &format!("{path}/{number}"))
            })
        }
        (Value::Array(text), Value::Array(content)) => Some(format!(
            "{path} has {} items, not {}",
            text.len(),
            content.len()
        )),
        (text, content) if text == content => None,
        (text, content) => {
            let path = if path.is_empty() { "it" } else { path };
            Some(format!("{path} is {text}, not {content}"))
        }
    }
}

fn are_worth_a_visit(server: &ServerUnderTest, called: &Called, products: &[Product]) -> Checked {
    let finding = |code: Code, expected: &str, got: String, why: &str| {
        Finding::new(code)
            .sent(&called.sent)
            .expected(expected)
            .got(got)
            .why(why)
            .at(places::opening_day())
    };
    let names: HashSet<&str> = products
        .iter()
        .map(|product| product.name.as_str())
        .collect();
    if products.len() < 3 {
        let got = format!("{} of them", products.len());
        let why = "Later steps buy, sell out and search, so the store needs a few products.";
        return Err(finding(Code::TooFewProducts, "at least three products", got, why).into());
    }
    if names.len() < products.len() || names.contains("") {
        let got = format!(
            "{:?}",
            products
                .iter()
                .map(|product| &product.name)
                .collect::<Vec<_>>()
        );
        let why = "Customers buy products by name. Products that share a name, or have none, cannot be told apart.";
        return Err(finding(
            Code::AmbiguousNames,
            "a name of its own for each product",
            got,
            why,
        )
        .into());
    }
    if let Some(odd) = products
        .iter()
        .find(|one| one.price_cents < 0 || one.stock < 0)
    {
        let got = shop::json_of(odd);
        let why = "A negative price or stock points to a mistake in another place.";
        return Err(finding(
            Code::Negative,
            "prices and stocks of zero or more",
            got,
            why,
        )
        .into());
    }
    if !server.runs_already() && products.iter().all(|product| product.stock < 3) {
        return Err(shop::too_little_left(server));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let content = json!({ "products": [{ "name": "a", "stock": 12 }] });
        for (text, told) in [
            (
                json!({ "products": [{ "name": "a", "stock": 13 }] }),
                "/products/0/stock is 13, not 12",
            ),
            (
                json!({ "products": [{ "name": "a" }] }),
                "/products/0/stock is missing",
            ),
            (json!({ "products": [], "more": 1 }), "/more is not there"),
            (json!({ "products": [] }), "/products has 0 items, not 1"),
            (
                json!([1]),
                "it is [1], not {\"products\":[{\"name\":\"a\",\"stock\":12}]}",
            ),
        ] {
            assert_eq!(difference(&text, &content, "").unwrap(), told);
        }
        assert_eq!(difference(&content, &content, ""), None);
    }
}
