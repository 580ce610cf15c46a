//! The workflows in `.github/`, as actionlint takes them. It finds what GitHub would only say after a push: a
//! misspelt key, an unknown runner, an expression without a value.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Setup;
use crate::peers::call;

/// How long one file may take. Most of it is the start of Node, and of the linter in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where workflows are: those of this repository, and those that others copy.
const FOLDERS: [&str; 2] = [".github/workflows", ".github/classroom"];

/// Its runner is misspelt, and its expression names nothing.
const BROKEN: &str = "\
on: push
jobs:
  check:
    runs-on: ubuntu-latst
    steps:
      - run: echo ${{ github.nothing }}
";

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("actionlint and the workflows");
    let files = match workflows(&setup.root) {
        Ok(files) => files,
        Err(error) => return tally.check("finds them", async { Err(error) }).await,
    };
    for file in files {
        tally.check(&file, passes(setup, &file)).await;
    }
    tally.check("refuses a broken one", is_refused(setup)).await;
}

/// All workflows, relative to the checkout.
fn workflows(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        let entries =
            fs::read_dir(root.join(folder)).with_context(|| format!("cannot read {folder}"))?;
        for entry in entries {
            let name = entry?.file_name();
            files.push(format!("{folder}/{}", name.to_string_lossy()));
        }
    }
    files.sort();
    Ok(files)
}

async fn passes(setup: &Setup, file: &str) -> Result<String> {
    let (passed, said) = lint(setup, &setup.root, file).await?;
    ensure!(passed, "{said}");
    // Where it finds no file, it has nothing to say either.
    ensure!(said.contains("Checking 1 workflow file"), "{said}");
    Ok("nothing to say".to_owned())
}

async fn is_refused(setup: &Setup) -> Result<String> {
    let folder = setup.root.join("target/interop/workflows");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join("broken.yml"), BROKEN).context("cannot write broken.yml")?;
    let (passed, said) = lint(setup, &folder, "broken.yml").await?;
    ensure!(!passed, "it passes: {said}");
    for word in ["ubuntu-latst", "nothing"] {
        ensure!(said.contains(word), "nothing is said of {word}: {said}");
    }
    Ok("the runner and the expression".to_owned())
}

/// Whether a file passes, and what was said.
async fn lint(setup: &Setup, folder: &Path, file: &str) -> Result<(bool, String)> {
    let mut command = setup.node.actionlint();
    command.current_dir(folder).arg(file);
    let said = call(command, &setup.guard, PATIENCE).await?;
    Ok((said.status.success(), said.stdout))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tag can be moved to other code, a commit cannot.
    #[test]
    fn actions_are_pinned_to_a_commit_and_say_which_version_it_is() {
        let root = crate::root().unwrap();
        let mut actions = 0;
        for file in workflows(&root).unwrap() {
            let text = fs::read_to_string(root.join(&file)).unwrap();
            for line in text.lines() {
                let Some((_, action)) = line.split_once("uses: ") else {
                    continue;
                };
                let pinned = action.split_once('@').and_then(|(_, version)| {
                    let (commit, version) = version.split_once(" # v")?;
                    let is_commit =
                        commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
                    (is_commit && version.starts_with(|c: char| c.is_ascii_digit())).then_some(())
                });
                assert!(pinned.is_some(), "{file}: {action}");
                actions += 1;
            }
        }
        assert!(actions > 0, "no action is used");
    }
}
