//! Servers that tests start themselves.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::{beside_checker, root};

/// A server on a loopback port that was free, until this is dropped.
pub struct Serving {
    child: Child,
    pub url: String,
}

impl Serving {
    /// Starts a program beside the checker's. `environment` makes it listen on port 0; it says on
    /// stderr where that is.
    pub fn start(program: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(beside_checker(program))
            .current_dir(root())
            .envs(environment.iter().copied())
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        let (_, url) = line.trim().split_once("serving MCP at ").expect(&line);
        let url = url.to_owned();
        // It logs there as long as it runs, and must not be held up by a full pipe.
        thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
        Self { child, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
