//! `.devcontainer/devcontainer.json`, as the reference implementation of dev containers takes it.
//!
//! It refuses little: what it does not know it hands on as it is. But it says what it would do,
//! with the commands and sizes that it understood, and that is compared with the file.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Setup;
use super::inspector::is;
use crate::peers::call;

/// How long it may take. Most of it is Node's start, four times.
const PATIENCE: Duration = Duration::from_secs(60);

/// The commands of a dev container, each with the name of the list that it comes in.
const COMMANDS: [(&str, &str); 5] = [
    ("onCreateCommand", "onCreateCommands"),
    ("updateContentCommand", "updateContentCommands"),
    ("postCreateCommand", "postCreateCommands"),
    ("postStartCommand", "postStartCommands"),
    ("postAttachCommand", "postAttachCommands"),
];

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("@devcontainers/cli and the Codespace");
    tally
        .check("reads devcontainer.json as it is written", reads(setup))
        .await;
}

async fn reads(setup: &Setup) -> Result<String> {
    let path = setup.root.join(".devcontainer/devcontainer.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: Value = serde_json::from_str(&text).context("it is not JSON")?;

    let mut command = setup.node.dev_containers();
    command
        .args(["read-configuration", "--include-merged-configuration"])
        // A worktree's git folder would be mounted too, and is not there in a copy.
        .args(["--mount-workspace-git-root", "false"])
        .arg("--workspace-folder")
        .arg(&setup.root);
    let said = call(command, &setup.guard, PATIENCE).await?;
    let said = said.ended_well()?;
    let said: Value =
        serde_json::from_str(&said).with_context(|| format!("this is not JSON: {said}"))?;
    understood(&file, &said)
}

/// What it says of `file`, if it is what the file says.
fn understood(file: &Value, said: &Value) -> Result<String> {
    let mut read = said["configuration"].clone();
    if let Some(read) = read.as_object_mut() {
        read.remove("configFilePath");
    }
    is(&read, file)?;

    let merged = &said["mergedConfiguration"];
    for (name, list) in COMMANDS {
        let commands: Vec<&Value> = file.get(name).into_iter().collect();
        is(&merged[list], &json!(commands)).context(list)?;
    }
    // A misspelt command is handed on as it is, and never run. All else that is text here is the
    // name and the image.
    let texts = file.as_object().into_iter().flatten();
    for (name, _) in texts.filter(|(_, value)| value.is_string()) {
        let known = COMMANDS.iter().map(|(command, _)| *command);
        ensure!(
            known.chain(["name", "image"]).any(|known| known == name),
            "{name} is no command of a dev container"
        );
    }
    for property in ["forwardPorts", "portsAttributes", "otherPortsAttributes"] {
        is(&merged[property], &file[property]).context(property)?;
    }
    for size in ["memory", "storage"] {
        let written = &file["hostRequirements"][size];
        let bytes = bytes(written).with_context(|| format!("{size}: {written}"))?;
        is(&merged["hostRequirements"][size], &json!(bytes)).context(size)?;
    }
    is(
        &merged["customizations"]["vscode"],
        &json!([file["customizations"]["vscode"]]),
    )
    .context("customizations")?;

    let known = file.as_object().map_or(0, serde_json::Map::len);
    Ok(format!("{known} properties, merged with the image's"))
}

/// What `"8gb"` is in bytes, in the digits that come out.
fn bytes(size: &Value) -> Option<String> {
    let gigabytes: u64 = size.as_str()?.strip_suffix("gb")?.parse().ok()?;
    Some((gigabytes << 30).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Value {
        json!({
            "image": "example.com/rust:1.0",
            "hostRequirements": { "cpus": 4, "memory": "8gb", "storage": "32gb" },
            "updateContentCommand": "cargo build",
            "forwardPorts": [3000],
            "portsAttributes": { "3000": { "label": "the book" } },
            "otherPortsAttributes": { "onAutoForward": "ignore" },
            "customizations": { "vscode": { "extensions": ["rust-lang.rust-analyzer"] } },
        })
    }

    /// As the command line says it of that file.
    fn said() -> Value {
        let mut read = file();
        read["configFilePath"] = json!({ "fsPath": "devcontainer.json" });
        let mut merged = file();
        merged["hostRequirements"]["memory"] = json!("8589934592");
        merged["hostRequirements"]["storage"] = json!("34359738368");
        merged["customizations"]["vscode"] = json!([file()["customizations"]["vscode"]]);
        for (_, list) in COMMANDS {
            merged[list] = json!([]);
        }
        merged["updateContentCommands"] = json!(["cargo build"]);
        json!({ "configuration": read, "mergedConfiguration": merged })
    }

    #[test]
    fn what_is_understood_as_written_passes() {
        understood(&file(), &said()).unwrap();
    }

    #[test]
    fn what_is_understood_otherwise_fails() {
        for (pointer, value) in [
            ("/configuration/image", json!(null)),
            ("/mergedConfiguration/updateContentCommands", json!([])),
            ("/mergedConfiguration/postStartCommands", json!(["true"])),
            ("/mergedConfiguration/forwardPorts", json!([])),
            ("/mergedConfiguration/hostRequirements/memory", json!("8")),
        ] {
            let mut said = said();
            *said.pointer_mut(pointer).unwrap() = value;
            assert!(understood(&file(), &said).is_err(), "{pointer}");
        }

        let misspell = |mut file: Value| {
            file["updateContentComand"] = file["updateContentCommand"].take();
            file.as_object_mut().unwrap().remove("updateContentCommand");
            file
        };
        let mut said = said();
        said["configuration"] = misspell(said["configuration"].take());
        said["mergedConfiguration"]["updateContentCommands"] = json!([]);
        let error = understood(&misspell(file()), &said).unwrap_err();
        assert!(error.to_string().contains("updateContentComand"), "{error}");
    }
}
