//! The command line.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use reqwest::Url;

use crate::eval::figures::Prices;
use crate::mcp::Era;
use crate::report::Format;

/// Checks the code that you write in the workshop, and tells you what works, what does not,
/// why, and what to do next.
///
/// Without a command, it says where you are, checks the current exercise, and names the next
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
        matches!(self.command, Some(Command::Play(_) | Command::Realm(_)))
    }
}

const EXAMPLES: &str = "\
Examples:
  cargo checker                        where am I, what works, what is next
  cargo checker check 3.4              one step
  cargo checker check 3.4 --trace      the same, with every JSON-RPC message
  cargo checker hint 3.4               a nudge; repeat it for more
  cargo checker check ex3 --solution   what it looks like when everything passes

Exit codes:
  0  passed
  1  failed, or not started yet
  2  the checker could not do what you asked; the reason is on stderr";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check an exercise, a step, or everything
    Check(Check),
    /// Check again after each save
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(Watch),
    /// Play with a server in your browser: call its tools, answer its questions, see its Apps
    #[command(after_help = PLAY_EXAMPLES)]
    Play(Play),
    /// Find out whether a model chooses the right tools of your server, by asking one
    #[command(after_help = EVAL_EXAMPLES)]
    Eval(Eval),
    /// List every exercise and step with its state
    List,
    /// Print the timetable of the workshop
    #[command(after_help = AGENDA_EXAMPLES)]
    Agenda(Agenda),
    /// Show the next hint for a step: first a nudge, then the API to use, then almost the code
    #[command(after_help = HINTS)]
    Hint {
        /// The step, such as 3.4; by default, the one that you are at
        step: Option<String>,
        /// Show only the hints that you have already seen
        #[arg(long)]
        again: bool,
    },
    /// Show how your code differs from the solution
    #[command(after_help = DIFF_EXAMPLES)]
    Diff {
        /// An exercise (ex3) or a step (3.4); by default, the current exercise
        #[arg(value_name = "EX")]
        exercise: Option<String>,
    },
    /// Show the solution's files, or its code for a step
    #[command(after_help = SOLUTION_EXAMPLES)]
    Solution {
        /// An exercise (ex3) or a step (3.4); by default, the current exercise
        #[arg(value_name = "EX")]
        exercise: Option<String>,
    },
    /// Go back to the starter of an exercise, and keep your files as a dated copy
    #[command(after_help = RESET_EXAMPLES)]
    Reset {
        /// The exercise, such as ex3
        #[arg(value_name = "EX")]
        exercise: String,
    },
    /// Skip ahead to an exercise: the solution replaces earlier ones that have not passed
    #[command(after_help = CATCH_UP_EXAMPLES)]
    CatchUp {
        /// The exercise, such as ex4
        #[arg(value_name = "EX")]
        exercise: String,
    },
    /// Bring back what `reset`, `catch-up` or `restore` replaced
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore {
        /// The exercise, such as ex3
        #[arg(value_name = "EX")]
        exercise: String,
        /// The number of a copy; by default, the newest that differs from your files
        #[arg(value_name = "COPY")]
        copy: Option<u32>,
    },
    /// Run the workshop's identity realm, where the users of exercise 5 sign in
    #[command(after_help = REALM_EXAMPLES)]
    Realm(Realm),
    /// Serve the workshop itself over MCP, for your coding agent
    #[command(after_help = TUTOR_EXAMPLES)]
    Tutor(Tutor),
    /// Find problems with this machine, and the commands that fix them
    #[command(after_help = DOCTOR)]
    Doctor(Doctor),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

const HINTS: &str = "\
Each step has three hints. Each call shows the next one, and after the last one all three.";

const DIFF_EXAMPLES: &str = "\
Lines with - are yours, lines with + are the solution's.

Examples:
  cargo checker diff             the current exercise
  cargo checker diff 3.4         the code of one step
  CLICOLOR_FORCE=1 cargo checker diff ex3 | less -R";

const SOLUTION_EXAMPLES: &str = "\
Examples:
  cargo checker solution ex3     the files, and where each step is written
  cargo checker solution 3.4     the code of one step";

const RESET_EXAMPLES: &str = "\
It replaces all files of exercises/ex3_store with the starter's, so its steps are not started again.
First it copies your files to .workshop/backups/ex3_store/, whether they are in git or not. It does
not touch target/. The copies stay until you delete them.

Examples:
  cargo checker reset ex3
  cargo checker restore ex3      undoes it";

const CATCH_UP_EXAMPLES: &str = "\
It does not change the exercise itself. First it copies your files of the earlier exercises to
.workshop/backups/. Their steps are listed as caught up, not as passed.

Examples:
  cargo checker catch-up ex4
  cargo checker restore ex3      undoes it for exercise 3";

const RESTORE_EXAMPLES: &str = "\
It also copies your current files, so a second restore undoes the first. The copies are in
.workshop/backups/, with a number and a date. Delete those that you do not need.

