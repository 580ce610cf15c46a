//! 1.2: `info` prints the server's name and the protocol version that was agreed.

use super::{draw, places, prints, was_spoken_to};
use crate::checks::harness::Ran;
use crate::checks::{Checked, ProgramUnderTest, Stop};
use crate::fixtures::{Record, ServerSpec};
use crate::mcp::Era;
use crate::verdict::{Code, Why};

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    program.purpose("the client asks for info");
    let name = draw::server_name(program);
    let server = program
        .meet(ServerSpec::new(&name, draw::version(program)))
        .await?;
    let ran = program.run(&[server.url().as_str(), "info"]).await?;

    was_spoken_to(&ran, server.record())?;
    let version = agreed(program, &ran, server.record())?;
    ran.succeeded()?;
    prints(
        &ran,
        &name,
        "the server's name",
        Why::from("The server's name is in its answer to the handshake.")
            .in_rust("In rmcp, the session's `peer_info()` has it."),
        places::INFO,
    )?;
    prints(
        &ran,
        &version,
        "the negotiated protocol version",
        Why::from("Not every server speaks the newest version. Print the version that this session uses, not the one that your client prefers.").in_rust("`peer_info()` has it too."),
        places::INFO,
    )?;
    says_nothing_of_itself(program).await
}

/// Since 2026-07-28 a server need not say its name. Whatever the program makes of that, it goes on.
async fn says_nothing_of_itself(program: &ProgramUnderTest) -> Checked {
    if program.era == Era::Legacy {
        return Ok(());
    }
    program.purpose("a server that does not say its name");
    let server = program.meet(ServerSpec::nameless()).await?;
    let ran = program.run(&[server.url().as_str(), "info"]).await;
    ran.map(|_| ()).map_err(|mut stop| {
        if let Stop::Failed(finding) = &mut stop
            && finding.code == Code::Panicked
        {
            "the protocol version, from a server that does not say its name"
                .clone_into(&mut finding.expected);
            finding.why = Why::from("Since 2026-07-28 a server may leave out its name and version. A panic ends the program with exit code 101, and its message is meant for the developer.")
                .in_rust("`server_info` is None then. Print the version without a name.");
        }
        stop
    })
}

/// That a session came about, in the one era that the server speaks; and on which version.
fn agreed(program: &ProgramUnderTest, ran: &Ran, record: &Record) -> Checked<String> {
    let method = match program.era {
        Era::Modern => "server/discover",
        Era::Legacy => "initialize",
    };
    let speaks = match program.era {
        Era::Modern => "only 2026-07-28, which begins with server/discover",
        Era::Legacy => "only versions up to 2025-11-25, which begin with initialize",
    };
    let greeted = !record.messages(method).is_empty();
    let answer = record
        .last(method)
        .and_then(|exchange| exchange.answer().cloned());
    let why = match answer {
        // An older server takes the version that the client asks for, if it knows it.
        Some(answer) if answer.get("result").is_some() => {
            let newest = program.era.version();
            let named = answer["result"]["protocolVersion"].as_str();
            return Ok(named.unwrap_or(newest.as_str()).to_owned());
        }
        _ if greeted => {
            Why::from("The greeting did not offer a version that the server speaks.").in_rust("`preferred_versions` of ClientLifecycleMode::Auto holds the newest one, ProtocolVersion::V_2026_07_28.")
        }
        _ if program.era == Era::Legacy => {
            Why::from("Servers of both generations are in use. A server that only supports initialize refuses server/discover.").in_rust("In rmcp, ClientLifecycleMode::Auto tries the newer one and falls back to the older.")
        }
        _ => {
            Why::from("Servers of both generations are in use. A server that only supports server/discover refuses initialize.").in_rust("`serve` speaks only the older one. In rmcp, ClientLifecycleMode::Auto tries the newer greeting and falls back to the older.")
        }
    };
    Err(ran
        .finding(Code::NoSession)
        .expected(format!("a session. This server speaks {speaks}"))
        .got(format!("{}\n{}", asked(record), ran.printed()))
        .why(why)
        .into())
}

/// The requests that the server got, in a line.
fn asked(record: &Record) -> String {
    let requests = record.requests();
    let methods: Vec<&str> = requests
        .iter()
        .map(|request| request.rpc())
        .filter(|method| !method.is_empty())
        .collect();
    if methods.is_empty() {
        "the server was sent no message".to_owned()
    } else {
        format!("the server was sent {}", methods.join(", "))
    }
}
