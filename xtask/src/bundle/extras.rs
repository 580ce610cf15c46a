//! What the bundle adds to the repository's files: where to begin, and the settings that make cargo use
//! the crates in `vendor/`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

/// What to read first.
pub(super) const START: &str = "START.txt";
pub(super) const CONFIG: &str = ".cargo/config.toml";

/// Behind the settings of the repository. The path is relative to the folder that has `.cargo`.
const OFFLINE: &str = r#"
# From here on: of the bundle. Cargo takes crates from vendor/ and needs no network.
# Remove these lines to use the network again, after a `git pull` for example.
[source.crates-io]
replace-with = "vendor"

[source.vendor]
directory = "vendor"

[net]
offline = true
"#;

/// Writes both into the folder that has the repository's files, and returns its version.
///
/// # Errors
///
/// When something cannot be read or written, or cargo would not understand it.
pub(super) fn add(tree: &Path) -> Result<String> {
    let read = |name: &str| {
        fs::read_to_string(tree.join(name)).with_context(|| format!("cannot read HEAD's {name}"))
    };
    let manifest: Table = read("Cargo.toml")?
        .parse()
        .context("Cargo.toml is broken")?;
    let version = of_workspace(&manifest, "version")?;
    let start = start(version, of_workspace(&manifest, "rust-version")?);
    let config = offline(&read(CONFIG)?)?;
    for (name, text) in [(START, start), (CONFIG, config)] {
        fs::write(tree.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(version.to_owned())
}

fn of_workspace<'a>(manifest: &'a Table, key: &str) -> Result<&'a str> {
    let package = manifest.get("workspace").and_then(|all| all.get("package"));
    let value = package.and_then(|package| package.get(key));
    let value = value.and_then(Value::as_str);
    value.with_context(|| format!("Cargo.toml has no {key} in [workspace.package]"))
}

/// The settings of the repository, with those of the bundle behind them.
fn offline(config: &str) -> Result<String> {
    let known: Table = config
        .parse()
        .with_context(|| format!("{CONFIG} is broken"))?;
    for table in ["net", "source"] {
        ensure!(
            !known.contains_key(table),
            "{CONFIG} already has [{table}], which the bundle would add; merge the two in xtask/src/bundle/extras.rs"
        );
    }
    Ok(format!("{}\n{OFFLINE}", config.trim_end()))
}

fn start(version: &str, rust: &str) -> String {
    format!(
        "Build your first MCP server in Rust, {version}: everything you need to work without a network.

You need Rust {rust} or newer with its linker. `rustc --version` says which one you have.
Open a terminal in this folder and type:

    cargo checker

The first build takes some minutes. After that it says what to do next.
The book:     open read/book/index.html in your browser
The slides:   open read/slides/index.html
Any problem:  cargo checker doctor
Online again: remove the last lines of .cargo/config.toml, as explained there
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_this_repository_keep_their_commands() {
        let root = crate::root().unwrap();
        let now = fs::read_to_string(root.join(CONFIG)).unwrap();
        let both: Table = offline(&now).unwrap().parse().unwrap();
        assert_eq!(
            both["alias"],
            now.parse::<Table>().unwrap()["alias"],
            "`cargo checker` is one of them"
        );
        assert_eq!(both["net"]["offline"], Value::Boolean(true));
        let replaced = both["source"]["crates-io"]["replace-with"].as_str();
        let by = &both["source"][replaced.unwrap()];
        assert_eq!(by["directory"].as_str(), Some("vendor"));
    }

    #[test]
    fn settings_that_would_be_there_twice_are_told() {
        let told = offline("[net]\nretry = 3\n").unwrap_err().to_string();
        assert!(told.contains("already has [net]"), "{told}");
        let told = offline("[alias\n").unwrap_err().to_string();
        assert_eq!(told, ".cargo/config.toml is broken");
    }

    #[test]
    fn a_version_that_is_not_there_is_told() {
        let manifest = "[workspace]\n".parse().unwrap();
        let told = of_workspace(&manifest, "version").unwrap_err();
        let said = "Cargo.toml has no version in [workspace.package]";
        assert_eq!(told.to_string(), said);
    }
}
