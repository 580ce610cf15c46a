//! What takes a while: `bake`, and `bake_all`, which may become a task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::flaw::{Flaw, Flaws};
use super::shop::Shop;
use super::tools::{error, structured};
use crate::protocol::{Call, INTERNAL_ERROR, INVALID_PARAMS, RpcError, Stop};

/// By this code a server says that its client lacks a capability.
const MISSING_CAPABILITY: i64 = -32021;

/// What fits into a small oven.
pub const SMALL_OVEN: u64 = 20;

pub struct Oven {
    flaws: Flaws,
    shop: Arc<Shop>,
    baking: Duration,
    tasks: Arc<Tasks>,
}

type Tasks = Mutex<HashMap<String, Task>>;

struct Task {
    stop: CancellationToken,
    state: Value,
}

impl Oven {
    pub fn new(flaws: Flaws, shop: Arc<Shop>, baking: Duration) -> Self {
        Self {
            flaws,
            shop,
            baking,
            tasks: Arc::default(),
        }
    }

    pub async fn bake(&self, call: &Call) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let arguments = &call.params()["arguments"];
        let name = arguments["product_name"].as_str().unwrap_or_default();
        let quantity = arguments["quantity"].as_u64().unwrap_or_default();
        if !self.shop.has(name) && !flaws.has(Flaw::BakesUnknown) {
            return Ok(error(format!("There is no product named {name:?}.")));
        }
        if quantity == 0 && !flaws.has(Flaw::BakesNone) {
            return Ok(error("Bake at least one."));
        }
        if quantity > SMALL_OVEN && flaws.has_any(&[Flaw::SmallOven, Flaw::SmallOvenUntold]) {
            return Ok(error("That is too much for this oven."));
        }
        let is_unheard = call.params()["_meta"]["progressToken"].is_null();
        if is_unheard && flaws.has(Flaw::NeedsToken) {
            return Ok(error("There is no progressToken."));
        }
        let goes_on =
            flaws.has(Flaw::IgnoresCancel) || is_unheard && flaws.has(Flaw::GoesOnUnheard);
        for done in 1..=quantity {
            if goes_on {
                // Whoever hangs up drops the future of the call: this goes on.
                let (shop, name, baking) = (self.shop.clone(), name.to_owned(), self.baking);
                let on = tokio::spawn(async move {
                    sleep(baking).await;
                    shop.put(&name, 1);
                });
                let _ = on.await;
            } else {
                tokio::select! {
                    () = sleep(self.baking) => (),
                    () = call.cancelled() => return Ok(error("The oven was turned off.")),
                }
                if !flaws.has(Flaw::BakesNothing) {
                    self.shop.put(name, 1);
                }
            }
            self.report(call, done, quantity);
        }
        if flaws.has(Flaw::ProgressAtTheEnd) {
            call.progress(quantity, quantity);
        }
        let told = if flaws.has(Flaw::BakedLies) {
            quantity - 1
        } else {
            quantity
        };
        Ok(structured(
            &json!({ "product_name": name, "quantity": told }),
        ))
    }

    fn report(&self, call: &Call, done: u64, total: u64) {
        let token = &call.params()["_meta"]["progressToken"];
        let flaws = &self.flaws;
        let method = "notifications/progress";
        if flaws.has_any(&[Flaw::NoProgress, Flaw::ProgressAtTheEnd]) {
            return;
        }
        if flaws.has(Flaw::ProgressFalls) {
            call.progress(total - done, total);
        } else if flaws.has(Flaw::NoProgressTotal) {
            call.notify(method, &json!({ "progressToken": token, "progress": done }));
        } else if flaws.has(Flaw::OtherToken) {
            call.notify(
                method,
                &json!({ "progressToken": "oven", "progress": done, "total": total }),
            );
        } else {
            call.progress(done, total);
        }
    }

    pub async fn bake_all(&self, call: &Call, knows_tasks: bool) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let orders = call.params()["arguments"]["orders"].clone();
        let stop = CancellationToken::new();
        let as_task =
            (knows_tasks && !flaws.has(Flaw::NoTask)) || flaws.has(Flaw::TaskForEverybody);
        if !as_task {
            let work = work(
                flaws.clone(),
                self.shop.clone(),
                self.baking,
                orders,
                |_| (),
            );
            return tokio::select! {
                report = work => Ok(structured(&report)),
                () = call.cancelled() => Ok(error("The oven was turned off.")),
            };
        }
        let id = format!("task-{}", lock(&self.tasks).len() + 1);
        let state = json!({ "taskId": id, "status": "working", "ttlMs": 60_000, "pollIntervalMs": 100,
            "createdAt": "2026-11-27T00:00:00Z", "lastUpdatedAt": "2026-11-27T00:00:00Z" });
        lock(&self.tasks).insert(
            id.clone(),
            Task {
                stop: stop.clone(),
                state: state.clone(),
            },
        );
        self.begin(id, stop, orders);
        if !knows_tasks {
            return Err(RpcError::new(MISSING_CAPABILITY, "the client does not know tasks").into());
        }
        let mut begun = state;
        begun["resultType"] = json!("task");
        Ok(begun)
    }

    fn begin(&self, id: String, stop: CancellationToken, orders: Value) {
        let (flaws, tasks) = (self.flaws.clone(), self.tasks.clone());
        let tell = {
            let (flaws, tasks, id) = (flaws.clone(), tasks.clone(), id.clone());
            move |how_far: String| {
                let said = if flaws.has(Flaw::TaskSaysTheSame) {
                    "1 moment".to_owned()
                } else {
                    how_far
                };
                if !flaws.has(Flaw::SilentTask) {
                    set(&tasks, &id, |state| state["statusMessage"] = json!(said));
                }
            }
        };
        let work = work(flaws.clone(), self.shop.clone(), self.baking, orders, tell);
        tokio::spawn(async move {
            let stopped = async {
                if flaws.has(Flaw::TaskIgnoresCancel) {
                    std::future::pending::<()>().await;
                }
                stop.cancelled().await;
            };
            let report = tokio::select! {
                report = work => report,
                () = stopped => return set(&tasks, &id, |state| state["status"] = json!("cancelled")),
            };
            let has_failed = report["failed"]
                .as_array()
                .is_some_and(|failed| !failed.is_empty());
            set(&tasks, &id, |state| {
                if flaws.has(Flaw::EndlessTask) {
                    return;
                }
                if flaws.has(Flaw::TaskFailsWhole) && has_failed {
                    state["status"] = json!("failed");
                    state["error"] =
                        json!({ "code": INTERNAL_ERROR, "message": "cannot bake all of it" });
                    return;
                }
                state["status"] = json!("completed");
                state["result"] = structured(&report);
            });
        });
    }

    pub fn task(&self, id: &Value) -> Result<Value, RpcError> {
        let tasks = lock(&self.tasks);
        match tasks.get(id.as_str().unwrap_or_default()) {
            Some(task) => Ok(task.state.clone()),
            None if self.flaws.has(Flaw::KnowsEveryTask) => {
                Ok(json!({ "taskId": id, "status": "completed", "result": {} }))
            }
            None => Err(RpcError::new(INVALID_PARAMS, "no such task")),
        }
    }

    pub fn cancel(&self, id: &Value) -> Result<Value, RpcError> {
        let tasks = lock(&self.tasks);
        let task = tasks.get(id.as_str().unwrap_or_default());
        let task = task.ok_or_else(|| RpcError::new(INVALID_PARAMS, "no such task"))?;
        if !self.flaws.has(Flaw::CancelsNothing) {
            task.stop.cancel();
        }
        Ok(json!({}))
    }
}

