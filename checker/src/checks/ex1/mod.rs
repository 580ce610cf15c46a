//! Exercise 1: connect to servers. The subject is the client, and each check is a server whose
//! names, values and errors were drawn at random.

mod call;
mod door;
mod draw;
mod entries;
mod info;
mod list;
mod places;
mod settings;
mod tell_apart;
mod variables;

use super::harness::Ran;
use super::{Check, Checked, ExerciseChecks, handshake};
use crate::blocks::TodoBlock;
use crate::checks::printed::tells;
use crate::checks::store::SERVING;
use crate::fixtures::Record;
use crate::verdict::{Code, Why};

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::looks_around("1.1", |workspace| Box::pin(settings::check(workspace))),
        Check::runs("1.2", |program| Box::pin(info::check(program))),
        Check::runs("1.3", |program| Box::pin(list::check(program))),
        Check::runs("1.4", |program| Box::pin(call::check(program))),
        Check::runs("1.5", |program| Box::pin(tell_apart::check(program))),
        Check::runs("1.6", |program| Box::pin(door::check(program))),
    ],
    place_of: |_| None,
    serving: SERVING,
};

/// That stdout holds a fact, which is printed in this block.
fn prints(
    ran: &Ran,
    fact: &str,
    what: &str,
    why: impl Into<Why>,
    printed_in: TodoBlock,
) -> Checked {
    if tells(&ran.stdout, fact) {
        return Ok(());
    }
    let (got, why) = if tells(&ran.stderr, fact) {
        (
            format!("it is on stderr\n{}", ran.printed()),
            "Programs that read your output see stdout. Print answers there, and errors to stderr."
                .into(),
        )
    } else {
        (ran.printed(), why.into())
    };
    Err(ran
        .finding(Code::NotPrinted)
        .expected(format!("{what} on stdout: {fact}"))
        .got(got)
        .why(why)
        .at(printed_in)
        .into())
}

/// That the client opened a session, on whichever era, and sent what the server can take.
fn was_spoken_to(ran: &Ran, record: &Record) -> Checked {
    if !record.requests().is_empty() {
        handshake::taken(ran, record)?;
        return handshake::announced(ran, record);
    }
    let why = if ran.status.success() {
        Why::from(
            "The URL is the argument before the command. Open a session there first. Everything else happens in that session.",
        )
    } else {
        Why::from("The program gave up before sending anything. The first request of a session names a protocol version that the client speaks.")
            .in_rust("If `preferred_versions` is empty, rmcp has no version to name. Put ProtocolVersion::V_2026_07_28 in it.")
    };
    Err(ran
        .finding(Code::NothingSent)
        .expected("a request to the server at this URL")
        .got(format!("the server got no request\n{}", ran.printed()))
        .why(why)
        .into())
}
