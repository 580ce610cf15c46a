//! A GitHub Codespace: is its machine large enough, and who reaches its ports.

use std::num::NonZero;

use super::{Examined, variable};

const WHAT: &str = "codespace";

/// With fewer the first build is a long one.
const CORES: usize = 4;

/// Nothing, outside a Codespace.
pub(super) fn examine() -> Option<Examined> {
    if variable("CODESPACES").as_deref() != Some("true") {
        return None;
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Some(judge(variable("CODESPACE_NAME").as_deref(), cores))
}

fn judge(name: Option<&str>, cores: usize) -> Examined {
    let named = name.unwrap_or("this one");
    if cores < CORES {
        let found = format!(
            "{named} has {cores} cores, so builds are slow. A machine with {CORES} is faster, but uses up the free hours sooner"
        );
        return Examined::remark(WHAT, found).fix(format!(
            "gh codespace edit --codespace {} --machine standardLinux32gb",
            name.unwrap_or("NAME")
        ));
    }
    let found = format!(
        "{named} has {cores} cores. Its ports are only forwarded to you, and the checker needs none of them. `gh codespace ports` lists them"
    );
    Examined::well(WHAT, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_small_machine_is_a_remark_with_the_command_that_enlarges_it() {
        let small = judge(Some("fuzzy-lamp"), CORES - 1);
        assert_eq!(small.health, Health::Remark);
        assert!(
            small.fixes[0].contains("--codespace fuzzy-lamp "),
            "{small:?}"
        );
        assert_eq!(judge(Some("fuzzy-lamp"), CORES).health, Health::Well);
    }
}
