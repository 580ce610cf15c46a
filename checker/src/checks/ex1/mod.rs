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

use super::client::Ran;
use super::{Check, Checked, Run};
use crate::blocks::TodoBlock;
use crate::counterpart::Record;
use crate::verdict::Code;

/// One check per step.
pub const CHECKS: &[Check] = &[
    Check {
        step: "1.1",
        run: Run::Setting(|setting| Box::pin(settings::check(setting))),
    },
    Check {
        step: "1.2",
        run: Run::Client(|client| Box::pin(info::check(client))),
    },
    Check {
        step: "1.3",
        run: Run::Client(|client| Box::pin(list::check(client))),
    },
    Check {
        step: "1.4",
        run: Run::Client(|client| Box::pin(call::check(client))),
    },
    Check {
        step: "1.5",
        run: Run::Client(|client| Box::pin(tell_apart::check(client))),
    },
    Check {
        step: "1.6",
        run: Run::Client(|client| Box::pin(door::check(client))),
    },
];

/// Whether a text holds a fact, however the attendee breaks lines and pads columns.
fn tells(text: &str, fact: &str) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    flat(text).contains(&flat(fact))
}

/// That stdout holds a fact, which is printed in this block.
fn prints(ran: &Ran, fact: &str, what: &str, why: &str, printed_in: TodoBlock) -> Checked {
    if tells(&ran.stdout, fact) {
        return Ok(());
    }
    let (got, why) = match tells(&ran.stderr, fact) {
        true => (
            format!("it is on stderr\n{}", ran.printed()),
            "Who pipes your program into another one gets stdout alone. It is for answers, stderr for complaints.",
        ),
        false => (ran.printed(), why),
    };
    Err(ran
        .finding(Code::NotPrinted)
        .expected(format!("{what} on stdout: {fact}"))
        .got(got)
        .why(why)
        .at(printed_in)
        .into())
}

/// That the client said hello, on whichever era.
fn was_spoken_to(ran: &Ran, record: &Record) -> Checked {
    if !record.requests().is_empty() {
        return Ok(());
    }
    Err(ran
        .finding(Code::NothingSent)
        .expected("a request to the server of this URL")
        .got(format!("the server was asked nothing\n{}", ran.printed()))
        .why("The URL is the argument before the command. Open a session there first: everything else is asked in it.")
        .into())
}
