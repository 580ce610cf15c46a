//! The workshop's realm on a port of this machine, for `cargo checker realm`.
//!
//! - `stand_in` serves it in this process, with the crate `realm`,
//! - `keycloak` fetches and starts a real one,
//! - `neighbor` says who has a port already.

pub mod keycloak;
pub mod neighbor;
mod stand_in;

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, anyhow};
use realm::RealmFile;

pub use self::stand_in::StandIn;
pub use realm::SCOPE;

/// Where the realm is, on this port. Browsers and clients know this machine by `localhost`, and the
/// issuer is compared letter by letter.
pub fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Who can sign in there, and how: `alice, password alice · bob, password bob`.
pub fn users(file: &RealmFile) -> String {
    let users = file.users.iter().map(|user| {
        let password = user.password().unwrap_or_default();
        format!("{}, password {password}", user.username)
    });
    users.collect::<Vec<_>>().join(" · ")
}

/// Claims a port of 127.0.0.1; any that is free for 0.
async fn claim(port: u16) -> Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => Ok(listener),
        Err(error) => Err(cannot_have(port, &error).await),
    }
}

/// Why a port cannot be had, who has it, and what to do.
async fn cannot_have(port: u16, error: &io::Error) -> anyhow::Error {
    if error.kind() != io::ErrorKind::AddrInUse {
        return anyhow!(
            "cannot listen on port {port}: {error}. Choose another port with {}",
            elsewhere(port)
        );
    }
    let neighbor = neighbor::on(port).await;
    let mut fixes = Vec::new();
    if neighbor.kind.is_the_realm() {
        fixes.push("use that one".to_owned());
    }
    fixes.extend(neighbor.stop().map(|stop| format!("stop it with `{stop}`")));
    fixes.push(format!("choose another port with {}", elsewhere(port)));
    anyhow!(
        "{neighbor} is using port {port}. You can {}",
        fixes.join(", or ")
    )
}

/// The argument that takes another port.
fn elsewhere(port: u16) -> String {
    let other = port.checked_add(1).unwrap_or(8180);
    format!("`--port {other}`")
}
