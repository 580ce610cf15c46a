//! A copy of the workshop, with the solution in the exercise's place, to save, build and check
//! in. It has a target folder of its own, so that its first build can be measured.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use checker::subject::guard::Guard;
use tokio::process::Command;

use crate::copy::copy_checkout;
use crate::peers::call;

/// No build takes longer.
const PATIENCE: Duration = Duration::from_secs(1200);

pub(super) struct Bed {
    /// The copy.
    pub root: PathBuf,
    pub guard: Guard,
    target: PathBuf,
}

impl Bed {
    /// Copies every file that git knows, as it is now.
    pub fn make(from: &Path, guard: &Guard) -> Result<Self> {
        let root = from.join("target/bench/workshop");
        copy_checkout(from, &root)?;
        for entry in fs::read_dir(root.join("solutions/ex3_store/src"))? {
            let entry = entry?;
            let place = root.join("exercises/ex3_store/src").join(entry.file_name());
            fs::copy(entry.path(), place)?;
        }
        Ok(Self {
            root,
            guard: guard.clone(),
            target: from.join("target/bench/target"),
        })
    }

    /// Cargo in the copy.
    pub fn cargo(&self, words: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(words.split_whitespace());
        self.here(&mut command);
        command
    }

    /// The checker of the copy, without the cargo around it.
    pub fn checker(&self, words: &str) -> Command {
        let mut command = Command::new(self.built("debug/checker"));
        command.args(words.split_whitespace());
        self.here(&mut command);
        command
    }

    /// A file in the target folder.
    pub fn built(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    fn here(&self, command: &mut Command) {
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("NO_COLOR", "1");
    }

    /// Runs a command to its end, which must be a good one, and gives the seconds it took.
    pub async fn time(&self, command: Command) -> Result<f64> {
        let begin = Instant::now();
        call(command, &self.guard, PATIENCE).await?.ended_well()?;
        Ok(begin.elapsed().as_secs_f64())
    }

    /// The same, for what it says.
    pub async fn said(&self, command: Command) -> Result<String> {
        call(command, &self.guard, PATIENCE).await?.ended_well()
    }

    /// Saves a file of the exercise, with a change.
    pub fn save(&self) -> Result<()> {
        let path = self.root.join("exercises/ex3_store/src/inventory.rs");
        let mut file = File::options().append(true).open(path)?;
        writeln!(file, "// Saved once more.")?;
        Ok(())
    }

    /// Makes the next build a first build.
    pub fn forget_builds(&self) -> Result<()> {
        if self.target.exists() {
            fs::remove_dir_all(&self.target).context("cannot empty the target folder")
        } else {
            Ok(())
        }
    }

    /// Builds all that the measurements of saves and checks need, so that none of them does.
    pub async fn warm(&self) -> Result<()> {
        println!("building what is measured next");
        self.time(self.cargo("checker check ex3 --solution"))
            .await?;
        self.time(self.cargo("checker check ex3")).await?;
        Ok(())
    }
}
