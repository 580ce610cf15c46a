//! `cargo checker doctor --url`: what keeps the users of a server out, and what fixes it.

use checker::fixtures::IdentityRealm;
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::guard::Guard;
use checker::subject::server::{Server, Serving};

use crate::common::{beside_checker, redacted, root};

const SERVING: Serving = Serving {
    port: "STORE_PORT",
    host: "STORE_HOST",
    settings: &[],
};

/// What the doctor is asked about: a server with this flaw.
const FLAWS: [&str; 11] = [
    "",
    "everything-open",
    "no-challenge",
    "challenge-without-metadata",
    "challenge-without-scope",
    "metadata-localhost",
    "metadata-needs-token",
    "realm-with-slash",
    "challenge-unknown-scope",
    "expects-its-address",
    "no-audience,any-scope",
];

async fn server(flaw: &str, issuer: &str) -> Server {
    let environment = [
        ("STORE_FLAWS", flaw),
        ("REALM_URL", issuer),
        ("AUDIENCE", "product-store"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let program = Program {
        executable: beside_checker("examples/broken_auth"),
        arguments: Vec::new(),
        folder: root(),
        environment: environment.to_vec(),
        guard: Guard::none(),
    };
    let patience = Patience::default().listening;
    program.serve(SERVING, patience).await.unwrap()
}

/// What the doctor says.
async fn told(words: &[&str]) -> String {
    let mut command = tokio::process::Command::new(beside_checker("checker"));
    let output = command
        .arg("doctor")
        .args(words)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .output();
    let output = output.await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    format!("{said}{errors}exit code {:?}\n", output.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_keeps_users_out() {
    let realm = IdentityRealm::play().await.unwrap();
    let mut all = String::new();
    for flaw in FLAWS {
        let server = server(flaw, realm.issuer()).await;
        let said = told(&["--url", server.url().as_str()]).await;
        let is_right = said.contains("No problems found.");
        assert_eq!(is_right, flaw.is_empty(), "{flaw}:\n{said}");
        all += &format!(
            "== {}\n{said}\n",
            if flaw.is_empty() { "nothing" } else { flaw }
        );
    }
    let server = server("", realm.issuer()).await;
    let elsewhere = realm.issuer().replace("127.0.0.1", "localhost");
    let said = told(&["--url", server.url().as_str(), "--realm", &elsewhere]).await;
    all += &format!("== the realm by another name\n{said}\n");
    let nobody = told(&["--url", "http://127.0.0.1:9/mcp"]).await;
    all += &format!("== no server\n{nobody}\n");
    let mut settings = redacted();
    settings.add_filter(r"localhost:\d{5}/realms", "localhost:[port]/realms");
    settings.add_filter(r"os error \d+", "os error [number]");
    settings.bind(|| insta::assert_snapshot!("kept_out", all));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_that_is_not_there_is_named() {
    let issuer = "http://127.0.0.1:9/realms/workshop";
    let server = server("", issuer).await;
    let said = told(&["--url", server.url().as_str()]).await;
    assert!(
        said.contains("there is no realm at http://127.0.0.1:9"),
        "{said}"
    );
    assert!(said.contains("fix   cargo checker realm"), "{said}");
}
