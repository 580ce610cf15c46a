//! The image of exercise 6's solution, built from the start as its Dockerfile says, which takes minutes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::Setup;
use crate::folders::emptied;
use crate::peers::container::Containers;
use crate::peers::{Peers, call};

/// What the images are built from, and what stands in for them where no registry answers.
const BASES: [(&str, &str); 2] = [
    ("docker.io/library/rust:1-bookworm", "rust.Dockerfile"),
    ("gcr.io/distroless/cc-debian12", "distroless.Dockerfile"),
];

/// What the stand-ins are made from.
const DEBIAN: &str = "localhost/workshop-debian";

/// What a C library for crates needs to be compiled.
const TO_COMPILE: &str = "--include=gcc,g++,libc6-dev,make,cmake,binutils";

/// How long one image may take to be fetched or made.
const TO_FETCH: Duration = Duration::from_secs(600);

/// How long the solution may take, in release mode.
const TO_BUILD: Duration = Duration::from_secs(1800);

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The image of exercise 6's solution");
    let containers = match Peers::new(&setup.root, &setup.guard).containers().await {
        Ok(containers) => containers,
        Err(error) => return tally.check("an engine answers", async { Err(error) }).await,
    };
    let sentence = "the images that it is built from are there";
    tally.check(sentence, bases(setup, &containers)).await;
    let sentence = "it passes step 6.8";
    tally.check(sentence, passes(setup, &containers)).await;
}

/// Fetches them, or makes stand-ins.
async fn bases(setup: &Setup, containers: &Containers) -> Result<String> {
    let mut told = Vec::new();
    for (image, stand_in) in BASES {
        let mut look = containers.command();
        look.args(["image", "inspect", image]);
        let mut pull = containers.command();
        pull.args(["pull", "--quiet", image]);
        if is_done(look, setup).await? {
            told.push(format!("{image} is there"));
        } else if is_done(pull, setup).await? {
            told.push(format!("{image} was fetched"));
        } else {
            make(setup, containers, image, stand_in).await?;
            told.push(format!(
                "no registry has {image}, so {stand_in} stands in for it"
            ));
        }
    }
    Ok(told.join("; "))
}

async fn is_done(command: Command, setup: &Setup) -> Result<bool> {
    Ok(call(command, &setup.guard, TO_FETCH)
        .await?
        .status
        .success())
}

async fn make(setup: &Setup, containers: &Containers, image: &str, stand_in: &str) -> Result<()> {
    let mut look = containers.command();
    look.args(["image", "inspect", DEBIAN]);
    if !is_done(look, setup).await? {
        debian(setup, containers).await?;
    }
    let toolchain = toolchain(setup).await?;
    let mut build = containers.command();
    build
        .current_dir(setup.root.join("interop/image"))
        .args(["build", "--quiet", "--tag", image, "--file", stand_in])
        .args(["--volume", &format!("{toolchain}:/toolchain:ro")])
        .args(["--volume", "/etc/ssl/certs:/certificates:ro", "."]);
    call(build, &setup.guard, TO_FETCH).await?.ended_well()?;
    Ok(())
}

/// Debian from its packages.
async fn debian(setup: &Setup, containers: &Containers) -> Result<()> {
    let peers = Peers::new(&setup.root, &setup.guard);
    peers.debootstrap().await?;
    let folder = setup.root.join("target/interop/image");
    emptied(&folder)?;
    let (root, packed) = (folder.join("root"), folder.join("debian.tar"));
    let mut fetch = Command::new("debootstrap");
    fetch
        .args(["--variant=minbase", TO_COMPILE, "bookworm"])
        .arg(&root);
    fetch.args(mirror());
    call(fetch, &setup.guard, TO_FETCH).await?.ended_well()?;
    let mut pack = Command::new("tar");
    pack.arg("-C").arg(&root).arg("-cf").arg(&packed).arg(".");
    call(pack, &setup.guard, TO_FETCH).await?.ended_well()?;
    let mut import = containers.command();
    import.args(["import", "--quiet"]).arg(&packed).arg(DEBIAN);
    call(import, &setup.guard, TO_FETCH).await?.ended_well()?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// From where this machine has its packages.
fn mirror() -> Option<String> {
    let sources = fs::read_to_string("/etc/apt/sources.list.d/debian.sources").ok()?;
    let addresses = sources
        .lines()
        .find_map(|line| line.strip_prefix("URIs:"))?;
    addresses.split_whitespace().next().map(str::to_owned)
}

/// The folder of this machine's Rust.
async fn toolchain(setup: &Setup) -> Result<String> {
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let mut ask = Command::new(rustc);
    ask.args(["--print", "sysroot"]);
    let said = call(ask, &setup.guard, TO_FETCH).await?.ended_well()?;
    Ok(said.trim().to_owned())
}

async fn passes(setup: &Setup, containers: &Containers) -> Result<String> {
    let mut command = Command::new(&setup.checker);
    command
        .current_dir(&setup.root)
        .args(["check", "6.8", "--solution", "--format", "json"]);
    containers.prepare(&mut command);
    let said = call(command, &setup.guard, TO_BUILD).await?;
    let report: Value = serde_json::from_str(&said.stdout).with_context(|| said.to_string())?;
    let step = &report["exercises"][0]["steps"][0];
    ensure!(step["outcome"] == "passed", "{step:#}");
    Ok("passed".to_owned())
}
