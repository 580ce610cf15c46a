//! 3.6: every tool and parameter has a description, constraints are in the schema, tools
//! carry honest annotations; an unknown tool is a protocol error.

use rmcp::model::Tool;
use serde_json::{Value, json};

use super::places;
use crate::checks::contract::resolve;
use crate::checks::draw;
use crate::checks::store::shop::{self, Shop};
use crate::checks::store::validator::Validator;
use crate::checks::{Checked, ServerUnderTest, Stop, symptoms};
use crate::mcp::{ErrorKind, RequestError};
use crate::verdict::{Code, Finding, Location, Why};

/// What there is of something that is not there.
const NONE: &str = "none";

/// Something that the tools lack.
struct Lack {
    /// Where it belongs.
    place: Location,
    /// Whose it is: `buy_product`.
    of: String,
    expected: String,
    got: String,
    why: &'static str,
    /// How rmcp does it.
    in_rust: &'static str,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("read the tools as a model does before it calls one");
    let tools = shop.session.tools().await?;
    was_begun(&tools)?;
    // One kind after the other, and each with all that there is of it: one run shows what is
    // to write.
    for (code, lacks) in [
        (Code::BrokenInputSchema, all(&tools, broken_schema)),
        (Code::NoDescription, all(&tools, descriptions)),
        (Code::NoConstraint, all(&tools, constraints)),
        (Code::AnnotationMissing, all(&tools, annotations)),
        (Code::AnnotationDishonest, all(&tools, lies)),
    ] {
        nothing_lacks(code, &lacks)?;
    }
    let unknown = draw::unheard_of(server).to_lowercase();
    server.purpose("call a tool that does not exist");
    let called = shop.session.call(&unknown, json!({})).await;
    refuses(called).map_err(|stop| stop.at(places::tool_handler()))
}

fn all(tools: &[Tool], lacks: fn(&Tool) -> Vec<Lack>) -> Vec<Lack> {
    tools.iter().flat_map(lacks).collect()
}

fn nothing_lacks(code: Code, lacks: &[Lack]) -> Checked {
    let Some(first) = lacks.first() else {
        return Ok(());
    };
    let each = |line: fn(&Lack) -> String| {
        let mut lines: Vec<String> = Vec::new();
        for line in lacks.iter().map(line) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    };
    let got = match lacks {
        [one] => one.got.clone(),
        several if several.iter().all(|lack| lack.got == NONE) => "none of these".to_owned(),
        _ => each(|lack| format!("{}: {}", lack.of, lack.got)).join("\n"),
    };
    let finding = Finding::new(code)
        .sent("tools/list")
        .expected(each(|lack| lack.expected.clone()).join("\n"))
        .got(got)
        .why(why_each(lacks));
    Err(finding.at(first.place.clone()).into())
}

