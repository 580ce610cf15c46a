//! A small MCP server over stdio that summarizes notes. It does without sampling, roots and logging:
//! it asks a model itself, is told on its command line which folder it may read, and logs to stderr.
//!
//! ```text
//! OPENAI_API_KEY=… cargo run --bin own_model -- --folder notes --model MODEL
//! ```

mod folder;
mod model;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use reqwest::Url;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::transport::stdio;
use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use crate::folder::Folder;
use crate::model::Model;

// ANCHOR: options
/// Summarizes the notes of one folder.
#[derive(Parser)]
struct Options {
    /// The folder with the notes: nothing else is read
    #[arg(long)]
    folder: PathBuf,
    /// The model that writes the summaries
    #[arg(long, env = "OPENAI_MODEL")]
    model: String,
    /// Where the model is
    #[arg(
        long,
        env = "OPENAI_BASE_URL",
        default_value = "https://api.openai.com/v1"
    )]
    base_url: Url,
    /// The key for it
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    key: SecretString,
}
// ANCHOR_END: options

/// The server.
#[derive(Clone)]
struct Notes {
    folder: Arc<Folder>,
    model: Arc<Model>,
}

/// The arguments of `summarize_note`.
#[derive(Deserialize, JsonSchema)]
struct Note {
    /// The note's path, seen from the folder of the notes, such as `2026/november.md`.
    path: String,
}

// ANCHOR: tool
#[tool_router]
impl Notes {
    /// Summarizes a note in one sentence.
    #[tool(annotations(read_only_hint = true, open_world_hint = true))]
    async fn summarize_note(
        &self,
        Parameters(Note { path }): Parameters<Note>,
    ) -> Result<String, String> {
        let text = self.folder.read(&path).await?;
        info!(path, bytes = text.len(), "asking the model");
        self.model.summarize(&text).await.map_err(|error| {
            warn!(path, "the model gave no summary: {error:#}");
            "The model gave no summary. The server's log says why.".to_owned()
        })
    }
}
// ANCHOR_END: tool

#[tool_handler]
impl ServerHandler for Notes {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("notes", "1.0.0"))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    start_logging();
    let notes = Notes {
        folder: Arc::new(Folder::open(&options.folder)?),
        model: Arc::new(Model::new(options.base_url, options.model, options.key)?),
    };
    let session = notes.serve(stdio()).await?;
    session.waiting().await?;
    Ok(())
}

// ANCHOR: logging
/// Logs go to stderr, because stdout carries the messages. `RUST_LOG=debug` shows more.
fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
// ANCHOR_END: logging
