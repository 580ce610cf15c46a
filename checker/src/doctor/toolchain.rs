//! Rust: new enough, of one piece, and with the tools that the editor and `cargo ci` call.

use std::path::Path;

use super::{Cargo, Examined};

const WHAT: &str = "toolchain";

/// What the workspace declares.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

const INSTALL: &str = "install Rust from https://rustup.rs, or correct your PATH";

pub(super) async fn examine(cargo: &Cargo) -> Vec<Examined> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let (version, of_cargo, sysroot) = tokio::join!(
        cargo.ask_program(rustc.clone(), "--version"),
        cargo.ask("--version"),
        cargo.ask_program(rustc.clone(), "--print sysroot"),
    );
    let words = |answer: Result<super::Answer, String>| match answer {
        Ok(answer) if answer.succeeded => Ok(answer.stdout.trim().to_owned()),
        Ok(answer) => Err(super::first_line(&answer.stderr)),
        Err(why) => Err(why),
    };
    let (version, of_cargo) = match (words(version), words(of_cargo)) {
        (Ok(rustc), Ok(cargo)) => (rustc, cargo),
        (Err(why), _) | (_, Err(why)) => {
            return vec![Examined::trouble(WHAT, format!("{why}: {INSTALL}"))];
        }
    };
    let sysroot = words(sysroot).unwrap_or_default();
    let chosen = super::variable("RUSTUP_TOOLCHAIN");
    let mut all = vec![of_versions(
        &version,
        &of_cargo,
        &sysroot,
        chosen.as_deref(),
    )];
    all.extend(tools(Path::new(&sysroot)));
    all
}

/// Judges `rustc 1.95.0 (…)` and `cargo 1.95.0 (…)`. `chosen` is the toolchain that rustup was
/// told to take.
fn of_versions(rustc: &str, cargo: &str, sysroot: &str, chosen: Option<&str>) -> Examined {
    let [Some(has), Some(of_cargo), Some(needed)] = [rustc, cargo, NEEDED].map(number) else {
        let found =
            format!("rustc and cargo report {rustc:?} and {cargo:?}, which are not versions");
        return Examined::unknown(WHAT, found);
    };
    let from_rustup = is_from_rustup(sysroot);
    let [name, cargo_name] = [rustc, cargo].map(version);
    if has < needed || of_cargo < needed {
        let (tool, old) = if has < needed {
            ("Rust", name)
        } else {
            ("cargo", cargo_name)
        };
        let found = format!("{tool} {old} is older than {NEEDED}, which the workshop needs");
        let trouble = Examined::trouble(WHAT, found);
        return match chosen {
            _ if !from_rustup => with_rustup(trouble),
            Some(chosen) if !chosen.starts_with("stable") => trouble.fix(
                "rustup update stable && rustup override set stable && rustup show active-toolchain",
            ),
            _ => trouble.fix("rustup update stable"),
        };
    }
    if has != of_cargo {
        let found = format!(
            "rustc is {name} and cargo {cargo_name}. They come from two installations, and PATH decides which one is used"
        );
        return Examined::remark(WHAT, found).fix(which());
    }
    if !from_rustup {
        let found = format!(
            "Rust {name}, not from rustup. It is new enough, but `rustup update` does not update it"
        );
        return Examined::remark(WHAT, found);
    }
    Examined::well(WHAT, format!("Rust {name}; {NEEDED} or newer is needed"))
}

/// How a machine without rustup gets it.
fn with_rustup(trouble: Examined) -> Examined {
    if cfg!(windows) {
        trouble.fix("winget install Rustlang.Rustup")
    } else {
        trouble.fix("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh")
    }
}

fn which() -> &'static str {
    if cfg!(windows) {
        "where.exe rustc cargo"
    } else {
        "which -a rustc cargo"
    }
}

/// The editor formats on save with rustfmt; clippy is for maintainers.
fn tools(sysroot: &Path) -> Option<Examined> {
    let bin = sysroot.join("bin");
    let has = |tool: &str| {
        let file = bin.join(tool);
        file.with_extension(std::env::consts::EXE_EXTENSION)
            .is_file()
    };
    if !has("rustc") || (has("rustfmt") && has("cargo-clippy")) {
        return None;
    }
    let found = "rustfmt or clippy is missing. Your editor formats code with rustfmt, and `cargo ci` needs both. The exercises need neither";
    Some(Examined::remark(WHAT, found).fix("rustup component add rustfmt clippy"))
}

/// Rustup keeps each toolchain in `toolchains/NAME`.
fn is_from_rustup(sysroot: &str) -> bool {
    let parent = Path::new(sysroot).parent().and_then(Path::file_name);
    parent.is_some_and(|name| name == "toolchains")
}

/// `1.95.0` in `rustc 1.95.0 (59807616e 2026-04-14)`.
fn version(words: &str) -> &str {
    words.split_whitespace().nth(1).unwrap_or(words)
}

/// 1.95 as numbers that compare.
fn number(words: &str) -> Option<(u32, u32)> {
    let mut parts = match words.split_whitespace().nth(1) {
        Some(version) => version.split('.'),
        None => words.split('.'),
    };
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    const RUSTUP: &str = "/home/ada/.rustup/toolchains/stable-x86_64-unknown-linux-gnu";

    #[test]
    fn a_version_is_new_enough_from_the_declared_one_on() {
        let judge = |version: &str| {
            let [rustc, cargo] = ["rustc", "cargo"].map(|tool| format!("{tool} {version} (hash)"));
            of_versions(&rustc, &cargo, RUSTUP, None).health
        };
        assert_eq!(judge("1.88.0"), Health::Trouble);
        assert_eq!(judge("1.9.0"), Health::Trouble);
        assert_eq!(judge("1.89.0"), Health::Well);
        assert_eq!(judge("1.100.0"), Health::Well);
        assert_eq!(judge("2.0.0"), Health::Well);
        assert_eq!(judge("1.99.0-nightly"), Health::Well);
        assert_eq!(judge("soon"), Health::Unknown);
    }

    #[test]
    fn an_old_one_is_mended_where_it_came_from() {
        let fix = |sysroot, chosen| {
            let judged = of_versions("rustc 1.80.0 (x)", "cargo 1.80.0 (x)", sysroot, chosen);
            judged.fixes.concat()
        };
        assert_eq!(fix(RUSTUP, None), "rustup update stable");
        assert_eq!(
            fix(RUSTUP, Some("stable-x86_64-unknown-linux-gnu")),
            "rustup update stable"
        );
        let pinned = fix(RUSTUP, Some("1.80.0-x86_64-unknown-linux-gnu"));
        assert!(pinned.contains("rustup override set stable"), "{pinned}");
        assert!(!fix("/usr", None).contains("rustup update"));
    }

    #[test]
    fn two_installations_and_a_system_rust_are_remarks() {
        let mixed = of_versions("rustc 1.95.0 (x)", "cargo 1.94.0 (x)", RUSTUP, None);
        assert_eq!(mixed.health, Health::Remark);
        assert!(mixed.found.contains("1.95.0") && mixed.found.contains("1.94.0"));
        let system = of_versions("rustc 1.95.0 (x)", "cargo 1.95.0 (x)", "/usr", None);
        assert_eq!(system.health, Health::Remark);
    }
}
