//! What the broken programs of the tests share: the enum of all that can be wrong with one, the
//! flaws of a run, and the list that the tests read.
#![allow(dead_code, reason = "each program uses its part")]

use std::fmt::Write;
use std::str::FromStr;

use clap::ValueEnum;

/// What can be wrong with one program.
pub trait Flawed: ValueEnum + PartialEq {
    /// The step that fails because of it, and fails alone; or `harmless`, if every step passes;
    /// or `missing`, if none fails and some are not started.
    fn step(self) -> &'static str;
}

/// Declares the enum `Flaw`. Each flaw stands under its step, with a doc comment that says what
/// it breaks.
///
/// After `some of Fault;` a flaw with `= Fault` is the variant of the same name of that enum:
/// `Flaw::fault` gives it.
macro_rules! flaws {
    (some of $faults:ident; $( $step:literal {
        $( $(#[$breaks:meta])* $flaw:ident $(= $fault:ident)? ),* $(,)?
    } )*) => {
        flaws! { $( $step { $( $(#[$breaks])* $flaw ),* } )* }

        impl Flaw {
            pub fn fault(self) -> Option<$faults> {
                match self {
                    $( $( $( Self::$flaw => Some($fault::$flaw), )? )* )*
                    _ => None,
                }
            }
        }
    };
    ($( $step:literal { $( $(#[$breaks:meta])* $flaw:ident ),* $(,)? } )*) => {
        /// One thing that is wrong, while all else stays right.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
        pub enum Flaw {
            $( $( $(#[$breaks])* $flaw, )* )*
        }

        impl crate::flaw_set::Flawed for Flaw {
            fn step(self) -> &'static str {
                match self {
                    $( $( Self::$flaw => $step, )* )*
                }
            }
        }
    };
}
pub(crate) use flaws;

/// The flaws of this run.
#[derive(Clone, Debug)]
pub struct FlawSet<F>(Vec<F>);

impl<F: Flawed> FlawSet<F> {
    /// The flaws that an environment variable names.
    pub fn from_environment(variable: &str) -> Self {
        let names = std::env::var(variable).unwrap_or_default();
        names.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn has(&self, flaw: F) -> bool {
        self.0.contains(&flaw)
    }

    pub fn has_any(&self, flaws: &[F]) -> bool {
        flaws.iter().any(|flaw| self.0.contains(flaw))
    }

    pub fn iter(&self) -> impl Iterator<Item = F> {
        self.0.iter().cloned()
    }

    pub fn and(mut self, more: &[F]) -> Self {
        self.0.extend_from_slice(more);
        self
    }
}

impl<F: Flawed> FromStr for FlawSet<F> {
    type Err = String;

    /// Names separated by commas; none at all is fine.
    fn from_str(names: &str) -> Result<Self, String> {
        let names = names.split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(|name| F::from_str(name, false).map_err(|_| format!("no flaw {name:?}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A line for each flaw: its name, its step, and what it breaks.
pub fn list<F: Flawed>() -> String {
    let mut list = String::new();
    for flaw in F::value_variants() {
        if let Some(value) = flaw.to_possible_value() {
            let (name, step) = (value.get_name(), flaw.clone().step());
            let breaks = value.get_help().cloned().unwrap_or_default();
            let _ = writeln!(list, "{name:<28} {step:<9} {breaks}");
        }
    }
    list
}
