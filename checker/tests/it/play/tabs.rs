//! What a person can do in a tab.

use serde_json::{Value, json};

use super::player::{Heard, Play, Tab, names};
use super::{at_url, over_stdio, play};
use crate::common::beside_checker;
use crate::common::serving::Serving;

const ERAS: [&str; 2] = ["modern", "legacy"];

fn croissants(quantity: i64) -> Value {
    json!({ "product_name": "Croissant", "quantity": quantity })
}

async fn stock(tab: &Tab) -> i64 {
    let call = tab.call("list_products", json!({})).await;
    let (_, result) = tab.over(call).await;
    let products = result["structuredContent"]["products"]
        .as_array()
        .unwrap()
        .clone();
    let croissant = products
        .iter()
        .find(|product| product["name"] == "Croissant");
    croissant.unwrap()["stock"].as_i64().unwrap()
}

/// The purposes of the messages with this method.
fn purposes<'h>(heard: &'h Heard, method: &str) -> Vec<&'h str> {
    let of_method = heard.wire.iter().filter(|entry| entry["method"] == method);
    of_method
        .map(|entry| entry["purpose"].as_str().unwrap())
        .collect()
}

async fn buys_declines_and_closes(tab: &Tab, era: &str) {
    let before = stock(tab).await;
    let call = tab.call("buy_product", croissants(2)).await;
    let question = tab.question().await;
    assert_eq!(
        (&question["kind"], &question["call"]),
        (&json!("form"), &json!(call)),
        "{era}"
    );
    let message = question["params"]["message"].as_str().unwrap();
    assert!(message.contains("Croissant"), "{message}");
    tab.answer(&question, "accept", json!({ "confirm": true }))
        .await;
    let (over, result) = tab.over(call).await;
    assert_eq!(
        (&over["phase"], &over["asked"]),
        (&json!("done"), &json!(1)),
        "{over}"
    );
    assert_eq!(result["structuredContent"]["quantity"], 2, "{result}");

    for (action, content) in [
        ("decline", Value::Null),
        ("cancel", Value::Null),
        ("accept", json!({ "confirm": false })),
    ] {
        let call = tab.call("buy_product", croissants(1)).await;
        let question = tab.question().await;
        tab.answer(&question, action, content).await;
        let (_, result) = tab.over(call).await;
        assert_eq!(result["isError"], true, "{era}: {action}: {result}");
    }
    assert_eq!(stock(tab).await, before - 2, "{era}");
    let heard = tab
        .until(|heard| purposes(heard, "tools/call").len() >= 6)
        .await;
    assert!(purposes(&heard, "tools/call").contains(&"you called buy_product"));
}

