//! 3.2: `list_products` gives structured content that fits its output schema, mirrored as
//! text; three products or more.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::places;
use super::shop::{self, Product, Shop};
use crate::blocks::TodoBlock;
use crate::checks::{Checked, Context, Stop, contract};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/3.2.snap");

pub(super) async fn check(context: &Context) -> Checked {
    let in_tool = |stop: Stop| stop.at(places::LIST_TOOL);
    let (called, products) = lists(context).await.map_err(in_tool)?;
    are_worth_a_visit(context, &called, &products)
}

/// What the tool declares, and that it lists as declared.
async fn lists(context: &Context) -> Checked<(Called, Vec<Product>)> {
    let shop = Shop::enter(context).await?;
    context.purpose("see which tools there are, and their schemas");
    let tool = shop.declared("list_products").await?;
    context.purpose("list the products, as a customer would");
    let called = shop.session.call("list_products", json!({})).await?;

    tools_are_a_declared_capability(&shop)?;
    let schema = output_schema(&tool)?;
    contract::compare(&[contract::tool(&tool)], CONTRACT)?;
    shop::succeeded(&called, "a list of products")?;
    let content: Value = shop::structured(&called)?;
    fits(&called, &content, &schema)?;
    is_mirrored_as_text(&called, &content)?;
    let products = shop::products_of(&called)?;
    Ok((called, products))
}

fn tools_are_a_declared_capability(shop: &Shop) -> Checked {
    if shop.session.capabilities().tools.is_some() {
        return Ok(());
    }
    Err(Finding::new(Code::ToolsNotDeclared)
        .sent("server/discover, or initialize")
        .expected("capabilities with tools")
        .got("tools/list answers, but capabilities do not name tools")
        .why("A client asks only for what was declared. It would never see these tools.")
        .at(places::IDENTITY)
        .into())
}

/// The declared schema of a tool's result, which must be a schema.
pub(super) fn output_schema(tool: &rmcp::model::Tool) -> Checked<jsonschema::Validator> {
    let name = &tool.name;
    let declared = tool
        .output_schema
        .as_ref()
        .map(|schema| Value::Object(schema.as_ref().clone()));
    let Some(schema) = declared else {
        return Err(Finding::new(Code::NoOutputSchema)
            .sent("tools/list")
            .expected(format!("{name} with an outputSchema"))
            .got("none")
            .why("Programs that use the result learn its shape from the outputSchema. In rmcp, return Json<T>, where T derives JsonSchema.")
            .into());
    };
    compile(&schema).map_err(|error| {
        Finding::new(Code::BrokenOutputSchema)
            .sent("tools/list")
            .expected(format!(
                "{name} with an outputSchema that is valid JSON Schema 2020-12"
            ))
            .got(error)
            .why("Clients compile the schema, and drop a tool whose schema is broken.")
            .into()
    })
}

/// That a tool is the contract's. What differs points at the block of its arguments or, if they
/// are right, of its result.
pub(super) fn is_the_contracts(
    tool: &rmcp::model::Tool,
    contract: &str,
    (arguments, result): (TodoBlock, TodoBlock),
) -> Checked {
    let line = contract::tool(tool);
    let parameters = |line: &str| line.split(" → ").next().map(str::to_owned);
    let block = match parameters(&line) == parameters(contract::contents(contract)) {
        true => result,
        false => arguments,
    };
    contract::compare(&[line], contract).map_err(|stop| stop.at(block))
}

/// Compiles a schema as JSON Schema 2020-12. Nothing outside it is ever fetched.
pub(super) fn compile(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::draft202012::new(schema).map_err(|error| error.to_string())
}

/// That a result is what its tool declared.
pub(super) fn fits(called: &Called, content: &Value, schema: &jsonschema::Validator) -> Checked {
    let Some(error) = schema.iter_errors(content).next() else {
        return Ok(());
    };
    let path = error.instance_path().to_string();
    let path = if path.is_empty() {
        "the result".to_owned()
    } else {
        path
    };
    Err(Finding::new(Code::DoesNotFitSchema)
        .sent(&called.sent)
        .expected("structuredContent that fits the outputSchema")
        .got(format!("{path}: {error}"))
        .why("The schema is a promise. A client that checks it throws this result away.")
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
        text => (
            Code::TextDiffers,
            format!("text that says something else: {}", shop::quoted(&text)),
        ),
    };
    Err(Finding::new(code)
        .sent(&called.sent)
        .expected("the same JSON as text in content")
        .got(got)
        .why("Older clients, and many models, see only the text. In rmcp, Json<T> writes both.")
        .into())
}

fn are_worth_a_visit(context: &Context, called: &Called, products: &[Product]) -> Checked {
    let finding = |code: Code, expected: &str, got: String, why: &str| {
        Finding::new(code)
            .sent(&called.sent)
            .expected(expected)
            .got(got)
            .why(why)
            .at(places::PRODUCTS)
    };
    let names: HashSet<&str> = products
        .iter()
        .map(|product| product.name.as_str())
        .collect();
    if products.len() < 3 {
        let got = format!("{} of them", products.len());
        let why = "The later steps buy, sell out and search: that takes some choice.";
        return Err(finding(Code::TooFewProducts, "three products or more", got, why).into());
    }
    if names.len() < products.len() || names.contains("") {
        let got = format!(
            "{:?}",
            products
                .iter()
                .map(|product| &product.name)
                .collect::<Vec<_>>()
        );
        let why = "Products are bought by name: two of one name, or none, cannot be told apart.";
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
        let why = "A negative price or stock is a mistake somewhere else.";
        return Err(finding(
            Code::Negative,
            "prices and stocks of zero or more",
            got,
            why,
        )
        .into());
    }
    if !context.runs_already() && products.iter().all(|product| product.stock < 3) {
        return Err(shop::too_little_left(context));
    }
    Ok(())
}
