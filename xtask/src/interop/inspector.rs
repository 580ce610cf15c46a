//! MCP Inspector's command line against the solution, on both revisions.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use checker::checks::store::SERVING;
use checker::patience::Patience;
use serde_json::{Value, json};

use super::{LEGACY, MODERN, Setup};
use crate::peers::call;

/// How long one call may take. Most of it is Node's start.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the Inspector ends when a tool's result has `isError`, and with any other error.
pub(super) const TOOL_ERROR: i32 = 5;
const OTHER_ERROR: i32 = 1;

/// The Inspector with a way to the store on one revision.
pub(super) struct Inspector<'setup> {
    setup: &'setup Setup,
    /// The words that lead to the server.
    way: Vec<String>,
}

pub(super) async fn run(setup: &Setup) {
    setup
        .tally
        .peer("MCP Inspector's command line against the solution");
    for (revision, era) in [(MODERN, "modern"), (LEGACY, "legacy")] {
        let server = match setup
            .solution
            .serve(SERVING, Patience::default().listening)
            .await
        {
            Ok(server) => server,
            Err(error) => {
                setup
                    .tally
                    .check(revision, async { Err(error.into()) })
                    .await;
                continue;
            }
        };
        let url = server.url();
        let words = ["--protocol-era", era, "--transport", "http", url.as_str()];
        over_http(setup, revision, &Inspector::with(setup, &words)).await;

        let program = setup.solution.executable.to_string_lossy();
        let words = ["--protocol-era", era, &program, "--stdio"];
        let inspector = Inspector::with(setup, &words);
        let sentence = format!("{revision} over stdio: tools/list");
        setup.tally.check(&sentence, lists_tools(&inspector)).await;
    }
}

async fn over_http(setup: &Setup, revision: &str, inspector: &Inspector<'_>) {
    let sentence = |words: &str| format!("{revision} over HTTP: {words}");
    let tally = &setup.tally;
    tally
        .check(&sentence("initialize"), agrees(inspector, revision))
        .await;
    tally
        .check(&sentence("tools/list"), lists_tools(inspector))
        .await;
    tally.check(&sentence("tools/call"), buys(inspector)).await;
    tally
        .check(
            &sentence("tools/call that is refused"),
            is_refused(inspector),
        )
        .await;
    tally
        .check(
            &sentence("resources/list and templates"),
            lists_resources(inspector),
        )
        .await;
    tally
        .check(&sentence("resources/read"), reads_a_product(inspector))
        .await;
    tally
        .check(
            &sentence("resources/read of what is not there"),
            reads_nothing(inspector),
        )
        .await;
    tally
        .check(&sentence("prompts/list"), lists_prompts(inspector))
        .await;
    tally
        .check(&sentence("prompts/get"), fills_in_a_prompt(inspector))
        .await;
}

async fn agrees(inspector: &Inspector<'_>, revision: &str) -> Result<String> {
    let result = inspector.result(&["initialize"]).await?;
    let seen = json!([result["protocolVersion"], result["serverInfo"]["name"]]);
    is(&seen, &json!([revision, "corner-bakery"]))?;
    Ok(format!("{revision} with corner-bakery"))
}

async fn lists_tools(inspector: &Inspector<'_>) -> Result<String> {
    let result = inspector.result(&["tools/list"]).await?;
    let names = all(&result["tools"], "name");
    is(
        &names,
        &json!(["buy_product", "list_products", "search_products"]),
    )?;
    Ok("three tools".to_owned())
}

async fn buys(inspector: &Inspector<'_>) -> Result<String> {
    let product = inspector.first_product().await?;
    let order = json!({ "product_name": product["name"], "quantity": 2 });
    let words = [
        "tools/call",
        "--tool-name",
        "buy_product",
        "--tool-args-json",
    ];
    let result = inspector
        .result(&[&words[..], &[&order.to_string()]].concat())
        .await?;
    let number = |field: &str| product[field].as_i64().unwrap_or_default();
    let left = number("stock") - 2;
    is(
        &result["structuredContent"],
        &json!({
            "product_name": product["name"],
            "quantity": 2,
            "total_cents": 2 * number("price_cents"),
            "remaining_stock": left,
        }),
    )?;
    is(&inspector.first_product().await?["stock"], &json!(left))?;
    Ok(format!("2 of {}, {left} left", product["name"]))
}

async fn is_refused(inspector: &Inspector<'_>) -> Result<String> {
    let order = r#"{"product_name":"Moon rock","quantity":1}"#;
    let words = ["--tool-name", "buy_product", "--tool-args-json", order];
    let told = inspector
        .error(&[&["tools/call"], &words[..]].concat(), TOOL_ERROR)
        .await?;
    is(&told["code"], &json!("tool_is_error"))?;
    Ok("isError".to_owned())
}