async fn work(
    flaws: Flaws,
    shop: Arc<Shop>,
    baking: Duration,
    orders: Value,
    tell: impl Fn(String),
) -> Value {
    let orders = orders.as_array().cloned().unwrap_or_default();
    let total: u64 = orders
        .iter()
        .filter_map(|order| order["quantity"].as_u64())
        .sum();
    let mut done = 0;
    let (mut baked, mut failed) = (Vec::new(), Vec::new());
    for order in orders {
        let name = order["product_name"].as_str().unwrap_or_default();
        let quantity = order["quantity"].as_u64().unwrap_or_default();
        let too_much = quantity > SMALL_OVEN && flaws.has(Flaw::SmallOven);
        if !shop.has(name) || too_much {
            let reason = if flaws.has(Flaw::ReportWithoutReason) {
                ""
            } else {
                "This cannot be baked."
            };
            failed.push(json!({ "product_name": name, "reason": reason }));
            continue;
        }
        for _ in 0..quantity {
            sleep(baking).await;
            shop.put(name, 1);
            done += 1;
            tell(format!("{done}/{total}"));
        }
        baked.push(order);
    }
    if flaws.has(Flaw::ReportLeavesOut) {
        failed.clear();
    }
    json!({ "baked": baked, "failed": failed })
}

fn set(tasks: &Tasks, id: &str, change: impl FnOnce(&mut Value)) {
    if let Some(task) = lock(tasks).get_mut(id) {
        change(&mut task.state);
    }
}

fn lock(tasks: &Tasks) -> MutexGuard<'_, HashMap<String, Task>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}
