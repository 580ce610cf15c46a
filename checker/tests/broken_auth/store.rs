//! The bakery, and what depends on who has signed in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::bakery;
use crate::bakery::tools::{error, structured};
use crate::door::User;
use crate::flaw::{Flaw, Flaws};
use crate::owners::Owners;
use crate::protocol::{About, Call, Era, INVALID_PARAMS, RpcError, Service, Stop};

/// How long a question can be answered.
const CONFIRM_SECONDS: f64 = 300.0;

pub struct Store {
    flaws: Flaws,
    bakery: bakery::store::Store,
    purchases: Mutex<Vec<Purchase>>,
    questions: Owners,
    tasks: Owners,
}

struct Purchase {
    receipt: Value,
    by: User,
}

impl Store {
    pub fn open(flaws: Flaws, bake_seconds: f64) -> Self {
        let lacks = if flaws.has(Flaw::NoBatches) {
            "no-batches"
        } else {
            ""
        };
        let none = lacks.parse().unwrap_or_else(|error| panic!("{error}"));
        Self {
            bakery: bakery::store::Store::open(none, CONFIRM_SECONDS, bake_seconds),
            flaws,
            purchases: Mutex::default(),
            questions: Owners::default(),
            tasks: Owners::default(),
        }
    }

    async fn buy(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let state = call.params()["requestState"].as_str().unwrap_or_default();
        let who = if flaws.has(Flaw::ConfirmationByName) {
            &user.name
        } else {
            &user.id
        };
        if self.questions.is_of_another(state, who) && !flaws.has(Flaw::ConfirmationOfAnybody) {
            if flaws.has(Flaw::ConfirmationSpentByOthers) {
                let _ = self.bakery.answer(call).await;
            }
            let why = "this requestState is not good for this";
            return Err(RpcError::new(INVALID_PARAMS, why).into());
        }
        match self.bakery.answer(call).await {
            Err(Stop::Result(asks)) => {
                if let Some(state) = asks["requestState"].as_str() {
                    self.questions.note(state, who);
                }
                Err(Stop::Result(asks))
            }
            Ok(bought) if bought["isError"] == false => {
                Ok(self.note(bought["structuredContent"].clone(), user))
            }
            other => other,
        }
    }

    /// Writes down who has bought this, and gives them a receipt.
    fn note(&self, mut receipt: Value, by: &User) -> Value {
        let flaws = &self.flaws;
        receipt["buyer"] = if flaws.has(Flaw::BuyerIsSub) {
            json!(by.id)
        } else if flaws.has(Flaw::BuyerIsClient) {
            json!(by.client)
        } else if flaws.has(Flaw::BuyerIsConstant) {
            json!("alice")
        } else {
            json!(by.name)
        };
        if flaws.has(Flaw::NoBuyer)
            && let Some(fields) = receipt.as_object_mut()
        {
            fields.remove("buyer");
        }
        self.purchases().push(Purchase {
            receipt: receipt.clone(),
            by: by.clone(),
        });
        structured(&receipt)
    }

    fn orders(&self, call: &Call, user: &User) -> Value {
        let flaws = &self.flaws;
        let asked = &call.params()["arguments"]["buyer"];
        if flaws.has(Flaw::OrdersByArgument) && asked.is_null() {
            return error("buyer is needed");
        }
        let purchases = self.purchases();
        let last = purchases.last().map(|last| last.by.id.clone());
        let is_theirs = |by: &User| match call.era() {
            _ if flaws.has(Flaw::OrdersEmpty) => false,
            _ if flaws.has(Flaw::OrdersOfEverybody) => true,
            _ if flaws.has(Flaw::OrdersOfToken) => by.token == user.token,
            _ if flaws.has(Flaw::OrdersByName) => by.name == user.name,
            _ if flaws.has(Flaw::OrdersLostWithName) => by.id == user.id && by.name == user.name,
            _ if flaws.has(Flaw::OrdersOfClient) => by.client == user.client,
            _ if flaws.has(Flaw::OrdersOfLastBuyer) => Some(&by.id) == last.as_ref(),
            // There are no others.
            Era::Legacy if flaws.has(Flaw::OrdersOfSession) => by.session == user.session,
            _ => by.id == user.id,
        };
        let theirs = purchases.iter().filter(|one| is_theirs(&one.by));
        let mut orders: Vec<_> = theirs.map(|one| one.receipt.clone()).collect();
        if flaws.has(Flaw::OrdersOnlyNewest) {
            orders.drain(..orders.len().saturating_sub(1));
        }
        structured(&json!({ "orders": orders }))
    }

