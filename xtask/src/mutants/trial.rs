//! A copy of the checkout in which one change at a time is made and checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use checker::subject::guard::Guard;
use checker::verdict::Code;
use serde_json::Value;
use tokio::process::Command;

use super::mutant::Mutant;
use crate::copy::copy_checkout;
use crate::peers::{built, call};

/// No check takes longer; the first builds the crates that all share.
const PATIENCE: Duration = Duration::from_secs(1200);

/// What became of a change.
#[derive(Debug)]
pub(super) enum Found {
    /// It does not compile, so nobody can make it.
    Unviable,
    /// The checker notices, at this step first.
    Caught(String),
    /// The checker passes it.
    Survived,
}

pub(super) struct Trial {
    /// The copy.
    root: PathBuf,
    /// Where what is changed is built.
    target: PathBuf,
    /// Where the crates are that nobody changes: the target folder of the checkout.
    shared: PathBuf,
    checker: PathBuf,
    guard: Guard,
}

impl Trial {
    /// For these exercises.
    pub(super) async fn prepare(from: &Path, exercises: &[&String], guard: &Guard) -> Result<Self> {
        let folder = from.join("target/mutants");
        let root = folder.join("workshop");
        copy_checkout(from, &root)?;
        build_apart(&folder, exercises)?;
        let trial = Self {
            root,
            target: folder.join("target"),
            shared: from.join("target"),
            checker: built(from, "checker", guard).await?,
            guard: guard.clone(),
        };
        trial.build_tutor().await?;
        Ok(trial)
    }

    /// Exercise 1 starts the tutor, `cargo checker tutor`, and does not wait until it is built.
    async fn build_tutor(&self) -> Result<()> {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "--quiet", "--package", "checker"]);
        call(self.within(build), &self.guard, PATIENCE)
            .await?
            .ended_well()?;
        Ok(())
    }

    /// Has it run in the copy, and build there what is changed.
    fn within(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_BUILD_BUILD_DIR", &self.shared);
        command
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// That the solution passes without a change.
    pub(super) async fn passes(&self, exercise: &str) -> Result<()> {
        match self.check(exercise).await? {
            Found::Survived => Ok(()),
            Found::Caught(step) => bail!("{exercise}: the unchanged solution fails {step}"),
            Found::Unviable => bail!("{exercise}: the unchanged solution does not compile"),
        }
    }

    /// Makes the change, checks, and takes it back.
    pub(super) async fn of(&self, exercise: &str, mutant: &Mutant) -> Result<Found> {
        let path = self.root.join(&mutant.file);
        let right = fs::read_to_string(&path).context("cannot read the file to change")?;
        let wrong = mutant.applied(&right);
        fs::write(&path, wrong.context("a change outside of its file")?)?;
        let found = self.check(exercise).await;
        fs::write(&path, right)?;
        found
    }

    async fn check(&self, exercise: &str) -> Result<Found> {
        let mut command = Command::new(&self.checker);
        command.args(["check", exercise, "--solution", "--format", "json"]);
        let said = call(self.within(command), &self.guard, PATIENCE).await?;
        let report: Value = serde_json::from_str(&said.stdout).with_context(|| said.to_string())?;
        let steps = report["exercises"][0]["steps"].as_array();
        let mut steps = steps.context("the checker reports no steps")?.iter();
        let Some(step) = steps.find(|step| step["outcome"] != "passed") else {
            return Ok(Found::Survived);
        };
        let eras = step["eras"].as_object();
        let mut eras = eras.into_iter().flat_map(|eras| eras.values());
        if eras.any(|era| era["findings"][0]["code"] == Code::DoesNotCompile.as_str()) {
            return Ok(Found::Unviable);
        }
        Ok(Found::Caught(
            step["id"].as_str().unwrap_or_default().to_owned(),
        ))
    }
}

/// Gives the solutions and the checker of the copy names of their own among what cargo has built: else
/// they would be taken for those of the checkout. Some units of code fewer than the 256 of `dev`
/// change nothing else.
fn build_apart(folder: &Path, exercises: &[&String]) -> Result<()> {
    let apart = |package: String| format!("[profile.dev.package.{package}]\ncodegen-units = 253\n");
    let solutions = exercises
        .iter()
        .map(|exercise| format!("{exercise}_solution"));
    let profiles: String = solutions.chain(["checker".to_owned()]).map(apart).collect();
    let config = folder.join(".cargo");
    fs::create_dir_all(&config).context("cannot make target/mutants/.cargo")?;
    fs::write(config.join("config.toml"), profiles).context("cannot write a config of cargo")
}
