//! The process that the steps which only read share, one after the other.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::checks::Stop;
use crate::fixtures::{Fixture, Fixtures};
use crate::subject::server::Server;

/// A server with what stands around it.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) server: Arc<Server>,
    pub(super) fixtures: Arc<Fixtures>,
}

/// A server that lives as long as it is well.
#[derive(Debug, Default)]
pub(super) struct SharedServer(Mutex<Option<(&'static [Fixture], Running)>>);

/// The right to use it alone, until it is dropped.
pub(super) struct Turn<'s>(MutexGuard<'s, Option<(&'static [Fixture], Running)>>);

impl SharedServer {
    /// Waits for a turn.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn(self.0.lock().await)
    }
}

impl Turn<'_> {
    /// The server with these fixtures: the one that is there, or one that `start` starts.
    pub(super) async fn server(
        &mut self,
        fixtures: &'static [Fixture],
        start: impl Future<Output = Result<Running, Stop>>,
    ) -> Result<Running, Stop> {
        let there = self.0.take();
        let usable = there.filter(|(around, running)| {
            *around == fixtures && running.server.process.exit_status().is_none()
        });
        let running = match usable {
            Some((_, running)) => running,
            None => start.await?,
        };
        *self.0 = Some((fixtures, running.clone()));
        Ok(running)
    }
}
