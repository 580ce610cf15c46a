//! What mdBook has to say, collected: it logs what it does not like, and builds on.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::pages::Mistake;

/// The warnings and errors that were logged.
#[derive(Clone, Debug, Default)]
pub(super) struct Warnings(Arc<Mutex<Vec<Mistake>>>);

impl Warnings {
    /// Runs something that uses mdBook on this thread, and returns what was logged, too.
    pub(super) fn collect<T>(run: impl FnOnce() -> Result<T>) -> Result<(Vec<Mistake>, T)> {
        let warnings = Self::default();
        let subscriber = tracing_subscriber::registry().with(warnings.clone());
        let result = tracing::subscriber::with_default(subscriber, run)?;
        let mut logged = warnings.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((std::mem::take(&mut *logged), result))
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        let mistake = Mistake::new("mdBook", None, message.0);
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logged.push(mistake);
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
