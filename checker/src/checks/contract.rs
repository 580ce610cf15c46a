//! The contract: a server's surface as readable text, held against a snapshot.
//!
//! ```text
//! tool buy_product(product_name: string, quantity: integer) → {product_name: string, …}
//! resource store://inventory: application/json
//! prompt recommend(occasion, budget_cents?)
//! ```
//!
//! No descriptions, bounds, formats or order, so that a server in any language can match it;
//! and nothing that the attendee may choose. A result that may be null says so, since programs that
//! read it have to be ready for that; a parameter that also takes null is as good as another. Each step that adds surface has a snapshot with
//! that step's lines alone. Tests write and review it with insta; at run time the embedded
//! text is compared, and no file is touched.

mod types;

use rmcp::model::{Prompt, Resource, ResourceTemplate, Tool};
use serde_json::{Map, Value};
use similar::{DiffTag, TextDiff};

use super::Checked;
use crate::snapshot::contents;
use crate::verdict::{Code, Finding};

/// How deep schemas are followed: one that refers to itself has no readable form.
const MAX_DEPTH: usize = 8;

/// Why what is listed otherwise matters.
const NAMES_AND_TYPES: &str =
    "Other programs rely on these names and types, and on which arguments are optional.";

/// A tool's line.
pub fn tool(tool: &Tool) -> String {
    let input = Value::Object(tool.input_schema.as_ref().clone());
    let parameters = Types::taken(&input).fields(&input, 0).join(", ");
    let result = match &tool.output_schema {
        None => "no declared result".to_owned(),
        Some(schema) => {
            let schema = Value::Object(schema.as_ref().clone());
            Types::given(&schema).shape(&schema, 0)
        }
    };
    format!("tool {}({parameters}) → {result}", tool.name)
}

/// A resource's line.
pub fn resource(resource: &Resource) -> String {
    let kind = resource.mime_type.as_deref().unwrap_or("no MIME type");
    format!("resource {}: {kind}", resource.uri)
}

/// A template's line.
pub fn template(template: &ResourceTemplate) -> String {
    let kind = template.mime_type.as_deref().unwrap_or("no MIME type");
    format!("template {}: {kind}", template.uri_template)
}

/// A prompt's line.
pub fn prompt(prompt: &Prompt) -> String {
    let mut arguments: Vec<String> = prompt
        .arguments
        .iter()
        .flatten()
        .map(|argument| {
            let optional = if argument.required == Some(true) {
                ""
            } else {
                "?"
            };
            format!("{}{optional}", argument.name)
        })
        .collect();
    arguments.sort_by_key(|argument| argument.ends_with('?'));
    format!("prompt {}({})", prompt.name, arguments.join(", "))
}

/// Compares lines with a snapshot's, and says what is missing and what is different. More is
/// welcome in a tool: a field in its result, and a parameter that may be left out.
///
/// # Errors
///
/// A stop when they are not the same.
pub fn compare(lines: &[String], snapshot: &str) -> Checked {
    let contract = contents(snapshot);
    let contract: Vec<&str> = contract.lines().collect();
    let got: Vec<&str> = lines.iter().map(String::as_str).collect();
    let is_same = |(got, expected): (&&str, &&str)| {
        got == expected || types::is_same_with_more(got, expected)
    };
    if got.len() == contract.len() && got.iter().zip(&contract).all(is_same) {
        return Ok(());
    }
    let lacking = contract.iter().filter(|line| !got.contains(line));
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    let mut why = "Clients only know about things that are listed.";
    for line in lacking {
        expected.push((*line).to_owned());
        match got.iter().find(|other| name(other) == name(line)) {
            Some(other) => {
                why = NAMES_AND_TYPES;
                found.push((*other).to_owned());
                let difference = difference(line, other);
                if !difference.is_empty() {
                    found.push(format!("different: {difference}"));
                }
            }
            None => found.push(format!("{} is missing", name(line))),
        }
    }
    let is_known = |line: &&str| contract.iter().any(|one| name(one) == name(line));
    let others = got.iter().filter(|line| !is_known(line));
    found.extend(others.map(|line| format!("the server has: {line}")));
    let again = got.iter().enumerate();
    let again = again.filter(|(position, line)| got[..*position].contains(line));
    for (_, line) in again {
        why = NAMES_AND_TYPES;
        expected.push(format!("{} once", name(line)));
        found.push(format!("{} once more", name(line)));
    }
    Err(Finding::new(Code::Contract)
        .sent(requests(&contract))
        .expected(expected.join("\n"))
        .got(found.join("\n"))
        .why(why)
        .into())
}

