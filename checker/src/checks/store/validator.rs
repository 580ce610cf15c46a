//! JSON Schema 2020-12: a schema that compiles, and what does not fit it, in words.

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, Schemas, SchemeUrlLoader};
use boon::{Draft, ValidationError};
use serde_json::Value;

/// The name under which the schema is compiled. It stands in no message.
const SCHEMA: &str = "json-schema:///schema";

/// A schema, ready to be compared with values.
pub struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

/// The first thing that does not fit.
#[derive(Debug, PartialEq)]
pub struct Misfit {
    /// Where in the value, as a JSON Pointer.
    pub path: String,
    /// Why, with the value.
    pub words: String,
}

impl Validator {
    /// Compiles a schema as JSON Schema 2020-12, whatever its `$schema` says. Nothing outside it
    /// is ever read: no address and no file.
    ///
    /// # Errors
    ///
    /// What is wrong with the schema.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let mut schema = schema.clone();
        if let Some(keywords) = schema.as_object_mut() {
            keywords.remove("$schema");
        }
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.use_loader(Box::new(SchemeUrlLoader::new()));
        let mut schemas = Schemas::new();
        compiler
            .add_resource(SCHEMA, schema.clone())
            .map_err(|error| refused(&error, &schema))?;
        let index = compiler
            .compile(SCHEMA, &mut schemas)
            .map_err(|error| refused(&error, &schema))?;
        Ok(Self { schemas, index })
    }

    /// What does not fit in a value, if something does not.
    pub fn misfit(&self, value: &Value) -> Option<Misfit> {
        let error = self.schemas.validate(value, self.index).err()?;
        Some(misfit(&error, value))
    }
}

/// What is wrong with a schema.
fn refused(error: &CompileError, schema: &Value) -> String {
    match error {
        CompileError::ValidationError { src, .. } => misfit(src, schema).words,
        other => format!("{other:#}"),
    }
}

/// Goes down to the keyword that refused the value.
fn misfit(error: &ValidationError<'_, '_>, whole: &Value) -> Misfit {
    let mut error = error;
    while let (
        ErrorKind::Group
        | ErrorKind::Schema { .. }
        | ErrorKind::Reference { .. }
        | ErrorKind::AllOf,
        Some(cause),
    ) = (&error.kind, error.causes.first())
    {
        error = cause;
    }
    let path = error.instance_location.to_string();
    let value = whole.pointer(&path).unwrap_or(whole);
    let words = words(&error.kind, value);
    Misfit { path, words }
}

/// Why `value` is refused, with the value in it.
fn words(kind: &ErrorKind<'_, '_>, value: &Value) -> String {
    match kind {
        ErrorKind::Type { want, .. } => {
            let types: Vec<String> = want.iter().map(|one| format!("\"{one}\"")).collect();
            let plural = if types.len() == 1 { "" } else { "s" };
            format!("{value} is not of type{plural} {}", types.join(", "))
        }
        ErrorKind::Required { want } => match want.first() {
            Some(first) => format!("\"{first}\" is a required property"),
            None => kind.to_string(),
        },
        ErrorKind::AnyOf => {
            format!("{value} is not valid under any of the schemas listed in the 'anyOf' keyword")
        }
        ErrorKind::OneOf(None) => {
            format!("{value} is not valid under any of the schemas listed in the 'oneOf' keyword")
        }
        ErrorKind::Minimum { want, .. } => format!("{value} is less than the minimum of {want}"),
        ErrorKind::Maximum { want, .. } => format!("{value} is greater than the maximum of {want}"),
        other => format!("{value}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn validator(schema: &Value) -> Validator {
        Validator::new(schema).unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    #[test]
    fn the_first_misfit_is_named_with_its_place_and_its_value() {
        let schema = json!({
            "type": "object",
            "properties": {
                "products": { "type": "array", "items": { "$ref": "#/$defs/Product" } }
            },
            "required": ["products"],
            "$defs": {
                "Product": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string", "minLength": 1 },
                        "stock": { "type": ["integer", "null"], "minimum": 0 },
                        "size": { "anyOf": [{ "const": "S" }, { "const": "L" }] },
                    }
                }
            }
        });
        let validator = validator(&schema);
        for (product, path, words) in [
            (
                json!({ "name": 3 }),
                "/name",
                r#"3 is not of type "string""#,
            ),
            (
                json!({ "stock": "1" }),
                "/stock",
                r#""1" is not of types "null", "integer""#,
            ),
            (
                json!({ "stock": -1 }),
                "/stock",
                "-1 is less than the minimum of 0",
            ),
            (
                json!({ "size": "M" }),
                "/size",
                r#""M" is not valid under any of the schemas listed in the 'anyOf' keyword"#,
            ),
            (
                json!({ "name": "" }),
                "/name",
                r#""": length must be >=1, but got 0"#,
            ),
        ] {
            let misfit = validator.misfit(&json!({ "products": [{}, product] }));
            let path = format!("/products/1{path}");
            let words = words.to_owned();
            assert_eq!(misfit, Some(Misfit { path, words }));
        }
        let misfit = validator.misfit(&json!({})).unwrap();
        let said = (misfit.path.as_str(), misfit.words.as_str());
        assert_eq!(said, ("", r#""products" is a required property"#));
        assert_eq!(
            validator.misfit(&json!({ "products": [{ "stock": 2 }] })),
            None
        );
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        for (schema, words) in [
            (
                json!({ "type": "objekt" }),
                r#""objekt" is not valid under any of the schemas listed in the 'anyOf' keyword"#,
            ),
            (
                json!({ "properties": { "quantity": { "maximum": "a thousand" } } }),
                r#""a thousand" is not of type "number""#,
            ),
        ] {
            assert_eq!(Validator::new(&schema).err().as_deref(), Some(words));
        }
    }

    #[test]
    fn what_a_schema_says_elsewhere_is_never_read() {
        let here = format!("file://{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
        for elsewhere in [
            "https://example.com/schema.json",
            here.as_str(),
            "other.json",
        ] {
            let error = Validator::new(&json!({ "$ref": elsewhere })).err();
            assert!(error.is_some_and(|error| error.contains("unsupported scheme")));
        }
    }

    #[test]
    fn it_is_2020_12_whatever_the_schema_says() {
        // In draft 7 `items` may be a list, and `prefixItems` is unknown.
        let draft_7 = "http://json-schema.org/draft-07/schema#";
        let schema = json!({ "$schema": draft_7, "prefixItems": [{ "type": "string" }] });
        assert!(validator(&schema).misfit(&json!([1])).is_some());
    }
}
