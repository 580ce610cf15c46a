//! The spelling of everything in the checkout, as typos takes it. `_typos.toml` has the words that are right.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Setup;
use crate::peers::call;

const PATIENCE: Duration = Duration::from_secs(60);

/// A misspelled word, and one in British spelling.
const MISSPELLED: &str = "The server recieves your favourite color.\n";

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("typos and the spelling");
    tally.check("finds no mistake", passes(setup)).await;
    tally
        .check("finds misspelled words", is_refused(setup))
        .await;
}

async fn passes(setup: &Setup) -> Result<String> {
    let mut files = setup.python.typos();
    files.current_dir(&setup.root).arg("--files");
    let files = call(files, &setup.guard, PATIENCE).await?;
    let count = files.stdout.lines().count();
    // Where it finds no file, it finds no mistake either.
    ensure!(count > 500, "it looks at {count} files only");

    let mut typos = setup.python.typos();
    typos.current_dir(&setup.root).args(["--format", "brief"]);
    let said = call(typos, &setup.guard, PATIENCE).await?;
    let words = said.stdout + &said.stderr.join("\n");
    ensure!(said.status.success(), "{words}");
    Ok(format!("{count} files"))
}

async fn is_refused(setup: &Setup) -> Result<String> {
    let folder = setup.root.join("target/interop/words");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join("misspelled.md"), MISSPELLED).context("cannot write misspelled.md")?;
    let mut typos = setup.python.typos();
    typos
        .current_dir(&folder)
        .args(["--format", "brief", "--config"])
        .arg(setup.root.join("_typos.toml"))
        .arg("misspelled.md");
    let said = call(typos, &setup.guard, PATIENCE).await?;
    ensure!(!said.status.success(), "it passes: {}", said.stdout);
    for word in ["`recieves`", "`favourite`"] {
        ensure!(
            said.stdout.contains(word),
            "{word} is not found: {}",
            said.stdout
        );
    }
    ensure!(said.stdout.lines().count() == 2, "{}", said.stdout);
    Ok("a typo and a British spelling".to_owned())
}
