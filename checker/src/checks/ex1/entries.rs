//! The servers that an editor's or an agent's settings name.
//!
//! ```text
//! { "servers": {                                     "mcpServers" elsewhere
//!     "tutor": { "command": "cargo", "args": [...], "env": {...}, "cwd": "..." },
//!     "docs":  { "type": "http", "url": "https://..." } } }
//! ```

use std::path::{Path, PathBuf};

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use reqwest::Url;

use super::variables::{Dialect, Unresolved};
use crate::mcp::http::is_loopback;
use crate::shell::Shell;
use crate::verdict::Position;

/// A file that names servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    /// Where it is, from the workshop's root.
    pub path: &'static str,
    /// What the table of servers is called in it.
    pub table: &'static str,
    /// Whether comments and a last comma are taken, as in VS Code.
    pub takes_comments: bool,
    /// Whose variables it has.
    pub dialect: Dialect,
}

/// JSON, to the letter.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_loose_object_property_names: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A server, as the settings have it.
#[derive(Debug)]
pub(super) struct Entry {
    /// What the user calls it.
    pub name: String,
    /// How it is reached.
    pub reached: Reached,
    /// Where it is written.
    pub position: Position,
    /// Where its fields are: `command`, `args` and the others that it has.
    pub fields: Vec<(String, Position)>,
    /// Whose variables may be in it.
    pub dialect: Dialect,
}

/// How a server is reached.
#[derive(Debug)]
pub(super) enum Reached {
    /// It is started, and spoken to over its pipes.
    Command(Line),
    /// It runs somewhere.
    Url(Url),
    /// It runs where a variable says that only the editor knows.
    Somewhere(String),
}

/// A command, as the settings have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it finds in its environment besides.
    pub environment: Vec<(String, String)>,
    /// Where it is started.
    pub folder: Option<String>,
}

/// Why a file's servers cannot be read: where, and what is wrong there.
#[derive(Debug)]
pub(super) enum Mistake {
    /// It is no such file.
    File(Position, String),
    /// It is, and one of its servers is none.
    Server(Position, String),
}

/// The servers in `text`, which is this file's.
///
/// # Errors
///
/// Where it is no such file, and why.
pub(super) fn entries(file: File, text: &str, root: &Path) -> Result<Vec<Entry>, Mistake> {
    // Editors on Windows may begin a file with it, and none of them minds.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table = file.table;
    let at = |offset: usize| {
        let before = &text[..offset.min(text.len())];
        Position::line(file.path, before.matches('\n').count() + 1)
    };
    let options = ParseOptions {
        allow_comments: file.takes_comments,
        allow_trailing_commas: file.takes_comments,
        ..STRICT
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options);
    let parsed =
        parsed.map_err(|error| Mistake::File(at(error.range().start), error.kind().to_string()))?;
    let Some(Value::Object(settings)) = parsed.value else {
        return Err(Mistake::File(at(0), "not an object in braces".to_owned()));
    };
    let outside = settings.properties.iter().find(|one| is_server(one));
    if let Some(server) = outside {
        let name = server.name.as_str();
        let words = format!("{name:?} is outside `{table}`");
        return Err(Mistake::File(at(server.range().start), words));
    }
    // As VS Code's user settings have it.
    let of_user_settings = settings.get("mcp").filter(|mcp| match &mcp.value {
        Value::Object(mcp) => ["servers", "mcpServers"]
            .iter()
            .any(|one| mcp.get(one).is_some()),
        _ => false,
    });
    if let Some(mcp) = of_user_settings {
        let words = format!(
            "they are inside `mcp`, as in user settings. In this file, `{table}` is at the top level"
        );
        return Err(Mistake::File(at(mcp.range().start), words));
    }
    let servers = match settings.get(table).map(|property| &property.value) {
        None => {
            let mut others = ["servers", "mcpServers"].into_iter();
            return match others.find_map(|name| settings.get(name)) {
                None => Ok(Vec::new()),
                Some(other) => {
                    let words = format!("`{}`", other.name.as_str());
                    Err(Mistake::File(at(other.range().start), words))
                }
            };
        }
        Some(Value::Object(servers)) => servers,
        Some(other) => {
            let words = format!("`{table}` is not an object in braces");
            return Err(Mistake::File(at(other.range().start), words));
        }
    };
    let mut found = Vec::new();
    for property in &servers.properties {
        let name = property.name.as_str().to_owned();
        let start = property.range().start;
        let fields = match &property.value {
            Value::Object(server) => server.properties.iter().collect(),
            _ => Vec::new(),
        };
        let fields = fields.into_iter().map(|field| {
            let name = field.name.as_str().to_owned();
            (name, at(field.range().start))
        });
        let fields: Vec<(String, Position)> = fields.collect();
        let reached = match &property.value {
            Value::Object(server) => reached(server, file.dialect, root),
            _ => Err(("", "it is not an object in braces".to_owned())),
        };
        let reached = reached.map_err(|(field, words)| {
            let position = field_at(&fields, field).unwrap_or_else(|| at(start));
            Mistake::Server(position, format!("server {name:?}: {words}"))
        })?;
        found.push(Entry {
            name,
            reached,
            position: at(start),
            fields,
            dialect: file.dialect,
        });
    }
    Ok(found)
}

