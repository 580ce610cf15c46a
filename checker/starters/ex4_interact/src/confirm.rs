//! Asking the user before something is bought.
//!
//! A modern client gets the question as the result of its call. It calls again, with the answer and
//! with the `requestState` that came with the question. A legacy client gets a request from the
//! server, `elicitation/create`, while its call waits.

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

/// The key of the question among those that a call asks. There is only one.
const QUESTION: &str = "confirm";

/// The form that the user fills in. It has no default, so pressing Enter is not a yes.
#[derive(Debug, Deserialize, JsonSchema)]
struct Form {
    /// Yes, buy this.
    confirm: bool,
}

/// The outcome of asking.
pub enum Answer {
    /// The user agreed.
    Yes,
    /// Anything else, as a message for the model.
    No(String),
    /// Nothing yet: the client must ask its user and call again.
    NotYet(InputRequiredResult),
}

/// What a call contains besides its arguments.
pub struct Round {
    /// The state that the server gave the client to send back.
    pub state: Option<String>,
    /// The user's answers, by the keys of the questions.
    pub responses: Option<InputResponses>,
    /// Who is calling, and with which protocol.
    pub context: RequestContext<RoleServer>,
}

/// Asks the user, and knows which questions are still open.
pub struct Confirmations {
    codec: RequestStateCodec,
    lifetime: Duration,
    /// The questions that were answered, until they expire.
    spent: Mutex<HashMap<u128, Instant>>,
}

impl Confirmations {
    /// Creates questions that can be answered for this long.
    ///
    /// Every start of the program makes a new key. If several instances share the work, they must
    /// share a key, too.
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
            // TODO 4.3: this client cannot ask its user. Say so, and what would help.
            todo!("4.3")
            // ANCHOR_END: step_4_3
        }
        // ANCHOR: step_4_1
        // TODO 4.1: ask the user. The message says how many of what, and the total price. `form`
        // turns it into a question. Ask a legacy client with
        // `context.peer.create_elicitation_with_timeout`. `understand` turns its reply into an
        // `Answer`. Any other client gets an `InputRequiredResult` with the question, under the
        // key `QUESTION`, and with the state that `seal` makes. When it calls again, the round has
        // that state and the response. `open` the state, and `understand` the response.
        todo!("4.1")
        // ANCHOR_END: step_4_1
    }

    // ANCHOR: step_4_4
    /// The state that goes with a question.
    // TODO 4.4: it passes through the client, and any client could make up such a state.
    // Seal it with `self.codec`: for this purchase (`associated_data`), and for `self.lifetime`
    // (`ttl`). Seal a random number, so `open` can tell which states are `spent`.
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

/// The user's answer, as the client sent it.
fn result(response: Value) -> Result<ElicitResult, ErrorData> {
    serde_json::from_value(response).map_err(|error| {
        let message = format!("The response to {QUESTION:?} is not an ElicitResult: {error}");
        ErrorData::invalid_params(message, None)
    })
}

/// Whether the client can show a form. A client that declares elicitation without a mode can.
fn takes_forms(context: &RequestContext<RoleServer>) -> bool {
    let capabilities = context.client_capabilities();
    let elicitation = capabilities.and_then(|can| can.elicitation);
    elicitation.is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
}

/// Whether the client's protocol predates 2026-07-28.
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

/// An error that is not the client's mistake.
pub fn internal(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
