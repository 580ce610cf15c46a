//! What a check works with: a record, dice, what stands around the subject, and the subject itself,
//! as a server, a program or the workspace under test.

mod log;
mod program;
mod server;
mod workspace;

use std::sync::Arc;

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;

pub use self::log::Log;
pub use self::program::{ProgramUnderTest, Ran, Reach as ProgramReach, Task};
pub use self::server::{Reach as ServerReach, ServerUnderTest, Symptom};
pub use self::workspace::WorkspaceUnderTest;
use crate::fixtures::Fixtures;
use crate::mcp::Transcript;
use crate::patience::Patience;

/// What every check works with, whatever its subject is.
#[derive(Debug)]
pub struct Harness {
    /// `3.4`: the step that is checked.
    pub step: String,
    /// How long it waits.
    pub patience: Patience,
    transcript: Transcript,
    dice: Mutex<StdRng>,
    fixtures: Arc<Fixtures>,
    remarks: Remarks,
}

/// What a check has to say that is no failure. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Remarks(Arc<Mutex<Vec<String>>>);

impl Remarks {
    /// What was said so far.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

impl Harness {
    /// A harness for one step, in which the same seed draws the same.
    pub fn new(
        step: &str,
        seed: u64,
        patience: Patience,
        fixtures: Arc<Fixtures>,
        transcript: Transcript,
        remarks: Remarks,
    ) -> Self {
        Self {
            step: step.to_owned(),
            patience,
            transcript,
            dice: Mutex::new(StdRng::seed_from_u64(of_step(seed, step))),
            fixtures,
            remarks,
        }
    }

    /// Says what the messages from here on are for: the trace shows it.
    pub fn purpose(&self, purpose: &str) {
        self.transcript.purpose(purpose);
    }

    /// Rolls the dice.
    pub fn random<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.dice.lock())
    }

    /// The record of what crossed the wire.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What was raised for the check.
    pub fn fixtures(&self) -> &Fixtures {
        &self.fixtures
    }

    /// Says something worth knowing that is no failure.
    pub fn remark(&self, words: impl Into<String>) {
        self.remarks.0.lock().push(words.into());
    }
}

/// A seed for the step alone, so that what runs beside it changes nothing: FNV-1a.
fn of_step(seed: u64, step: &str) -> u64 {
    step.bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
