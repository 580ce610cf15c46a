//! The stand-in on a port of this machine.

use std::io;
use std::net::{Ipv6Addr, TcpListener};

use anyhow::{Context, Result};
use axum::serve::ListenerExt;
use futures::future::try_join_all;
use realm::{Realm, RealmFile};

use super::{cannot_have, claim, origin};

/// The realm with its port, before it is served.
#[derive(Debug)]
pub struct StandIn {
    /// The realm.
    pub realm: Realm,
    listeners: Vec<TcpListener>,
}

impl StandIn {
    /// Makes the realm, at this port of this machine.
    ///
    /// # Errors
    ///
    /// When the port cannot be had, with who has it.
    pub async fn open(port: u16) -> Result<Self> {
        let first = claim(port).await?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        // `localhost` is ::1 too, where there is IPv6; who listens there would be asked instead.
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(second) => listeners.push(second),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(cannot_have(port, &error).await);
            }
            Err(_) => (),
        }
        let file = RealmFile::workshop()?;
        Ok(Self {
            realm: Realm::new(file, &origin(port))?,
            listeners,
        })
    }

    /// Serves it until something goes wrong.
    ///
    /// # Errors
    ///
    /// What went wrong.
    pub async fn serve(self) -> Result<()> {
        let serving = self.listeners.into_iter().map(|listener| {
            let router = self.realm.router();
            async move {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::TcpListener::from_std(listener)?;
                // Answers are small. Without this the system may hold one back for 40 ms.
                let listener = listener.tap_io(|connection| {
                    let _ = connection.set_nodelay(true);
                });
                axum::serve(listener, router).await
            }
        });
        try_join_all(serving)
            .await
            .context("cannot serve the realm")?;
        Ok(())
    }
}
