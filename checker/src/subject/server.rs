//! A program as an HTTP server on a port of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::guard::Guard;
use super::process::Process;
use super::stderr::Panic;

/// Where ports are drawn from.
const PORTS: Range<u16> = 16_000..32_000;

/// Tries with another port when something else took the chosen one in between.
const TRIES: usize = 3;

/// How a program is told where to serve: the names of two environment variables.
#[derive(Clone, Copy, Debug)]
pub struct Serving {
    /// The port: `STORE_PORT`.
    pub port: &'static str,
    /// The address: `STORE_HOST`. The checker leaves it unset, so that a wrong default shows.
    pub host: &'static str,
    /// What else is set, so that a check need not wait as long as people do.
    pub settings: &'static [(&'static str, &'static str)],
}

impl Serving {
    /// Takes the attendee's own setting out of an environment, and puts the checker's in, unless a
    /// check has set another value.
    pub fn prepare(self, command: &mut Command) {
        command.env_remove(self.host);
        for (name, value) in self.settings {
            let mut of_check = command.as_std().get_envs();
            if !of_check.any(|(set, value)| set == *name && value.is_some()) {
                command.env(name, value);
            }
        }
    }
}

/// A program that serves HTTP, until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub process: Process,
    /// The port that it was told to listen on.
    pub port: u16,
    _claim: UdpSocket,
}

/// Why a program did not become a server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system could not start the executable.
    #[error("it could not be started: {0}")]
    Spawn(io::Error),
    /// A `todo!()` or a panic came first.
    #[error("it panicked at {}: {}", .0.place, .0.message)]
    Panicked(Panic),
    /// It ended before it listened.
    #[error("it exited before it listened, with {status}:\n{}", stderr.join("\n"))]
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// Its last words.
        stderr: Vec<String>,
    },
    /// It runs, and does not listen.
    #[error("it runs, but does not listen on port {port}:\n{}", stderr.join("\n"))]
    NotListening {
        /// Where it was expected.
        port: u16,
        /// Its last words.
        stderr: Vec<String>,
    },
}

impl Server {
    /// Starts what `command` makes on a free port of 127.0.0.1, and waits until it accepts
    /// connections.
    ///
    /// # Errors
    ///
    /// A [`StartError`] when it does not come to that in time.
    pub async fn start(
        command: impl Fn() -> Command,
        serving: Serving,
        guard: &Guard,
        patience: Duration,
    ) -> Result<Self, StartError> {
        let start = || Self::start_once(command(), serving, guard, patience);
        let mut last = start().await;
        for _ in 1..TRIES {
            match &last {
                Err(StartError::Exited { stderr, .. }) if tells_port_taken(stderr) => {
                    last = start().await;
                }
                _ => break,
            }
        }
        last
    }

    /// Starts a program that panics at its start once more, for the backtrace, and gives the panic.
    ///
    /// To write one takes a debug build a tenth of a second, so not every panic gets it.
    pub async fn panic_with_backtrace(
        mut command: Command,
        serving: Serving,
        guard: &Guard,
        patience: Duration,
    ) -> Option<Panic> {
        let (port, _claim) = free_port().ok()?;
        serving.prepare(&mut command);
        command
            .env(serving.port, port.to_string())
            .env("RUST_BACKTRACE", "1");
        let mut process = Process::start(command, guard).ok()?;
        // Nobody reads what it prints, and it must not wait for that.
        drop(process.take_stdout());
        let stderr = process.monitor().stderr;
        timeout(patience, stderr.panic_after(0)).await.ok()
    }

    async fn start_once(
        mut command: Command,
        serving: Serving,
        guard: &Guard,
        patience: Duration,
    ) -> Result<Self, StartError> {
        let (port, claim) = free_port().map_err(StartError::Spawn)?;
        serving.prepare(&mut command);
        command.env(serving.port, port.to_string());
        let mut process = Process::start(command, guard).map_err(StartError::Spawn)?;
        if let Some(mut stdout) = process.take_stdout() {
            // Over HTTP it may print what it likes, and must not wait for a reader.
            tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
        }
        let server = Self {
            process,
            port,
            _claim: claim,
        };
        let monitor = server.process.monitor();
        tokio::select! {
            () = server.accepts() => Ok(server),
            panic = monitor.stderr.panic_after(0) => Err(StartError::Panicked(panic)),
            Some(status) = monitor.ended_with_words() => {
                Err(match monitor.stderr.panicked_after(0) {
                    Some(panic) => StartError::Panicked(panic),
                    None => StartError::Exited { status, stderr: monitor.stderr.last_lines() },
                })
            }
            () = sleep(patience) => {
                Err(StartError::NotListening { port, stderr: monitor.stderr.last_lines() })
            }
        }
    }

    /// `http://127.0.0.1:PORT/mcp`
    pub fn url(&self) -> Url {
        let mut url = Url::parse("http://127.0.0.1/mcp").unwrap_or_else(|_| unreachable!());
        let _ = url.set_port(Some(self.port));
        url
    }

    async fn accepts(&self) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let begin = Instant::now();
        while !is_accepted(address).await {
            // Fast at first, because most programs are there within 20 ms.
            let pause = if begin.elapsed() < Duration::from_secs(1) {
                1
            } else {
                50
            };
            sleep(Duration::from_millis(pause)).await;
        }
    }
}

/// Whether somebody else accepts a connection. On loopback a connection may meet itself.
async fn is_accepted(address: SocketAddr) -> bool {
    let connected = TcpStream::connect(address).await;
    connected.is_ok_and(|stream| stream.local_addr().is_ok_and(|local| local != address))
}

/// A port that was free a moment ago, with the claim that keeps other checkers off it.
///
/// Below those that systems give to outgoing connections: no connection takes it in between,
/// least of all the one that knocks to see who listens.
fn free_port() -> io::Result<(u16, UdpSocket)> {
    let mut last = claim(rand::random_range(PORTS));
    for _ in 1..100 {
        if last.is_ok() {
            break;
        }
        last = claim(rand::random_range(PORTS));
    }
    last
}

/// Takes the UDP port of the same number, as long as the claim is held.
///
/// The program needs the TCP port to itself, so the checker cannot hold that. Were it given to
/// two programs at once, the knocking for the second would be answered by the first.
fn claim(port: u16) -> io::Result<(u16, UdpSocket)> {
    let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    Ok((port, claim))
}

/// How Linux, macOS and Windows say it, through Rust and through Python.
pub fn tells_port_taken(stderr: &[String]) -> bool {
    const SENTENCES: [&str; 4] = [
        "already in use",
        "os error 98",
        "os error 48",
        "os error 10048",
    ];
    stderr
        .iter()
        .any(|line| SENTENCES.iter().any(|sentence| line.contains(sentence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_to_one_program_at_a_time() {
        let (port, held) = free_port().expect("a port is free");
        assert!(claim(port).is_err());
        drop(held);
        assert!(claim(port).is_ok());
    }

    #[test]
    fn the_program_can_listen_on_the_port_that_is_claimed_for_it() {
        let (port, _held) = free_port().expect("a port is free");
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        assert!(claim(port).is_err());
    }
}
