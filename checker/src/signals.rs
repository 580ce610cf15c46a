//! Being asked to stop, and stopping for a while.

#[cfg(unix)]
use std::time::Duration;

/// Waits for the signal that asks this process to stop, and names it.
pub async fn asked_to_stop() -> &'static str {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        );
        if let (Ok(mut terminate), Ok(mut hangup)) = signals {
            return tokio::select! {
                _ = tokio::signal::ctrl_c() => "Ctrl-C",
                _ = terminate.recv() => "a termination signal",
                _ = hangup.recv() => "the end of the terminal",
            };
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    "Ctrl-C"
}

/// Stops the job in the shell that this process belongs to, `cargo run` with it, and returns when
/// the shell lets it go on. Where no shell looks after jobs, nothing happens.
pub fn stop_for_a_while() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;

        const OWN_GROUP: Pid = Pid::from_raw(0);
        // Another thread may be the one that takes the signal, a moment later.
        const A_MOMENT: Duration = Duration::from_millis(50);
        if kill(OWN_GROUP, Signal::SIGTSTP).is_ok() {
            std::thread::sleep(A_MOMENT);
        }
    }
}
