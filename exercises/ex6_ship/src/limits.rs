//! What one user may ask of the store: so many calls per minute, and so much time for each.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use rmcp::ErrorData;
use rmcp::model::CallToolResponse;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::auth::User;
use crate::store::tool_error;

/// The limits of every tool call.
pub struct Limits {
    /// By user ID. Other tokens and sessions of the same user do not help.
    calls: DefaultKeyedRateLimiter<String>,
    deadline: Duration,
    /// How long a user may think about a question.
    thinking: Duration,
}

impl Limits {
    pub fn new(calls_per_minute: NonZeroU32, deadline: Duration, thinking: Duration) -> Self {
        Self {
            calls: RateLimiter::keyed(Quota::per_minute(calls_per_minute)),
            deadline,
            thinking,
        }
    }

    /// How long a call of this tool may take. A task has begun when its call ends, so its own time is
    /// not limited.
    pub fn deadline_of(&self, tool: &str) -> Duration {
        match tool {
            // With a legacy client, the question is asked during the call.
            "buy_product" | "connect_payments" => self.deadline + self.thinking,
            _ => self.deadline,
        }
    }

    /// Runs a tool call of this user, unless there were too many. The call ends with a tool error at
    /// its deadline. If it is cancelled, it ends at once.
    pub async fn run(
        &self,
        user: &User,
        deadline: Duration,
        cancelled: CancellationToken,
        call: impl Future<Output = Result<CallToolResponse, ErrorData>>,
    ) -> Result<CallToolResponse, ErrorData> {
        // ANCHOR: step_6_4
        // TODO 6.4: ask `self.calls` whether this user may call now. If not, return a tool error that says in
        // how many seconds they may. Otherwise, run the call until it ends, its deadline has passed, or it
        // is cancelled, whichever comes first.
        call.await
        // ANCHOR_END: step_6_4
    }
}
