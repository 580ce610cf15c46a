//! What rmcp's client does when the server asks something: answers as the profile says, or hands
//! the question to whoever holds the call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::profile::{Answer, ClientProfile};

/// The method with which a server asks the user of its client.
pub(super) const ELICITATION: &str = "elicitation/create";

/// A client's side of elicitation. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Responder {
    profile: Arc<ClientProfile>,
    asked: Arc<AtomicUsize>,
    holder: Arc<Mutex<Option<mpsc::UnboundedSender<Held>>>>,
}

/// A question that waits for whoever holds the call.
#[derive(Debug)]
pub struct Held {
    /// The `params` of the question.
    pub params: Value,
    /// Where the answer goes. Dropped, it means *cancel*.
    pub answer: oneshot::Sender<Answer>,
}

impl Responder {
    pub(super) fn new(profile: ClientProfile) -> Self {
        Self {
            profile: Arc::new(profile),
            asked: Arc::default(),
            holder: Arc::default(),
        }
    }

    /// The profile that it answers by.
    pub(super) fn profile(&self) -> &ClientProfile {
        &self.profile
    }

    /// From here on, questions are not answered but sent here, until the receiver is dropped.
    pub(super) fn hold(&self) -> mpsc::UnboundedReceiver<Held> {
        let (holder, held) = mpsc::unbounded_channel();
        *self.holder.lock() = Some(holder);
        held
    }

    /// What the user answers next.
    pub(super) fn next_answer(&self) -> Answer {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        self.profile.answer(number)
    }

    async fn answer(&self, params: Value) -> Answer {
        let (answer, answered) = oneshot::channel();
        let holder = self.holder.lock().clone();
        match holder.map(|holder| holder.send(Held { params, answer })) {
            Some(Ok(())) => answered.await.unwrap_or_else(|_| Answer::cancel()),
            // Nobody holds the call.
            Some(Err(_)) | None => self.next_answer(),
        }
    }
}

impl ClientHandler for Responder {
    fn get_info(&self) -> ClientConfig {
        self.profile.config()
    }

    async fn create_elicitation(
        &self,
        params: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let params = serde_json::to_value(params).unwrap_or_default();
        Ok(self.answer(params).await.to_result())
    }

    /// A question that rmcp cannot read is answered all the same, and judged by the check.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleClient>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method != ELICITATION {
            let code = ErrorCode::METHOD_NOT_FOUND;
            return Err(ErrorData::new(code, request.method, None));
        }
        let params = request.params.unwrap_or_default();
        Ok(CustomResult::new(self.answer(params).await.to_json()))
    }
}
