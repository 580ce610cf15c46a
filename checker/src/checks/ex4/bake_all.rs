//! 4.12 (bonus): `bake_all` is a task for clients that support tasks, and a call for all others.

use std::collections::BTreeSet;
use std::time::Duration;

use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::bake::Baked;
use super::places;
use crate::blocks::TodoBlock;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract, draw};
use crate::mcp::task::{Begun, TaskState};
use crate::mcp::{Era, ErrorKind, RequestError, ToolCall};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/4.12.snap");

/// By this code a server says that it does not know a task.
const INVALID_PARAMS: i64 = -32602;

/// Between two looks at a task. A client of people asks less often.
const PAUSE: Duration = Duration::from_millis(5);

/// How many are ordered in all, and then given up.
const MANY: i64 = 100;

/// In so many orders, at most.
const ORDERS: i64 = 20;

#[derive(Debug, Deserialize)]
struct Report {
    baked: Vec<Baked>,
    failed: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    product_name: String,
    reason: String,
}

/// Orders of two products, with one between them that cannot be baked.
struct Batch {
    first: (Product, i64),
    unknown: String,
    last: (Product, i64),
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("see which arguments bake_all takes");
    let tool = shop.declared("bake_all").await?;
    let in_tool = |stop: Stop| stop.at(places::BAKE_ALL);
    contract::compare(&[contract::tool(&tool)], CONTRACT).map_err(in_tool)?;

    server.purpose("a client without tasks gets the result from the call");
    let batch = batch(server, &shop, 2).await?;
    let called = shop
        .session
        .call("bake_all", batch.arguments())
        .await
        .map_err(waits_in_vain)
        .map_err(in_tool)?;
    shop::succeeded(&called, "what was baked, and what was not").map_err(in_tool)?;
    batch
        .is_reported(
            &called.sent,
            &called.result.structured_content.clone().unwrap_or_default(),
        )
        .map_err(in_tool)?;
    server.purpose("see that it is on the shelf");
    batch
        .is_on_the_shelf(&shop, &called.sent)
        .await
        .map_err(in_tool)?;
    match server.era {
        Era::Modern => of_tasks(server, most_of_one_order(&tool)).await,
        // The extension is of the other era.
        Era::Legacy => Ok(()),
    }
}

/// The most that one order of a batch may ask for, as the tool's schema has it.
fn most_of_one_order(tool: &Tool) -> i64 {
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let orders = contract::resolve(&schema["properties"]["orders"], &schema);
    let order = contract::resolve(&orders["items"], &schema);
    shop::most_in(order, &schema)
}

/// rmcp refuses a task to who knows none, after the work has begun.
fn waits_in_vain(failure: RequestError) -> Stop {
    match failure.kind {
        kind @ ErrorKind::Refused { .. } => Finding::new(Code::NoAsProtocolError)
            .sent(failure.sent)
            .expected("the result: this client does not support tasks, and waits for it")
            .got(kind.to_string())
            .why("Check whether the client supports tasks before the work begins. Once the oven is on, it is too late.")
            .in_rust("In rmcp, get the capabilities with `context.client_capabilities()`, and call `supports_tasks()` on them.")
            .into(),
        _ => failure.into(),
    }
}

async fn of_tasks(server: &ServerUnderTest, most: i64) -> Checked {
    let client = server.client().with_tasks();
    let shop = Shop::enter_as(server, client).await?;
    let extensions = shop.session.capabilities().extensions.unwrap_or_default();
    if !extensions.contains_key(rmcp::model::TASKS_EXTENSION_ID) {
        return Err(at(
            places::TASKS_CAPABILITY,
            Finding::new(Code::TasksNotDeclared)
                .sent("server/discover")
                .expected("capabilities.extensions with io.modelcontextprotocol/tasks")
                .got("none")
                .why("Clients only use tasks if the server declares them."),
        ));
    }
    server.purpose("a client that supports tasks gets one immediately");
    let batch = batch(server, &shop, 3).await?;
    let task = begin(&shop, batch.arguments())
        .await
        .map_err(|stop| stop.at(places::BAKE_ALL))?;
    server.purpose("ask for the status now and then");
    let ended = follow(server, &shop, &task).await?;
    let ended = ended.ok_or_else(|| never_ends(server, &task))?;
    let result = &ended.raw["result"];
    if ended.status() != "completed" || result["isError"] == json!(true) {
        return Err(at(
            places::BAKE_ALL,
            Finding::new(Code::TaskFailed)
                .sent(&ended.sent)
                .expected("completed, with what was baked and what was not")
                .got(ended.raw.to_string())
                .why("A product that cannot be baked belongs in the report. It must not keep the others from being baked."),
        ));
    }
    batch
        .is_reported(&ended.sent, &result["structuredContent"])
        .map_err(|stop| stop.at(places::BAKE_ALL))?;
    batch
        .is_on_the_shelf(&shop, &ended.sent)
        .await
        .map_err(|stop| stop.at(places::BAKE_ALL))?;
    stops(server, &shop, &batch, most).await?;
    knows_its_tasks(server, &shop).await
}