async fn gives_up_a_bake(tab: &Tab, era: &str) {
    let before = stock(tab).await;
    let call = tab.call("bake", croissants(50)).await;
    let of_call = |heard: &Heard| {
        heard.state["calls"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
            .unwrap()
    };
    let heard = tab
        .until(|heard| of_call(heard)["reports"].as_u64() >= Some(2))
        .await;
    assert_eq!(of_call(&heard)["progress"]["total"], 50.0, "{era}");
    tab.act("cancel", json!({ "call": call })).await;
    let (over, _) = tab.over(call).await;
    assert_eq!(over["phase"], "cancelled", "{era}: {over}");
    // The oven is off: what there is stays as it is.
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let after = stock(tab).await;
    assert!(
        after > before && after < before + 50,
        "{era}: {before} {after}"
    );
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(stock(tab).await, after, "{era}");
}

#[tokio::test]
async fn a_person_buys_declines_and_cancels_on_both_eras_in_two_tabs() {
    let (_server, play) = at_url();
    for era in ERAS {
        let tab = Tab::connected(&play, era).await;
        let other = Tab::connected(&play, era).await;
        let listed = tab.request("tools/list", json!({})).await;
        assert!(
            names(&listed, "tools").contains(&"buy_product".to_owned()),
            "{listed}"
        );
        buys_declines_and_closes(&tab, era).await;
        gives_up_a_bake(&tab, era).await;
        // What the one is asked is not the other's business.
        let heard = other.until(|_| true).await;
        assert_eq!(heard.state["calls"], json!([]));
        assert_eq!(purposes(&heard, "tools/call"), [""; 0]);
    }
}

#[tokio::test]
async fn a_command_is_played_with_over_stdio_one_process_for_each_tab() {
    let play = Play::start(play(&["--command", &over_stdio()]));
    for era in ERAS {
        let tab = Tab::connected(&play, era).await;
        buys_declines_and_closes(&tab, era).await;
        let other = Tab::connected(&play, era).await;
        assert_eq!(
            stock(&other).await,
            stock(&tab).await + 2,
            "a store of its own"
        );
    }
}

#[tokio::test]
async fn the_switches_say_what_the_client_declares() {
    let (_server, play) = at_url();
    for era in ERAS {
        let cannot =
            json!({ "era": era, "form": false, "url": false, "apps": false, "tasks": false });
        let tab = Tab::open_as(&play, cannot).await;
        tab.is_connected().await;
        let call = tab.call("buy_product", croissants(1)).await;
        let (_, result) = tab.over(call).await;
        assert!(
            result["content"][0]["text"]
                .as_str()
                .unwrap()
                .contains("cannot"),
            "{result}"
        );

        let session = tab.until(|_| true).await.state["connection"]["session"].clone();
        tab.act("switch", json!({ "switches": { "era": era } }))
            .await;
        tab.until(|heard| {
            let connection = &heard.state["connection"];
            connection["phase"] == "connected" && connection["session"] != session
        })
        .await;
        let heard = tab
            .until(|heard| heard.state["notices"][0][1] == "Reconnected.")
            .await;
        assert_eq!(heard.state["switches"]["form"], true);
        let call = tab.call("buy_product", croissants(1)).await;
        let question = tab.question().await;
        // Cancelled, the question is gone with the call.
        tab.act("cancel", json!({ "call": call })).await;
        assert_eq!(tab.over(call).await.0["phase"], "cancelled");
        tab.until(|heard| heard.state["questions"] == json!([]))
            .await;
        let late = json!({ "question": question["id"], "action": "accept", "content": { "confirm": true } });
        assert_eq!(tab.act("answer", late).await, json!({ "there": false }));
    }
}

#[tokio::test]
async fn a_task_is_followed_and_can_be_cancelled() {
    let (_server, play) = at_url();
    let tab = Tab::connected(&play, "modern").await;
    let orders = json!({ "orders": [croissants(3), { "product_name": "Nothing", "quantity": 1 }] });
    let call = tab.call("bake_all", orders).await;
    let (over, result) = tab.over(call).await;
    assert_eq!(over["task"]["status"], "completed", "{over}");
    assert_eq!(
        result["structuredContent"]["baked"][0]["quantity"], 3,
        "{result}"
    );

    let call = tab
        .call("bake_all", json!({ "orders": [croissants(50)] }))
        .await;
    let is_task = |one: &Value| one["id"] == call && one["task"].is_object();
    tab.until(|heard| heard.state["calls"].as_array().unwrap().iter().any(is_task))
        .await;
    tab.act("cancel", json!({ "call": call })).await;
    let (over, _) = tab.over(call).await;
    assert_eq!(
        (&over["phase"], &over["task"]["status"]),
        (&json!("cancelled"), &json!("cancelled")),
        "{over}"
    );
    let heard = tab.until(|_| true).await;
    assert_eq!(purposes(&heard, "tasks/cancel"), ["you cancelled the task"]);
}

/// A server whose tasks ask, and `play` at its URL.
fn at_one_whose_tasks_ask() -> (Serving, Play) {
    let serving = Serving::start("examples/conformance", &[("STORE_PORT", "0")]);
    let play = Play::start(play(&["--url", &serving.url]));
    (serving, play)
}

#[tokio::test]
async fn what_a_task_wants_to_know_is_asked_and_the_task_goes_on() {
    let (_server, play) = at_one_whose_tasks_ask();
    let tab = Tab::connected(&play, "modern").await;
    let call = tab.call("multi_input", json!({})).await;
    for (number, (name, value)) in [("name", "Ada"), ("color", "green")].iter().enumerate() {
        let is_next = |heard: &Heard| heard.state["questions"][0]["number"] == number + 1;
        let question = tab.until(is_next).await.state["questions"][0].clone();
        let field = &question["params"]["requestedSchema"]["properties"][name];
        assert_eq!(field["type"], "string", "{question}");
        tab.answer(&question, "accept", json!({ *name: value }))
            .await;
    }
    let (over, result) = tab.over(call).await;
    assert_eq!(
        (&over["phase"], &over["asked"], &over["task"]["status"]),
        (&json!("done"), &json!(2), &json!("completed")),
        "{over}"
    );
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("Ada") && text.contains("green"), "{text}");
    let answered = ["your answer to the task's question"];
    tab.until(|heard| purposes(heard, "tasks/update") == answered)
        .await;
}

