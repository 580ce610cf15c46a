//! What a person is asked: by the server, or by this host.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;

use super::tab::Tab;
use crate::mcp::profile::Answer;

/// A form larger than this is not shown.
const MOST_BYTES: usize = 200_000;

/// A question that waits for its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Its number.
    pub id: u64,
    /// The call that it came with, where that is known.
    pub call: Option<u64>,
    /// What kind it is.
    pub kind: Kind,
    /// What the server says: message, form, URL.
    pub params: Value,
    /// How many there were in this call, with this one.
    pub number: usize,
    /// What is odd about it.
    pub note: Option<String>,
    #[serde(skip)]
    answer: Option<oneshot::Sender<Answer>>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// To fill in a form.
    Form,
    /// To visit a page.
    Url,
    /// By this host: whether to go on with a server that asks and asks.
    GoOn,
}

impl Question {
    /// What a server asks with these params.
    pub fn of_server(tab: &Tab, call: Option<u64>, number: usize, params: Value) -> Self {
        let mode = params["mode"].as_str().unwrap_or("form");
        let kind = if mode == "url" { Kind::Url } else { Kind::Form };
        let mut note = None;
        if !tab.switches().declares(mode) {
            note = Some(format!(
                "This client has not declared elicitation in mode {mode}, so the server should not have sent this."
            ));
        }
        let bytes = params.to_string().len();
        let params = if bytes > MOST_BYTES {
            note = Some(format!(
                "The question is {bytes} bytes long, which is too much to show here. You can read it in the wire."
            ));
            Value::Null
        } else {
            params
        };
        Self::new(call, kind, number, params, note)
    }

    /// Whether to go on with a call that has asked so often.
    pub fn go_on(call: u64, number: usize) -> Self {
        Self::new(Some(call), Kind::GoOn, number, Value::Null, None)
    }

    fn new(
        call: Option<u64>,
        kind: Kind,
        number: usize,
        params: Value,
        note: Option<String>,
    ) -> Self {
        Self {
            id: 0,
            call,
            kind,
            params,
            number,
            note,
            answer: None,
        }
    }
}

impl Tab {
    /// Asks the person at this tab, and waits. A question that nobody waits for any more is gone
    /// from the page too.
    pub async fn ask(self: &Arc<Self>, mut question: Question) -> Answer {
        let (answer, answered) = oneshot::channel();
        question.answer = Some(answer);
        let id = self.change(|state| {
            state.numbers += 1;
            question.id = state.numbers;
            let id = question.id;
            state.questions.push(question);
            id
        });
        let _withdrawn = Withdrawn(Arc::clone(self), id);
        answered.await.unwrap_or_else(|_| Answer::cancel())
    }

    /// Answers a question. Whether it was still there.
    pub fn answer(&self, id: u64, answer: Answer) -> bool {
        let asked = self.change(|state| {
            let place = state.questions.iter().position(|one| one.id == id)?;
            state.questions.remove(place).answer
        });
        asked.is_some_and(|asked| asked.send(answer).is_ok())
    }
}

/// Takes a question away when it is dropped.
struct Withdrawn(Arc<Tab>, u64);

impl Drop for Withdrawn {
    fn drop(&mut self) {
        let Self(tab, id) = self;
        tab.change(|state| state.questions.retain(|one| one.id != *id));
    }
}
