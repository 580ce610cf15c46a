//! 3.1: the server answers: discover and `initialize`, with a name and a version of its own.

use rmcp::model::{Implementation, ProtocolVersion};
use serde_json::Value;

use crate::checks::{Checked, Context};
use crate::mcp::Era;
use crate::mcp::session::describe;
use crate::mcp::transcript::Exchange;
use crate::verdict::{Code, Finding};

/// What servers are called whose author has not named them.
const LIBRARIES: [&str; 4] = ["rmcp", "fastmcp", "mcp", "mcp-server"];

pub(super) async fn check(context: &Context) -> Checked {
    let session = context.session().await;
    let handshake = first_request(context);
    if context.era == Era::Modern && handshake.as_ref().is_some_and(has_a_result) {
        // Without it rmcp's client does not take the result for one.
        says_that_it_is_complete(&handshake)?;
        supports_the_era(&handshake)?;
    }
    let server = session?.server();

    let identity = server
        .as_ref()
        .and_then(|server| server.server_info.clone());
    let identity = identity.unwrap_or_else(|| Implementation::new("", ""));
    names_itself(&handshake, &identity)?;
    match context.era {
        Era::Modern | Era::Any => Ok(()),
        Era::Legacy => agrees_on_a_known_version(&handshake),
    }
}

fn first_request(context: &Context) -> Option<Exchange> {
    context.transcript().exchanges().into_iter().next()
}

fn has_a_result(exchange: &Exchange) -> bool {
    exchange
        .answer()
        .is_some_and(|answer| answer.get("result").is_some())
}

fn names_itself(handshake: &Option<Exchange>, identity: &Implementation) -> Checked {
    let library = LIBRARIES
        .iter()
        .find(|name| identity.name.eq_ignore_ascii_case(name));
    let (code, got, why) = match (identity.name.trim(), identity.version.trim(), library) {
        (name, version, Some(_)) => (
            Code::LibraryName,
            format!("{name:?}, version {version:?}: the library's own"),
            "Users see this name in their client, and allow or forbid the server by it. Set server_info in get_info.",
        ),
        ("", ..) => (
            Code::NoName,
            "no name".to_owned(),
            "Users see the server's name in their client, and allow or forbid the server by it.",
        ),
        (name, "", _) => (
            Code::NoVersion,
            format!("{name:?} without a version"),
            "The version is the first thing that anyone asks for when something does not work.",
        ),
        _ => return Ok(()),
    };
    Err(Finding::new(code)
        .sent(sent(handshake))
        .expected("serverInfo with a name and a version of your own")
        .got(got)
        .why(why)
        .into())
}

/// The specification of 2026-07-28 has every result say whether it is complete.
fn says_that_it_is_complete(handshake: &Option<Exchange>) -> Checked {
    let result_type = &result(handshake)["resultType"];
    if result_type == "complete" {
        return Ok(());
    }
    Err(Finding::new(Code::NoResultType)
        .sent(sent(handshake))
        .expected("a result with resultType \"complete\"")
        .got(match result_type {
            Value::Null => "a result without resultType".to_owned(),
            other => format!("resultType {other}"),
        })
        .why("Since 2026-07-28 every result says whether it is complete or asks for more. Clients tell the two apart by it.")
        .into())
}

fn supports_the_era(handshake: &Option<Exchange>) -> Checked {
    let version = Era::Modern.version();
    let supported = &result(handshake)["supportedVersions"];
    if supported
        .as_array()
        .is_some_and(|list| list.iter().any(|one| one == version.as_str()))
    {
        return Ok(());
    }
    Err(Finding::new(Code::EraNotSupported)
        .sent(sent(handshake))
        .expected(format!("supportedVersions with {version}"))
        .got(format!("supportedVersions {supported}"))
        .why("A client goes on only in a version that is on this list.")
        .into())
}

fn agrees_on_a_known_version(handshake: &Option<Exchange>) -> Checked {
    let version = &result(handshake)["protocolVersion"];
    let known = ProtocolVersion::KNOWN_VERSIONS
        .iter()
        .any(|known| version == known.as_str());
    if known {
        return Ok(());
    }
    Err(Finding::new(Code::UnknownVersion)
        .sent(format!("{} with protocolVersion {}", sent(handshake), Era::Legacy.version()))
        .expected("the same version, or another that exists")
        .got(format!("protocolVersion {version}"))
        .why("Client and server go on in the version that the server answers with. No client knows this one.")
        .into())
}

fn sent(handshake: &Option<Exchange>) -> String {
    handshake
        .as_ref()
        .map(|exchange| describe(&exchange.sent))
        .unwrap_or_default()
}

fn result(handshake: &Option<Exchange>) -> Value {
    let answer = handshake.as_ref().and_then(|exchange| exchange.answer());
    answer
        .map(|answer| answer["result"].clone())
        .unwrap_or_default()
}
