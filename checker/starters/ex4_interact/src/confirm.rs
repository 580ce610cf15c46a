//! Asking the user before something is bought.
//!
//! A client of 2026-07-28 gets the question as the result of its call. It calls again, with the
//! answer and with the `requestState` that came with the question. A client of 2025-11-25 is sent
//! a request of the server's own, `elicitation/create`, while its call waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::inventory::Quote;

/// The key of the question among all that a call asks. There is only this one.
const QUESTION: &str = "confirm";

/// What the user is to fill in. There is no default: pressing Enter is not a yes.
#[derive(Debug, Deserialize, JsonSchema)]
struct Form {
    /// Yes, buy this.
    confirm: bool,
}

/// What came of asking.
pub enum Answer {
    /// The user wants it.
    Yes,
    /// Anything else, in words for the model.
    No(String),
    /// Nothing yet: the client is to ask its user, and to call again.
    NotYet(InputRequiredResult),
}

/// What a call brings along besides its arguments.
pub struct Round {
    /// What the server gave the client to send again.
    pub state: Option<String>,
    /// What the user answered, by the keys of the questions.
    pub responses: Option<InputResponses>,
    /// Who calls, and with which protocol.
    pub context: RequestContext<RoleServer>,
}

/// Asks, and knows which questions are still open.
pub struct Confirmations {
    codec: RequestStateCodec,
    lifetime: Duration,
    /// The questions that were answered, until they would have expired anyway.
    spent: Mutex<HashMap<u128, Instant>>,
}

impl Confirmations {
    /// Questions that can be answered for this long.
    ///
    /// The key is new with each start of the program. Where several instances share the work, they
    /// must share a key, too.
    pub fn new(lifetime: Duration) -> Self {
        Self {
            codec: RequestStateCodec::new_unchecked(rand::random::<[u8; 32]>()),
            lifetime,
            spent: Mutex::default(),
        }
    }

    /// Asks whether the user wants to buy this.
    pub async fn ask(&self, quote: &Quote, round: Round) -> Result<Answer, ErrorData> {
        if !takes_forms(&round.context) {
            // ANCHOR: step_4_3
            // TODO 4.3: nobody can be asked. Say so, and what would help.
            todo!("4.3")
            // ANCHOR_END: step_4_3
        }
        // ANCHOR: step_4_1
        // TODO 4.1: ask. The message names how many of what, and what it costs in total; `form`
        // makes a question of it. A legacy client is asked with
        // `context.peer.create_elicitation_with_timeout`; `understand` makes an `Answer` of what
        // comes back. Any other client gets an `InputRequiredResult` with the question, under the
        // key `QUESTION`, and with the state that `seal` makes. When it calls again, the round has
        // that state and the response: `open` the one, and `understand` the other.
        todo!("4.1")
        // ANCHOR_END: step_4_1
    }

    // ANCHOR: step_4_4
    /// The state that goes with a question.
    // TODO 4.4: it passes through the client, and any client could write such a state itself.
    // Seal it with `self.codec`: for this purchase (`associated_data`), and for `self.lifetime`
    // (`ttl`). Seal a random number, so that `open` can tell which ones are `spent`.
    fn seal(&self, quote: &Quote) -> Result<String, ErrorData> {
        serde_json::to_string(quote).map_err(internal)
    }

    /// Opens the state that came back, once.
    fn open(&self, state: &str, quote: &Quote) -> Result<(), ErrorData> {
        match serde_json::from_str::<Quote>(state) {
            Ok(sealed) if sealed == *quote => Ok(()),
            _ => todo!("4.4"),
        }
    }
    // ANCHOR_END: step_4_4
}

/// What the user's answer means.
fn understand(result: ElicitResult) -> Answer {
    let form = result.content.map(serde_json::from_value::<Form>);
    let confirmed = matches!(form, Some(Ok(Form { confirm: true })));
    if result.action == ElicitationAction::Accept && confirmed {
        return Answer::Yes;
    }
    // ANCHOR: step_4_2
    // TODO 4.2: say what the user answered, and that nothing was bought.
    todo!("4.2")
    // ANCHOR_END: step_4_2
}

/// A question with this message and our form.
fn form(message: String) -> Result<ElicitRequestParams, ErrorData> {
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema: ElicitationSchema::from_type::<Form>().map_err(internal)?,
    })
}

/// What the client says that its user answered.
fn result(response: Value) -> Result<ElicitResult, ErrorData> {
    serde_json::from_value(response).map_err(|error| {
        let message = format!("The response to {QUESTION:?} is no ElicitResult: {error}");
        ErrorData::invalid_params(message, None)
    })
}

/// Whether the client can show its user a form. One that declares elicitation and no mode can.
fn takes_forms(context: &RequestContext<RoleServer>) -> bool {
    let capabilities = context.client_capabilities();
    let elicitation = capabilities.and_then(|can| can.elicitation);
    elicitation.is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
}

/// Whether the client's protocol is from before 2026-07-28.
pub fn is_legacy(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_none_or(|version| version < ProtocolVersion::V_2026_07_28)
}

fn in_dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

fn bytes(quote: &Quote) -> Result<Vec<u8>, ErrorData> {
    serde_json::to_vec(quote).map_err(internal)
}

/// What is not the client's mistake.
pub fn internal(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
