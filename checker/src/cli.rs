//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use reqwest::Url;

use crate::mcp::Era;
use crate::report::Format;

/// Checks what you write in the workshop, and tells you what works, what does not, why, and
/// what to do next.
///
/// Without a command: says where you are, checks the current exercise, and names the next
/// thing to do.
#[derive(Debug, Parser)]
#[command(name = "checker", bin_name = "cargo checker", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Whether Ctrl-C is how the command ends, and not that it was cut off.
    pub fn ends_by_signal(&self) -> bool {
        matches!(self.command, Some(Command::Play(_)))
    }
}

const EXAMPLES: &str = "\
Examples:
  cargo checker                        where am I, what works, what is next
  cargo checker check 3.4              one step
  cargo checker check 3.4 --trace      the same, with the JSON-RPC that crossed the wire
  cargo checker hint 3.4               a nudge; again for more
  cargo checker check ex3 --solution   what a pass looks like

Exit codes:
  0  passed
  1  failed, or not started yet
  2  the checker could not do what was asked; the reason is on stderr";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check an exercise, a step, or all
    Check(Check),
    /// Check again after each save
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(Watch),
    /// Play with a server in your browser: call its tools, answer what it asks, see its Apps
    #[command(after_help = PLAY_EXAMPLES)]
    Play(Play),
    /// List every exercise and step with its state
    List,
    /// Show the next hint for a step: a nudge, the API to use, almost the code
    #[command(after_help = HINTS)]
    Hint {
        /// The step, as in 3.4; else the one that you are at
        step: Option<String>,
        /// Show the hints that you have seen already, and no new one
        #[arg(long)]
        again: bool,
    },
    /// Show how your code differs from the solution
    #[command(after_help = DIFF_EXAMPLES)]
    Diff {
        /// An exercise (ex3) or a step (3.4); else the current exercise
        #[arg(value_name = "EX")]
        exercise: Option<String>,
    },
    /// Show the solution's files, or its code for a step
    #[command(after_help = SOLUTION_EXAMPLES)]
    Solution {
        /// An exercise (ex3) or a step (3.4); else the current exercise
        #[arg(value_name = "EX")]
        exercise: Option<String>,
    },
    /// Go back to the starter of an exercise; your files are kept as a dated copy
    #[command(after_help = RESET_EXAMPLES)]
    Reset {
        /// The exercise, as in ex3
        #[arg(value_name = "EX")]
        exercise: String,
    },
    /// Go on at an exercise: earlier ones that are not passed become the solution
    #[command(after_help = CATCH_UP_EXAMPLES)]
    CatchUp {
        /// The exercise, as in ex4
        #[arg(value_name = "EX")]
        exercise: String,
    },
    /// Bring back what `reset`, `catch-up` or `restore` replaced
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore {
        /// The exercise, as in ex3
        #[arg(value_name = "EX")]
        exercise: String,
        /// The number of a copy; else the newest that differs from what is there
        #[arg(value_name = "COPY")]
        copy: Option<u32>,
    },
    /// Serve the workshop itself over MCP, for your coding agent
    #[command(after_help = TUTOR_EXAMPLES)]
    Tutor(Tutor),
    /// Find what is wrong with this machine, and the command that mends it
    #[command(after_help = DOCTOR)]
    Doctor,
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

const HINTS: &str = "\
Each step has three. Each call shows the next one, and after the last one all three.";

const DIFF_EXAMPLES: &str = "\
Lines with - are yours, lines with + the solution's.

Examples:
  cargo checker diff             the current exercise
  cargo checker diff 3.4         what is written for one step
  CLICOLOR_FORCE=1 cargo checker diff ex3 | less -R";

const SOLUTION_EXAMPLES: &str = "\
Examples:
  cargo checker solution ex3     the files, and which steps are written where
  cargo checker solution 3.4     the code of one step";

const RESET_EXAMPLES: &str = "\
All files of exercises/ex3_store become the starter's, and its steps are not started. What was
there, whatever git knows of it, is copied to .workshop/backups/ex3_store/ before. Only target/
is left alone. The copies stay until you delete them.

Examples:
  cargo checker reset ex3
  cargo checker restore ex3      takes it back";

const CATCH_UP_EXAMPLES: &str = "\
The exercise itself is left as it is. What was written for the earlier ones is copied to
.workshop/backups/ before. Their steps are listed as caught up, not as passed.

Examples:
  cargo checker catch-up ex4
  cargo checker restore ex3      takes back what happened to exercise 3";

const RESTORE_EXAMPLES: &str = "\
What is there now is copied too, so a second restore takes back the first. The copies are in
.workshop/backups/, numbered and dated; delete those that you do not need.

Examples:
  cargo checker restore ex3      the newest copy
  cargo checker restore ex3 2    copy 2";

