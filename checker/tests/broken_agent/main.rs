//! An agent that does all that exercise 2 asks for, but for the flaws it is started with. It
//! takes answers as a stream, and writes the API's JSON by hand.
//!
//! `AGENT_FLAWS` holds their names, with commas.
#![allow(missing_docs)]

mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
#[path = "../protocol/mangle.rs"]
mod mangle;
mod model;
mod quiet;
mod tools;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use serde_json::{Value, json};

use flaw::{Flaw, Flaws};
use model::{Call, Model, Reply};
use tools::{Outcome, Tools};

#[derive(Parser)]
struct Options {
    /// Print every flaw, its step, and what it breaks
    #[arg(long)]
    list: bool,
    #[arg(long = "mcp")]
    servers: Vec<String>,
    #[arg(long)]
    max_steps: Option<usize>,
    #[arg(default_value = "")]
    question: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return ExitCode::SUCCESS;
    }
    let flaws = Flaws::from_environment("AGENT_FLAWS");
    match run(&flaws, &options).await {
        Ok(answer) => {
            if flaws.has(Flaw::AnswerOnStderr) {
                eprintln!("{answer}");
            } else {
                println!("{answer}");
            }
            ExitCode::from(u8::from(flaws.has(Flaw::ExitsOne)))
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(u8::from(!flaws.has(Flaw::EndsWellAtDownServer)))
        }
    }
}

async fn run(flaws: &Flaws, options: &Options) -> Result<String> {
    if flaws.has(Flaw::AsksNoModel) {
        return Ok("I think so.".to_owned());
    }
    let agent = Agent {
        flaws,
        model: Model::from_environment(flaws.clone())?,
        tools: Tools::connect(flaws.clone(), &options.servers).await?,
    };
    agent.answer(options).await
}

struct Agent<'a> {
    flaws: &'a Flaws,
    model: Model,
    tools: Tools,
}

