//! Programs and servers to check.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::common::beside_checker;
use crate::common::serving::Serving;
use crate::common::workshop::Workshop;

const MAIN: &str = "exercises/ex3_store/src/main.rs";

/// Makes the attendee's exercise behave as the broken server with these flaws.
pub fn write_broken(workshop: &Workshop, flaws: &str) {
    let broken = beside_checker("examples/broken");
    if workshop.builds_nothing() {
        let run = format!("run {}\nenvironment STORE_FLAWS={flaws}", broken.display());
        return workshop.runs(&run);
    }
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

/// Makes the attendee's exercise a server that takes a call and never answers, after it has
/// written a file with the name [`RUNNING`].
pub fn write_hanging(workshop: &Workshop) {
    workshop.runs("hang");
}

/// Makes the build of the exercise hang, after it has written a file with the name [`RUNNING`].
pub fn hang_the_build(workshop: &Workshop) {
    let script =
        "fn main() { std::fs::write(\"running\", \"\").unwrap(); loop { std::thread::park() } }";
    workshop.write(BUILD_SCRIPT, script);
}

pub const BUILD_SCRIPT: &str = "exercises/ex3_store/build.rs";
pub const RUNNING: &str = "exercises/ex3_store/running";

/// Makes the attendee's exercise the reference solution.
pub fn write_solution(workshop: &Workshop) {
    if workshop.builds_nothing() {
        let solution = beside_checker("ex3_store_solution");
        workshop.runs(&format!("run {}", solution.display()));
    }
    for entry in fs::read_dir(workshop.path("solutions/ex3_store/src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        workshop.write(&format!("exercises/ex3_store/src/{name}"), &text);
    }
}

/// A broken server that somebody else runs, until this is dropped.
pub fn running(flaws: &str) -> Serving {
    Serving::start(
        "examples/broken",
        &[("STORE_PORT", "0"), ("STORE_FLAWS", flaws)],
    )
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
