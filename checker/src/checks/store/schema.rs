//! A tool's result, held against the schema that the tool declares for it.

use rmcp::model::Tool;
use serde_json::Value;

use super::validator::Validator;
use crate::blocks::TodoBlock;
use crate::checks::{Checked, contract};
use crate::mcp::Called;
use crate::snapshot::contents;
use crate::verdict::{Code, Finding};

/// The declared schema of a tool's result, which must be a schema.
pub fn output_schema(tool: &Tool) -> Checked<Validator> {
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
            .why("Programs learn the shape of the result from the outputSchema.")
            .in_rust("In rmcp, return Json<T>, where T derives JsonSchema.")
            .into());
    };
    Validator::new(&schema).map_err(|error| {
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
pub fn is_the_contracts(
    tool: &Tool,
    contract: &str,
    (arguments, result): (TodoBlock, TodoBlock),
) -> Checked {
    let line = contract::tool(tool);
    let parameters = |line: &str| line.split(" → ").next().map(str::to_owned);
    let block = if parameters(&line) == parameters(&contents(contract)) {
        result
    } else {
        arguments
    };
    contract::compare(&[line], contract).map_err(|stop| stop.at(block))
}

/// That a result is what its tool declared.
pub fn fits(called: &Called, content: &Value, schema: &Validator) -> Checked {
    let Some(misfit) = schema.misfit(content) else {
        return Ok(());
    };
    let path = if misfit.path.is_empty() {
        "the result"
    } else {
        &misfit.path
    };
    Err(Finding::new(Code::DoesNotFitSchema)
        .sent(&called.sent)
        .expected("structuredContent that fits the outputSchema")
        .got(format!("{path}: {}", misfit.words))
        .why("The schema is a promise. A client that checks it throws this result away.")
        .into())
}