/// Whether it looks like a server.
fn is_server(property: &ObjectProp<'_>) -> bool {
    match &property.value {
        Value::Object(server) => ["command", "url"]
            .iter()
            .any(|name| text_of(server, name).is_some()),
        _ => false,
    }
}

fn field_at(fields: &[(String, Position)], name: &str) -> Option<Position> {
    let field = fields.iter().find(|(field, _)| field == name)?;
    Some(field.1.clone())
}

/// How a server is reached; or in which of its fields a mistake is, and which.
fn reached(
    server: &Object<'_>,
    dialect: Dialect,
    root: &Path,
) -> Result<Reached, (&'static str, String)> {
    let kind = text_of(server, "type").unwrap_or_default();
    let needs_and_has = match kind.as_str() {
        "stdio" => Some(("command", "url")),
        "http" | "sse" | "streamable-http" => Some(("url", "command")),
        _ => None,
    };
    if let Some((needs, has)) = needs_and_has
        && server.get(needs).is_none()
        && server.get(has).is_some()
    {
        let words = format!("its `type` is {kind:?}, which needs a `{needs}`. It has a `{has}`");
        return Err(("type", words));
    }
    if let Some(url) = text_of(server, "url") {
        let parsed = dialect.put_in(&url, root).map(|url| Url::parse(&url));
        return match parsed {
            Ok(Ok(parsed)) => Ok(Reached::Url(parsed)),
            Ok(Err(error)) if !url.contains("${") => {
                Err(("url", format!("{url:?} is not a URL: {error}")))
            }
            _ => Ok(Reached::Somewhere(url)),
        };
    }
    let Some(program) = text_of(server, "command") else {
        return Err(("", "it has neither a `command` nor a `url`".to_owned()));
    };
    let texts = match server.get("args").map(|property| &property.value) {
        None => Some(Vec::new()),
        Some(Value::Array(arguments)) => arguments.elements.iter().map(text).collect(),
        Some(_) => None,
    };
    let arguments = texts.ok_or_else(|| {
        let words = "its `args` are not a list. Each argument is a separate string, as in [\"checker\", \"tutor\"]";
        ("args", words.to_owned())
    })?;
    let environment = server.get_object("env").map(|variables| {
        let variables = variables.properties.iter();
        let set =
            variables.filter_map(|one| Some((one.name.as_str().to_owned(), text(&one.value)?)));
        set.collect()
    });
    Ok(Reached::Command(Line {
        program,
        arguments,
        environment: environment.unwrap_or_default(),
        folder: text_of(server, "cwd"),
    }))
}

fn text_of(object: &Object<'_>, name: &str) -> Option<String> {
    object.get(name).and_then(|property| text(&property.value))
}

fn text(value: &Value<'_>) -> Option<String> {
    match value {
        Value::StringLit(text) => Some(text.value.to_string()),
        _ => None,
    }
}

impl Entry {
    /// Whether it looks like the tutor. What it is, it says itself.
    pub fn is_tutor(&self) -> bool {
        match &self.reached {
            Reached::Command(line) => line.arguments.iter().any(|word| word == "tutor"),
            Reached::Url(url) => is_loopback(url) && self.name.contains("tutor"),
            Reached::Somewhere(_) => false,
        }
    }
}

impl Entry {
    /// Where this field of it is; where it has none, the entry.
    pub fn at(&self, field: &str) -> Position {
        field_at(&self.fields, field).unwrap_or_else(|| self.position.clone())
    }

    /// As in `docs: https://learn.example/mcp`.
    pub fn shown(&self) -> String {
        match &self.reached {
            Reached::Command(line) => format!(
                "{}: the program {:?} with the arguments {:?}",
                self.name, line.program, line.arguments
            ),
            Reached::Url(url) => format!("{}: {url}", self.name),
            Reached::Somewhere(url) => format!("{}: {url}", self.name),
        }
    }
}

impl Line {
    /// The same, with the values of variables put in.
    ///
    /// # Errors
    ///
    /// The first variable that has none, with the field that it is in.
    pub fn resolved(
        &self,
        dialect: Dialect,
        root: &Path,
    ) -> Result<Self, (&'static str, Unresolved)> {
        let put_in = |field: &'static str, text: &String| {
            let text = dialect.put_in(text, root);
            text.map_err(|unresolved| (field, unresolved))
        };
        let folder = self.folder.iter().map(|text| put_in("cwd", text)).next();
        let arguments = self.arguments.iter().map(|text| put_in("args", text));
        let environment = self.environment.iter();
        let environment = environment
            .map(|(name, value)| Ok((name.clone(), put_in("env", value)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            folder: folder.transpose()?,
            program: put_in("command", &self.program)?,
            arguments: arguments.collect::<Result<_, _>>()?,
            environment,
        })
    }

    /// Where it is started: in the folder of the workshop, or in one that is relative to it.
    pub fn started_in(&self, root: &Path) -> PathBuf {
        match &self.folder {
            Some(folder) => root.join(folder),
            None => root.to_owned(),
        }
    }

    /// As one would type it.
    pub fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        Shell::HERE.join(words.map(String::as_str))
    }
}
