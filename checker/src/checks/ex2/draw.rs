//! What is drawn at random for each run, so that nobody can know it beforehand.

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use serde_json::Value;

use crate::checks::ProgramUnderTest;
use crate::checks::draw;
pub(super) use crate::checks::draw::schema;
use crate::fixtures::model::Proposal;
use crate::fixtures::{FakeTool, ServerSpec, ToolReply};

const BREADS: [&str; 12] = [
    "rye loaf",
    "sourdough",
    "baguette",
    "brioche",
    "focaccia",
    "pretzel",
    "bagel",
    "ciabatta",
    "challah",
    "croissant",
    "scone",
    "crumpet",
];
const FIRST: [&str; 8] = [
    "Ines", "Tomo", "Grete", "Luca", "Amara", "Pavel", "Noor", "Sanne",
];
const LAST: [&str; 8] = [
    "Vidal", "Okafor", "Brandt", "Moreau", "Kask", "Silva", "Novak", "Lund",
];
const VERBS: [&str; 8] = [
    "find", "weigh", "price", "count", "taste", "wrap", "label", "slice",
];

/// A word that stands nowhere else: `scone-48213`.
pub(super) fn token(program: &ProgramUnderTest) -> String {
    draw::token(program, &BREADS)
}

/// So many different breads.
pub(super) fn breads(program: &ProgramUnderTest, count: usize) -> Vec<String> {
    program.random(|dice| {
        let mut breads = BREADS.map(str::to_owned);
        breads.shuffle(dice);
        breads.into_iter().take(count).collect()
    })
}

/// So many different names of tools: `weigh_bagel`.
pub(super) fn tool_names(program: &ProgramUnderTest, count: usize) -> Vec<String> {
    let breads = breads(program, count);
    let name = |bread: &String| {
        let verb = program.random(|dice| VERBS.choose(dice).copied().unwrap_or_default());
        format!("{verb}_{}", bread.replace(' ', "_"))
    };
    breads.iter().map(name).collect()
}

/// `Grete Okafor`
pub(super) fn person(program: &ProgramUnderTest) -> String {
    program.random(|dice| {
        let mut of = |names: &[&'static str]| names.choose(dice).copied().unwrap_or_default();
        format!("{} {}", of(&FIRST), of(&LAST))
    })
}

/// The id of a call, as models give them.
pub(super) fn call_id(program: &ProgramUnderTest) -> String {
    let number: u64 = program.random(|dice| dice.random_range(100_000_000..1_000_000_000));
    format!("call_{number}")
}

/// A call of `tool` with these arguments, and an id of its own.
pub(super) fn call(program: &ProgramUnderTest, tool: &str, arguments: &Value) -> Proposal {
    Proposal::new(call_id(program), tool, arguments)
}

/// A bakery without tools.
pub(super) fn bakery(program: &ProgramUnderTest) -> ServerSpec {
    ServerSpec::new(format!("Bakery {}", person(program)), "1.0.0")
}

/// A tool that only reads, with these parameters, all of them strings.
pub(super) fn reading(
    name: &str,
    description: &str,
    parameters: &[&str],
    answer: impl Fn(&JsonObject) -> ToolReply + Send + Sync + 'static,
) -> FakeTool {
    let definition = Tool::new(name.to_owned(), description.to_owned(), schema(parameters));
    let hints = ToolAnnotations::new().read_only(true);
    FakeTool::new(definition.with_annotations(hints), answer)
}

/// A result of this text.
pub(super) fn says(text: impl Into<String>) -> ToolReply {
    ToolReply::Result(CallToolResult::success(vec![ContentBlock::text(
        text.into(),
    )]))
}
