//! What the page's switches say: which client this is.

use std::time::Duration;

use rmcp::model::{
    ElicitationCapability, FormElicitationCapability, JsonObject, UrlElicitationCapability,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::mcp::{ClientProfile, Era};
use crate::patience::Patience;

/// The extension by which a client says that it can show Apps.
const APPS: &str = "io.modelcontextprotocol/ui";

/// The pages that it can show.
const APP: &str = "text/html;profile=mcp-app";

/// Nobody reads a dialog for longer.
const A_PERSONS: Duration = Duration::from_secs(24 * 3600);

/// What a client of this host speaks and declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// The era that it speaks.
    pub era: Era,
    /// Elicitation, as a form.
    pub form: bool,
    /// Elicitation, as a page to visit.
    pub url: bool,
    /// MCP Apps.
    pub apps: bool,
    /// Calls that become tasks.
    pub tasks: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            era: Era::Modern,
            form: true,
            url: true,
            apps: true,
            tasks: true,
        }
    }
}

impl Switches {
    /// The client that they describe, with a person's patience.
    pub fn profile(self) -> ClientProfile {
        let mut profile = ClientProfile::new(self.era).with_patience(Patience {
            answer: A_PERSONS,
            first_answer: A_PERSONS,
            // A tool that prints to stdout may still answer, however long it takes.
            second_thoughts: A_PERSONS,
            ..Patience::default()
        });
        if self.form || self.url {
            let mut modes = ElicitationCapability::new();
            if self.form {
                modes = modes.with_form(FormElicitationCapability::default());
            }
            if self.url {
                modes = modes.with_url(UrlElicitationCapability::default());
            }
            profile.capabilities.elicitation = Some(modes);
        }
        if self.apps {
            let mut settings = JsonObject::new();
            settings.insert("mimeTypes".to_owned(), json!([APP]));
            let extensions = profile.capabilities.extensions.get_or_insert_default();
            extensions.insert(APPS.to_owned(), settings);
        }
        match self.tasks {
            true => profile.with_tasks(),
            false => profile,
        }
    }

    /// Whether a question of this mode was asked for.
    pub fn declares(self, mode: &str) -> bool {
        match mode {
            "url" => self.url,
            _ => self.form,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_waits_whatever_was_printed_meanwhile() {
        let patience = Switches::default().profile().patience;
        let waits = [
            patience.answer,
            patience.first_answer,
            patience.second_thoughts,
        ];
        assert_eq!(waits, [A_PERSONS; 3]);
    }
}
