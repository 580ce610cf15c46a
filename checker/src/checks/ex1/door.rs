//! 1.6: a key goes in a header of every request; on a 401 the client says where to log in, as
//! the server's metadata has it.

use http::{HeaderName, HeaderValue, Method, header};
use rand::RngExt;
use reqwest::Url;
use rmcp::model::{CallToolResult, ContentBlock};

use super::{draw, places, prints, was_spoken_to};
use crate::checks::harness::Ran;
use crate::checks::printed::tells;
use crate::checks::{Checked, ProgramUnderTest, Stop};
use crate::fixtures::{
    FakeTool, PROTECTED_RESOURCE_METADATA, Protected, Record, ServerSpec, ToolReply,
};
use crate::verdict::{Code, Why};

const NEEDS_LOGIN: i32 = 5;

pub(super) async fn check(program: &ProgramUnderTest) -> Checked {
    let protected = draw_protected(program)?;
    let tool = draw::tools(program, 1).remove(0);
    let text = format!("You are in, says {}", draw::token(program));
    let result = CallToolResult::success(vec![ContentBlock::text(&text)]);
    let answer = move |_: &_| ToolReply::Result(result.clone());
    let spec = ServerSpec::new(draw::server_name(program), "1.0.0")
        .with_tool(FakeTool::new(tool.clone(), answer));
    let server = program
        .meet_protected(spec.clone(), protected.clone())
        .await?;
    let url = server.url().as_str();

    program.purpose("whatever the client asks with its key");
    let key = protected.key.to_str().unwrap_or_default();
    let header = format!("{}: {key}", title_case(&protected.header));
    let ran = program
        .run(&["-H", &header, url, "call", &tool.name, "{}"])
        .await?;
    was_spoken_to(&ran, server.record())?;
    every_request_has_the_key(&ran, server.record(), &protected)?;
    ran.succeeded()?;
    prints(
        &ran,
        &text,
        "what the tool says",
        "With the key, this server is like any other.",
        places::CALL,
    )?;
    the_key_is_not_printed(&ran, key)?;

    // On a server of its own, so that the trace shows one thing after the other.
    program.purpose("whatever the client asks without a key");
    let server = program.meet_protected(spec, protected.clone()).await?;
    let ran = program
        .run(&[server.url().as_str(), "call", &tool.name, "{}"])
        .await?;
    was_spoken_to(&ran, server.record())?;
    it_says_where_to_log_in(&ran, server.record(), &protected)
}

fn draw_protected(program: &ProgramUnderTest) -> Checked<Protected> {
    let token = draw::token(program);
    let bearer = program.random(|dice| dice.random_bool(0.5));
    let (header, key) = if bearer {
        (header::AUTHORIZATION, format!("Bearer {token}"))
    } else {
        (HeaderName::from_static("x-desk-key"), token)
    };
    let login = format!("https://login.{}.example/realms/desk", draw::token(program));
    let unusable = |error: String| Stop::CouldNotCheck(error);
    Ok(Protected {
        header,
        key: HeaderValue::from_str(&key).map_err(|error| unusable(error.to_string()))?,
        authorization_server: Url::parse(&login).map_err(|error| unusable(error.to_string()))?,
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
            "The server looks at every request anew: the handshake needs the key, and so does each one after it.".into(),
        ),
        Some(value) => (
            format!("{value:?}"),
            Why::from("What stands behind the colon is the value, to the letter.").in_rust("In rmcp, `custom_headers` sends it so; `auth_header` puts Bearer in front."),
        ),
    };
    Err(ran
        .finding(Code::KeyNotSent)
        .expected(format!("{which} with the header of -H, as it stands there"))
        .got(got)
        .why(why)
        .at(places::HEADERS)
        .into())
}

fn the_key_is_not_printed(ran: &Ran, key: &str) -> Checked {
    let secret = key.trim_start_matches("Bearer ");
    if !tells(&ran.stdout, secret) && !tells(&ran.stderr, secret) {
        return Ok(());
    }
    Err(ran
        .finding(Code::KeyPrinted)
        .expected("no word of the key")
        .got(ran.printed())
        .why("What is printed ends up in logs, and in front of an audience. A key is for the server alone.")
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
            .why("The 401 has a header WWW-Authenticate with resource_metadata=\"…\". The JSON at that address lists authorization_servers: that is where one logs in (RFC 9728).")
            .in_rust("In rmcp, auth_challenge() of the error is that header.")
            .into());
    }
    if ran.code() == Some(NEEDS_LOGIN) {
        return Ok(());
    }
    Err(ran
        .finding(Code::WrongExitCode)
        .expected("exit code 5: a login or a key is needed")
        .got(ran.printed())
        .why("A script reads the exit code. This server is there, and would answer with a key.")
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
