//! The ports that the exercises listen on.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use super::{Examined, unset, variable, with_variable};
use crate::identity::neighbor::{self, Kind};
use crate::listener::{self, Listener};

const STORE: u16 = 8420;
const REALM: u16 = 8180;

/// The port of `ex3_store`: 8420, or what STORE_PORT says.
pub(super) fn of_the_store() -> Examined {
    let Some(chosen) = variable("STORE_PORT") else {
        return store_at(STORE);
    };
    match chosen.parse() {
        Ok(port) => store_at(port),
        Err(_) => {
            let found = format!("STORE_PORT is {chosen:?}, which is not a port");
            Examined::trouble("port", found).fix(unset("STORE_PORT"))
        }
    }
}

fn store_at(port: u16) -> Examined {
    let what = format!("port {port}");
    let elsewhere = || {
        // The next port is that of `hello_mcp`.
        let other = port.checked_add(2).unwrap_or(STORE).to_string();
        with_variable("STORE_PORT", &other, "cargo run --bin ex3_store")
    };
    match state(port) {
        State::Free => Examined::well(&what, "free: your store can listen there"),
        // What the attendee started in another terminal.
        State::Taken(Some(holder)) if holder.is_an_exercise() => {
            Examined::well(&what, format!("{holder} is an exercise, and listens there"))
        }
        State::Taken(Some(holder)) => Examined::trouble(
            &what,
            format!("{holder} listens there, so your store cannot"),
        )
        .fix(holder.stop())
        .fix(elsewhere()),
        State::Taken(None) => Examined::trouble(
            &what,
            "a program of another user listens there, so your store cannot",
        )
        .fix(elsewhere())
        .fix(listener::name_it(port)),
        State::Refused(why) => {
            Examined::trouble(&what, format!("the system refuses it: {why}")).fix(elsewhere())
        }
    }
}

/// The port of the realm, which exercise 5 needs and nothing before it.
pub(super) async fn of_the_realm() -> Examined {
    realm_at(REALM).await
}

async fn realm_at(port: u16) -> Examined {
    const WHEN: &str = "Only exercise 5 needs it";
    let what = format!("port {port}");
    let elsewhere = format!(
        "cargo checker realm --port {}",
        port.checked_add(1).unwrap_or(REALM)
    );
    let process = match state(port) {
        State::Free => return Examined::well(&what, "free, for exercise 5"),
        State::Refused(why) => {
            let found = format!("the system refuses it: {why}. {WHEN}");
            return Examined::remark(&what, found).fix(elsewhere);
        }
        State::Taken(process) => process,
    };
    let kind = neighbor::on(port).await.kind;
    let who = match (&process, kind) {
        (_, Kind::OtherKeycloak) => "a Keycloak without the workshop's realm".to_owned(),
        (Some(process), _) => process.to_string(),
        (None, _) => "a program of another user".to_owned(),
    };
    if kind.is_the_realm() {
        return Examined::well(&what, format!("{who} has the workshop's realm there"));
    }
    let remark = Examined::remark(&what, format!("{who} listens there. {WHEN}"));
    match process {
        Some(process) => remark.fix(process.stop()).fix(elsewhere),
        None => remark.fix(elsewhere).fix(listener::name_it(port)),
    }
}

enum State {
    Free,
    Taken(Option<Listener>),
    Refused(String),
}

fn state(port: u16) -> State {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => State::Free,
        Err(error) if error.kind() == ErrorKind::AddrInUse => State::Taken(listener::of(port)),
        Err(error) => State::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;
    use crate::identity::StandIn;

    #[tokio::test]
    async fn a_taken_port_is_trouble_for_the_store_and_a_remark_for_the_realm() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(store_at(port).health, Health::Trouble);
        assert_eq!(realm_at(port).await.health, Health::Remark);
        let fixes = realm_at(port).await.fixes;
        assert!(
            fixes.iter().any(|fix| fix.contains("realm --port")),
            "{fixes:?}"
        );
        drop(taken);
        assert_eq!(store_at(port).health, Health::Well);
        assert_eq!(realm_at(port).await.health, Health::Well);
    }

    #[tokio::test]
    async fn a_port_that_has_the_realm_already_is_well() {
        let stand_in = StandIn::open(0).await.unwrap();
        let origin = stand_in.realm.origin();
        let (_, port) = origin.rsplit_once(':').unwrap();
        let port = port.parse().unwrap();
        tokio::spawn(stand_in.serve());
        let examined = realm_at(port).await;
        assert_eq!(examined.health, Health::Well, "{examined:?}");
        assert!(examined.found.ends_with("has the workshop's realm there"));
    }
}