async fn begin(shop: &Shop, arguments: Value) -> Checked<TaskState> {
    let call = ToolCall::new("bake_all", arguments);
    match shop.session.begin_task(&call).await? {
        Begun::Task(task) if !task.id().is_empty() && !task.is_over() => Ok(task),
        Begun::Task(task) => Err(Finding::new(Code::NoTask)
            .sent(&task.sent)
            .expected("a task that goes on: a taskId, and the status working")
            .got(task.raw.to_string())
            .why("The call returns before the work is done. The client asks for its status with the taskId.")
            .into()),
        Begun::Complete(called) => Err(Finding::new(Code::NoTask)
            .sent(&called.sent)
            .expected("a task: resultType task, with a taskId")
            .got("the result of the call")
            .why("The client has declared that it supports tasks, so it does not have to keep a connection open until everything is baked.")
            .into()),
    }
}

/// Asks until the task is over. `None` if it never is.
async fn follow(
    server: &ServerUnderTest,
    shop: &Shop,
    task: &TaskState,
) -> Checked<Option<TaskState>> {
    let following = async {
        loop {
            let state = shop.session.task(task.id()).await?;
            if state.is_over() {
                return Ok::<_, RequestError>(state);
            }
            sleep(PAUSE).await;
        }
    };
    match timeout(server.patience.answer, following).await {
        Ok(Ok(ended)) => Ok(Some(ended)),
        Ok(Err(failure)) => Err(Stop::from(failure).at(places::TASKS)),
        Err(_) => Ok(None),
    }
}

fn never_ends(server: &ServerUnderTest, task: &TaskState) -> Stop {
    let patience = server.patience.answer.as_secs();
    at(
        places::BAKE_ALL,
        Finding::new(Code::TaskDoesNotEnd)
            .sent(format!("tasks/get {}", task.id()))
            .expected("completed in the end")
            .got(format!("still {} after {patience} s", task.status()))
            .why("Clients keep asking until the task is completed, failed or cancelled."),
    )
}

/// A task that takes a while says how far it is, and stops when it is told to.
async fn stops(server: &ServerUnderTest, shop: &Shop, batch: &Batch, most: i64) -> Checked {
    let product = &batch.first.0;
    let before = shop.stock(&product.name).await?;
    let each = most.min(MANY / 2);
    let orders = (MANY / each).min(ORDERS);
    let all = each * orders;
    let order = json!({ "product_name": product.name, "quantity": each });
    let orders: Vec<&Value> = (0..orders).map(|_| &order).collect();
    server.purpose("begin a task that takes a while, and ask for its status");
    let task = begin(shop, json!({ "orders": orders })).await?;
    says_how_far(server, shop, &task).await?;
    server.purpose("cancel it");
    let cancelled = shop.session.cancel_task(task.id()).await;
    cancelled.map_err(|failure| Stop::from(failure).at(places::TASKS))?;
    let ended = follow(server, shop, &task).await?;
    let status = ended.as_ref().map_or("working", TaskState::status);
    server.purpose("see what was baked, and that no more follows");
    let then = shop.stock(&product.name).await?;
    sleep(Duration::from_millis(100)).await;
    let later = shop.stock(&product.name).await?;
    if ended.is_some() && then == later && then < before.saturating_add(all) {
        return Ok(());
    }
    Err(Finding::new(Code::DoesNotStop)
        .sent(format!("tasks/cancel {}", task.id()))
        .expected(format!(
            "fewer than {all} baked, and none after the end of the task"
        ))
        .got(format!("the work continued, and the status of the task is {status}"))
        .why("Cancelling takes two parts. tasks/cancel passes the request on to the task, and the work checks for it and stops.")
        .at(places::cancelling())
        .into())
}

