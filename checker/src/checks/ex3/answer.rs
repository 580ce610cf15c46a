//! 3.1: the server answers: discover and `initialize`, with a name and a version of its own.

use rmcp::model::{Implementation, ProtocolVersion};
use serde_json::Value;

use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::transcript::Exchange;
use crate::mcp::{ClientProfile, Era};
use crate::verdict::{Code, Finding};

/// What servers are called whose author has not named them.
const LIBRARIES: [&str; 4] = ["rmcp", "fastmcp", "mcp", "mcp-server"];

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let session = server.session().await;
    let handshake = server.transcript().exchanges().into_iter().next();
    let handshake = Handshake(handshake.as_ref());
    if server.era == Era::Modern && handshake.result().is_object() {
        // Without it rmcp's client does not take the result for one.
        says_that_it_is_complete(handshake)?;
        supports_the_era(handshake)?;
    }
    if server.era == Era::Legacy && handshake.result().is_object() {
        // What comes after it is sent with that version.
        agrees_on_a_known_version(handshake)?;
    }
    let session = match session {
        Err(Stop::Failed(failure)) if server.era == Era::Modern => {
            return Err(speaks_legacy_only(server, *failure).await);
        }
        session => session?,
    };
    let said = session.server();

    let identity = said.as_ref().and_then(|said| said.server_info.clone());
    let identity = identity.unwrap_or_else(|| Implementation::new("", ""));
    names_itself(handshake, &identity)
}

/// Most servers out there know 2025-11-25 alone. How they refuse what came later differs; that they
/// answer `initialize` tells them from one that is broken.
async fn speaks_legacy_only(server: &ServerUnderTest, failure: Finding) -> Stop {
    server.purpose("see whether the server speaks the older era");
    let patience = server.patience.times(0.4);
    let client = ClientProfile::new(Era::Legacy).with_patience(patience);
    if server.session_of(client).await.is_err() {
        return failure.into();
    }
    let (modern, legacy) = (Era::Modern.version(), Era::Legacy.version());
    Finding::new(Code::EraNotSupported)
        .sent(&failure.sent)
        .expected(format!("an answer: clients of {modern} begin with this request"))
        .got(format!(
            "{}; but the server does answer initialize, which clients of {legacy} begin with",
            failure.got
        ))
        .why(format!(
            "The server only speaks {legacy}, as most servers still do. To check it in that version, use --era legacy."
        ))
        .in_rust("rmcp 3 speaks both by itself.")
        .into()
}

/// The first exchange, if it came to one.
#[derive(Clone, Copy)]
struct Handshake<'a>(Option<&'a Exchange>);

impl Handshake<'_> {
    fn sent(self) -> String {
        self.0
            .map(|exchange| exchange.sent.describe())
            .unwrap_or_default()
    }

    fn result(&self) -> &Value {
        self.0.map_or(&Value::Null, Exchange::result)
    }
}

impl<'a> Handshake<'a> {
    /// What the server says of itself, as it crossed the wire; null when it says nothing.
    fn server_info(self) -> &'a Value {
        let result = self.0.map_or(&Value::Null, Exchange::result);
        match &result["_meta"]["io.modelcontextprotocol/serverInfo"] {
            Value::Null => &result["serverInfo"],
            info => info,
        }
    }
}

fn names_itself(handshake: Handshake<'_>, identity: &Implementation) -> Checked {
    let library = LIBRARIES
        .iter()
        .find(|name| identity.name.eq_ignore_ascii_case(name));
    let (code, got, why) = match (identity.name.trim(), identity.version.trim(), library) {
        (name, version, Some(_)) => (
            Code::LibraryName,
            format!("{name:?}, version {version:?}: the library's own"),
            "Users see this name in their client when they allow or block the server.",
        ),
        ("", ..) => (
            Code::NoName,
            match handshake.server_info() {
                Value::Null => "no name".to_owned(),
                // Of which nothing could be read.
                unread => format!("serverInfo {unread}"),
            },
            match handshake.server_info() {
                Value::Null => {
                    "Users see the server's name in their client when they allow or block it."
                }
                _ => {
                    "Name and version are strings. If one of them is not, clients can read neither."
                }
            },
        ),
        (name, "", _) => (
            Code::NoVersion,
            format!("{name:?} without a version"),
            "If something does not work, the version is the first thing that people ask for.",
        ),
        _ => return Ok(()),
    };
    let finding = Finding::new(code)
        .sent(handshake.sent())
        .expected("serverInfo with a name and a version of your own")
        .got(got)
        .why(why);
    Err(match library {
        Some(_) => finding
            .in_rust("In get_info, name it with Implementation::new(\"corner-bakery\", env!(\"CARGO_PKG_VERSION\")). Implementation::from_build_env() has the name and version of rmcp itself.")
            .into(),
        None => finding.into(),
    })
}

/// The specification of 2026-07-28 has every result say whether it is complete.
fn says_that_it_is_complete(handshake: Handshake<'_>) -> Checked {
    let result_type = &handshake.result()["resultType"];
    if result_type == "complete" {
        return Ok(());
    }
    Err(Finding::new(Code::NoResultType)
        .sent(handshake.sent())
        .expected("a result with resultType \"complete\"")
        .got(match result_type {
            Value::Null => "a result without resultType".to_owned(),
            other => format!("resultType {other}"),
        })
        .why("Since 2026-07-28 every result says whether it is complete or asks for more. Clients tell the two apart by resultType.")
        .into())
}

fn supports_the_era(handshake: Handshake<'_>) -> Checked {
    let version = Era::Modern.version();
    let supported = &handshake.result()["supportedVersions"];
    if supported
        .as_array()
        .is_some_and(|list| list.iter().any(|one| one == version.as_str()))
    {
        return Ok(());
    }
    Err(Finding::new(Code::EraNotSupported)
        .sent(handshake.sent())
        .expected(format!("supportedVersions with {version}"))
        .got(format!("supportedVersions {supported}"))
        .why("Clients only continue with a version that is in this list.")
        .into())
}

fn agrees_on_a_known_version(handshake: Handshake<'_>) -> Checked {
    let version = &handshake.result()["protocolVersion"];
    let known = ProtocolVersion::KNOWN_VERSIONS
        .iter()
        .any(|known| version == known.as_str());
    if known {
        return Ok(());
    }
    Err(Finding::new(Code::UnknownVersion)
        .sent(format!(
            "{} with protocolVersion {}",
            handshake.sent(),
            Era::Legacy.version()
        ))
        .expected("the same version, or another one that exists")
        .got(format!("protocolVersion {version}"))
        .why("The session uses the version that the server answers with. No client knows this one.")
        .into())
}
