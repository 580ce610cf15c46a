//! The shipped editor settings, which keep rust-analyzer and the checker out of each other's
//! way.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use jsonc_parser::{JsonValue, ParseOptions, parse_to_value};

use super::Examined;

const WHAT: &str = "editor";
const FILE: &str = ".vscode/settings.json";
const FIX: &str = "git checkout -- .vscode/settings.json";

pub(super) fn examine(root: &Path) -> Examined {
    match fs::read_to_string(root.join(FILE)) {
        Ok(text) => judge(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Examined::trouble(
            WHAT,
            format!("{FILE} is missing. It makes VS Code's rust-analyzer build in its own folder, so checks do not have to wait for it"),
        )
        .fix(FIX),
        Err(error) => Examined::unknown(WHAT, format!("{FILE} cannot be read: {error}")),
    }
}

/// Only what a check feels is judged. All else in the settings is the attendee's.
fn judge(text: &str) -> Examined {
    // Editors on Windows may begin a file with it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let settings = match parse_to_value(text, &ParseOptions::default()) {
        Ok(Some(JsonValue::Object(settings))) => settings,
        Ok(_) => return Examined::trouble(WHAT, format!("{FILE} has no settings")).fix(FIX),
        Err(error) => {
            let found = format!("{FILE} cannot be parsed: {error}");
            return Examined::trouble(WHAT, found).fix(FIX);
        }
    };
    let own_folder = match settings.get("rust-analyzer.cargo.targetDir") {
        Some(JsonValue::Boolean(own)) => *own,
        Some(JsonValue::String(_)) => true,
        _ => false,
    };
    if !own_folder {
        let found = format!(
            "{FILE} does not give rust-analyzer its own folder (`rust-analyzer.cargo.targetDir`), so it and the checker wait for each other after each save"
        );
        return Examined::trouble(WHAT, found).fix(FIX);
    }
    let whole = settings.get("rust-analyzer.check.workspace") != Some(&JsonValue::Boolean(false));
    if whole {
        let found = format!(
            "{FILE} makes rust-analyzer check the whole workshop on each save (`rust-analyzer.check.workspace`), which slows down your build"
        );
        return Examined::remark(WHAT, found).fix(FIX);
    }
    Examined::well(WHAT, "rust-analyzer builds in its own folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn the_settings_may_be_changed_but_for_what_a_check_feels() {
        let shipped = include_str!("../../../.vscode/settings.json");
        assert_eq!(judge(shipped).health, Health::Well);
        let changed = |from: &str, to: &str| {
            let text = shipped.replacen(from, to, 1);
            assert_ne!(text, shipped, "{from} is not in the settings");
            judge(&text).health
        };
        assert_eq!(
            changed("formatOnSave\": true", "formatOnSave\": false"),
            Health::Well
        );
        assert_eq!(
            changed("targetDir\": true", "targetDir\": \"target/ra\""),
            Health::Well
        );
        assert_eq!(
            changed("targetDir\": true", "targetDir\": false"),
            Health::Trouble
        );
        assert_eq!(changed("targetDir", "targetDirectory"), Health::Trouble);
        assert_eq!(
            changed("workspace\": false", "workspace\": true"),
            Health::Remark
        );
        for broken in ["", "{", "[]", "<<<<<<< HEAD"] {
            assert_eq!(judge(broken).health, Health::Trouble, "{broken}");
        }
    }
}