#[tokio::test]
async fn a_task_that_is_cancelled_withdraws_its_question() {
    let (_server, play) = at_one_whose_tasks_ask();
    let tab = Tab::connected(&play, "modern").await;
    let call = tab.call("confirm_delete", json!({})).await;
    tab.question().await;
    tab.act("cancel", json!({ "call": call })).await;
    let (over, _) = tab.over(call).await;
    assert_eq!(over["phase"], "cancelled", "{over}");
    tab.until(|heard| heard.state["questions"] == json!([]))
        .await;
}

#[tokio::test]
async fn resources_prompts_and_completions_are_read_as_they_crossed_the_wire() {
    let (_server, play) = at_url();
    let tab = Tab::connected(&play, "modern").await;
    let read = tab
        .request("resources/read", json!({ "uri": "store://inventory" }))
        .await;
    assert!(read["result"]["contents"][0]["text"].is_string(), "{read}");
    let unknown = tab
        .request("resources/read", json!({ "uri": "store://nothing" }))
        .await;
    assert!(
        unknown["error"]["code"].is_i64() && unknown["error"]["words"].is_string(),
        "{unknown}"
    );
    let prompt = json!({ "name": "recommend", "arguments": { "occasion": "breakfast" } });
    let prompt = tab.request("prompts/get", prompt).await;
    assert_eq!(prompt["result"]["messages"][0]["role"], "user", "{prompt}");
    let ask = json!({ "ref": { "type": "ref/prompt", "name": "recommend" }, "argument": { "name": "occasion", "value": "b" } });
    let completed = tab.request("completion/complete", ask).await;
    assert!(
        completed["result"]["completion"]["values"].is_array(),
        "{completed}"
    );
    let forbidden = tab
        .request("tools/call", json!({ "name": "list_products" }))
        .await;
    assert!(
        forbidden["words"].as_str().unwrap().contains("not allowed"),
        "{forbidden}"
    );

    let heard = tab
        .until(|heard| !purposes(heard, "prompts/get").is_empty())
        .await;
    let number = heard
        .wire
        .iter()
        .position(|entry| entry["method"] == "prompts/get")
        .unwrap();
    let whole = tab.act("message", json!({ "number": number })).await;
    assert_eq!(whole["message"]["params"]["name"], "recommend", "{whole}");
}

#[tokio::test]
async fn a_server_that_asks_twice_is_answered_twice() {
    let program = beside_checker("examples/asking");
    let play = Play::start(play(&[
        "--command",
        &format!("{} --stdio", program.display()),
    ]));
    for era in ERAS {
        let tab = Tab::connected(&play, era).await;
        let call = tab.call("ask_twice", json!({})).await;
        for (number, content) in [(1, json!({ "confirm": true })), (2, json!({ "count": 3 }))] {
            let heard = tab
                .until(|heard| heard.state["questions"][0]["number"] == number)
                .await;
            tab.answer(&heard.state["questions"][0], "accept", content)
                .await;
        }
        let (_, result) = tab.over(call).await;
        assert_eq!(
            result["structuredContent"]["second"]["content"]["count"], 3,
            "{era}: {result}"
        );
    }
}

#[tokio::test]
async fn a_tab_that_is_left_in_the_middle_of_a_call_takes_the_call_with_it() {
    let (_server, play) = at_url();
    for era in ERAS {
        let tab = Tab::connected(&play, era).await;
        tab.call("bake", croissants(50)).await;
        tab.until(|heard| heard.state["calls"][0]["reports"].as_u64() >= Some(2))
            .await;
        tab.act("leave", json!({})).await;
        let other = Tab::connected(&play, era).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let after = stock(&other).await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(stock(&other).await, after, "{era}");
        let gone = tab.act("reconnect", json!({})).await;
        assert!(gone["words"].is_string(), "{gone}");
    }
}

#[tokio::test]
async fn progress_is_shown_in_a_later_session_too() {
    let (_server, play) = at_url();
    let tab = Tab::connected(&play, "modern").await;
    // In the next session, exchanges are numbered from the beginning.
    stock(&tab).await;
    tab.act("reconnect", json!({})).await;
    tab.until(|heard| {
        let connection = &heard.state["connection"];
        connection["phase"] == "connected" && connection["session"] == 2
    })
    .await;
    let call = tab.call("bake", croissants(5)).await;
    assert_eq!(tab.over(call).await.0["reports"], 5);
}
