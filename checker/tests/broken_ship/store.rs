//! The bakery, and what exercise 6 adds.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::bakery;
use crate::bakery::shop::CUSTOMER;
use crate::bakery::tools::{error, structured};
use crate::delivery::Carrier;
use crate::flaw::{Flaw, Flaws};
use crate::limits::Limits;
use crate::protocol::{About, Call, Era, INVALID_PARAMS, RpcError, Service, Stop};
use crate::sales;
use crate::shared::Shared;
use crate::telemetry::Telemetry;
use crate::user::User;

/// How long a question can be answered.
const CONFIRM_SECONDS: f64 = 300.0;

pub struct Store {
    flaws: Flaws,
    query_time: Duration,
    bakery: bakery::store::Store,
    carrier: Carrier,
    limits: Arc<Limits>,
    baking: Duration,
    /// What the instances share, if there are several.
    shared: Option<Shared>,
    telemetry: Telemetry,
}

/// Work that ends when nobody waits for it.
struct Work(AbortHandle);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Store {
    pub fn open(flaws: Flaws, bake_seconds: f64, query_seconds: f64, limits: Arc<Limits>) -> Self {
        let none = "".parse().unwrap_or_else(|error| panic!("{error}"));
        Self {
            bakery: bakery::store::Store::open(none, CONFIRM_SECONDS, bake_seconds),
            carrier: Carrier::from_environment(flaws.clone()),
            limits,
            baking: Duration::from_secs_f64(bake_seconds),
            shared: Shared::of(&flaws),
            telemetry: Telemetry::start(flaws.clone()),
            flaws,
            query_time: Duration::from_secs_f64(query_seconds),
        }
    }

    /// Whether it is the only instance.
    pub fn is_alone(&self) -> bool {
        self.shared.is_none()
    }

    async fn buy(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let mut bought = match &self.shared {
            None => self.bakery.answer(call).await?,
            Some(shared) => self.buy_at_any(shared, call, user).await?,
        };
        if bought["isError"] == false {
            let mut receipt = bought["structuredContent"].clone();
            receipt["buyer"] = json!(user.name);
            bought = structured(&receipt);
        }
        Ok(bought)
    }

    /// Bakes in a task of its own, which somebody has to end.
    async fn bake_apart(&self, call: &Call) -> Result<Value, Stop> {
        let order = call.params()["arguments"].clone();
        let name = order["product_name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if !self.bakery.shop.has(&name) {
            return self.bakery.answer(call).await;
        }
        let quantity = order["quantity"].as_u64().unwrap_or_default();
        let (shop, baking) = (self.bakery.shop.clone(), self.baking);
        let (told, mut done) = unbounded_channel();
        let at_the_end = self.flaws.has(Flaw::ShelvesAtTheEnd);
        let work = tokio::spawn(async move {
            for one in 1..=quantity {
                sleep(baking).await;
                if !at_the_end {
                    shop.put(&name, 1);
                } else if one == quantity {
                    shop.put(&name, i64::try_from(quantity).unwrap_or_default());
                }
                let _ = told.send(one);
            }
        });
        let goes_on = self.flaws.has(Flaw::WorksOnWhenCancelled);
        // At the deadline, the future of the call is dropped.
        let _work = (goes_on || at_the_end).then(|| Work(work.abort_handle()));
        loop {
            tokio::select! {
                one = done.recv() => match one {
                    Some(one) => call.progress(one, quantity),
                    None => return Ok(structured(&order)),
                },
                () = call.cancelled(), if !goes_on => {
                    work.abort();
                    return Ok(error("The oven was turned off."));
                }
            }
        }
    }

    /// One of several instances asks, and another one gets the answer.
    async fn buy_at_any(&self, shared: &Shared, call: &Call, user: &User) -> Result<Value, Stop> {
        if call.era() == Era::Legacy {
            let why = if self.flaws.has(Flaw::LegacyWithoutReason) {
                ""
            } else {
                "Nothing was bought: this store can only ask newer clients."
            };
            if !self.flaws.has(Flaw::SessionsOfOneInstance) {
                return Ok(error(why));
            }
        }
        if !call.params()["inputResponses"].is_null() {
            return shared.answered(&self.bakery.shop, call, user).await;
        }
        match self.bakery.answer(call).await {
            Err(Stop::Result(asks)) => Err(Stop::Result(shared.sealed(asks, call, user))),
            other => other,
        }
    }

    async fn serve(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let name = call.params()["name"].as_str().unwrap_or_default();
        match (call.request.method.as_str(), name) {
            ("tools/list", _) => Ok(self.declared(self.bakery.answer(call).await?)),
            ("tools/call", "buy_product") => self.buy(call, user).await,
            ("tools/call", "delivery_quote") if !self.flaws.has(Flaw::NoCarrier) => {
                self.carrier.answer(call, user).await
            }
            ("tools/call", "bake")
                if self.flaws.has_any(&[
                    Flaw::WorksOn,
                    Flaw::WorksOnWhenCancelled,
                    Flaw::ShelvesAtTheEnd,
                ]) =>
            {
                self.bake_apart(call).await
            }
            ("tools/call", "my_orders") => Ok(structured(&self.bakery.shop.orders(user))),
            ("tools/call", "query_sales") if !self.flaws.has(Flaw::NoQuestions) => {
                self.query(&call.params()["arguments"]).await
            }
            _ => self.bakery.answer(call).await,
        }
    }

    async fn query(&self, arguments: &Value) -> Result<Value, Stop> {
        let sql = arguments["sql"].as_str().unwrap_or_default().to_owned();
        let limit = sales::limit(&self.flaws, &arguments["limit"])?;
        let (flaws, shop) = (self.flaws.clone(), self.bakery.shop.clone());
        let time = self.query_time;
        let found = spawn_blocking(move || {
            if flaws.has(Flaw::WritesAndRefuses) && sql.starts_with("DELETE") {
                shop.write(&sql);
            }
            sales::answer(&flaws, &shop.sales(&sql), &sql, limit, time)
        });
        if !self.flaws.has(Flaw::GoesOn) {
            return Ok(found.await.unwrap_or_else(|error| panic!("{error}")));
        }
        Ok(match timeout(time, found).await {
            Ok(found) => found.unwrap_or_else(|error| panic!("{error}")),
            Err(_) => error("The query took too long. Ask for less."),
        })
    }

    fn declared(&self, mut list: Value) -> Value {
        if let Some(tools) = list["tools"].as_array_mut() {
            tools.push(json!({
                "name": "my_orders",
                "description": "Lists what the user has bought.",
                "inputSchema": { "type": "object", "properties": {} },
                "annotations": { "readOnlyHint": true },
            }));
            if !self.flaws.has(Flaw::NoCarrier) {
                tools.push(Carrier::declaration());
            }
            if !self.flaws.has(Flaw::NoQuestions) {
                tools.push(sales::declaration(&self.flaws));
            }
        }
        list
    }
}

impl Service for Store {
    fn about(&self) -> About {
        self.bakery.about()
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
        let Some(user) = call.extensions.get::<User>().cloned() else {
            return Err(RpcError::new(INVALID_PARAMS, "nobody is signed in").into());
        };
        let begin = (Instant::now(), SystemTime::now());
        let work = CUSTOMER.scope(user.clone(), self.serve(call, &user));
        let mut result = self.limits.run(call, &user, work).await;
        if call.request.method == "tools/call" {
            self.telemetry.called(call, &mut result, begin).await;
        }
        result
    }

    fn reads_states(&self) -> bool {
        true
    }
}
