//! What servers run behind and under: nginx, Caddy and systemd, those that are there or the distribution's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checker::subject::guard::Guard;

use super::packages;

/// The programs, and their packages.
const PROGRAMS: [(&str, &str); 3] = [
    ("nginx", "nginx-light"),
    ("caddy", "caddy"),
    ("systemd-analyze", "systemd"),
];

/// Where the system's servers are, also for users who do not have that on their PATH.
const SYSTEM: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"];

/// Installs what is not there.
///
/// # Errors
///
/// As `Peers::deployment`.
pub(super) async fn install(guard: &Guard) -> Result<[PathBuf; 3]> {
    let missing = PROGRAMS
        .iter()
        .filter(|(program, _)| find(program).is_none());
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if !packages.is_empty() {
        let hint = "nginx, Caddy or systemd is not installed, and this cannot install it";
        packages::install(&packages, hint, guard).await?;
    }
    let [nginx, caddy, systemd] = PROGRAMS.map(|(program, _)| {
        find(program).with_context(|| format!("{program} was installed, and is not there"))
    });
    Ok([nginx?, caddy?, systemd?])
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    let mut folders = folders.chain(SYSTEM.iter().map(|folder| Path::new(folder).to_owned()));
    folders.find_map(|folder| {
        let file = folder.join(program);
        file.is_file().then_some(file)
    })
}
