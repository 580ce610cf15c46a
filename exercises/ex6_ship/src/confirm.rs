//! Asking the user before something is bought.
//!
//! A modern client gets the question as the result of its call. It calls again, with the answer and
//! with the `requestState` that came with the question. A legacy client gets a request from the
//! server, `elicitation/create`, while its call waits.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sqlx::AnyPool;

use crate::auth::User;
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
    database: AnyPool,
    codec: RequestStateCodec,
    lifetime: Duration,
    /// Whether all requests reach this instance. If not, legacy clients cannot be asked: their answer
    /// may reach a different instance from the one that waits for it.
    is_alone: bool,
}

impl Confirmations {
    /// Creates questions that can be answered for this long, sealed with the key that all instances
    /// share, if there are several.
    pub fn new(database: AnyPool, key: Option<&SecretString>, lifetime: Duration) -> Result<Self> {
        Ok(Self {
            database,
            codec: codec(key)?,
            lifetime,
            is_alone: key.is_none(),
        })
    }

    /// Asks whether the user wants to buy this.
    pub async fn ask(&self, quote: &Quote, round: Round) -> Result<Answer, ErrorData> {
        if is_legacy(&round.context) && !self.is_alone {
            return Ok(Answer::No(
                "Nothing was bought: this store asks before it sells. It runs as several instances, \
                 so it can only ask clients that speak MCP 2026-07-28 or later."
                    .to_owned(),
            ));
        }
        if !takes_forms(&round.context) {
            return Ok(Answer::No(
                "Nothing was bought: this store asks before it sells, but your client cannot show \
                 a form (capability elicitation). Use a client that can."
                    .to_owned(),
            ));
        }
        let message = format!(
            "Buy {} × {} for {} in total?",
            quote.quantity,
            quote.product_name,
            in_dollars(quote.total_cents)
        );
        let question = form(message)?;
        if is_legacy(&round.context) {
            let peer = &round.context.peer;
            let asked = peer.create_elicitation_with_timeout(question, Some(self.lifetime));
            return Ok(match asked.await {
                Ok(result) => understand(result),
                Err(error) => Answer::No(format!("Nothing was bought: asking failed: {error}")),
            });
        }
        let user = User::of(&round.context)?;
        let response = round.responses.and_then(|mut all| all.remove(QUESTION));
        if let (Some(state), Some(response)) = (round.state, response) {
            self.open(&state, &bound_to(quote, &user)?).await?;
            return Ok(understand(result(response)?));
        }
        let question = InputRequest::Elicitation(ElicitRequest::new(question));
        let questions = BTreeMap::from([(QUESTION.to_owned(), question)]);
        let state = self.seal(&bound_to(quote, &user)?)?;
        Ok(Answer::NotYet(InputRequiredResult::new(
            Some(questions),
            Some(state),
        )))
    }

    /// The state that goes with a question. It passes through the client, which may be anybody. So
    /// it is sealed, is only valid for this purchase, and expires.
    fn seal(&self, purchase: &[u8]) -> Result<String, ErrorData> {
        let options = SealOptions::new()
            .associated_data(purchase)
            .ttl(self.lifetime);
        let id: u128 = rand::random();
        self.codec.seal_json_with(&id, &options).map_err(internal)
    }

    /// Opens the state that came back, once.
    async fn open(&self, state: &str, purchase: &[u8]) -> Result<(), ErrorData> {
        // The client does not need to know why it does not open.
        let refused = || {
            let message = "Nothing was bought: this requestState is not valid (anymore) for \
                           this purchase. Call again without it, and the user is asked again.";
            ErrorData::invalid_params(message, None)
        };
        let opened = self.codec.open_json_with(state, purchase);
        let id: u128 = opened.map_err(|_| refused())?;

        let is_first = self.spend(id).await.map_err(internal)?;
        if is_first { Ok(()) } else { Err(refused()) }
    }

    /// Records that a question was answered. False if it was answered before, at any instance.
    async fn spend(&self, id: u128) -> sqlx::Result<bool> {
        // ANCHOR: step_6_7_spent
        // TODO 6.7: other instances do not know what is in this set. Insert the ID into the table `spent`,
        // and find out in the same statement whether it is new.
        static SPENT: std::sync::Mutex<std::collections::BTreeSet<u128>> =
            std::sync::Mutex::new(std::collections::BTreeSet::new());
        let mut spent = SPENT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(spent.insert(id))
        // ANCHOR_END: step_6_7_spent
    }
}

/// What seals the states. Each state passes through the client, and comes back to any instance.
fn codec(key: Option<&SecretString>) -> Result<RequestStateCodec> {
    // ANCHOR: step_6_7_key
    // TODO 6.7: other instances cannot open what a random key has sealed. Use the key that they share.
    if key.is_some() {
        todo!("6.7")
    }
    let key = rand::random::<[u8; 32]>();
    Ok(RequestStateCodec::new_unchecked(key))
    // ANCHOR_END: step_6_7_key
}

/// Whole seconds, as the database stores them.
fn in_seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// What the user's answer means.
fn understand(result: ElicitResult) -> Answer {
    let form = result.content.map(serde_json::from_value::<Form>);
    let confirmed = matches!(form, Some(Ok(Form { confirm: true })));
    if result.action == ElicitationAction::Accept && confirmed {
        return Answer::Yes;
    }
    let what = match result.action {
        ElicitationAction::Decline => "the user declined",
        ElicitationAction::Cancel => "the user closed the question without an answer",
        _ => "the user did not confirm it",
    };
    Answer::No(format!("Nothing was bought: {what}."))
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

fn in_dollars(cents: i64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// What a confirmation is valid for: this purchase, by this user.
fn bound_to(quote: &Quote, user: &User) -> Result<Vec<u8>, ErrorData> {
    serde_json::to_vec(&(quote, &user.id)).map_err(internal)
}

/// An error that is not the client's mistake.
pub fn internal(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
