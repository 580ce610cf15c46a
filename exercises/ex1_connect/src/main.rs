//! A small MCP client: what does a server offer, and what does it answer?

mod ask;
mod connect;
mod failure;
mod login;
mod reason;
mod show;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use http::{HeaderName, HeaderValue};
use reqwest::Url;
use rmcp::model::JsonObject;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::show::harmless;

/// How long a server may take for everything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks an MCP server what it offers, and calls its tools.
///
/// Answers go to stdout, errors to stderr. Exit codes: 0 done, 1 the tool reported an
/// error, 2 this command line is wrong, 3 the server refused the request, 4 no MCP server was
/// reached, 5 a login or a key is needed.
#[derive(Parser)]
struct Options {
    /// A header for every request, such as 'Authorization: Bearer KEY'; can be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Where the server is, such as https://learn.microsoft.com/api/mcp
    url: Url,
    #[command(subcommand)]
    wanted: Wanted,
}

/// What to do.
#[derive(Subcommand)]
enum Wanted {
    /// Show the server's name and the protocol version
    Info,
    /// List the tools
    List,
    /// Call a tool
    Call {
        /// The tool's name
        tool: String,
        /// The tool's arguments, as a JSON object: '{"city": "Graz"}'
        #[arg(default_value = "{}", value_parser = json_object)]
        arguments: JsonObject,
    },
    /// Read a resource
    Read {
        /// The resource's URI
        uri: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let done = timeout(PATIENCE, run(&options)).await;
    match done.unwrap_or(Err(Failure::TooSlow(PATIENCE))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", harmless(&failure.to_string()));
            failure.exit_code()
        }
    }
}

async fn run(options: &Options) -> Result<(), Failure> {
    let session = connect::open(&options.url, &options.headers).await?;
    match &options.wanted {
        Wanted::Info => ask::info(&session),
        Wanted::List => ask::list(&session).await,
        Wanted::Call { tool, arguments } => ask::call(&session, tool, arguments).await,
        Wanted::Read { uri } => ask::read(&session, uri).await,
    }
}

/// `Name: value`, as in an HTTP request.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    // The value may be a secret, so no error message repeats it.
    let (name, value) = text
        .split_once(':')
        .ok_or("the colon is missing; expected 'Name: value'")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| "this is not a header name")?;
    let mut value: HeaderValue = value
        .trim()
        .parse()
        .map_err(|_| "a value must not contain line breaks or other control characters")?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// The arguments of a tool, such as `{"a": 1}`.
fn json_object(text: &str) -> Result<JsonObject, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}
