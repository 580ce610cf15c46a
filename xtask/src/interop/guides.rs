//! The stores that the book's guides show beside their twins in Rust: `interop/guide.py` in FastMCP. Its own
//! tests, in `interop/guide_test.py`, say a line of JSON for each check.

use super::Setup;
use super::client::{heard, tell};

/// How many checks `interop/guide_test.py` makes, on both revisions together.
const OF_FASTMCP: usize = 16;

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The stores of the guides");
    let command = setup.python.script(setup.root.join("interop/guide_test.py"));
    match heard(setup, command, OF_FASTMCP).await {
        Ok(lines) => tell(setup, "FastMCP", lines).await,
        Err(error) => tally.check("FastMCP", async { Err(error) }).await,
    }
}
