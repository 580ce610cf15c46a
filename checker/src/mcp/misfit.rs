//! Which part of a value its type does not take. serde says what is wrong, and not where.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Larger values are not looked through: nobody would read where in them it is.
const LARGEST: usize = 100_000;

/// What keeps this value from being a `T`: ``tools[1].description: invalid type: integer `5`,
/// expected a string``. `None` when it is one.
pub fn misfit<T: DeserializeOwned>(value: &Value) -> Option<String> {
    let error = |value: Value| {
        let error = serde_json::from_value::<T>(value).err()?;
        Some(error.to_string())
    };
    let words = error(value.clone())?;
    let path = if value.to_string().len() > LARGEST {
        String::new()
    } else {
        path_to(value, &words, &error)
    };
    Some(match path.trim_start_matches('.') {
        "" => words,
        path => format!("{path}: {words}"),
    })
}

/// The way down to the innermost part about which these words are. `error` is what is said when
/// another value stands in place of this one.
fn path_to(value: &Value, words: &str, error: &dyn Fn(Value) -> Option<String>) -> String {
    let is_same = |value: Value| error(value).as_deref() == Some(words);
    match value {
        Value::Object(fields) => {
            if is_missing_here(fields, words, &is_same) {
                return String::new();
            }
            // Without the part that is wrong, something else is, or nothing.
            let without = |name: &String| {
                let others = fields.iter().filter(|(other, _)| *other != name);
                Value::Object(
                    others
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect(),
                )
            };
            let Some((name, inner)) = fields.iter().find(|(name, _)| !is_same(without(name)))
            else {
                return String::new();
            };
            let with = |inner: Value| {
                let mut fields: Map<String, Value> = fields.clone();
                fields.insert(name.clone(), inner);
                error(Value::Object(fields))
            };
            format!(".{name}{}", path_to(inner, words, &with))
        }
        Value::Array(items) => {
            let alone = |item: Value| error(Value::Array(vec![item]));
            let mut numbered = items.iter().enumerate();
            let wrong = numbered.find(|(_, item)| alone((*item).clone()).as_deref() == Some(words));
            match wrong {
                Some((number, item)) => format!("[{number}]{}", path_to(item, words, &alone)),
                None => String::new(),
            }
        }
        _ => String::new(),
    }
}

/// Whether these are the words about a field that this object should have: with it, they change.
fn is_missing_here(
    fields: &Map<String, Value>,
    words: &str,
    is_same: &dyn Fn(Value) -> bool,
) -> bool {
    let missing = words.strip_prefix("missing field `");
    let Some((missing, _)) = missing.and_then(|rest| rest.split_once('`')) else {
        return false;
    };
    if fields.contains_key(missing) {
        return false;
    }
    let mut with = fields.clone();
    with.insert(missing.to_owned(), Value::Null);
    !is_same(Value::Object(with))
}

#[cfg(test)]
mod tests {
    use rmcp::model::ListToolsResult;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_part_that_is_wrong_is_named() {
        let tool = |description: Value| json!({ "name": "a", "description": description, "inputSchema": { "type": "object" } });
        let list = |second: Value| json!({ "tools": [tool(json!("A tool.")), second] });
        let of = |value: Value| misfit::<ListToolsResult>(&value);
        assert_eq!(of(list(tool(json!("Another.")))), None);
        assert_eq!(
            of(list(tool(json!(5)))).unwrap(),
            "tools[1].description: invalid type: integer `5`, expected a string"
        );
        let nameless = json!({ "inputSchema": { "type": "object" } });
        assert_eq!(
            of(list(nameless)).unwrap(),
            "tools[1]: missing field `name`"
        );
        let schemaless = json!({ "name": "a", "title": "A" });
        assert_eq!(
            of(list(schemaless)).unwrap(),
            "tools[1]: missing field `inputSchema`"
        );
        assert_eq!(of(json!({})).unwrap(), "missing field `tools`");
        let words = of(json!({ "tools": {} })).unwrap();
        assert!(words.starts_with("tools: invalid type: map"), "{words}");
    }
}
