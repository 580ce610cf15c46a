//! The solution of exercise 1 in servers that other people wrote: the official
//! `@modelcontextprotocol/server-everything`, which speaks 2025-11-25, and a store in FastMCP,
//! `interop/store.py`, which speaks both revisions.

use std::time::Duration;

use anyhow::{Result, ensure};
use checker::checks::store::SERVING;
use checker::subject::server::Server;
use tokio::process::Command;

use super::{LEGACY, MODERN, Setup};
use crate::peers::call;

/// How long a server may take to listen, and the client to be done.
const START: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60);

const TOOL_ERROR: i32 = 1;
const REFUSED: i32 = 3;
const UNREACHABLE: i32 = 4;

/// Something that the client is asked, and what must come of it.
struct Asked {
    proves: &'static str,
    words: &'static [&'static str],
    code: i32,
    /// What it must print: on stdout if all goes well, else on stderr.
    prints: &'static [&'static str],
}

impl Asked {
    const fn of(
        proves: &'static str,
        words: &'static [&'static str],
        prints: &'static [&'static str],
    ) -> Self {
        Self {
            proves,
            words,
            code: 0,
            prints,
        }
    }

    const fn complaint(
        proves: &'static str,
        words: &'static [&'static str],
        code: i32,
        prints: &'static [&'static str],
    ) -> Self {
        Self {
            proves,
            words,
            code,
            prints,
        }
    }
}

const OF_EVERYTHING: [Asked; 8] = [
    Asked::of(
        "info names it, and 2025-11-25",
        &["info"],
        &["mcp-servers/everything", LEGACY],
    ),
    Asked::of(
        "list shows its tools with their descriptions",
        &["list"],
        &["get-structured-content", "Returns the sum of two numbers"],
    ),
    Asked::of(
        "a call brings text",
        &["call", "get-sum", r#"{"a": 17, "b": 25}"#],
        &["42"],
    ),
    Asked::of(
        "a call brings structured content",
        &[
            "call",
            "get-structured-content",
            r#"{"location": "Chicago"}"#,
        ],
        &["\"conditions\": \"Light rain / drizzle\""],
    ),
    Asked::of(
        "a resource is read",
        &["read", "demo://resource/dynamic/text/1"],
        &["Resource 1: This is a plaintext resource"],
    ),
    Asked::complaint(
        "arguments that do not fit are a tool error",
        &["call", "get-sum", r#"{"a": 17, "b": "many"}"#],
        TOOL_ERROR,
        &["expected number"],
    ),
    Asked::complaint(
        "an unknown tool, which it has for a tool error, is one",
        &["call", "get-structured-contents"],
        TOOL_ERROR,
        &["not found"],
    ),
    Asked::complaint(
        "an unknown resource is refused",
        &["read", "demo://nothing"],
        REFUSED,
        &["demo://nothing"],
    ),
];

const OF_STORE: [Asked; 7] = [
    Asked::of(
        "info names it, and 2026-07-28",
        &["info"],
        &["py-bakery 2.1.0", MODERN],
    ),
    Asked::of(
        "list shows its tools with their descriptions",
        &["list"],
        &[
            "search_products",
            "Lists everything the store sells, with prices in cents and how many are left.",
        ],
    ),
    Asked::of(
        "a call brings structured content",
        &["call", "search_products", r#"{"keyword": "éclair"}"#],
        &["\"name\": \"Éclair\"", "\"price_cents\": 410"],
    ),
    Asked::of(
        "a resource is read",
        &["read", "store://products/Rye%20bread"],
        &["\"price_cents\":520"],
    ),
    Asked::complaint(
        "what the store does not sell is a tool error",
        &[
            "call",
            "buy_product",
            r#"{"product_name": "Moon rock", "quantity": 1}"#,
        ],
        TOOL_ERROR,
        &["There is no product 'Moon rock'"],
    ),
    Asked::complaint(
        "an unknown tool is refused",
        &["call", "list_product"],
        REFUSED,
        &["Unknown tool"],
    ),
    Asked::complaint(
        "an unknown resource is refused",
        &["read", "store://nothing"],
        REFUSED,
        &["store://nothing"],
    ),
];

/// The same store, where nobody has heard of 2026-07-28.
const OF_LEGACY_STORE: [Asked; 1] = [Asked::of(
    "info names it, and 2025-11-25",
    &["info"],
    &["py-bakery 2.1.0", LEGACY],
)];

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The client of exercise 1 in other people's servers");
    let store = |legacy: bool| {
        let mut command = setup.python.script(setup.root.join("interop/store.py"));
        if legacy {
            command.arg("--legacy");
        }
        command
    };
    visit(
        setup,
        "server-everything",
        || setup.node.everything(),
        &OF_EVERYTHING,
    )
    .await;
    visit(setup, "a store in FastMCP", || store(false), &OF_STORE).await;
    let legacy = "the same on 2025-11-25";
    visit(setup, legacy, || store(true), &OF_LEGACY_STORE).await;
    visit(setup, legacy, || store(true), &OF_STORE[1..]).await;
}

/// Asks one server everything, and then whether it is still there when it is not.
async fn visit(setup: &Setup, name: &str, server: impl Fn() -> Command, all: &[Asked]) {
    let tally = &setup.tally;
    let server = match Server::start(server, SERVING, &setup.guard, START).await {
        Ok(server) => server,
        Err(error) => return tally.check(name, async { Err(error.into()) }).await,
    };
    let url = server.url();
    for asked in all {
        let sentence = format!("{name}: {}", asked.proves);
        tally
            .check(&sentence, ask(setup, url.as_str(), asked))
            .await;
    }
    let mut elsewhere = url.clone();
    elsewhere.set_path("/elsewhere");
    let page = Asked::complaint(
        "a page that is not there is no MCP server",
        &["info"],
        UNREACHABLE,
        &["no MCP server was reached", "404"],
    );
    let sentence = format!("{name}: {}", page.proves);
    tally
        .check(&sentence, ask(setup, elsewhere.as_str(), &page))
        .await;
    drop(server);
    let gone = Asked::complaint(
        "once it is gone, nobody is reached",
        &["info"],
        UNREACHABLE,
        &["no MCP server was reached", "onnect"],
    );
    let sentence = format!("{name}: {}", gone.proves);
    tally
        .check(&sentence, ask(setup, url.as_str(), &gone))
        .await;
}

async fn ask(setup: &Setup, url: &str, asked: &Asked) -> Result<String> {
    let mut client = Command::new(&setup.client);
    client.arg(url).args(asked.words);
    let said = call(client, &setup.guard, PATIENCE).await?;
    ensure!(said.status.code() == Some(asked.code), "{said}");
    let stderr = said.stderr.join("\n");
    let text = match asked.code {
        0 => &said.stdout,
        _ => &stderr,
    };
    for words in asked.prints {
        ensure!(text.contains(words), "no {words:?}: {said}");
    }
    if asked.code != 0 {
        ensure!(said.stdout.is_empty(), "a complaint on stdout: {said}");
    }
    let first = text.lines().next().unwrap_or_default();
    Ok(match asked.code {
        0 => first.chars().take(60).collect(),
        code => format!("exit code {code}"),
    })
}