/// The requests that are answered with lines of these kinds.
fn requests(contract: &[&str]) -> String {
    let has = |kind: &str| contract.iter().any(|line| line.starts_with(kind));
    let lists = [
        ("tool ", "tools/list"),
        ("resource ", "resources/list"),
        ("template ", "resources/templates/list"),
        ("prompt ", "prompts/list"),
    ];
    let sent = lists.iter().filter(|(kind, _)| has(kind));
    sent.map(|(_, list)| *list).collect::<Vec<_>>().join(", ")
}

/// What a line is about: `tool buy_product`, `template store://products/{name}`.
fn name(line: &str) -> &str {
    let second = line.find(' ').map_or(0, |space| space + 1);
    let length = line[second..].find(['(', ' ']);
    let end = length.map_or(line.len(), |length| second + length);
    line[..end].trim_end_matches(':')
}

/// The words that differ: "`price` instead of `price_cents`".
fn difference(contract: &str, got: &str) -> String {
    let in_order = types::in_order_of(contract, got);
    let got = in_order.as_deref().unwrap_or(got);
    let [contract, got] = [words(contract), words(got)];
    let diff = TextDiff::from_slices(&contract, &got);
    let changes = diff.ops().iter().filter_map(|change| {
        let [old, new] = [
            contract[change.old_range()].concat(),
            got[change.new_range()].concat(),
        ];
        let [old, new] = [&old, &new].map(|words| words.trim_matches(|one| !is_word(one)));
        match (change.tag(), old, new) {
            (DiffTag::Equal, ..) | (_, "", "") => None,
            (_, "", new) => Some(format!("`{new}` is not in the contract")),
            (_, old, "") => Some(format!("`{old}` is missing")),
            (_, old, new) => Some(format!("`{new}` instead of `{old}`")),
        }
    });
    changes.collect::<Vec<_>>().join(", ")
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '?' | '/')
}

/// A line in its words, and what stands between them.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) {
            rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, more) = rest.split_at(end);
        words.push(word);
        rest = more;
    }
    words
}

/// The types in a schema.
#[derive(Clone, Copy)]
struct Types<'a> {
    /// Where its references lead.
    root: &'a Value,
    /// Whether null is told.
    with_null: bool,
}

impl<'a> Types<'a> {
    /// Those of what a tool takes.
    fn taken(root: &'a Value) -> Self {
        let with_null = false;
        Self { root, with_null }
    }

    /// Those of what it gives.
    fn given(root: &'a Value) -> Self {
        let with_null = true;
        Self { root, with_null }
    }

    /// A schema as a type: `{a: string, b?: [integer]}`.
    fn shape(self, schema: &Value, depth: usize) -> String {
        if depth > MAX_DEPTH {
            return "…".to_owned();
        }
        let schema = resolve(schema, self.root);
        for choice in ["anyOf", "oneOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let choices = choices.iter().map(|one| self.shape(one, depth + 1));
                return self.one_of(choices.collect());
            }
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => vec!["any"],
        };
        let kinds = kinds.into_iter().map(|kind| match kind {
            "object" => format!("{{{}}}", self.fields(schema, depth).join(", ")),
            "array" => format!("[{}]", self.shape(&schema["items"], depth + 1)),
            kind => kind.to_owned(),
        });
        self.one_of(kinds.collect())
    }

    /// `string | null`, with null last, if it is told at all.
    fn one_of(self, mut kinds: Vec<String>) -> String {
        let may_be_null = kinds.iter().any(|kind| kind == "null");
        let is_null_alone = kinds.iter().all(|kind| kind == "null");
        kinds.retain(|kind| kind != "null");
        kinds.dedup();
        if may_be_null && (self.with_null || is_null_alone) {
            kinds.push("null".to_owned());
        }
        kinds.join(" | ")
    }

    /// The fields of an object schema, `name?: type`, in alphabetical order.
    fn fields(self, schema: &Value, depth: usize) -> Vec<String> {
        let schema = resolve(schema, self.root);
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let required = schema["required"].as_array();
        let is_required =
            |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
        let mut fields: Vec<String> = properties
            .iter()
            .map(|(name, value)| {
                let optional = if is_required(name) { "" } else { "?" };
                format!("{name}{optional}: {}", self.shape(value, depth + 1))
            })
            .collect();
        fields.sort();
        fields
    }
}