Examples:
  cargo checker restore ex3      the newest copy
  cargo checker restore ex3 2    copy 2";

const DOCTOR: &str = "\
It changes nothing. A ✗ is a problem, a ! is good to know, and a ? could not be examined.

Examples:
  cargo checker doctor                                  this machine and this checkout
  cargo checker doctor --url http://127.0.0.1:8420/mcp  why users cannot sign in to that server

Exit codes:
  0  no problems found
  1  a problem was found
  2  something could not be examined";

const COMPLETIONS: &str = "\
They are for the command `checker`. In bash:
  alias checker='cargo checker'
  source <(cargo checker completions bash)";

/// What to watch.
#[derive(Debug, Default, Args)]
pub struct Watch {
    /// An exercise (ex3) or a step (3.4); by default, the current exercise
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
    /// An exercise that is a server (ex3); by default, the current one or the first
    #[arg(value_name = "EX", conflicts_with_all = ["url", "command"])]
    pub exercise: Option<String>,
    /// Play with the reference solution instead of your code
    #[arg(long, conflicts_with_all = ["url", "command"])]
    pub solution: bool,
    /// Play with a server that is already running
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "command")]
    pub url: Option<Url>,
    /// Play with a stdio server in any language: its command line, in one string
    #[arg(long, value_name = "CMD ARGS")]
    pub command: Option<String>,
    /// Sign in to a realm that is already running, for exercise 5; by default, play starts its own
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with_all = ["url", "command"])]
    pub realm: Option<Url>,
    /// The port of the page
    #[arg(long, value_name = "PORT", default_value_t = 8440)]
    pub port: u16,
}

const PLAY_EXAMPLES: &str = "\
It builds and starts the exercise, prints the address of a page, and starts the exercise again
whenever you save. Ctrl-C stops both. Only this machine can open the page.

Examples:
  cargo checker play                 the current exercise
  cargo checker play ex4 --solution  the finished exercise
  cargo checker play --url http://127.0.0.1:8000/mcp
  cargo checker play --command \"python store.py\"";

/// What to evaluate, and how.
#[derive(Debug, Args)]
pub struct Eval {
    /// An exercise that is a server (ex3); by default, the current one, or the first
    #[arg(value_name = "EX", conflicts_with_all = ["url", "command"])]
    pub exercise: Option<String>,
    /// Evaluate the reference solution instead of your code
    #[arg(long, conflicts_with_all = ["url", "command"])]
    pub solution: bool,
    /// Evaluate a server that is already running
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "command")]
    pub url: Option<Url>,
    /// Evaluate a stdio server in any language: its command line, in one string
    #[arg(long, value_name = "CMD ARGS")]
    pub command: Option<String>,
    /// The questions, and the calls that are right; by default, evals/store.toml
    #[arg(long, value_name = "FILE")]
    pub questions: Option<PathBuf>,
    /// Ask everything again with these descriptions of the tools, and compare
    #[arg(long, value_name = "FILE")]
    pub descriptions: Option<PathBuf>,
    /// How often to ask each question
    #[arg(long, value_name = "N", default_value = "3")]
    pub times: NonZeroU16,
    /// What the endpoint charges for a million tokens sent, and received: 0.25/2.00
    #[arg(long, value_name = "DOLLARS")]
    pub prices: Option<Prices>,
    /// Fail if there are fewer hits
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub at_least: Option<u8>,
    /// How to report
    #[arg(long, value_enum, default_value_t)]
    pub format: EvalFormat,
}

/// How the figures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EvalFormat {
    /// A table
    #[default]
    Human,
    /// One JSON document
    Json,
}

const EVAL_EXAMPLES: &str = "\
A model sees nothing but the names, descriptions and schemas of your tools. It is asked what users
ask, and its first reply is compared with the calls that you expect. No tool is called.

The model is the one of exercise 2: OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL, in the
environment or in .env. Without them, eval prints what it would ask.

Examples:
  cargo checker eval ex3
  cargo checker eval ex3 --descriptions new.toml --times 5
  cargo checker eval --url http://127.0.0.1:8000/mcp --questions my.toml --at-least 90

Exit codes:
  0  all questions were asked
  1  there were fewer hits than --at-least
  2  no model could be asked; the reason is on stderr";

/// The timetable.
#[derive(Debug, Args)]
pub struct Agenda {
    /// When the workshop begins, such as 09:00; by default, times start at 0:00
    #[arg(long, value_name = "HH:MM")]
    pub start: Option<TimeOfDay>,
}

/// A time of day, by the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// The minutes since midnight.
    pub minutes: u32,
}

