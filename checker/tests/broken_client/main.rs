//! A client that does all that exercise 1 asks for, but for the flaws it is started with. It
//! is written by hand, because rmcp's client would not do most of them.
//!
//! `CLIENT_FLAWS` holds their names, with commas.
#![allow(missing_docs)]

mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
#[path = "../protocol/mangle.rs"]
mod mangle;
mod wire;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use flaw::{Flaw, Flaws};
use wire::{Session, Trouble};

#[derive(Parser)]
struct Options {
    /// Print every flaw, its step, and what it breaks
    #[arg(long)]
    list: bool,
    #[arg(short = 'H')]
    headers: Vec<String>,
    #[arg(default_value = "")]
    url: String,
    #[command(subcommand)]
    wanted: Option<Wanted>,
}

#[derive(Subcommand)]
enum Wanted {
    Info,
    List,
    Call { tool: String, arguments: String },
    Read { uri: String },
}

struct Client {
    flaws: Flaws,
    session: Session,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return ExitCode::SUCCESS;
    }
    let flaws = Flaws::from_environment("CLIENT_FLAWS");
    let Some(wanted) = options.wanted else {
        return ExitCode::from(2);
    };
    if flaws.has(Flaw::PrintsKey) {
        println!("sending {:?}", options.headers);
    }
    match run(&flaws, &options.url, options.headers, &wanted).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => complain(&flaws, &trouble),
    }
}

