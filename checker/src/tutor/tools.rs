//! The four tools.

use std::sync::Arc;

use anyhow::Error;
use rmcp::handler::server::tool::schema_for_output;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, JsonObject};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Tutor;
use super::answer::answer;
use super::checking::{self, Wanted};
use super::explanation::{self, Explanation};
use super::ladder::{self, Hints};
use super::status::Status;
use crate::course::Exercise;
use crate::workshop::select::UnknownName;

/// The arguments of `check_exercise`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CheckExercise {
    /// The exercise, such as ex3. The default is the one that the attendee is working on.
    exercise: Option<String>,
    /// One step of it, such as 3.4. The default is the whole exercise.
    step: Option<String>,
}

/// The arguments of `explain_finding`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExplainFinding {
    /// The step, such as 3.4. The default is the first step that did not pass the last check.
    step: Option<String>,
    /// The code of a finding, such as accepts_zero. The default is all findings of the step.
    code: Option<String>,
}

/// The arguments of `next_hint`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NextHint {
    /// The step, such as 3.4. The default is the one that the attendee is working on.
    step: Option<String>,
}

#[tool_router(vis = "pub(super)")]
impl Tutor {
    /// Says where the attendee is: every exercise and step with its state, the current exercise,
    /// and the next step with the file to edit. Only reads.
    #[tool(
        title = "Where am I",
        output_schema = schema_for_output::<Status>(),
        annotations(
            read_only_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    fn workshop_status(&self) -> CallToolResult {
        let progress = self.workshop.progress.read();
        answer(progress.map(|progress| Status::of(&self.workshop, &progress)))
    }

    /// Builds the attendee's own code with cargo, runs it, and checks it as a real client would.
    /// Returns the outcome of each step, with findings if it failed, and saves the progress. A
    /// build takes seconds, the first one minutes. Only one check can run at a time.
    #[tool(
        title = "Check my code",
        output_schema = report_schema(),
        annotations(
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn check_exercise(
        &self,
        Parameters(wanted): Parameters<CheckExercise>,
        context: RequestContext<RoleServer>,
    ) -> CallToolResult {
        let wanted = Wanted {
            exercise: wanted.exercise.as_deref(),
            step: wanted.step.as_deref(),
        };
        let checked = checking::run(self, wanted, context).await;
        answer(checked.map_err(|error| self.with_names(error)))
    }

    /// Explains what the last check of a step found: what was sent, expected and got, why it
    /// matters, where to look, where the book explains it, and what to do. Does not check again.
    #[tool(
        title = "Explain what is wrong",
        output_schema = schema_for_output::<Explanation>(),
        annotations(
            read_only_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    fn explain_finding(&self, Parameters(wanted): Parameters<ExplainFinding>) -> CallToolResult {
        let (step, code) = (wanted.step.as_deref(), wanted.code.as_deref());
        let explained = explanation::explain(self, step, code);
        answer(explained.map_err(|error| self.with_names(error)))
    }

    /// Gives the next hint for a step, and remembers that it was seen: a nudge first, then the
    /// API to use, then almost the code. Call it only when the attendee asks for a hint, once
    /// each time. It never gives the solution.
    #[tool(
        title = "Give me a hint",
        output_schema = schema_for_output::<Hints>(),
        annotations(
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    fn next_hint(&self, Parameters(wanted): Parameters<NextHint>) -> CallToolResult {
        let hints = ladder::climb(&self.workshop, wanted.step.as_deref());
        answer(hints.map_err(|error| self.with_names(error)))
    }
}

impl Tutor {
    /// The error, and where it may be a name, the names that there are.
    pub(super) fn with_names(&self, error: Error) -> Error {
        if !error.is::<UnknownName>() {
            return error;
        }
        let ready = self.workshop.course.exercises.iter();
        let ready = ready.filter(|exercise| exercise.ready);
        let names = |exercise: &Exercise| {
            let steps: Vec<&str> = exercise.steps.iter().map(|step| step.id.as_str()).collect();
            format!("{} with the steps {}", exercise.short(), steps.join(", "))
        };
        let names: Vec<String> = ready.map(names).collect();
        Error::msg(format!("{error:#}. There is {}", names.join("; ")))
    }
}

/// The schema of `cargo checker check --format json`.
fn report_schema() -> Arc<JsonObject> {
    let text = include_str!("../../report.schema.json");
    let mut schema: JsonObject = serde_json::from_str(text).unwrap_or_default();
    // Some clients know no dialect but the one that they expect, and refuse a schema that names it.
    schema.remove("$schema");
    Arc::new(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_a_report_is_the_one_that_is_published() {
        assert!(report_schema().contains_key("$defs"));
    }
}
