//! One file per command; each reads as a short story over the other modules.

mod agenda;
mod catch_up;
mod check;
mod completions;
mod diff;
mod doctor;
mod eval;
mod here;
mod hint;
mod list;
mod play;
mod realm;
mod replaced;
mod reset;
mod restore;
mod servers;
mod solution;
mod tutor;
mod watch;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::workshop::Workshop;

/// All that was asked for is passed.
pub const PASSED: u8 = 0;
/// Something failed, or is not started.
pub const FAILED: u8 = 1;
/// The checker could not do what was asked.
pub const COULD_NOT: u8 = 2;

/// Does what the command line says.
///
/// # Errors
///
/// When that cannot be done; the message holds the reason and the fix.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let open = || Workshop::open().inspect(Workshop::finish_what_was_cut_off);
    let code = match cli.command {
        None => here::run(&open()?).await?,
        Some(Command::Check(arguments)) => check::run(&open()?, &arguments).await?,
        Some(Command::Watch(arguments)) => watch::run(&open()?, &arguments).await?,
        Some(Command::Play(arguments)) => play::run(&arguments).await?,
        Some(Command::Eval(arguments)) => eval::run(&arguments).await?,
        Some(Command::List) => list::run(&open()?)?,
        Some(Command::Agenda(arguments)) => agenda::run(&open()?, &arguments)?,
        Some(Command::Hint { step, again }) => hint::run(&open()?, step.as_deref(), again)?,
        Some(Command::Diff { exercise }) => diff::run(&open()?, exercise.as_deref())?,
        Some(Command::Solution { exercise }) => solution::run(&open()?, exercise.as_deref())?,
        Some(Command::Reset { exercise }) => reset::run(&open()?, &exercise)?,
        Some(Command::CatchUp { exercise }) => catch_up::run(&open()?, &exercise)?,
        Some(Command::Restore { exercise, copy }) => restore::run(&open()?, &exercise, copy)?,
        Some(Command::Realm(arguments)) => realm::run(&arguments).await?,
        Some(Command::Tutor(arguments)) => tutor::run(&arguments).await?,
        Some(Command::Doctor(arguments)) => doctor::run(&arguments).await?,
        Some(Command::Completions { shell }) => completions::run(shell)?,
    };
    Ok(ExitCode::from(code))
}