/// Follows `$ref` inside the same schema, and an `allOf` that says what a schema without a type
/// of its own is, as Pydantic writes it; anything else is left as it is.
pub fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let reference = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'));
        let referred = reference.and_then(|pointer| root.pointer(pointer));
        let is_all_of = schema["type"].is_null() && schema["properties"].is_null();
        let part = || match schema["allOf"].as_array()?.as_slice() {
            [part] if is_all_of => Some(part),
            _ => None,
        };
        match referred.or_else(part) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Stop;
    use serde_json::json;

    #[test]
    fn the_same_surface_reads_the_same_from_rust_and_from_python() {
        let schemars = json!({
            "$defs": { "P": { "type": "object", "required": ["n"], "properties": {
                "n": { "type": "string", "description": "x" } } } },
            "type": "object", "required": ["ps"],
            "properties": {
                "ps": { "type": "array", "items": { "$ref": "#/$defs/P" } },
                "max": { "type": ["integer", "null"], "format": "uint32", "minimum": 0 } } });
        let pydantic = json!({
            "type": "object", "required": ["ps"], "title": "Ps",
            "properties": {
                "max": { "anyOf": [{ "type": "integer" }, { "type": "null" }], "default": null },
                "ps": { "type": "array", "items": { "type": "object", "required": ["n"],
                    "properties": { "n": { "type": "string", "title": "N" } } } } } });
        for schema in [&schemars, &pydantic] {
            let taken = Types::taken(schema).shape(schema, 0);
            assert_eq!(taken, "{max?: integer, ps: [{n: string}]}");
            let given = Types::given(schema).shape(schema, 0);
            assert_eq!(given, "{max?: integer | null, ps: [{n: string}]}");
        }
    }

    #[test]
    fn what_may_be_null_says_so_whatever_it_is_beside() {
        let object = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        for (schema, shape) in [
            (json!({ "type": ["null", "string"] }), "string | null"),
            (json!({ "type": ["object", "null"] }), "{} | null"),
            (
                json!({ "oneOf": [{ "type": "null" }, object] }),
                "{a?: string} | null",
            ),
            (json!({ "type": "null" }), "null"),
        ] {
            assert_eq!(Types::given(&schema).shape(&schema, 0), shape);
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({ "type": "object", "required": ["next"],
            "properties": { "next": { "$ref": "#" } } });
        assert!(Types::given(&schema).shape(&schema, 0).contains('…'));
        let circle = json!({ "$ref": "#" });
        assert_eq!(Types::given(&circle).shape(&circle, 0), "any");
    }

    #[test]
    fn a_snapshot_is_compared_without_its_header() {
        let snapshot = "---\nsource: x\nexpression: y\n---\ntool a() → {}\n";
        assert!(compare(&["tool a() → {}".to_owned()], snapshot).is_ok());
        let Err(Stop::Failed(finding)) = compare(&["tool b() → {}".to_owned()], snapshot) else {
            panic!("another tool is no failure");
        };
        assert_eq!(finding.expected, "tool a() → {}");
        assert_eq!(
            finding.got,
            "tool a is missing\nthe server has: tool b() → {}"
        );

        let twice = ["tool a() → {}".to_owned(), "tool a() → {}".to_owned()];
        let Err(Stop::Failed(finding)) = compare(&twice, snapshot) else {
            panic!("a tool that is there twice is no failure");
        };
        assert_eq!(finding.expected, "tool a once");
        assert_eq!(finding.got, "tool a once more");
    }

    #[test]
    fn the_words_that_differ_are_told() {
        let line = "tool a(x: integer, y?: string) → {list: [{price_cents: integer}]}";
        for (got, told) in [
            (
                "tool a(x: integer, y?: string) → {list: [{price: number}]}",
                "`price` instead of `price_cents`, `number` instead of `integer`",
            ),
            (
                "tool a(x: integer, y: string) → {list: [{price_cents: integer}]}",
                "`y` instead of `y?`",
            ),
            (
                "tool a(x: integer) → {list: [{price_cents: integer}]}",
                "`y?: string` is missing",
            ),
            (
                "tool a(x: integer, y?: string, z: any) → {list: [{price_cents: integer}]}",
                "`z: any` is not in the contract",
            ),
            (
                "tool a(count: integer, y?: string) → {list: [{price_cents: integer}]}",
                "`count` instead of `x`",
            ),
            (
                "tool a(a?: string, x: integer) → {list: [{price_cents: integer}]}",
                "`a?` instead of `y?`",
            ),
        ] {
            assert_eq!(difference(line, got), told);
        }
        assert_eq!(name(line), "tool a");
        assert_eq!(name("resource store://x: text/plain"), "resource store://x");
        assert_eq!(name("prompt p(a, b?)"), "prompt p");
    }
}
