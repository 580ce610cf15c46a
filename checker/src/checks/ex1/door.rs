//! 1.6: a key goes in a header of every request; on a 401 the client says where to log in, as
//! the server's metadata has it.

use http::{HeaderName, HeaderValue, Method, header};
use reqwest::Url;
use rmcp::model::{CallToolResult, ContentBlock};

use super::{draw, places, prints, was_spoken_to};
use crate::checks::harness::Ran;
use crate::checks::printed::tells;
use crate::checks::{Checked, ProgramUnderTest, Stop};
use crate::fixtures::{
    FakeServer, FakeTool, PROTECTED_RESOURCE_METADATA, Protected, Record, Request, ServerSpec,
    ToolReply,
};
use crate::verdict::{Code, Why};

const NEEDS_LOGIN: i32 = 5;

/// A header that no library takes for a secret.
const OWN_HEADER: HeaderName = HeaderName::from_static("x-desk-key");

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    // Both are usual, and a client may know only the one or change the other.
    let token = || draw::token(program);
    let bearer = protected(
        program,
        header::AUTHORIZATION,
        format!("Bearer {}", token()),
    )?;
    let own = protected(program, OWN_HEADER, token())?;
    let desk = Desk::new(program);
    for protected in [&bearer, &own] {
        it_gets_in(program, &desk, protected).await?;
    }
    without_a_key(program, &desk, &bearer).await?;
    metadata_elsewhere(program, &desk, &own).await?;
    moved_elsewhere(program, &desk, &own).await
}

/// What is behind the door.
struct Desk {
    spec: ServerSpec,
    tool: String,
    text: String,
}

impl Desk {
    fn new(program: &ProgramUnderTest) -> Self {
        let tool = draw::tools(program, 1).remove(0);
        let text = format!("You are in, says {}", draw::token(program));
        let result = CallToolResult::success(vec![ContentBlock::text(&text)]);
        let answer = move |_: &_| ToolReply::Result(result.clone());
        Self {
            tool: tool.name.to_string(),
            spec: ServerSpec::new(draw::server_name(program), "1.0.0")
                .with_tool(FakeTool::new(tool, answer)),
            text,
        }
    }
}

async fn it_gets_in(program: &ProgramUnderTest, desk: &Desk, protected: &Protected) -> Checked {
    program.purpose("the client sends its key");
    let server = program
        .meet_protected(desk.spec.clone(), protected.clone())
        .await?;
    let header = on_the_command_line(protected);
    let url = server.url().as_str();
    let ran = program
        .run(&["-H", &header, url, "call", &desk.tool, "{}"])
        .await?;
    was_spoken_to(&ran, server.record())?;
    every_request_has_the_key(&ran, server.record(), protected)?;
    ran.succeeded()?;
    prints(
        &ran,
        &desk.text,
        "what the tool says",
        "With the key, this server answers like any other.",
        places::CALL,
    )?;
    the_key_is_not_printed(&ran, protected)
}

async fn without_a_key(program: &ProgramUnderTest, desk: &Desk, protected: &Protected) -> Checked {
    program.purpose("the client has no key");
    // A server of its own, so that the trace shows one thing after the other.
    let server = program
        .meet_protected(desk.spec.clone(), protected.clone())
        .await?;
    let ran = program
        .run(&[server.url().as_str(), "call", &desk.tool, "{}"])
        .await?;
    was_spoken_to(&ran, server.record())?;
    it_says_where_to_log_in(&ran, server.record(), protected)
}

/// A server that does not take the key, and whose metadata is said to be on another one.
async fn metadata_elsewhere(
    program: &ProgramUnderTest,
    desk: &Desk,
    protected: &Protected,
) -> Checked {
    program.purpose("the metadata is on another server");
    let stranger = program
        .meet_protected(desk.spec.clone(), protected.clone())
        .await?;
    let mut metadata = stranger.url().clone();
    metadata.set_path(PROTECTED_RESOURCE_METADATA);
    let other_key = HeaderValue::from_static("another");
    let home = Protected {
        key: other_key,
        metadata: Some(metadata),
        ..protected.clone()
    };
    let server = program.meet_protected(desk.spec.clone(), home).await?;
    let header = on_the_command_line(protected);
    let url = server.url().as_str();
    let ran = program
        .run(&["-H", &header, url, "call", &desk.tool, "{}"])
        .await?;
    let why = "A key is meant for one server, but the server can name any address for its metadata. If that is another origin, fetch it without the key, or not at all.";
    the_key_stays(&ran, &server, &stranger, protected, why)
        .map_err(|stop| stop.at(places::LOGIN))?;
    the_key_is_not_printed(&ran, protected)?;
    needs_login(&ran)
}

/// A server that redirects to another one.
async fn moved_elsewhere(
    program: &ProgramUnderTest,
    desk: &Desk,
    protected: &Protected,
) -> Checked {
    program.purpose("the server redirects to another one");
    let stranger = program
        .meet_protected(desk.spec.clone(), protected.clone())
        .await?;
    let moved = desk.spec.clone().moved_to(stranger.url().clone());
    let server = program.meet(moved).await?;
    let header = on_the_command_line(protected);
    let url = server.url().as_str();
    let ran = program
        .run(&["-H", &header, url, "call", &desk.tool, "{}"])
        .await?;
    let why = "A key is meant for one server, but a redirect can lead anywhere. Follow it only to the same origin, or without the key. HTTP libraries drop the Authorization header on their own, but no other header.";
    the_key_stays(&ran, &server, &stranger, protected, why)
}

