//! Programs and servers to check.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::common::workshop::Workshop;
use crate::common::{beside_checker, root};

const MAIN: &str = "exercises/ex3_store/src/main.rs";

/// Makes the attendee's exercise behave as the broken server with these flaws.
pub fn write_broken(workshop: &Workshop, flaws: &str) {
    let broken = beside_checker("examples/broken");
    let main = format!(
        "fn main() {{
            let mut server = std::process::Command::new({broken:?});
            server.args(std::env::args_os().skip(1)).env(\"STORE_FLAWS\", {flaws:?});
            std::process::exit(server.status().unwrap().code().unwrap_or(1));
        }}"
    );
    workshop.write(MAIN, &main);
}

/// Makes the attendee's exercise do this, and nothing else.
pub fn write_main(workshop: &Workshop, body: &str) {
    workshop.write(MAIN, &format!("fn main() {{ {body} }}"));
}

/// Makes the attendee's exercise the reference solution.
pub fn write_solution(workshop: &Workshop) {
    for entry in fs::read_dir(workshop.path("solutions/ex3_store/src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        workshop.write(&format!("exercises/ex3_store/src/{name}"), &text);
    }
}

/// A broken server that somebody else runs, until this is dropped.
pub struct Running {
    child: Child,
    pub url: String,
}

impl Running {
    pub fn with(flaws: &str) -> Self {
        let mut child = Command::new(beside_checker("examples/broken"))
            .current_dir(root())
            .env("STORE_FLAWS", flaws)
            .env("STORE_PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("serving MCP at ").expect(&line);
        let url = url.to_owned();
        thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
        Self { child, url }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The URL of something that answers every request with these bytes.
pub fn answers_always(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).unwrap();
            let _ = stream.write_all(response.as_bytes());
        }
    });
    url
}

/// The URL of something that listens, and nobody is there.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/mcp", listener.local_addr().unwrap())
}
