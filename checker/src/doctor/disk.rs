//! Is there room to build?

use std::path::Path;

use super::{Examined, with_variable};

const WHAT: &str = "disk";

const GB: u64 = 1_000_000_000;

/// What a first build takes: the checker with an exercise 0.4 GB, rust-analyzer's own folder
/// as much again, and some to spare.
const FIRST_BUILD: u64 = GB;

/// What working through the exercises takes after that, in builds of one again and again.
const LATER_BUILDS: u64 = GB / 2;

pub(super) fn examine(target: &Path) -> Examined {
    let Some(there) = target.ancestors().find(|folder| folder.is_dir()) else {
        return Examined::unknown(WHAT, format!("{} does not exist", target.display()));
    };
    let built = target.join("debug/deps").is_dir();
    match fs4::available_space(there) {
        Ok(free) => judge(free, built),
        Err(error) => {
            let there = there.display();
            Examined::unknown(
                WHAT,
                format!("the free space at {there} is unknown: {error}"),
            )
        }
    }
}

/// Judges the free bytes. `built`: whether the crates are compiled already.
fn judge(free: u64, built: bool) -> Examined {
    let need = if built { LATER_BUILDS } else { FIRST_BUILD };
    let has = amount(free);
    let what_for = if built {
        "working through the exercises"
    } else {
        "the first build"
    };
    if free >= 2 * need {
        return Examined::well(WHAT, format!("{has} are free"));
    }
    let found = format!(
        "{has} are free, but {what_for} takes up to {}",
        amount(need)
    );
    if free >= need {
        return Examined::remark(WHAT, found);
    }
    let trouble = Examined::trouble(WHAT, found);
    let elsewhere = with_variable("CARGO_TARGET_DIR", "/another/disk/target", "cargo checker");
    match built {
        // It frees more than the next build takes: what old builds left.
        true => trouble.fix("cargo clean").fix(elsewhere),
        false => trouble.fix(elsewhere),
    }
}

/// `1.2 GB`, `340 MB`.
fn amount(bytes: u64) -> String {
    match bytes {
        GB.. => format!("{}.{} GB", bytes / GB, bytes % GB / (GB / 10)),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn room_is_judged_by_what_is_still_to_be_built() {
        let cases = [
            (0, false, Health::Trouble),
            (FIRST_BUILD - 1, false, Health::Trouble),
            (FIRST_BUILD, false, Health::Remark),
            (2 * FIRST_BUILD - 1, false, Health::Remark),
            (2 * FIRST_BUILD, false, Health::Well),
            (LATER_BUILDS - 1, true, Health::Trouble),
            (LATER_BUILDS, true, Health::Remark),
            (2 * LATER_BUILDS, true, Health::Well),
            (u64::MAX, true, Health::Well),
        ];
        for (free, built, health) in cases {
            let judged = judge(free, built);
            assert_eq!(judged.health, health, "{free} {built}");
            let is_fixable = health == Health::Trouble;
            assert_eq!(!judged.fixes.is_empty(), is_fixable, "{judged:?}");
        }
    }

    #[test]
    fn an_amount_is_short() {
        let told = [0, 340_000_000, 999_999_999, GB, 1_260_000_000, 65 * GB].map(amount);
        assert_eq!(
            told,
            ["0 MB", "340 MB", "999 MB", "1.0 GB", "1.2 GB", "65.0 GB"]
        );
    }
}