async fn run(
    flaws: &Flaws,
    url: &str,
    headers: Vec<String>,
    wanted: &Wanted,
) -> Result<(), Trouble> {
    if matches!(wanted, Wanted::Info) {
        if flaws.has(Flaw::InfoPanics) {
            panic!("no idea who that is");
        }
        if flaws.has(Flaw::InfoHangs) {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        if flaws.has(Flaw::AsksNothing) {
            println!("Desk 1, MCP 2026-07-28");
            return Ok(());
        }
    }
    let leaves = flaws.has(Flaw::LeavesWhileGreeting) && matches!(wanted, Wanted::Info);
    let session = Session::open(flaws.clone(), url, headers, leaves).await?;
    let mut client = Client {
        flaws: flaws.clone(),
        session,
    };
    match wanted {
        Wanted::Info => client.info(),
        Wanted::List => client.list().await,
        Wanted::Call { tool, arguments } => client.call(tool, arguments).await,
        Wanted::Read { uri } => client.read(uri).await,
    }
}

/// Says what went wrong, with the exit code for it.
fn complain(flaws: &Flaws, trouble: &Trouble) -> ExitCode {
    let (words, mut code) = match trouble {
        Trouble::Tool(words) => (words.clone(), 1),
        Trouble::Refused(words) => (words.clone(), 3),
        Trouble::Unreachable(words) | Trouble::Elsewhere(words) => (words.clone(), 4),
        Trouble::NeedsLogin(words) => (format!("log in at {words}"), 5),
        Trouble::JustOne => (String::new(), 1),
    };
    let is = |flaw| flaws.has(flaw);
    if is(Flaw::TodoElsewhere) {
        panic!("not yet implemented: 1.5");
    }
    match trouble {
        Trouble::Tool(_) if is(Flaw::ErrorAsSuccess) => {
            println!("{words}");
            return ExitCode::SUCCESS;
        }
        Trouble::Tool(_) if is(Flaw::ErrorOnStdout) => {
            println!("{words}");
            return ExitCode::from(1);
        }
        Trouble::Tool(_) if is(Flaw::ErrorOnBoth) => println!("{words}"),
        Trouble::Tool(_) if is(Flaw::ErrorExitsThree) => code = 3,
        Trouble::Refused(_) if is(Flaw::SwallowsRefusal) => {
            eprintln!("something went wrong");
            return ExitCode::from(3);
        }
        Trouble::Refused(_) if is(Flaw::RefusalExitsOne) => code = 1,
        Trouble::Unreachable(words)
            if is(Flaw::BrokenIsRefused) && words.contains("broken off") =>
        {
            code = 3;
        }
        Trouble::Unreachable(_) if is(Flaw::UnreachableExitsOne) => code = 1,
        Trouble::Unreachable(_) if is(Flaw::UnreachableSilent) => return ExitCode::from(4),
        Trouble::Elsewhere(_) if is(Flaw::ElsewhereExitsThree) => code = 3,
        Trouble::NeedsLogin(_) if is(Flaw::NoLogin) => {
            eprintln!("who are you?");
            return ExitCode::from(5);
        }
        Trouble::NeedsLogin(_) if is(Flaw::LoginExitsFour) => code = 4,
        _ => (),
    }
    eprintln!("{words}");
    ExitCode::from(code)
}

impl Client {
    fn say(&self, words: &str) {
        let words = if self.flaws.has(Flaw::RawEscapes) {
            words.to_owned()
        } else {
            words.replace('\u{1b}', "\\u{1b}")
        };
        if self.flaws.has(Flaw::AnswersOnStderr) {
            eprintln!("{words}");
        } else {
            println!("{words}");
        }
    }

    fn info(&self) -> Result<(), Trouble> {
        if !self.flaws.has(Flaw::NoName) {
            self.say(&self.session.name);
        }
        if self.flaws.has(Flaw::OwnVersion) {
            self.say("2026-07-28")
        } else {
            self.say(&self.session.version)
        }
        if self.flaws.has(Flaw::InfoExitsOne) {
            Err(Trouble::JustOne)
        } else {
            Ok(())
        }
    }

    async fn list(&mut self) -> Result<(), Trouble> {
        if self.flaws.has(Flaw::NeverLists) {
            return Ok(());
        }
        let mut cursor: Option<String> = None;
        for number in 1.. {
            let params = match &cursor {
                Some(cursor) if self.flaws.has(Flaw::CursorInCapitals) => {
                    json!({ "cursor": cursor.to_uppercase() })
                }
                Some(cursor) if self.flaws.has(Flaw::CursorAsNumber) => {
                    let number = cursor.parse::<u64>().map(Value::from);
                    json!({ "cursor": number.unwrap_or_else(|_| json!(cursor)) })
                }
                Some(cursor) if self.flaws.has(Flaw::ShortCursor) => {
                    json!({ "cursor": cursor.chars().take(255).collect::<String>() })
                }
                Some(cursor) if !self.flaws.has(Flaw::ForgetsCursor) => json!({ "cursor": cursor }),
                _ => json!({}),
            };
            let page = self.session.ask("tools/list", params).await?;
            let tools = page["tools"].as_array().cloned().unwrap_or_default();
            let dropped = usize::from(self.flaws.has(Flaw::DropsLastOfPage));
            let shown = tools.len().saturating_sub(dropped);
            for tool in &tools[..shown] {
                self.say(text(&tool["name"]));
                if self.flaws.has(Flaw::UnwrapsDescription) {
                    assert!(tool["description"].is_string(), "a tool without one");
                }
                if !self.flaws.has(Flaw::NoDescriptions) {
                    self.say(text(&tool["description"]));
                }
            }
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            let enough = self.flaws.has(Flaw::IgnoresCursor)
                || (self.flaws.has(Flaw::ThreePages) && number == 3)
                || (self.flaws.has(Flaw::StopsAtEmptyPage) && tools.is_empty())
                || (self.flaws.has(Flaw::EmptyCursorIsNone) && cursor.as_deref() == Some(""))
                || (self.flaws.has(Flaw::ForgetsCursor) && number == 3);
            if cursor.is_none() || enough {
                break;
            }
        }
        Ok(())
    }

    async fn call(&mut self, tool: &str, arguments: &str) -> Result<(), Trouble> {
        if self.flaws.has(Flaw::NeverCalls) {
            return Ok(());
        }
        let parsed: Value = serde_json::from_str(arguments).unwrap_or_default();
        let sent = if self.flaws.has(Flaw::ArgumentsAsString) {
            json!(arguments)
        } else if self.flaws.has(Flaw::ArgumentsAsText) {
            let entries = parsed.as_object().into_iter().flatten();
            entries
                .map(|(name, value)| (name.clone(), json!(shown(value))))
                .collect()
        } else {
            parsed
        };
        let tool = if self.flaws.has(Flaw::OtherTool) {
            "water_lamps_daily"
        } else {
            tool
        };
        let mut params = json!({ "name": tool, "arguments": sent });
        if self.flaws.has(Flaw::NoArguments) {
            params = json!({ "name": tool });
        }
        if self.flaws.has(Flaw::CallsTwice) {
            let _ = self.session.ask("tools/call", params.clone()).await;
        }
        let result = self.session.ask("tools/call", params).await?;
        let blocks = result["content"].as_array().into_iter().flatten();
        if self.flaws.has(Flaw::UnwrapsText) {
            let all_text = blocks.clone().all(|block| block["text"].is_string());
            assert!(all_text, "a block that is no text");
        }
        let texts: Vec<&str> = blocks.filter_map(|block| block["text"].as_str()).collect();
        let is_error = result["isError"] == json!(true);
        if is_error && self.flaws.has(Flaw::UnwrapsErrorText) {
            assert!(
                result["content"][0]["text"].is_string(),
                "an error without a text"
            );
        }
        if is_error || self.flaws.has(Flaw::WantsIsError) && result["isError"].is_null() {
            return Err(Trouble::Tool(texts.join("\n")));
        }
        let count = if self.flaws.has(Flaw::FirstBlockOnly) {
            1
        } else {
            texts.len()
        };
        for text in texts.iter().take(count) {
            self.say(text);
        }
        if !self.flaws.has(Flaw::NoStructured) {
            self.say(&result["structuredContent"].to_string());
        }
        Ok(())
    }

    async fn read(&mut self, uri: &str) -> Result<(), Trouble> {
        if self.flaws.has(Flaw::NeverReads) {
            return Ok(());
        }
        let uri = if self.flaws.has(Flaw::OtherUri) {
            uri.to_lowercase()
        } else {
            uri.to_owned()
        };
        let result = self
            .session
            .ask("resources/read", json!({ "uri": uri }))
            .await;
        let result = match result {
            Err(_) if self.flaws.has(Flaw::SwallowsReadErrors) => return Ok(()),
            result => result?,
        };
        let all = result["contents"].as_array().cloned().unwrap_or_default();
        let count = if self.flaws.has(Flaw::FirstContentsOnly) {
            1
        } else {
            all.len()
        };
        for contents in all.iter().take(count) {
            self.say(text(&contents["text"]));
        }
        Ok(())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
