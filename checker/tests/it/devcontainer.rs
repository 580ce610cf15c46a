//! `.devcontainer/devcontainer.json`: its parts fit the rest of the workshop, and
//! its commands run as they are written.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::root;
use crate::common::workshop::{Workshop, end, processes_of};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the file says: of the properties in the specification at containers.dev those that the
/// workshop uses. One that it does not know here wants a look at this test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DevContainer {
    name: String,
    image: String,
    host_requirements: HostRequirements,
    update_content_command: String,
    post_start_command: String,
    forward_ports: Vec<u16>,
    ports_attributes: BTreeMap<u16, PortAttributes>,
    other_ports_attributes: OtherPorts,
    customizations: Customizations,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostRequirements {
    cpus: u32,
    memory: String,
    storage: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PortAttributes {
    label: String,
    #[serde(rename = "onAutoForward")]
    _on_auto_forward: OnAutoForward,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OtherPorts {
    on_auto_forward: OnAutoForward,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum OnAutoForward {
    Notify,
    OpenBrowser,
    OpenBrowserOnce,
    OpenPreview,
    Silent,
    Ignore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Customizations {
    vscode: VsCode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VsCode {
    extensions: Vec<String>,
}

fn settings() -> Value {
    let text = fs::read_to_string(root().join(".devcontainer/devcontainer.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn dev_container() -> DevContainer {
    serde_json::from_value(settings()).unwrap()
}

/// `cargo interop devcontainer` asks the dev containers' own command line what it makes of the file.
#[test]
fn a_wrong_value_a_wrong_type_or_a_misspelt_name_is_noticed() {
    for (pointer, value) in [
        ("/otherPortsAttributes/onAutoForward", json!("ignored")),
        ("/forwardPorts/0", json!(70_000)),
        ("/hostRequirements/memory", json!(8)),
    ] {
        let mut wrong = settings();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let read = serde_json::from_value::<DevContainer>(wrong);
        assert!(read.is_err(), "{pointer}");
    }
    let mut misspelt = settings();
    misspelt["updateContentComand"] = misspelt["updateContentCommand"].take();
    assert!(serde_json::from_value::<DevContainer>(misspelt).is_err());
}

/// The book's port, which `cargo xtask book serve` takes when it is told nothing.
const BOOK: u16 = 3000;

#[test]
fn what_it_says_fits_the_rest_of_the_workshop() {
    let container = dev_container();
    assert_eq!(container.name, crate::common::course().title);

    // An exact tag: the next image changes nothing by itself.
    let tag = container
        .image
        .strip_prefix("mcr.microsoft.com/devcontainers/rust:")
        .unwrap();
    let version = tag.strip_suffix("-1-trixie").unwrap();
    assert_eq!(version.split('.').count(), 3, "{tag} is not exact");

    let needs = &container.host_requirements;
    let gigabytes = |amount: &str| amount.strip_suffix("gb").unwrap().parse::<u32>().unwrap();
    assert!(needs.cpus >= 4, "the doctor calls fewer a small machine");
    assert!(gigabytes(&needs.memory) >= 8 && gigabytes(&needs.storage) >= 32);

    let ports: Vec<u16> = container.ports_attributes.keys().copied().collect();
    assert_eq!(ports, [BOOK, 8180, 8420, 8440]);
    assert!(
        container
            .ports_attributes
            .values()
            .all(|port| !port.label.is_empty())
    );
    assert_eq!(container.forward_ports, [BOOK]);
    // Each check listens on ports of its own for a moment.
    let others = container.other_ports_attributes.on_auto_forward;
    assert_eq!(others, OnAutoForward::Ignore);

    let recommended = fs::read_to_string(root().join(".vscode/extensions.json")).unwrap();
    let recommended: BTreeMap<String, Vec<String>> = serde_json::from_str(&recommended).unwrap();
    assert_eq!(
        container.customizations.vscode.extensions,
        recommended["recommendations"]
    );
}

#[test]
fn its_commands_build_the_workshop_and_serve_the_book() {
    let container = dev_container();
    let workshop = Workshop::whole();
    let shell = |command: &str| {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(&workshop.root)
            .envs(workshop.folders())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}\n{said}");
    };
    shell(&container.update_content_command);
    for built in ["checker", "ex3_store", "xtask"] {
        assert!(workshop.target.join("debug").join(built).is_file());
    }
    // Nothing is left to build for the first check.
    let again = workshop
        .cargo("build --package checker --package ex3_store --bin ex3_store")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.success(), "{said}");
    assert!(!said.contains("Compiling"), "{said}");

    // Somebody may be serving the book on its own port.
    let help = workshop.cargo("xtask book serve --help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains(&format!("[default: {BOOK}]")), "{help}");
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let told = format!("book serve --port {port}");
    let serve = container.post_start_command.replace("book serve", &told);
    assert_ne!(serve, container.post_start_command);
    shell(&serve);
    let page = first_page(port);
    processes_of(&workshop).iter().for_each(|one| end(one));
    let log = workshop.read("target/book-serve.log");
    let page = page.unwrap_or_else(|| panic!("no page: {log}"));
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("<title>Start here"), "{page}");
}

/// The book's first page as it came over the wire; `None` when none comes.
fn first_page(port: u16) -> Option<String> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", port)) {
            let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            connection.write_all(request.as_bytes()).ok()?;
            let mut page = String::new();
            connection.read_to_string(&mut page).ok()?;
            return Some(page);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}
