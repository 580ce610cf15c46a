//! The server `asking`, which speaks to its client while it answers. rmcp's client shows that it is
//! right; then the checker's client has to understand it. On both eras, over HTTP and stdio.

mod checkers_client;
mod rmcps_client;

use std::process::Stdio;

use checker::mcp::Era;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::common::beside_checker;
use crate::common::serving::Serving;

const ASKING: &str = "examples/asking";

/// What every HTTP request has to bring along.
const TOKEN: &str = "let-me-in";

/// A way to talk to a server.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    era: Era,
    transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Transport {
    Http,
    Stdio,
}

/// All of them.
fn ways() -> impl Iterator<Item = Way> {
    let with = |transport| Era::ALL.map(|era| Way { era, transport });
    with(Transport::Http)
        .into_iter()
        .chain(with(Transport::Stdio))
}

/// A server that runs for one client, until it is dropped.
#[expect(dead_code, reason = "dropping it is what it is for")]
enum Server {
    Http(Serving),
    Stdio(Child),
}

/// Starts a server over HTTP, which wants the token.
fn over_http() -> Serving {
    Serving::start(ASKING, &[("TOKEN", TOKEN)])
}

/// Starts a server over stdio, and gives its pipes.
fn over_stdio() -> (Child, ChildStdin, ChildStdout) {
    let mut server = Command::new(beside_checker(ASKING))
        .arg("--stdio")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stdin = server.stdin.take().unwrap();
    let stdout = server.stdout.take().unwrap();
    (server, stdin, stdout)
}