    async fn bake_all(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let begun = self.bakery.answer(call).await?;
        if let Some(task) = begun["taskId"].as_str() {
            self.tasks.note(task, &user.id);
        }
        Ok(begun)
    }

    async fn of_task(&self, call: &Call, user: &User, for_anybody: bool) -> Result<Value, Stop> {
        let task = call.params()["taskId"].as_str().unwrap_or_default();
        if self.tasks.is_of_another(task, &user.id) && !for_anybody {
            return Err(RpcError::new(INVALID_PARAMS, "no such task").into());
        }
        self.bakery.answer(call).await
    }

    fn declared(&self, mut list: Value) -> Value {
        let flaws = &self.flaws;
        let text = json!({ "type": "string" });
        let Some(tools) = list["tools"].as_array_mut() else {
            return list;
        };
        let Some(buy) = tools.iter_mut().find(|one| one["name"] == "buy_product") else {
            return list;
        };
        let receipt = &mut buy["outputSchema"];
        if !flaws.has(Flaw::BuyerNotDeclared) {
            receipt["properties"]["buyer"] = text.clone();
            if let Some(required) = receipt["required"].as_array_mut() {
                required.push(json!("buyer"));
            }
        }
        let mut of_orders = receipt.clone();
        of_orders["properties"]["buyer"] = text.clone();
        let mut input = json!({ "type": "object", "properties": {} });
        if flaws.has(Flaw::OrdersByArgument) {
            input =
                json!({ "type": "object", "properties": { "buyer": text }, "required": ["buyer"] });
        }
        let output = json!({
            "type": "object",
            "properties": { "orders": { "type": "array", "items": of_orders } },
            "required": ["orders"],
        });
        let more = json!({ "name": "opening_hours", "description": "Says when the bakery is open.",
            "inputSchema": { "type": "object", "properties": {} } });
        let hints = json!({ "readOnlyHint": !flaws.has(Flaw::OrdersWithoutHint) });
        if !flaws.has(Flaw::NoOrders) {
            tools.push(
                json!({ "name": "my_orders", "description": "Lists what the user has bought.",
                "annotations": hints, "inputSchema": input, "outputSchema": output }),
            );
        }
        if flaws.has(Flaw::MoreTools) {
            tools.push(more);
        }
        list
    }

    fn purchases(&self) -> MutexGuard<'_, Vec<Purchase>> {
        self.purchases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Store {
    fn about(&self) -> About {
        self.bakery.about()
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let user = call.extensions.get::<User>();
        let Some(user) = user else {
            let why = "a request got past the token check without a user";
            return Err(RpcError::new(INVALID_PARAMS, why).into());
        };
        let name = call.params()["name"].as_str().unwrap_or_default();
        match (call.request.method.as_str(), name) {
            ("tools/list", _) => Ok(self.declared(self.bakery.answer(call).await?)),
            ("tools/call", "list_products") if flaws.has(Flaw::ShowsNothing) => {
                Ok(structured(&json!({ "products": [] })))
            }
            ("tools/call", "buy_product") => self.buy(call, user).await,
            ("tools/call", "bake_all") => self.bake_all(call, user).await,
            ("tools/call", "my_orders") if !flaws.has(Flaw::NoOrders) => {
                Ok(self.orders(call, user))
            }
            ("tasks/get", _) => {
                let for_anybody = flaws.has(Flaw::TaskReadByAnybody);
                self.of_task(call, user, for_anybody).await
            }
            ("tasks/cancel", _) => {
                let for_anybody = flaws.has(Flaw::TaskCancelledByAnybody);
                self.of_task(call, user, for_anybody).await
            }
            _ => self.bakery.answer(call).await,
        }
    }

    fn reads_states(&self) -> bool {
        true
    }
}
