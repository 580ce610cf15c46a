//! Long work that starts processes: whatever ends it, none of them is left running.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use checker::signals::asked_to_stop;
use checker::subject::guard::Guard;

/// Does the work at the root of the checkout, until it is done or a signal comes.
///
/// # Errors
///
/// When the work fails, or is stopped.
pub(crate) fn run(work: impl AsyncFnOnce(&Path, &Guard) -> Result<()>) -> Result<()> {
    let root: PathBuf = crate::root()?;
    let executable = std::env::current_exe().context("the system hides this program's path")?;
    let guard = Guard::start(&executable).context("the guard cannot be started")?;
    let runtime = tokio::runtime::Runtime::new().context("the system gives no threads")?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            // The signals first: nothing is started before somebody listens to them.
            biased;
            signal = asked_to_stop() => bail!("stopped by {signal}. Nothing is left running"),
            outcome = work(&root, &guard) => outcome,
        }
    });
    // Whatever still runs is dropped, and kills its processes.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}