impl Agent<'_> {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaws.has(flaw)
    }

    async fn answer(&self, options: &Options) -> Result<String> {
        let mut talk = vec![json!({ "role": "system", "content": "Use the tools." })];
        if !self.has(Flaw::NoQuestion) {
            talk.push(json!({ "role": "user", "content": options.question }));
        }
        let begin = talk.len();
        for step in 0.. {
            if self.is_enough(step, options.max_steps) {
                if self.has(Flaw::GivesUpWithZero) {
                    return Ok(String::new());
                }
                bail!("no answer after {step} steps");
            }
            let reply = self.model.ask(&talk, &self.tools.offered()).await?;
            if reply.calls.is_empty() {
                if reply.text.is_empty() && !self.has(Flaw::EmptyAnswer) {
                    bail!("the model said nothing");
                }
                return Ok(reply.text);
            }
            if step == 1 && self.has(Flaw::OneRound) || step == 5 && self.has(Flaw::FiveRounds) {
                return Ok("I did what I could.".to_owned());
            }
            if self.has(Flaw::Forgets) {
                talk.truncate(begin);
            }
            self.carry_out(reply, &mut talk).await?;
        }
        unreachable!()
    }

    fn is_enough(&self, step: usize, asked: Option<usize>) -> bool {
        let limit = match asked {
            Some(_) if self.has(Flaw::IgnoresMaxSteps) => usize::MAX,
            None if self.has(Flaw::NoDefaultLimit) => usize::MAX,
            Some(asked) if self.has(Flaw::TenSteps) => asked.min(10),
            asked => asked.unwrap_or(10) + usize::from(self.has(Flaw::OneStepMore)),
        };
        step >= limit
    }

    async fn carry_out(&self, reply: Reply, talk: &mut Vec<Value>) -> Result<()> {
        let Reply { text, mut calls } = reply;
        if self.has(Flaw::FirstOnly) {
            calls.truncate(1);
        }
        if !self.has(Flaw::ForgetsProposal) {
            let proposed: Vec<Value> = calls.iter().map(Call::as_json).collect();
            let words = (!text.is_empty() && !self.has(Flaw::DropsWords)).then_some(text);
            talk.push(json!({ "role": "assistant", "content": words, "tool_calls": proposed }));
        }
        if self.has(Flaw::DropsSecond) {
            calls.truncate(1);
        }
        let mut results = Vec::new();
        for call in &calls {
            if self.has(Flaw::ChattyStdout) {
                println!("calling {}", call.name);
            }
            eprintln!("calling {}", call.name);
            results.push(self.result_of(call).await?);
        }
        if self.has(Flaw::SwapsResults) {
            results.reverse();
        }
        if self.has(Flaw::OneForAll) {
            let all: Vec<String> = results.drain(..).flatten().collect();
            results = vec![Some(all.join("\n"))];
        }
        for (call, result) in calls.iter().zip(results) {
            let Some(result) = result else { continue };
            talk.push(if self.has(Flaw::ResultAsUser) {
                json!({ "role": "user", "content": format!("{}: {result}", call.name) })
            } else {
                let id = if self.has(Flaw::WrongId) {
                    "call_1"
                } else {
                    call.id.as_str()
                };
                json!({ "role": "tool", "tool_call_id": id, "content": result })
            });
        }
        Ok(())
    }

    /// What the model is told of a call; `None` is nothing.
    async fn result_of(&self, call: &Call) -> Result<Option<String>> {
        if self.has(Flaw::MakesUpResult) {
            return Ok(Some("It is there.".to_owned()));
        }
        let Some(tool) = self.tools.find(&call.name) else {
            assert!(!self.has(Flaw::PanicsOnUnknown), "no tool {}", call.name);
            if self.has(Flaw::EndsOnUnknown) {
                bail!("no tool {}", call.name);
            }
            return Ok(self.trouble(format!("There is no tool {}.", call.name)));
        };
        let mut arguments = match serde_json::from_str::<Value>(&call.arguments) {
            Ok(arguments) => arguments,
            Err(_) if self.has(Flaw::JsonAsNothing) => json!({}),
            Err(error) if self.has(Flaw::PanicsOnJson) => panic!("bad arguments: {error}"),
            Err(error) => return Ok(self.trouble(format!("That is no JSON: {error}."))),
        };
        if self.has(Flaw::NoArguments) {
            arguments = json!({});
        }
        let asks = match tool.hints() {
            _ if self.has(Flaw::AsksNobody) => false,
            _ if self.has(Flaw::AsksAboutAll) => true,
            (_, destructive) if self.has(Flaw::AsksForDestructive) => destructive == Some(true),
            (read_only, _) if self.has(Flaw::SilenceIsReadOnly) => read_only == Some(false),
            (read_only, _) => read_only != Some(true),
        };
        if asks && !self.agrees(call) {
            if self.has(Flaw::EndsOnRefusal) {
                bail!("as you like");
            }
            if self.has(Flaw::SaysDoneAfterRefusal) {
                return Ok(Some("Done.".to_owned()));
            }
            if self.has(Flaw::TerseRefusal) {
                return Ok(Some("Declined.".to_owned()));
            }
            let hidden = self.has(Flaw::HidesUsersRefusal);
            return Ok((!hidden).then(|| "The user says no.".to_owned()));
        }
        if self.has(Flaw::CallsTwice) {
            let _ = self.tools.call(tool, &arguments).await;
        }
        let told = match self.tools.call(tool, &arguments).await {
            Outcome::Done(_) if self.has(Flaw::HidesResult) => "Done.".to_owned(),
            Outcome::Done(text) => text,
            Outcome::ToolError(text) if self.has(Flaw::EndsOnToolError) => bail!("{text}"),
            Outcome::ToolError(_) if self.has(Flaw::HidesToolError) => "It failed.".to_owned(),
            Outcome::ToolError(text) => return Ok(self.trouble(text)),
            Outcome::Refused(text) if self.has(Flaw::PanicsOnRefusal) => panic!("{text}"),
            Outcome::Refused(text) => return Ok(self.trouble(text)),
            Outcome::Gone(text) if self.has(Flaw::EndsOnGoneServer) => bail!("{text}"),
            Outcome::Gone(text) => return Ok(self.trouble(text)),
        };
        Ok(Some(told))
    }

    fn trouble(&self, words: String) -> Option<String> {
        Some(if self.has(Flaw::TellsNothing) {
            String::new()
        } else {
            words
        })
    }

    fn agrees(&self, call: &Call) -> bool {
        if self.has(Flaw::AsksBlindly) {
            eprint!("Go ahead? ");
        } else if self.has(Flaw::AsksWithoutArguments) {
            eprint!("{}: go ahead? ", call.name);
        } else {
            eprint!("{} {}: go ahead? ", call.name, call.arguments);
        }
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        if self.has(Flaw::YesToTheLetter) {
            return ["y\n", "yes\n"].contains(&line.as_str());
        }
        match (read, line.trim().to_lowercase().as_str()) {
            (Ok(0) | Err(_), _) => self.has(Flaw::EndIsYes),
            (_, "yes") if self.has(Flaw::YesIsOneLetter) => false,
            (_, "y" | "yes") => true,
            (_, "ok") => self.has(Flaw::OkIsYes),
            (_, word) if self.has(Flaw::YesByItsLetter) => word.starts_with('y'),
            _ => self.has(Flaw::AnythingIsYes),
        }
    }
}
