//! What a user is offered while typing an argument of a prompt, or a variable of a template.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::resources::{self, FILE, FILES, PAGE};
use crate::workshop::Workshop;

/// The values that begin with what was typed so far; after these, those that contain it.
pub(super) fn complete(workshop: &Workshop, request: &CompleteRequestParams) -> CompletionInfo {
    let argument = request.argument.name.as_str();
    let values = match &request.r#ref {
        Reference::Prompt(prompt) => match (prompt.name.as_str(), argument) {
            ("introduce_step" | "i_am_stuck" | "explain_my_error", "step") => steps(workshop),
            ("review_my_code", "exercise") => resources::values(workshop, "exercise", None),
            _ => Vec::new(),
        },
        Reference::Resource(template) => {
            let known = match template.uri.as_str() {
                PAGE => argument == "page",
                FILES => argument == "exercise",
                FILE => argument == "exercise" || argument == "file",
                _ => false,
            };
            let chosen = request.context.as_ref();
            let chosen = chosen.and_then(|context| context.arguments.as_ref());
            let exercise = chosen.and_then(|chosen| chosen.get("exercise"));
            if known {
                resources::values(workshop, argument, exercise.map(String::as_str))
            } else {
                Vec::new()
            }
        }
        _ => Vec::new(),
    };
    let typed = request.argument.value.to_lowercase();
    let (begin, rest): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|one| one.starts_with(&typed));
    let contain = rest.into_iter().filter(|one| one.contains(&typed));
    let mut values: Vec<String> = begin.into_iter().chain(contain).collect();
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_all_values(values).unwrap_or_default()
}

/// The steps of the exercises that are ready.
fn steps(workshop: &Workshop) -> Vec<String> {
    let ready = workshop.course.exercises.iter().filter(|one| one.ready);
    let steps = ready.flat_map(|exercise| &exercise.steps);
    steps.map(|step| step.id.clone()).collect()
}