/// That no request with the key arrived at another server.
fn the_key_stays(
    ran: &Ran,
    server: &FakeServer,
    stranger: &FakeServer,
    protected: &Protected,
    why: &str,
) -> Checked {
    let requests = stranger.record().requests();
    let has_it = |request: &&Request| {
        let mut values = request.headers.values();
        values.any(|value| *value == protected.key)
    };
    let Some(request) = requests.iter().find(has_it) else {
        return Ok(());
    };
    Err(ran
        .finding(Code::KeySentElsewhere)
        .expected(format!(
            "the key sent to {}, and to no other server",
            server.url()
        ))
        .got(format!(
            "{} {} with the key, sent to {}",
            request.method,
            request.path,
            stranger.url().origin().ascii_serialization()
        ))
        .why(why)
        .into())
}

/// `X-Desk-Key: kites-48213`
fn on_the_command_line(protected: &Protected) -> String {
    let key = protected.key.to_str().unwrap_or_default();
    format!("{}: {key}", title_case(&protected.header))
}

fn protected(program: &ProgramUnderTest, header: HeaderName, key: String) -> Checked<Protected> {
    let login = format!("https://login.{}.example/realms/desk", draw::token(program));
    let unusable = |error: String| Stop::CouldNotCheck(error);
    Ok(Protected {
        header,
        key: HeaderValue::from_str(&key).map_err(|error| unusable(error.to_string()))?,
        authorization_server: Url::parse(&login).map_err(|error| unusable(error.to_string()))?,
        metadata: None,
    })
}

fn every_request_has_the_key(ran: &Ran, record: &Record, protected: &Protected) -> Checked {
    let without = record
        .requests()
        .into_iter()
        .find(|request| request.headers.get(&protected.header) != Some(&protected.key));
    let Some(request) = without else {
        return Ok(());
    };
    let which = match (request.method.clone(), request.rpc()) {
        (Method::POST, "") => "a POST".to_owned(),
        (Method::POST, method) => method.to_owned(),
        (other, _) => format!("a {other}"),
    };
    let (got, why) = match request.headers.get(&protected.header) {
        None => (
            "no such header".to_owned(),
            "The server checks each request separately. Send every -H header with the handshake, and with every request after it.".into(),
        ),
        Some(value) => (
            format!("{value:?}"),
            Why::from("Everything after the colon is the value. Send it unchanged.").in_rust("In rmcp, `custom_headers` sends it as written; `auth_header` adds Bearer in front."),
        ),
    };
    Err(ran
        .finding(Code::KeyNotSent)
        .expected(format!("{which} with the header from -H, as written"))
        .got(got)
        .why(why)
        .at(places::HEADERS)
        .into())
}

fn the_key_is_not_printed(ran: &Ran, protected: &Protected) -> Checked {
    let key = protected.key.to_str().unwrap_or_default();
    let secret = key.trim_start_matches("Bearer ");
    if !tells(&ran.stdout, secret) && !tells(&ran.stderr, secret) {
        return Ok(());
    }
    Err(ran
        .finding(Code::KeyPrinted)
        .expected("output without the key")
        .got(ran.printed())
        .why("What you print ends up in logs and on shared screens. Send the key to the server and nowhere else.")
        .into())
}

fn it_says_where_to_log_in(ran: &Ran, record: &Record, protected: &Protected) -> Checked {
    let login = protected.authorization_server.as_str();
    if !tells(&ran.stderr, login) {
        let requests = record.requests();
        let gets = requests.iter().filter(|one| one.method == Method::GET);
        let paths: Vec<&str> = gets.map(|one| one.path.as_str()).collect();
        let fetched = match paths.as_slice() {
            [] => "the metadata was not fetched".to_owned(),
            paths if paths.contains(&PROTECTED_RESOURCE_METADATA) => {
                "the metadata was fetched".to_owned()
            }
            paths => format!("the metadata was not fetched, but {}", paths.join(", ")),
        };
        return Err(ran
            .finding(Code::LoginNotNamed)
            .expected(format!("on stderr, where to log in: {login}"))
            .got(format!("{fetched}\n{}", ran.printed()))
            .at(places::LOGIN)
            .why("The 401 has a header WWW-Authenticate with resource_metadata=\"…\". The JSON at that address lists authorization_servers, where users log in (RFC 9728). The header can hold several challenges, and its names are not case-sensitive.")
            .in_rust("In rmcp, the error's auth_challenge() returns that header.")
            .into());
    }
    needs_login(ran)
}

fn needs_login(ran: &Ran) -> Checked {
    if ran.code() == Some(NEEDS_LOGIN) {
        return Ok(());
    }
    Err(ran
        .finding(Code::WrongExitCode)
        .expected("exit code 5: the server needs a login or a key")
        .got(ran.printed())
        .why("Scripts read the exit code. The server is up, and would answer if you sent a key.")
        .at(places::EXIT_CODES)
        .into())
}

/// `X-Desk-Key`, as people write it.
fn title_case(name: &HeaderName) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let words: Vec<String> = name.as_str().split('-').map(capital).collect();
    words.join("-")
}
