//! 3.6: every tool and parameter has a description, constraints are in the schema, tools
//! carry honest annotations; an unknown tool is a protocol error.

use rmcp::model::Tool;
use serde_json::{Value, json};

use super::list::compile;
use super::shop::{self, Shop};
use crate::checks::contract::resolve;
use crate::checks::{Checked, Context, Stop, symptoms};
use crate::mcp::{Failure, Trouble};
use crate::verdict::Finding;

pub(super) async fn check(context: &Context) -> Checked {
    let shop = Shop::enter(context).await?;
    context.purpose("read the tools as a model does before it calls one");
    let tools = shop.session.tools().await?;
    was_begun(&tools)?;
    for tool in &tools {
        has_a_valid_schema(tool)?;
        describes_itself(tool)?;
    }
    for tool in &tools {
        match tool.name.as_ref() {
            "list_products" | "search_products" => only_reads(tool)?,
            "buy_product" => {
                bounds_the_quantity(tool)?;
                changes_something(tool)?;
            }
            _ => (),
        }
    }
    let unknown = shop::unheard_of(context).to_lowercase();
    context.purpose("call a tool that does not exist");
    refuses(shop.session.call(&unknown, json!({})).await)
}

/// Tools without one description of a parameter and without any annotation are as step 3.3
/// left them.
fn was_begun(tools: &[Tool]) -> Checked {
    let described = |tool: &Tool| {
        parameters(tool)
            .iter()
            .any(|(_, schema)| is_described(schema))
    };
    if tools
        .iter()
        .any(|tool| tool.annotations.is_some() || described(tool))
    {
        return Ok(());
    }
    Err(Stop::not_declared(
        "no tool has annotations or described parameters yet",
    ))
}

fn has_a_valid_schema(tool: &Tool) -> Checked {
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let Err(error) = compile(&schema) else {
        return Ok(());
    };
    Err(Finding::new("broken_input_schema")
        .sent("tools/list")
        .expected(format!("{} with an inputSchema that is valid JSON Schema 2020-12", tool.name))
        .got(error)
        .why("Hosts hand the schema to the model's API, which refuses a broken one, and with it every tool.")
        .into())
}

fn describes_itself(tool: &Tool) -> Checked {
    let name = &tool.name;
    let missing = |what: String, why: &str| -> Checked {
        Err(Finding::new("no_description")
            .sent("tools/list")
            .expected(format!("a description of {what}"))
            .got("none")
            .why(why)
            .into())
    };
    if tool
        .description
        .as_ref()
        .is_none_or(|text| text.trim().is_empty())
    {
        let why = "A model chooses tools by their description. A doc comment on the method is one.";
        return missing(format!("the tool {name}"), why);
    }
    for (parameter, schema) in parameters(tool) {
        if !is_described(&schema) {
            let why = "A model fills in arguments by their description. A doc comment on the field is one.";
            return missing(format!("the parameter {parameter} of {name}"), why);
        }
    }
    Ok(())
}

fn bounds_the_quantity(tool: &Tool) -> Checked {
    let parameters = parameters(tool);
    let quantity = parameters.iter().find(|(name, _)| name == "quantity");
    let schema = quantity
        .map(|(_, schema)| schema.clone())
        .unwrap_or_default();
    let least = schema["minimum"].as_f64().is_some_and(|least| least >= 1.0);
    let more_than = schema["exclusiveMinimum"]
        .as_f64()
        .is_some_and(|than| than >= 0.0);
    if least || more_than {
        return Ok(());
    }
    let bound = &schema["minimum"];
    let got = if bound.is_null() {
        "no minimum".to_owned()
    } else {
        format!("minimum {bound}")
    };
    Err(Finding::new("no_constraint")
        .sent("tools/list")
        .expected("the quantity of buy_product with a minimum of 1")
        .got(got)
        .why("A bound in the schema keeps a model from asking for 0 of it. In rmcp: #[schemars(range(min = 1, max = 1000))].")
        .into())
}

fn only_reads(tool: &Tool) -> Checked {
    let read_only = tool
        .annotations
        .as_ref()
        .and_then(|hints| hints.read_only_hint);
    if read_only == Some(true) {
        return Ok(());
    }
    Err(Finding::new("annotation_missing")
        .sent("tools/list")
        .expected(format!("{} with the annotation readOnlyHint true", tool.name))
        .got(hint(read_only))
        .why("Hosts call a tool that only reads without asking the user. Without the hint they must assume the worst. In rmcp: #[tool(annotations(read_only_hint = true))].")
        .into())
}

fn changes_something(tool: &Tool) -> Checked {
    let Some(hints) = &tool.annotations else {
        return Err(Finding::new("annotation_missing")
            .sent("tools/list")
            .expected("buy_product with annotations")
            .got("none")
            .why("Hosts decide by them whether to ask the user first. Say that it changes something, and that calling it again buys again. In rmcp: #[tool(annotations(read_only_hint = false, idempotent_hint = false))].")
            .into());
    };
    let dishonest = [
        (
            "readOnlyHint",
            hints.read_only_hint,
            "A host would let the model buy without asking the user.",
        ),
        (
            "idempotentHint",
            hints.idempotent_hint,
            "Each call buys again. A host that believes this hint may repeat the call after a timeout.",
        ),
    ];
    for (name, value, why) in dishonest {
        if value == Some(true) {
            return Err(Finding::new("annotation_dishonest")
                .sent("tools/list")
                .expected(format!("buy_product with {name} false"))
                .got(hint(value))
                .why(why)
                .into());
        }
    }
    Ok(())
}

fn refuses(answer: Result<crate::mcp::Called, Failure>) -> Checked {
    match answer {
        Err(Failure { trouble: Trouble::Refused { .. }, .. }) => Ok(()),
        Err(failure) => Err(symptoms::of_failure(failure)),
        Ok(called) => Err(Finding::new("unknown_tool_answered")
            .sent(&called.sent)
            .expected("a protocol error: -32602")
            .got(shop::outcome(&called))
            .why("A tool that does not exist is the host's mistake, not the model's: it is told in the protocol, not in a result.")
            .into()),
    }
}

/// The parameters of a tool with their schemas.
fn parameters(tool: &Tool) -> Vec<(String, Value)> {
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let properties = schema["properties"].as_object();
    let resolved = |(name, value): (&String, &Value)| {
        // A description beside a `$ref` counts as well as one behind it.
        let described = if is_described(value) {
            value
        } else {
            resolve(value, &schema)
        };
        (name.clone(), described.clone())
    };
    properties.into_iter().flatten().map(resolved).collect()
}

fn is_described(schema: &Value) -> bool {
    schema["description"]
        .as_str()
        .is_some_and(|text| !text.trim().is_empty())
}

fn hint(value: Option<bool>) -> String {
    value.map_or("no such hint".to_owned(), |value| value.to_string())
}
