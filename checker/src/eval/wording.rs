//! Another wording for the tools of a server, to find out whether a model understands it better.
//!
//! ```toml
//! [search_products]
//! description = "Finds products by a word in their name, by price, or both."
//!
//! [search_products.arguments]
//! max_price_cents = "The highest price, in cents: 500 is five dollars."
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Value, json};

use super::questions::known;
use super::read_toml;

/// The texts that are replaced, by the names of their tools.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Wording(BTreeMap<String, Texts>);

/// The texts of one tool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    description: Option<String>,
    #[serde(default)]
    arguments: BTreeMap<String, String>,
}

impl Wording {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the line.
    pub fn load(path: &Path) -> Result<Self, String> {
        read_toml(path)
    }

    /// The tools as this wording describes them. What it does not mention stays as it is.
    ///
    /// # Errors
    ///
    /// When there is no such tool, or it has no such argument.
    pub fn of(&self, tools: &[Tool]) -> Result<Vec<Tool>, String> {
        let mut reworded = tools.to_vec();
        for (name, texts) in &self.0 {
            known(name, tools).map_err(|words| format!("it describes {words}"))?;
            for tool in reworded.iter_mut().filter(|tool| tool.name == *name) {
                texts.put_into(tool)?;
            }
        }
        Ok(reworded)
    }
}

impl Texts {
    fn put_into(&self, tool: &mut Tool) -> Result<(), String> {
        if let Some(description) = &self.description {
            tool.description = Some(description.clone().into());
        }
        let mut schema = (*tool.input_schema).clone();
        for (name, text) in &self.arguments {
            let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
            let argument = properties.and_then(|all| all.get_mut(name)?.as_object_mut());
            let Some(argument) = argument else {
                return Err(format!("{} has no argument {name:?}", tool.name));
            };
            argument.insert("description".to_owned(), json!(text));
        }
        tool.input_schema = Arc::new(schema);
        Ok(())
    }
}
