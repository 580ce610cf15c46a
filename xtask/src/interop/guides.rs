//! The stores that the book's guides show beside their twins in Rust: `interop/guide.py` in FastMCP and
//! `interop/guide.cjs` on the official SDK for TypeScript. Their own tests, `interop/guide_test.py` and
//! `interop/guide_test.cjs`, say a line of JSON for each check.

use tokio::process::Command;

use super::Setup;
use super::client::{heard, tell};

/// How many checks `interop/guide_test.py` makes, on both revisions together.
const OF_FASTMCP: usize = 16;

/// How many checks `interop/guide_test.cjs` makes, on both revisions together.
const OF_TYPESCRIPT: usize = 12;

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("The stores of the guides");
    let script = |name| setup.root.join("interop").join(name);
    let python = setup.python.script(script("guide_test.py"));
    test(setup, "FastMCP", python, OF_FASTMCP).await;
    let node = setup.node.script(script("guide_test.cjs"));
    test(setup, "TypeScript", node, OF_TYPESCRIPT).await;
}

async fn test(setup: &Setup, place: &str, command: Command, checks: usize) {
    match heard(setup, command, checks).await {
        Ok(lines) => tell(setup, place, lines).await,
        Err(error) => setup.tally.check(place, async { Err(error) }).await,
    }
}