async fn lists_resources(inspector: &Inspector<'_>) -> Result<String> {
    let result = inspector.result(&["resources/list"]).await?;
    is(
        &all(&result["resources"], "uri"),
        &json!(["store://inventory"]),
    )?;
    let result = inspector.result(&["resources/templates/list"]).await?;
    let templates = all(&result["resourceTemplates"], "uriTemplate");
    is(&templates, &json!(["store://products/{name}"]))?;
    Ok("one of each".to_owned())
}

async fn reads_a_product(inspector: &Inspector<'_>) -> Result<String> {
    let product = inspector.first_product().await?;
    let name = product["name"].as_str().context("a product has no name")?;
    let uri = format!("store://products/{}", name.replace(' ', "%20"));
    let result = inspector.result(&["resources/read", "--uri", &uri]).await?;
    let contents = &result["contents"][0];
    is(&contents["mimeType"], &json!("application/json"))?;
    let text = contents["text"].as_str().context("no text")?;
    is(&serde_json::from_str(text)?, &product)?;
    Ok(uri)
}

async fn reads_nothing(inspector: &Inspector<'_>) -> Result<String> {
    let uri = "store://products/moon%20rock";
    let told = inspector
        .error(&["resources/read", "--uri", uri], OTHER_ERROR)
        .await?;
    let message = told["message"].as_str().unwrap_or_default();
    ensure!(
        message.contains(uri),
        "the error does not name {uri}: {told}"
    );
    Ok(message.to_owned())
}

async fn lists_prompts(inspector: &Inspector<'_>) -> Result<String> {
    let result = inspector.result(&["prompts/list"]).await?;
    is(&all(&result["prompts"], "name"), &json!(["recommend"]))?;
    is(
        &all(&result["prompts"][0]["arguments"], "name"),
        &json!(["budget_cents", "occasion"]),
    )?;
    Ok("recommend".to_owned())
}

async fn fills_in_a_prompt(inspector: &Inspector<'_>) -> Result<String> {
    let product = inspector.first_product().await?;
    let budget = product["price_cents"].as_i64().unwrap_or_default();
    let words = ["prompts/get", "--prompt-name", "recommend", "--prompt-args"];
    let wish = ["occasion=brunch", &format!("budget_cents={budget}")];
    let result = inspector.result(&[&words[..], &wish].concat()).await?;
    let text = &result["messages"][0]["content"]["text"];
    let name = product["name"].as_str().unwrap_or_default();
    for word in ["brunch", name] {
        let named = text.as_str().is_some_and(|text| text.contains(word));
        ensure!(named, "the prompt does not name {word:?}: {text}");
    }
    Ok(format!("up to {budget} cents"))
}

impl<'setup> Inspector<'setup> {
    /// The Inspector with these words to lead to the server.
    pub(super) fn with(setup: &'setup Setup, way: &[&str]) -> Self {
        let way = way.iter().map(|&word| word.to_owned()).collect();
        Self { setup, way }
    }

    /// What a method gives.
    pub(super) async fn result(&self, method: &[&str]) -> Result<Value> {
        let (status, stdout, stderr) = self.call(method).await?;
        if status != Some(0) {
            bail!("it exited with {status:?}: {stdout}{stderr}");
        }
        let mut said: Value =
            serde_json::from_str(&stdout).with_context(|| format!("this is not JSON: {stdout}"))?;
        Ok(said["result"].take())
    }

    /// The error that a method ends in, with this status.
    pub(super) async fn error(&self, method: &[&str], expected: i32) -> Result<Value> {
        let (status, stdout, stderr) = self.call(method).await?;
        ensure!(
            status == Some(expected),
            "it exited with {status:?}, not {expected}: {stdout}{stderr}"
        );
        let said = stderr
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let error = said.map(|mut said: Value| said["error"].take()).next_back();
        error.with_context(|| format!("it said no error: {stderr}"))
    }

    async fn call(&self, method: &[&str]) -> Result<(Option<i32>, String, String)> {
        let mut command = self.setup.node.inspector();
        command
            .args(["--format", "json", "--quiet", "--stored-auth-only"])
            .arg("--method")
            .args(method)
            .args(&self.way);
        let said = call(command, &self.setup.guard, PATIENCE).await?;
        Ok((said.status.code(), said.stdout, said.stderr.join("\n")))
    }

    async fn first_product(&self) -> Result<Value> {
        let words = ["tools/call", "--tool-name", "list_products"];
        let mut result = self.result(&words).await?;
        let product = result["structuredContent"]["products"][0].take();
        ensure!(product.is_object(), "list_products lists nothing: {result}");
        Ok(product)
    }
}

/// One field of all elements, sorted.
pub(super) fn all(list: &Value, field: &str) -> Value {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut fields: Vec<&str> = list.iter().filter_map(|one| one[field].as_str()).collect();
    fields.sort_unstable();
    json!(fields)
}

pub(super) fn is(got: &Value, expected: &Value) -> Result<()> {
    ensure!(got == expected, "expected {expected}, got {got}");
    Ok(())
}
