//! Keycloak's server distribution from Maven Central: fetched once, verified, unpacked.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_lc_rs::digest;
use reqwest::Client;
use tokio::process::Command;

use super::{Progress, Stage, VERSION, tool};
use crate::subject::guard::Guard;

/// What the archive's bytes add up to, in SHA-256.
const SHA256: &str = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47";

/// Maven Central, by its public address.
const CENTRAL: &str = "https://repo.maven.apache.org/maven2";

/// What the archive takes, what is in it, and what Keycloak writes beside that.
const NEEDED_BYTES: u64 = 600_000_000;

const MAVEN: &str = if cfg!(windows) { "mvn.cmd" } else { "mvn" };

/// How long a server may take to answer, or to send more.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keycloak's folder, in this one; fetched, if it is not there.
///
/// # Errors
///
/// Why it cannot be had, with what to do.
pub(super) async fn installed(
    folder: &Path,
    guard: &Guard,
    tell: &impl Fn(Progress),
) -> Result<PathBuf> {
    let home = folder.join(format!("keycloak-{VERSION}"));
    // It is moved there when it is whole.
    if home.is_dir() {
        return Ok(home);
    }
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    ensure!(
        free >= NEEDED_BYTES,
        "Keycloak needs 600 MB in {}, but only {} MB are free",
        folder.display(),
        free / 1_000_000
    );
    let archive = folder.join(name());
    if !archive.is_file() {
        let half = fresh(folder, "fetching")?;
        let fetched = fetched(&half, guard, tell)
            .await
            .with_context(|| by_hand(&archive))?;
        fs::rename(fetched, &archive)?;
        let _ = fs::remove_dir_all(half);
    }
    tell(Stage::Verifying.into());
    verified(&archive, SHA256).await?;
    tell(Stage::Unpacking.into());
    unpacked(&archive, folder, &home, guard).await?;
    let _ = fs::remove_file(archive);
    Ok(home)
}

/// `keycloak-quarkus-dist-26.7.3.tar.gz`
fn name() -> String {
    format!("keycloak-quarkus-dist-{VERSION}.tar.gz")
}

fn address(repository: &str) -> String {
    format!(
        "{repository}/org/keycloak/keycloak-quarkus-dist/{VERSION}/{}",
        name()
    )
}

/// By Maven, which knows the user's mirrors and proxies; else by https.
async fn fetched(half: &Path, guard: &Guard, tell: &impl Fn(Progress)) -> Result<PathBuf> {
    tell(Stage::FetchingWithMaven.into());
    let by_maven = with_maven(half, guard).await;
    let file = half.join(name());
    let Err(by_maven) = by_maven else {
        return Ok(file);
    };
    tell(Stage::Fetching.into());
    match over_https(CENTRAL, &file, tell).await {
        Ok(()) => Ok(file),
        Err(by_https) => bail!("{by_https:#}. By Maven: {by_maven:#}"),
    }
}

/// What to do where nothing can be fetched from here.
fn by_hand(archive: &Path) -> String {
    format!(
        "Keycloak could not be downloaded. You can download {} elsewhere, put it at {}, and run this again. The reason",
        address(CENTRAL),
        archive.display()
    )
}

async fn with_maven(to: &Path, guard: &Guard) -> Result<()> {
    let mut maven = Command::new(MAVEN);
    maven
        .current_dir(to)
        .args(["--batch-mode", "--quiet", "dependency:copy"])
        .arg(format!(
            "-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
        ))
        .arg(format!("-DoutputDirectory={}", to.display()));
    tool::run(maven, guard).await?;
    ensure!(to.join(name()).is_file(), "`{MAVEN}` copied nothing");
    Ok(())
}

async fn over_https(repository: &str, to: &Path, tell: &impl Fn(Progress)) -> Result<()> {
    let address = address(repository);
    let http = Client::builder()
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build()?;
    let answer = http.get(&address).send().await;
    let mut answer = answer
        .and_then(reqwest::Response::error_for_status)
        .with_context(|| format!("{address} cannot be fetched"))?;
    let all = answer.content_length().filter(|all| *all > 0);
    let mut file = File::create(to)?;
    let mut have = 0;
    while let Some(part) = answer
        .chunk()
        .await
        .context("the download was interrupted")?
    {
        file.write_all(&part).map_err(|error| full(&error, to))?;
        have += part.len() as u64;
        let percent = all.map(|all| have.min(all) * 100 / all);
        tell(Progress {
            stage: Stage::Fetching,
            percent,
        });
    }
    file.sync_all().map_err(|error| full(&error, to))
}

/// What cannot be written, with what to do where the disk is full.
fn full(error: &io::Error, to: &Path) -> anyhow::Error {
    let place = to.display();
    match error.kind() {
        io::ErrorKind::StorageFull => {
            anyhow!("the disk is full: {place} cannot be written. Keycloak needs 600 MB there")
        }
        _ => anyhow!("{place} cannot be written: {error}"),
    }
}

/// Whether an archive is what was published. One that is not is removed.
async fn verified(archive: &Path, published: &str) -> Result<()> {
    let path = archive.to_owned();
    let sum = tokio::task::spawn_blocking(move || sum_of(&path)).await??;
    if sum == published {
        return Ok(());
    }
    fs::remove_file(archive)?;
    bail!(
        "{} differs from the published file: its SHA-256 is {sum}, not {published}. It was removed. Run this again to download it again",
        archive.display()
    )
}

fn sum_of(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => context.update(buffer.get(..length).unwrap_or_default()),
        }
    }
    let sum = context.finish();
    Ok(sum
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Unpacks with `tar`, which Linux, macOS and Windows have.
async fn unpacked(archive: &Path, folder: &Path, home: &Path, guard: &Guard) -> Result<()> {
    let half = fresh(folder, "unpacking")?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(&half);
    tool::run(tar, guard)
        .await
        .context("Keycloak cannot be unpacked")?;
    let inside = half.join(format!("keycloak-{VERSION}"));
    ensure!(
        inside.join("bin").is_dir(),
        "{} holds no Keycloak",
        archive.display()
    );
    fs::rename(&inside, home)?;
    let _ = fs::remove_dir_all(half);
    Ok(())
}

/// An empty folder for what is not whole yet.
fn fresh(folder: &Path, name: &str) -> Result<PathBuf> {
    let half = folder.join(name);
    if half.exists() {
        fs::remove_dir_all(&half)?;
    }
    fs::create_dir_all(&half)?;
    Ok(half)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Mutex;

    use axum::Router;
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn an_archive_that_is_not_the_published_one_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join(name());
        fs::write(&archive, "abc").unwrap();
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        verified(&archive, of_abc).await.unwrap();
        let error = verified(&archive, SHA256).await.unwrap_err().to_string();
        assert!(error.contains(of_abc) && error.contains("again"), "{error}");
        assert!(!archive.exists());
    }

    #[tokio::test]
    async fn a_download_is_told_in_percent_and_one_that_is_not_there_is_an_error() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let path = address("");
        let router = Router::new().route(&path, get(async || "abc"));
        tokio::spawn(axum::serve(listener, router).into_future());

        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join(name());
        let told = Mutex::new(Vec::new());
        let tell = |progress: Progress| told.lock().unwrap().push(progress.percent);
        over_https(&origin, &to, &tell).await.unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"abc");
        assert_eq!(told.lock().unwrap().last(), Some(&Some(100)));

        let error = over_https(&format!("{origin}/nothing"), &to, &tell).await;
        let error = format!("{:#}", error.unwrap_err());
        assert!(
            error.contains("cannot be fetched") && error.contains("404"),
            "{error}"
        );
    }
}
