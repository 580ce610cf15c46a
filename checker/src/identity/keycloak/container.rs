//! Keycloak in a container.

use anyhow::{Context, Result};
use realm::RealmFile;
use tokio::process::Command;

use super::{Admin, Progress, Stage, VERSION, tool};
use crate::identity::origin;
use crate::subject::container::Engine;
use crate::subject::guard::Guard;

/// Where the realm is imported from in the image, and what ends the container when the checker is
/// gone: then its stdin closes. The shell becomes Keycloak, which is told to end.
const SCRIPT: &str = r#"
mkdir -p /opt/keycloak/data/import
printf %s "$WORKSHOP_REALM" > /opt/keycloak/data/import/workshop-realm.json
exec 3<&0
{ while read -r line <&3; do :; done; kill 1; } &
exec /opt/keycloak/bin/kc.sh "$@"
"#;

/// Fetches the image, if it is not there, and gives the command that runs it.
///
/// # Errors
///
/// When it cannot be fetched; with the engine's words.
pub(super) async fn command(
    engine: &Engine,
    port: u16,
    admin: &Admin,
    guard: &Guard,
    tell: &impl Fn(Progress),
) -> Result<Command> {
    let image = format!("quay.io/keycloak/keycloak:{VERSION}");
    let mut look = engine.command();
    look.args(["image", "inspect", &image]);
    if tool::run(look, guard).await.is_err() {
        tell(Stage::FetchingImage.into());
        let mut pull = engine.command();
        pull.args(["pull", "--quiet", &image]);
        tool::run(pull, guard)
            .await
            .with_context(|| format!("the image {image} cannot be fetched"))?;
    }
    Ok(run(engine, &image, port, admin))
}

fn run(engine: &Engine, image: &str, port: u16, admin: &Admin) -> Command {
    let mut command = engine.command();
    admin.put(&mut command);
    command
        // Its value is not in the command line, which everybody on the machine can read.
        .env("WORKSHOP_REALM", RealmFile::workshop_text())
        .args(["run", "--rm", "--interactive"])
        .args(["--publish", &format!("127.0.0.1:{port}:8080")])
        .args(["--env", "KC_BOOTSTRAP_ADMIN_USERNAME"])
        .args(["--env", "KC_BOOTSTRAP_ADMIN_PASSWORD"])
        .args(["--env", "WORKSHOP_REALM"])
        .args(["--entrypoint", "/bin/sh", image, "-c", SCRIPT, "sh"])
        .args(["start-dev", "--import-realm"])
        .args(["--hostname", &origin(port)]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_container_is_for_this_machine_and_its_password_is_not_in_the_command_line() {
        let admin = Admin::random();
        let command = run(&Engine::named("docker"), "keycloak:1", 8180, &admin);
        let words = command.as_std().get_args();
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let words = words.join(" ");
        assert!(words.contains("--publish 127.0.0.1:8180:8080 "), "{words}");
        assert!(
            words.ends_with(" --hostname http://localhost:8180"),
            "{words}"
        );
        assert!(!words.contains(&admin.password));
        let variables = command.as_std().get_envs();
        let mut variables = variables.filter_map(|(_, value)| value);
        assert!(variables.any(|value| *value == *admin.password));
    }

    /// That what ends the container does so, and not before.
    #[cfg(unix)]
    #[tokio::test]
    async fn the_container_ends_when_nobody_holds_its_stdin_any_more() {
        use std::time::Duration;

        use tokio::time::timeout;

        use crate::subject::process::Process;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        // The same script, with a Keycloak that waits, and that is not process 1.
        let script = SCRIPT
            .replace("/opt/keycloak/bin/kc.sh \"$@\"", "sleep 1000")
            .replace("kill 1", "kill $$")
            .replace("/opt/keycloak", &path);
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .env("WORKSHOP_REALM", "{\"realm\": \"100%\"}");
        let mut process = Process::start(command, &Guard::none()).unwrap();
        let stdin = process.take_stdio();
        let wait = timeout(Duration::from_millis(300), process.ended()).await;
        assert!(wait.is_err(), "it ended early");
        let realm = folder.path().join("data/import/workshop-realm.json");
        let written = std::fs::read_to_string(realm).unwrap();
        assert_eq!(written, "{\"realm\": \"100%\"}");
        drop(stdin);
        let ended = timeout(Duration::from_secs(5), process.ended()).await;
        assert!(ended.is_ok(), "it goes on");
    }
}
