//! The prompt `recommend`, and completions for its arguments.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CompleteRequestParams, CompletionInfo, PromptMessage, Reference, Role};
use rmcp::{ErrorData, prompt, prompt_router};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::inventory::Search;
use crate::store::Store;

// ANCHOR: step_3_11
// TODO 3.11 (bonus): the prompt `recommend`, with `occasion` and, optionally, `budget_cents`.
// In MCP, a prompt's arguments are always strings, so parse the budget yourself. Put it in an
// `impl Store` with `#[prompt_router(vis = "pub")]`, and write a function that completes an
// occasion.
// ANCHOR_END: step_3_11
