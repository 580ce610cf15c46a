//! The Java that Keycloak runs on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::process::Command;
use tokio::time::timeout;

/// What Keycloak needs.
const OLDEST: u32 = 17;

/// How long it may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to get one.
const INSTALL: &str = if cfg!(windows) {
    "`winget install EclipseAdoptium.Temurin.21.JRE` installs one"
} else if cfg!(target_os = "macos") {
    "`brew install --cask temurin@21` installs one"
} else {
    "On Debian and Ubuntu `sudo apt install default-jre-headless` installs one"
};

/// The major version of the Java that Keycloak's own script will take.
///
/// # Errors
///
/// When there is none, or one that is too old; with what to do.
pub(super) async fn version() -> Result<u32> {
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    version_of(home).await
}

async fn version_of(home: Option<OsString>) -> Result<u32> {
    let program = match &home {
        Some(home) => PathBuf::from(home).join("bin/java"),
        None => PathBuf::from("java"),
    };
    let named = match &home {
        Some(home) => format!("JAVA_HOME is {}", home.display()),
        None => "there is no `java` on the PATH".to_owned(),
    };
    let needs = format!("Keycloak needs Java {OLDEST} or newer, or Docker or Podman");
    let mut command = Command::new(program);
    command
        .arg("-version")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if home.is_some() => {
            bail!("{needs}, but {named}, where no Java can be started: {error}. {INSTALL}")
        }
        Ok(Err(_)) => bail!("{needs}, but {named}. {INSTALL}"),
        Err(_) => bail!("{needs}, but `java -version` did not answer"),
    };
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    match major(&said) {
        Some(version) if version >= OLDEST => Ok(version),
        Some(version) => bail!("{needs}, but this is Java {version}. {INSTALL}"),
        None => {
            let said = crate::escape::one_line(said.lines().next().unwrap_or_default());
            bail!("{needs}, but `java -version` says {said:?}. {INSTALL}")
        }
    }
}

/// 17 of `openjdk version "17.0.15" 2025-04-15`, and 8 of `java version "1.8.0_402"`.
fn major(said: &str) -> Option<u32> {
    let (_, rest) = said.split_once("version \"")?;
    let (version, _) = rest.split_once('"')?;
    let mut parts = version.split(|letter: char| !letter.is_ascii_digit());
    match parts.next()?.parse().ok()? {
        1 => parts.next()?.parse().ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_java_writes_them() {
        for (said, version) in [
            ("openjdk version \"17.0.15\" 2025-04-15\n", Some(17)),
            ("java version \"1.8.0_402\"", Some(8)),
            ("openjdk version \"25-ea\" 2025-09-16", Some(25)),
            (
                "Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"21\"",
                Some(21),
            ),
            ("The operation couldn't be completed.", None),
        ] {
            assert_eq!(major(said), version, "{said}");
        }
    }

    #[tokio::test]
    async fn a_home_without_java_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = version_of(Some(folder.path().into())).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("JAVA_HOME is "), "{error}");
        assert!(error.contains("install"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_java_that_is_too_old_is_told() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let java = folder.path().join("bin/java");
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(&java, "#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n").unwrap();
        std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = version_of(Some(folder.path().into())).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("but this is Java 8"), "{error}");
    }
}