/// Asks until the task has said two different things with a number in them.
async fn says_how_far(server: &ServerUnderTest, shop: &Shop, task: &TaskState) -> Checked {
    let mut told = BTreeSet::new();
    let asking = async {
        while told.len() < 2 {
            let state = shop.session.task(task.id()).await?;
            let message = state.message();
            if message.chars().any(|one| one.is_ascii_digit()) {
                told.insert(message.to_owned());
            }
            if state.is_over() {
                break;
            }
            sleep(PAUSE).await;
        }
        Ok::<_, RequestError>(())
    };
    if let Ok(Err(failure)) = timeout(server.patience.answer, asking).await {
        return Err(Stop::from(failure).at(places::TASKS));
    }
    if told.len() >= 2 {
        return Ok(());
    }
    let got = match told.first() {
        None => "no such message".to_owned(),
        Some(words) => format!("only {words:?}"),
    };
    Err(at(
        places::BAKE_ALL,
        Finding::new(Code::TaskDoesNotTell)
            .sent(format!("tasks/get {}, again and again", task.id()))
            .expected("a statusMessage that shows the progress as a number, and changes")
            .got(got)
            .why("Tasks have no progress notifications, so clients show the status message."),
    ))
}

async fn knows_its_tasks(server: &ServerUnderTest, shop: &Shop) -> Checked {
    server.purpose("ask for a task that does not exist");
    let unknown = "00000000-0000-4000-8000-000000000000";
    let got = match shop.session.task(unknown).await {
        Err(RequestError {
            kind:
                ErrorKind::Refused {
                    code: INVALID_PARAMS,
                    ..
                },
            ..
        }) => return Ok(()),
        Err(failure) => failure.kind.to_string(),
        Ok(task) => task.raw.to_string(),
    };
    Err(at(
        places::TASKS,
        Finding::new(Code::UnknownTaskAccepted)
            .sent(format!("tasks/get {unknown}"))
            .expected(format!("the error {INVALID_PARAMS}"))
            .got(got)
            .why("This error tells a client to stop asking."),
    ))
}

async fn batch(server: &ServerUnderTest, shop: &Shop, quantity: i64) -> Checked<Batch> {
    let products = shop.products().await?;
    let [first, .., last] = products.as_slice() else {
        return Err(shop::too_little_left(server));
    };
    Ok(Batch {
        first: (first.clone(), quantity),
        unknown: draw::unheard_of(server),
        last: (last.clone(), quantity - 1),
    })
}

impl Batch {
    fn arguments(&self) -> Value {
        let order =
            |name: &str, quantity: i64| json!({ "product_name": name, "quantity": quantity });
        json!({ "orders": [
            order(&self.first.0.name, self.first.1),
            order(&self.unknown, 1),
            order(&self.last.0.name, self.last.1),
        ]})
    }

    fn is_reported(&self, sent: &str, content: &Value) -> Checked {
        let finding =
            |got: String| {
                Stop::from(
                Finding::new(Code::WrongReport)
                    .sent(sent)
                    .expected(format!(
                        "baked: {} × {} and {} × {}; failed: {} with a reason",
                        self.first.1, self.first.0.name, self.last.1, self.last.0.name, self.unknown
                    ))
                    .got(got)
                    .why("Bake everything that can be baked, and report every order of the batch."),
            )
            };
        let report =
            Report::deserialize(content).map_err(|error| finding(format!("{content}: {error}")))?;
        let expected = [&self.first, &self.last].map(|(product, quantity)| Baked {
            product_name: product.name.clone(),
            quantity: *quantity,
        });
        let is_baked =
            report.baked.len() == 2 && expected.iter().all(|one| report.baked.contains(one));
        let has_failed = matches!(report.failed.as_slice(), [failed] if failed.product_name == self.unknown && !failed.reason.trim().is_empty());
        if is_baked && has_failed {
            return Ok(());
        }
        Err(finding(content.to_string()))
    }

    async fn is_on_the_shelf(&self, shop: &Shop, sent: &str) -> Checked {
        for (product, quantity) in [&self.first, &self.last] {
            let after = shop.stock(&product.name).await?;
            let expected = product.stock.saturating_add(*quantity);
            if after != expected {
                return Err(Finding::new(Code::NotOnTheShelf)
                    .sent(format!("{sent}, then tools/call list_products {{}}"))
                    .expected(format!("stock of {:?}: {expected}", product.name))
                    .got(after.to_string())
                    .why("Add what was baked to the stock.")
                    .into());
            }
        }
        Ok(())
    }
}

fn at(block: TodoBlock, finding: Finding) -> Stop {
    Stop::from(finding).at(block)
}
