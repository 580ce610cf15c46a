//! A folder under `target/interop/` that is either installed whole or not at all.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

/// The file that an installation writes last: what it was made from.
const RECEIPT: &str = "installed-from.txt";

/// Where one peer is installed.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    /// Who installs holds this file's lock.
    lock: PathBuf,
    name: &'static str,
}

impl Place {
    pub(super) fn new(target: &Path, name: &'static str) -> Self {
        Self {
            folder: target.join(name),
            lock: target.join(format!("{name}.lock")),
            name,
        }
    }

    /// The folder, with what `install` puts there. It is called when there is nothing, when the
    /// last call was interrupted, or when the folder was made from something else than `source`,
    /// each time with an empty folder.
    ///
    /// # Errors
    ///
    /// When `install` fails, or the folder cannot be made.
    pub(super) async fn installed(
        &self,
        what: &str,
        source: &str,
        install: impl AsyncFnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let _turn = self.turn().await?;
        let receipt = self.folder.join(RECEIPT);
        if fs::read_to_string(&receipt).is_ok_and(|found| found == source) {
            return Ok(self.folder.clone());
        }
        println!(
            "installing {what} in target/interop/{} (once, a minute or two)",
            self.name
        );
        let begin = Instant::now();
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)
                .with_context(|| format!("cannot empty {}", self.folder.display()))?;
        }
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        install(&self.folder).await?;
        fs::write(&receipt, source)
            .with_context(|| format!("cannot write {}", receipt.display()))?;
        println!("installed {what} in {} s", begin.elapsed().as_secs());
        Ok(self.folder.clone())
    }

    /// Waits until nobody else installs here, and keeps others out until it is dropped.
    async fn turn(&self) -> Result<File> {
        let parent = self.lock.parent().context("a lock without a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let file = File::create(&self.lock)
            .with_context(|| format!("cannot write {}", self.lock.display()))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            println!(
                "another run is installing in target/interop/{}: waiting for it",
                self.name
            );
            return tokio::task::spawn_blocking(move || file.lock().map(|()| file))
                .await?
                .context("cannot wait for the other run");
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn install(place: &Place, source: &str, text: &str) -> Result<String> {
        let put = async |folder: &Path| Ok(fs::write(folder.join("peer"), text)?);
        let folder = place.installed("a peer", source, put).await?;
        Ok(fs::read_to_string(folder.join("peer"))?)
    }

    #[tokio::test]
    async fn what_is_installed_stays_until_its_source_changes() {
        let target = tempfile::tempdir().unwrap();
        let place = Place::new(target.path(), "peer");
        assert_eq!(install(&place, "1.0", "first").await.unwrap(), "first");
        assert_eq!(install(&place, "1.0", "second").await.unwrap(), "first");
        assert_eq!(install(&place, "1.1", "third").await.unwrap(), "third");
    }

    #[tokio::test]
    async fn an_interrupted_installation_is_done_again_from_nothing() {
        let target = tempfile::tempdir().unwrap();
        let place = Place::new(target.path(), "peer");
        let interrupted = async |folder: &Path| {
            fs::write(folder.join("half"), "")?;
            anyhow::bail!("the plug was pulled")
        };
        let error = place.installed("a peer", "1.0", interrupted).await;
        assert_eq!(error.unwrap_err().to_string(), "the plug was pulled");
        assert_eq!(install(&place, "1.0", "whole").await.unwrap(), "whole");
        assert!(!target.path().join("peer/half").exists());
    }

    #[tokio::test]
    async fn two_runs_install_one_after_the_other() {
        let target = tempfile::tempdir().unwrap();
        let place = Place::new(target.path(), "peer");
        let (first, second) = tokio::join!(
            install(&place, "1.0", "same"),
            install(&place, "1.0", "same")
        );
        assert_eq!(
            (first.unwrap(), second.unwrap()),
            ("same".into(), "same".into())
        );
    }
}
