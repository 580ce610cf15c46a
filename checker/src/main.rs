//! Parse, dispatch, exit code.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use checker::cli::Cli;
use checker::commands::{self, COULD_NOT};
use checker::signals::asked_to_stop;
use checker::subject::guard;
use checker::watch::screen;
use clap::Parser;
use futures::FutureExt;

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == guard::ARGUMENT)
    {
        guard::keep_watch();
        return ExitCode::SUCCESS;
    }
    std::panic::set_hook(Box::new(|panic| {
        screen::give_back();
        // Where nobody listens on stderr, `eprintln` would panic again.
        let _ = writeln!(
            std::io::stderr(),
            "error: the checker itself failed, not your code: {panic}\nPlease report this. None of your files were changed."
        );
    }));
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return could_not(&format!("the system gives the checker no threads: {error}"));
        }
    };
    let ends_by_signal = cli.ends_by_signal();
    let code = runtime.block_on(async {
        tokio::select! {
            // The signals first: nothing is started before somebody listens to them.
            biased;
            signal = asked_to_stop(), if !ends_by_signal => could_not(&format!(
                "stopped by {signal}. Nothing is left running, and nothing is lost. You can run it again"
            )),
            code = AssertUnwindSafe(commands::run(cli)).catch_unwind() => match code {
                Ok(Ok(code)) => code,
                Ok(Err(error)) if is_closed_pipe(&error) => ExitCode::from(COULD_NOT),
                Ok(Err(error)) => could_not(&format!("{error:#}")),
                Err(_) => ExitCode::from(COULD_NOT),
            },
        }
    });
    // Whatever still runs is dropped, and kills its processes.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    code
}

fn could_not(why: &str) -> ExitCode {
    let _ = writeln!(anstream::stderr(), "error: {why}");
    ExitCode::from(COULD_NOT)
}

/// `cargo checker list | head` is no mistake.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
