//! The page of `cargo checker play` in a real browser: with the solution of exercise 4, and with a
//! server that does what no server should. `interop/play/checks.cjs` is the person at it.

use std::time::Duration;

use super::{Setup, scripted};
use crate::peers::{Peers, built};

/// It takes half a minute on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Fewer checks than this have not all run.
const LEAST: usize = 41;

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("cargo checker play in a browser");
    let command = async || {
        let browser = Peers::new(&setup.root, &setup.guard).browser().await?;
        // Built now, so that no patience of the script includes cargo.
        built(&setup.root, "ex4_interact_solution", &setup.guard).await?;
        built(&setup.root, "ex5_auth_solution", &setup.guard).await?;
        let script = setup.root.join("interop/play/checks.cjs");
        let mut command = setup.node.script(script);
        command
            .current_dir(&setup.root)
            .arg(&setup.checker)
            .arg(browser);
        Ok(command)
    };
    scripted::run(setup, command, PATIENCE, LEAST).await;
}