impl FromStr for TimeOfDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str, below: u32| {
            let is_number =
                matches!(digits.len(), 1..=2) && digits.bytes().all(|b| b.is_ascii_digit());
            let number: u32 = digits.parse().ok()?;
            (is_number && number < below).then_some(number)
        };
        let parts = text.split_once(':');
        let time = parts.and_then(|(hours, minutes)| {
            let minutes = number(minutes, 60).filter(|_| minutes.len() == 2)?;
            Some(number(hours, 24)? * 60 + minutes)
        });
        let minutes = time.ok_or("expected a time of day, such as 09:00 or 13:30")?;
        Ok(Self { minutes })
    }
}

const AGENDA_EXAMPLES: &str = "\
Examples:
  cargo checker agenda                  how long each part takes
  cargo checker agenda --start 09:00    when each part begins and ends";

/// What to examine instead of the machine.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Find out why users cannot sign in to this server
    #[arg(long, value_name = "URL", value_parser = url)]
    pub url: Option<Url>,
    /// Its realm, if it is not the one that the server names
    #[arg(long, value_name = "URL", value_parser = url, requires = "url")]
    pub realm: Option<Url>,
}

/// Which realm to run.
#[derive(Debug, Args)]
pub struct Realm {
    /// The port to listen on
    #[arg(long, value_name = "PORT", default_value_t = 8180)]
    pub port: u16,
    /// Run a real Keycloak, in Docker or Podman, or with Java 17 or newer
    #[arg(long)]
    pub keycloak: bool,
    /// Accept clients that do not register: client ID metadata documents (CIMD)
    #[arg(long, conflicts_with = "keycloak")]
    pub cimd: bool,
}

const REALM_EXAMPLES: &str = "\
It is an authorization server with two users, only for workshops, and only reachable from this
machine. It runs until Ctrl-C. Without --keycloak, it needs no other program.

Keycloak is downloaded once, into target/keycloak/. Its administrator is `admin`, with a random
password, unless you set one in KC_BOOTSTRAP_ADMIN_PASSWORD for its first start.

Examples:
  cargo checker realm                a stand-in for Keycloak
  cargo checker realm --port 8181    on another port
  cargo checker realm --cimd         a client's ID may be the URL of its metadata document
  cargo checker realm --keycloak     the real one, with the same users and clients";

/// How to serve the workshop.
#[derive(Debug, Args)]
pub struct Tutor {
    /// Serve Streamable HTTP on this machine instead of stdin and stdout
    #[arg(long)]
    pub http: bool,
    /// The port to listen on
    #[arg(long, value_name = "PORT", default_value_t = 8430, requires = "http")]
    pub port: u16,
    /// The folder of the workshop; by default, the one that you are in
    #[arg(long, value_name = "FOLDER")]
    pub workshop: Option<PathBuf>,
}

const TUTOR_EXAMPLES: &str = "\
With the tutor, your agent sees where you are, checks your code, explains findings, and gives one
hint at a time. It never sees the solution. Stdout carries only MCP. The tutor logs what it does to
stderr, and RUST_LOG=debug shows more.

Examples:
  cargo checker tutor                the command for an agent, in the folder of the workshop
  cargo checker tutor --http         the same at http://127.0.0.1:8430/mcp, for several agents
  target/debug/checker tutor --workshop ~/mcp-workshop
                                     for an agent that starts programs elsewhere";

/// What to check, and how.
#[derive(Debug, Default, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// An exercise (ex3), a step (3.4) or all; by default, the current exercise
    #[arg(value_name = "EX")]
    pub exercise: Option<String>,
    /// A step of that exercise
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Check the reference solution instead of your code
    #[arg(long, conflicts_with_all = ["url", "command"])]
    pub solution: bool,
    /// Check a server that is already running, with the products that it has in stock
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "command")]
    pub url: Option<Url>,
    /// Check a server in any language, over stdio (exercise 5: HTTP): its command line, in one string
    #[arg(long, value_name = "CMD ARGS")]
    pub command: Option<String>,
    /// Use the tokens of a realm that is already running, for exercise 5
    #[arg(long, value_name = "URL", value_parser = url)]
    pub realm: Option<Url>,
    /// Use new databases of this PostgreSQL, postgres://user@host:port, for exercise 6; by default, SQLite
    #[arg(long, value_name = "URL", value_parser = postgres, conflicts_with = "url")]
    pub database: Option<Url>,
    /// The protocol era to speak
    #[arg(long, value_enum, default_value_t)]
    pub era: Eras,
    /// Use the same random arguments as another run
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Show the JSON-RPC messages, and what each one is for
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

/// Where a PostgreSQL is. The name of a database in the URL does not matter: each check gets a new one.
fn postgres(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "postgres" | "postgresql" => Ok(url),
        _ => Err("write postgres://user@host:port, where PostgreSQL is".to_owned()),
    }
}

/// A URL, or what is missing to make it one.
fn url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| match text.contains("://") {
        true => error.to_string(),
        false => format!("start it with http://, as in http://{text}"),
    })
}