/// What is said of them, each thing once.
fn why_each(lacks: &[Lack]) -> Why {
    let mut why = Why::default();
    for (position, lack) in lacks.iter().enumerate() {
        if lacks[..position]
            .iter()
            .all(|before| before.why != lack.why)
        {
            why = why.and(lack.why).in_rust(lack.in_rust);
        }
    }
    why
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

fn broken_schema(tool: &Tool) -> Vec<Lack> {
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let error = Validator::new(&schema).err();
    let lack = |error| Lack {
        place: places::of_arguments(&tool.name),
        of: tool.name.to_string(),
        expected: format!(
            "{} with an inputSchema that is valid JSON Schema 2020-12",
            tool.name
        ),
        got: error,
        why: "Hosts pass the schema to the model's API. If one schema is broken, the API refuses all the tools.",
        in_rust: "",
    };
    error.into_iter().map(lack).collect()
}

fn descriptions(tool: &Tool) -> Vec<Lack> {
    let name = &tool.name;
    let description = tool.description.as_deref().unwrap_or_default();
    let of_tool = description.trim().is_empty().then(|| Lack {
        place: places::of_tool(name),
        of: name.to_string(),
        expected: format!("a description of the tool {name}"),
        got: NONE.to_owned(),
        why: "Models choose tools by their descriptions.",
        in_rust: "In rmcp, a doc comment on the method becomes its description.",
    });
    let parameters = parameters(tool).into_iter();
    let of_parameters =
        parameters
            .filter(|(_, schema)| !is_described(schema))
            .map(|(parameter, _)| Lack {
                place: places::of_arguments(name),
                of: parameter.clone(),
                expected: format!("a description of the parameter {parameter} of {name}"),
                got: NONE.to_owned(),
                why: "Models use the descriptions to fill in arguments.",
                in_rust: "In rmcp, a doc comment on the field becomes its description.",
            });
    of_tool.into_iter().chain(of_parameters).collect()
}

fn constraints(tool: &Tool) -> Vec<Lack> {
    if tool.name != "buy_product" {
        return Vec::new();
    }
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let bounds = resolve(&schema["properties"]["quantity"], &schema);
    // What the schema accepts, however it is spelled: a bound may stand in `$defs` or `allOf`.
    let Ok(validator) = Validator::new(&bounded(&schema)) else {
        return Vec::new();
    };
    let accepts = |quantity: u8| validator.misfit(&json!({ "quantity": quantity })).is_none();
    let (got, why) = match (accepts(0), accepts(1)) {
        (false, true) => return Vec::new(),
        (true, _) => (
            "0 is accepted",
            "A minimum in the schema keeps a model from asking for 0.",
        ),
        (false, false) => (
            "1 is not accepted",
            "A client that checks arguments against the schema cannot buy just one of anything.",
        ),
    };
    let got = match &bounds["minimum"] {
        Value::Null => got.to_owned(),
        bound => format!("minimum {bound}"),
    };
    vec![Lack {
        place: places::of_arguments(&tool.name),
        of: "quantity".to_owned(),
        expected: "a minimum of 1 for the quantity of buy_product".to_owned(),
        got,
        why,
        in_rust: "In rmcp: #[schemars(range(min = 1, max = 1000))].",
    }]
}

/// The schema of an object with nothing but the quantity of this one.
fn bounded(schema: &Value) -> Value {
    let mut bounded = schema.clone();
    bounded["required"] = json!(["quantity"]);
    bounded["properties"] = json!({ "quantity": schema["properties"]["quantity"] });
    bounded
}

fn annotations(tool: &Tool) -> Vec<Lack> {
    let hints = tool.annotations.as_ref();
    let (expected, got, why, in_rust) = match tool.name.as_ref() {
        "list_products" | "search_products" => {
            let read_only = hints.and_then(|hints| hints.read_only_hint);
            if read_only == Some(true) {
                return Vec::new();
            }
            (
                "the annotation readOnlyHint true",
                hint(read_only),
                "Hosts call read-only tools without asking the user. If the hint is false or missing, they must assume the worst.",
                "In rmcp: #[tool(annotations(read_only_hint = true))].",
            )
        }
        "buy_product" if hints.is_none() => (
            "annotations",
            NONE.to_owned(),
            "Hosts use annotations to decide whether to ask the user first. Say that buy_product changes something, and that calling it again buys again.",
            "In rmcp: #[tool(annotations(read_only_hint = false, idempotent_hint = false))].",
        ),
        _ => return Vec::new(),
    };
    vec![Lack {
        place: places::of_tool(&tool.name),
        of: tool.name.to_string(),
        expected: format!("{} with {expected}", tool.name),
        got,
        why,
        in_rust,
    }]
}

/// Hints of `buy_product` that a host must not believe.
fn lies(tool: &Tool) -> Vec<Lack> {
    let Some(hints) = tool
        .annotations
        .as_ref()
        .filter(|_| tool.name == "buy_product")
    else {
        return Vec::new();
    };
    let hints = [
        (
            "readOnlyHint",
            hints.read_only_hint,
            "A host would let the model buy without asking the user.",
        ),
        (
            "idempotentHint",
            hints.idempotent_hint,
            "Every call buys again. A host that trusts this hint may repeat the call after a timeout.",
        ),
    ];
    let lies = hints
        .into_iter()
        .filter(|(_, value, _)| *value == Some(true));
    lies.map(|(name, value, why)| Lack {
        place: places::of_tool(&tool.name),
        of: name.to_owned(),
        expected: format!("buy_product with {name} false"),
        got: hint(value),
        why,
        in_rust: "",
    })
    .collect()
}

fn refuses(answer: Result<crate::mcp::Called, RequestError>) -> Checked {
    match answer {
        Err(RequestError { sent, kind: kind @ ErrorKind::Refused { code: -32603, .. } }) => Err(Finding::new(Code::UnknownToolBreaks)
            .sent(sent)
            .expected("a protocol error that says that the tool does not exist: -32602")
            .got(kind.to_string())
            .why("-32603 says that something broke in the server. Here, the host asked for a tool that does not exist.")
            .into()),
        Err(RequestError { kind: ErrorKind::Refused { .. }, .. }) => Ok(()),
        Err(failure) => Err(symptoms::of_failure(failure)
            .expecting("a protocol error with a number as its code: -32602")),
        Ok(called) => Err(Finding::new(Code::UnknownToolAnswered)
            .sent(&called.sent)
            .expected("a protocol error: -32602")
            .got(shop::outcome(&called))
            .why("Calling a tool that does not exist is the host's mistake, not the model's. Answer with a protocol error, not with a result.")
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
