//! Asking the user something during a call, in both eras.
//!
//! A legacy server sends `elicitation/create` and waits. A modern one ends the call with an
//! `InputRequiredResult`; the client calls again, with the answers and the `requestState`. The
//! call then runs from its beginning, and finds the answers to what it asked before.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use super::call::{Call, Stop};
use super::connection::lock;
use super::message::{Era, INVALID_PARAMS, Request, RpcError};

const ELICITATION: &str = "elicitation/create";

/// The calls that wait for input, by their `requestState`. It is a random name without meaning,
/// good for one retry of the same call: what it stands for never leaves the server.
#[derive(Default)]
pub struct States(Mutex<HashMap<String, Round>>);

/// A call that waits for input.
struct Round {
    /// What was called, and with which arguments.
    call: Value,
    /// The answers to what was asked before.
    answers: Map<String, Value>,
    /// What is asked now.
    asked: String,
}

impl Call {
    /// Asks the user to fill in a form, and gives the client's answer: an `ElicitResult`.
    pub async fn elicit(&self, key: &str, message: &str, schema: Value) -> Result<Value, Stop> {
        if !takes_forms(self.client_capabilities()) {
            return Err(Stop::tool_error(
                "This tool must ask the user, and the client does not declare the capability \
                 `elicitation` with forms.",
            ));
        }
        let form = json!({ "mode": "form", "message": message, "requestedSchema": schema });
        if self.era() == Era::Legacy {
            return Ok(self.ask(ELICITATION, &form).await?);
        }
        if let Some(answer) = self.answers.get(key) {
            return Ok(answer.clone());
        }
        let state = self.states.keep(Round {
            call: identity(&self.request),
            answers: self.answers.clone(),
            asked: key.to_owned(),
        });
        Err(Stop::Result(json!({
            "resultType": "input_required",
            "inputRequests": { key: { "method": ELICITATION, "params": form } },
            "requestState": state,
        })))
    }

    /// Takes up what earlier rounds of this call have asked, if it is a retry.
    pub fn resume(&mut self) -> Result<(), RpcError> {
        let state = &self.request.params["requestState"];
        if self.era() == Era::Legacy || state.is_null() {
            return Ok(());
        }
        let refused = || RpcError::new(INVALID_PARAMS, "the requestState is not one for this call");
        let round = self.states.take(state).ok_or_else(refused)?;
        if round.call != identity(&self.request) {
            return Err(refused());
        }
        self.answers = round.answers;
        if let Some(answer) = self.request.params["inputResponses"].get(&round.asked) {
            self.answers.insert(round.asked, answer.clone());
        }
        Ok(())
    }
}

impl States {
    fn keep(&self, round: Round) -> String {
        let state = format!("{:032x}", rand::random::<u128>());
        lock(&self.0).insert(state.clone(), round);
        state
    }

    fn take(&self, state: &Value) -> Option<Round> {
        lock(&self.0).remove(state.as_str()?)
    }
}

/// What a retry has to have in common with the call before it.
fn identity(request: &Request) -> Value {
    let params = &request.params;
    json!([request.method, params["name"], params["arguments"]])
}

/// `elicitation: {}` is a client for forms, as it was before there were other modes.
fn takes_forms(capabilities: &Value) -> bool {
    let modes = capabilities["elicitation"].as_object();
    modes.is_some_and(|modes| modes.is_empty() || modes.contains_key("form"))
}