const DOCTOR: &str = "\
It looks and changes nothing. A ✗ stands in the way, a ! is good to know, a ? could not be examined.

Exit codes:
  0  nothing stands in the way
  1  a trouble was found
  2  something could not be examined";

const COMPLETIONS: &str = "\
They complete the word `checker`. In bash:
  alias checker='cargo checker'
  source <(cargo checker completions bash)";

/// What to watch.
#[derive(Debug, Default, Args)]
pub struct Watch {
    /// An exercise (ex3) or a step (3.4); else the current exercise
    #[arg(value_name = "EX")]
    pub exercise: Option<String>,
}

const WATCH_EXAMPLES: &str = "\
Examples:
  cargo checker watch        the current exercise
  cargo checker watch 3.4    one step";

/// What to play with.
#[derive(Debug, Args)]
pub struct Play {
    /// An exercise that is a server (ex3); else the current one, or the first
    #[arg(value_name = "EX", conflicts_with_all = ["url", "command"])]
    pub exercise: Option<String>,
    /// Play with the reference solution instead of your code
    #[arg(long, conflicts_with_all = ["url", "command"])]
    pub solution: bool,
    /// Play with a server that runs already
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "command")]
    pub url: Option<Url>,
    /// Play with a stdio server in any language: its command line, in one string
    #[arg(long, value_name = "CMD ARGS")]
    pub command: Option<String>,
    /// The port of the page
    #[arg(long, value_name = "PORT", default_value_t = 8440)]
    pub port: u16,
}

const PLAY_EXAMPLES: &str = "\
It builds and starts the exercise, prints the address of a page, and starts the exercise again
whenever you save. Ctrl-C ends all of it. The page is served on this machine only.

Examples:
  cargo checker play                 the current exercise
  cargo checker play ex4 --solution  what it will be like
  cargo checker play --url http://127.0.0.1:8000/mcp
  cargo checker play --command \"python store.py\"";

/// How to serve the workshop.
#[derive(Debug, Args)]
pub struct Tutor {
    /// Serve Streamable HTTP on this machine instead of stdin and stdout
    #[arg(long)]
    pub http: bool,
    /// The port to listen on
    #[arg(long, value_name = "PORT", default_value_t = 8430, requires = "http")]
    pub port: u16,
    /// The folder of the workshop; else the one that you are in
    #[arg(long, value_name = "FOLDER")]
    pub workshop: Option<PathBuf>,
}

const TUTOR_EXAMPLES: &str = "\
An agent that knows the tutor sees where you are, checks your code, explains what was found, and
gives one hint at a time. It never sees the solution. Stdout carries nothing but MCP; what the tutor
does is on stderr, and RUST_LOG=debug shows more.

Examples:
  cargo checker tutor                what an agent starts, in the folder of the workshop
  cargo checker tutor --http         the same at http://127.0.0.1:8430/mcp, for several agents
  target/debug/checker tutor --workshop ~/mcp-workshop
                                     for an agent that starts programs elsewhere";

/// What to check, and how.
#[derive(Debug, Default, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// An exercise (ex3), a step (3.4) or all; else the current exercise
    #[arg(value_name = "EX")]
    pub exercise: Option<String>,
    /// A step of that exercise
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Check the reference solution instead of your code
    #[arg(long, conflicts_with_all = ["url", "command"])]
    pub solution: bool,
    /// Check a server that runs already, by the stock that it has
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "command")]
    pub url: Option<Url>,
    /// Check a stdio server in any language: its command line, in one string
    #[arg(long, value_name = "CMD ARGS")]
    pub command: Option<String>,
    /// The protocol era to speak
    #[arg(long, value_enum, default_value_t)]
    pub era: Eras,
    /// Draw the same random arguments as another run
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Show the JSON-RPC that crossed the wire, with what each message is for
    #[arg(long)]
    pub trace: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  cargo checker check ex3
  cargo checker check 3.4 --trace --era modern
  cargo checker check ex3 --url http://127.0.0.1:8000/mcp
  cargo checker check ex3 --command \"python store.py\"
  cargo checker check all --format junit > report.xml";

/// The eras to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Eras {
    /// 2026-07-28: stateless, server/discover
    Modern,
    /// 2025-11-25: initialize
    Legacy,
    /// Both, side by side
    #[default]
    Both,
}

impl Eras {
    /// The eras, newest first.
    pub fn list(self) -> &'static [Era] {
        match self {
            Self::Modern => &[Era::Modern],
            Self::Legacy => &[Era::Legacy],
            Self::Both => &Era::ALL,
        }
    }
}

/// A URL, or what is missing to make it one.
fn url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| match text.contains("://") {
        true => error.to_string(),
        false => format!("begin it with http://, as in http://{text}"),
    })
}
