//! An agent: it answers a question with the help of a model and of tools from MCP servers.
//!
//! The answer goes to stdout, everything else to stderr. Exit codes: 0 an answer, 1 no answer, 2 a
//! problem with the command line or the settings.

mod agent;
mod approve;
mod model;
mod settings;
mod terminal;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use reqwest::Url;

use crate::agent::Agent;
use crate::approve::Human;
use crate::model::Model;
use crate::settings::{Settings, WrongSetting};
use crate::tools::Toolbox;

/// Answers a question with a model and the tools of MCP servers.
///
/// The model is chosen by OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL, in the environment
/// or in a file named .env.
#[derive(Parser)]
struct Options {
    /// An MCP server whose tools the model may use; can be repeated
    #[arg(long = "mcp", value_name = "URL", required = true)]
    servers: Vec<Url>,
    /// Give up if there is no answer after this many steps
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    max_steps: u32,
    /// What you want to know
    question: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::say(&format!("{error:#}"));
            let code = if error.is::<WrongSetting>() { 2 } else { 1 };
            ExitCode::from(code)
        }
    }
}

async fn run(options: &Options) -> Result<()> {
    let model = Model::new(Settings::read()?)?;
    let tools = Toolbox::connect(&options.servers).await?;
    let mut agent = Agent::new(model, tools, Human::at_the_terminal(), options.max_steps);
    let answer = agent.answer(&options.question).await;
    agent.tools.close().await;
    terminal::answer(&answer?)
}
