//! The variables that editors and agents put values in for, in the settings that name servers. Each
//! has its own:
//!
//! | VS Code, Cursor | `${workspaceFolder}`, `${userHome}`, `${/}`, `${env:NAME}` … |
//! | Claude Code | `${NAME}`, `${NAME:-default}`: the environment |

use std::env;
use std::path::{MAIN_SEPARATOR_STR, Path};

/// Whose variables a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// VS Code's, which Cursor has a part of.
    VsCode,
    /// Cursor's.
    Cursor,
    /// Claude Code's.
    Claude,
}

/// Why there is no value to put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// It is not a variable of this editor, or not set; and what is.
    Unknown(String),
    /// Only the editor knows it, or asks its user.
    Editors(String),
}

impl Dialect {
    /// The text, with the values put in.
    ///
    /// # Errors
    ///
    /// The first variable that has none.
    pub fn put_in(self, text: &str, root: &Path) -> Result<String, Unresolved> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, variable, after)) = next(rest) {
            done += before;
            done += &match self {
                Self::VsCode => of_vscode(variable, root)?,
                Self::Cursor => of_cursor(variable, root)?,
                Self::Claude => of_claude(variable, root)?,
            };
            rest = after;
        }
        Ok(done + rest)
    }
}

/// What is before the next variable, what is in its braces, and what is behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (variable, after) = rest.split_once('}')?;
    Some((before, variable, after))
}

fn of_vscode(variable: &str, root: &Path) -> Result<String, Unresolved> {
    let (kind, name) = variable.split_once(':').unwrap_or((variable, ""));
    match kind {
        // The names before VS Code could open several folders are still taken.
        "workspaceRoot" => of_cursor("workspaceFolder", root),
        "workspaceRootFolderName" => of_cursor("workspaceFolderBasename", root),
        // With a name it is one of several open folders. Here there is one.
        "workspaceFolder" | "workspaceFolderBasename" => of_cursor(kind, root),
        "cwd" => Ok(root.display().to_string()),
        "execPath"
        | "extensionInstallFolder"
        | "defaultBuildTask"
        | "lineNumber"
        | "columnNumber"
        | "selectedText" => Err(Unresolved::Editors(shown(variable))),
        "input" | "command" | "config" if !name.is_empty() => {
            Err(Unresolved::Editors(shown(variable)))
        }
        // Those of the file that is open.
        _ if kind.starts_with("file") || kind.starts_with("relativeFile") => {
            Err(Unresolved::Editors(shown(variable)))
        }
        _ => of_cursor(variable, root),
    }
}

fn of_cursor(variable: &str, root: &Path) -> Result<String, Unresolved> {
    let of_path = |path: &Path| path.display().to_string();
    match variable {
        "workspaceFolder" => Ok(of_path(root)),
        "workspaceFolderBasename" => Ok(of_path(Path::new(root.file_name().unwrap_or_default()))),
        "pathSeparator" | "/" => Ok(MAIN_SEPARATOR_STR.to_owned()),
        "userHome" => env::home_dir()
            .map(|home| of_path(&home))
            .ok_or_else(|| Unresolved::Editors(shown(variable))),
        _ => match variable.strip_prefix("env:") {
            // What is not set is empty there.
            Some(name) => Ok(env::var(name).unwrap_or_default()),
            None => Err(Unresolved::Unknown(format!(
                "{} is not a variable of this file. `${{workspaceFolder}}`, `${{userHome}}` and `${{env:NAME}}` are",
                shown(variable)
            ))),
        },
    }
}

fn of_claude(variable: &str, root: &Path) -> Result<String, Unresolved> {
    let (name, default) = match variable.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (variable, None),
    };
    if name == "CLAUDE_PROJECT_DIR" {
        return Ok(root.display().to_string());
    }
    let set = env::var(name).ok().or_else(|| default.map(str::to_owned));
    set.ok_or_else(|| {
        Unresolved::Unknown(format!(
            "{} is not set. This file takes variables from the environment: `${{NAME}}`, or `${{NAME:-default}}` if it may be missing",
            shown(variable)
        ))
    })
}

fn shown(variable: &str) -> String {
    format!("`${{{variable}}}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_in(dialect: Dialect, text: &str) -> Result<String, Unresolved> {
        dialect.put_in(text, Path::new("/home/ines/workshop"))
    }

    #[test]
    fn each_editor_has_its_own_variables() {
        let home = env::home_dir().unwrap().display().to_string();
        for dialect in [Dialect::VsCode, Dialect::Cursor] {
            let text = "${userHome}${/}a${pathSeparator}b, ${workspaceFolder} ${workspaceFolderBasename} ${env:NOT_SET_ANYWHERE}.";
            let sep = MAIN_SEPARATOR_STR;
            let expected = format!("{home}{sep}a{sep}b, /home/ines/workshop workshop .");
            assert_eq!(put_in(dialect, text).unwrap(), expected);
            let unknown = put_in(dialect, "${HOME}").unwrap_err();
            assert!(matches!(unknown, Unresolved::Unknown(_)), "{unknown:?}");
        }
        let text = "${workspaceRoot} ${workspaceFolder:workshop} ${cwd}";
        let root = "/home/ines/workshop";
        let expected = format!("{root} {root} {root}");
        assert_eq!(put_in(Dialect::VsCode, text).unwrap(), expected);
        assert!(put_in(Dialect::Cursor, text).is_err());
        for asked in ["${input:key}", "${config:a.b}", "${fileDirname}"] {
            let unknown = put_in(Dialect::VsCode, asked).unwrap_err();
            assert_eq!(unknown, Unresolved::Editors(format!("`{asked}`")));
        }
        let text = "${CLAUDE_PROJECT_DIR:-.} ${NOT_SET_ANYWHERE:-there} ${CARGO_PKG_NAME}";
        let expected = "/home/ines/workshop there checker";
        assert_eq!(put_in(Dialect::Claude, text).unwrap(), expected);
        assert!(put_in(Dialect::Claude, "${workspaceFolder}").is_err());
    }

    #[test]
    fn what_is_no_variable_stays() {
        for text in ["", "a $b {c} $", "${never ends"] {
            assert_eq!(put_in(Dialect::VsCode, text).unwrap(), text);
        }
    }
}
