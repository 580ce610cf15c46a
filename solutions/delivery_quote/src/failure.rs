//! Why there is no quote.

use std::time::Duration;

use thiserror::Error;

use crate::seconds;

// ANCHOR: failure
/// Why there is no quote, in words for a model: what happened, and what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The argument is wrong.
    #[error("This is not a postal code. Ask the user for one, such as 10115 or SW1A 1AA.")]
    NoPostcode,
    /// The carrier has said no, and will say it again.
    #[error("The carrier does not deliver to this postal code. Check it with the user.")]
    NoDelivery,
    /// The carrier has too much to do.
    #[error("The carrier is busy. Try again {}.", when(*after))]
    Busy {
        /// When the carrier wants to be asked again.
        after: Option<Duration>,
    },
    /// No answer came, or not in time.
    #[error("The carrier does not answer. Tell the user, and try again in a few minutes.")]
    Silent,
    /// Somebody has to repair something.
    #[error("Quotes do not work at the moment. Trying again does not help. Tell the user.")]
    Broken,
}
// ANCHOR_END: failure

fn when(after: Option<Duration>) -> String {
    match after {
        Some(after) => format!("in {} seconds", seconds(after)),
        None => "in a minute".to_owned(),
    }
}
