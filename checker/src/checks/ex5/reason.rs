//! Why a store refuses a token that is good: often its log says so.

use super::places;
use crate::checks::Stop;
use crate::checks::harness::Log;
use crate::verdict::Code;

/// A good token that was refused, with what was written to the log meanwhile.
pub async fn quoted(stop: Stop, log: &Log) -> Stop {
    let Stop::Failed(mut finding) = stop else {
        return stop;
    };
    if finding.code != Code::GoodTokenRefused {
        return Stop::Failed(finding);
    }
    let Some(words) = log.words().await else {
        return Stop::Failed(finding);
    };
    finding.got = format!("{}\nin its log: {words}", finding.got);
    let place = places::of_reason(&words);
    Stop::Failed(finding).at(place)
}
