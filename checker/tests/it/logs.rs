//! Where nobody hears its logs, the store serves on: a host may close its end of stderr.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use checker::mcp::{ClientProfile, Endpoint, Era, Session, Transcript};

use crate::common::beside_checker;

#[tokio::test]
async fn a_store_whose_stderr_is_closed_serves_on() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let (closed, stderr) = std::io::pipe().unwrap();
    drop(closed);
    let mut store = Command::new(beside_checker("ex3_store_solution"))
        .env("STORE_PORT", port.to_string())
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}/mcp");
    for era in Era::ALL {
        let begin = Instant::now();
        let tools = loop {
            let endpoint = Endpoint::Http(url.parse().unwrap());
            let (transcript, profile) = (Transcript::default(), ClientProfile::new(era));
            match Session::connect(endpoint, profile, &transcript).await {
                Ok(session) => break session.tools().await.unwrap(),
                Err(error) => assert!(begin.elapsed() < Duration::from_secs(10), "{error:?}"),
            }
            assert_eq!(store.try_wait().unwrap(), None, "it has ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(!tools.is_empty());
    }
    store.kill().unwrap();
    store.wait().unwrap();
}
