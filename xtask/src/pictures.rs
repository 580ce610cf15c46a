//! `cargo xtask pictures`: the book's pictures of the two pages of exercise 4, of `play`, and of the realm's
//! login and consent, light and dark, taken in a real browser.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use checker::subject::guard::Guard;

use crate::guarded;
use crate::peers::{Peers, built, call};

/// It takes ten seconds on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn run() -> Result<()> {
    guarded::run(async |root, guard| take(root, guard).await)
}

async fn take(root: &Path, guard: &Guard) -> Result<()> {
    let peers = Peers::new(root, guard);
    println!("looking after Node and a browser, and building the checker");
    let (node, browser, checker) =
        tokio::try_join!(peers.node(), peers.browser(), built(root, "checker", guard))?;
    let mut command = node.script(root.join("interop/play/pictures.cjs"));
    command
        .current_dir(root)
        .arg(checker)
        .arg(browser)
        .arg(root.join("book/src/pictures"));
    let said = call(command, guard, PATIENCE).await?;
    print!("{}", said.ended_well()?);
    Ok(())
}
