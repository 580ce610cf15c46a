//! Step 6.8, with the images of a real Docker or Podman: each Dockerfile that is wrong in one way fails, with
//! the message that an attendee should read, and right ones pass.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use checker::course::Exercise;
use checker::engine::{self, Places, Plan};
use checker::mcp::Era;
use checker::patience::Patience;
use checker::verdict::{ExerciseReport, Outcome, SubjectKind};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use crate::common::broken::failed;
use crate::common::{beside_checker, course, redacted, root, told, unused_program};

const STEP: &str = "6.8";

/// Set to `required`, these tests run containers. `cargo interop container` does so: an engine is nothing that
/// Rust alone can bring along.
const VARIABLE: &str = "CHECKER_CONTAINER";

/// An image of a store without a flaw. What the program needs to run is beside it in `root`.
const RIGHT: &str = r#"FROM scratch
COPY root/ /
COPY --chown=65532:65532 data/ /data/
USER 65532:65532
ENV STORE_HOST=0.0.0.0
ENV DATABASE_URL=sqlite:///data/store.db
VOLUME /data
HEALTHCHECK CMD ["/store", "--health"]
ENTRYPOINT ["/store"]
"#;

const HEALTH: &str = r#"HEALTHCHECK CMD ["/store", "--health"]"#;
const ENTRYPOINT: &str = r#"ENTRYPOINT ["/store"]"#;

/// What is wrong, and what a line of the right file becomes for it.
const FLAWS: [(&str, &str, &str); 19] = [
    ("does-not-build", "COPY root/ /", "COPY missing/ /"),
    ("large", "COPY root/ /", "COPY root/ big /"),
    ("root-by-default", "USER 65532:65532", ""),
    ("root-by-number", "USER 65532:65532", "USER 0"),
    ("root-by-name", "USER 65532:65532", "USER root:65532"),
    (
        "sealing-key",
        "VOLUME /data",
        "VOLUME /data\nENV STORE_SEALING_KEY=0123456789abcdef0123456789abcdef",
    ),
    (
        "carrier-key",
        "VOLUME /data",
        "VOLUME /data\nENV CARRIER_KEY=secret",
    ),
    ("no-health-check", HEALTH, ""),
    ("health-check-none", HEALTH, "HEALTHCHECK NONE"),
    ("health-by-shell", HEALTH, "HEALTHCHECK CMD /store --health"),
    (
        "health-by-named-shell",
        HEALTH,
        r#"HEALTHCHECK CMD ["/bin/sh", "-c", "/store --health"]"#,
    ),
    ("start-by-shell", ENTRYPOINT, "ENTRYPOINT /store"),
    ("start-by-cmd-and-shell", ENTRYPOINT, "CMD /store"),
    ("loopback", "ENV STORE_HOST=0.0.0.0", ""),
    ("no-volume", "VOLUME /data", ""),
    (
        "never-ready",
        "VOLUME /data",
        "VOLUME /data\nENV STORE_FLAWS=never-ready",
    ),
    (
        "health-without-program",
        HEALTH,
        r#"HEALTHCHECK CMD ["curl", "http://127.0.0.1:8420/health"]"#,
    ),
    (
        "health-of-nothing",
        HEALTH,
        r#"HEALTHCHECK CMD ["/store", "--help"]"#,
    ),
    (
        "odd-exit-code",
        "VOLUME /data",
        "VOLUME /data\nENV STORE_FLAWS=odd-exit-code",
    ),
];

/// Those for which the check has to wait: seconds each.
const SLOW_FLAWS: [(&str, &str, &str); 2] = [
    (
        "endless-health-check",
        HEALTH,
        r#"HEALTHCHECK CMD ["/store", "--port", "8421"]"#,
    ),
    (
        "ignores-sigterm",
        "VOLUME /data",
        "VOLUME /data\nENV STORE_FLAWS=knows-no-signal",
    ),
];

/// Unusual, and right.
const HARMLESS: [(&str, &str, &str); 3] = [
    ("user-without-group", "USER 65532:65532", "USER 65532"),
    ("cmd", ENTRYPOINT, r#"CMD ["/store"]"#),
    (
        "other-port",
        "VOLUME /data",
        "VOLUME /data\nENV STORE_PORT=9000\nEXPOSE 9000",
    ),
];

/// A folder from which images are built: a store, and what it needs to run.
struct Context {
    folder: TempDir,
}

impl Context {
    fn new() -> Self {
        let context = Self {
            folder: TempDir::new().unwrap(),
        };
        let root = context.path("root");
        fs::create_dir_all(&root).unwrap();
        let store = beside_checker("examples/broken_ship");
        // Without the certificates of authorities, no client for HTTPS can be made.
        let certificates = Path::new("/etc/ssl/certs/ca-certificates.crt");
        let needed = libraries(&store)
            .into_iter()
            .chain([certificates.to_owned()]);
        for library in needed.filter(|file| file.exists()) {
            let copy = root.join(library.strip_prefix("/").unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(&library, copy).unwrap();
        }
        // What debuggers need is larger than an image may be.
        let stripped = root.join("store");
        let strip = Command::new("strip")
            .arg("-o")
            .args([&stripped, &store])
            .status();
        assert!(strip.unwrap().success());
        fs::create_dir_all(context.path("data")).unwrap();
        // Zeros, which take no room on the disk.
        let big = File::create(context.path("big")).unwrap();
        big.set_len(60_000_000).unwrap();
        context
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn check(&self, dockerfile: &str) -> ExerciseReport {
        fs::write(self.path("Dockerfile"), dockerfile).unwrap();
        check(self.folder.path()).await
    }

    async fn check_with(&self, (name, from, to): (&str, &str, &str)) -> ExerciseReport {
        let dockerfile = RIGHT.replace(from, to);
        assert_ne!(dockerfile, RIGHT, "{name}");
        self.check(&dockerfile).await
    }
}

/// The files that the system's loader loads with a program, and the loader.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let told = Command::new("ldd").arg(program).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let words = told.split_whitespace();
    words
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

fn exercise() -> Exercise {
    let mut exercise = course().exercise("ex6_ship").unwrap().clone();
    exercise.steps.retain(|step| step.id == STEP);
    exercise
}

/// The verdict on the image of the Dockerfile in this folder, which is its context, too.
async fn check(folder: &Path) -> ExerciseReport {
    check_when(Some(STEP), folder).await
}

/// The same, if this is the step that was asked for.
async fn check_when(step: Option<&str>, folder: &Path) -> ExerciseReport {
    let exercise = exercise();
    let plan = Plan {
        exercise: &exercise,
        step,
        eras: &Era::ALL,
        seed: 7,
        root: folder.to_owned(),
        settings: folder.to_owned(),
        folder: folder.to_owned(),
        kind: SubjectKind::Starter,
        places: &Places::in_folder(&root(), &root().join("exercises/ex6_ship")),
        patience: Patience::default(),
        realm: None,
        database: None,
        options: Vec::new(),
    };
    // Of the program only the guard is used: this step is about its image.
    let subject = unused_program();
    let (events, _received) = unbounded_channel();
    engine::check(&plan, &subject, &events).await
}

/// Whether a test shall run containers. Where it shall not, this says so.
fn is_there(test: &str) -> bool {
    if std::env::var(VARIABLE).is_ok_and(|value| value == "required") {
        return true;
    }
    let words = format!(
        "NOT RUN, as it needs Docker or Podman: {test}. `cargo interop container` runs it.\n"
    );
    // Not eprint, which a test that passes keeps to itself.
    let _ = std::io::stderr().write_all(words.as_bytes());
    false
}

async fn fail_with_their_messages(name: &str, flaws: &[(&str, &str, &str)]) {
    let context = Context::new();
    let mut all = String::new();
    for flaw in flaws {
        let report = context.check_with(*flaw).await;
        assert_eq!(failed(&report), STEP, "{}:\n{}", flaw.0, told(&report));
        all += &format!("== {}\n{}\n", flaw.0, told(&report));
    }
    let mut settings = redacted();
    settings.add_filter(r"\b(docker|podman) (build|run|stop)\b", "[engine] $2");
    // Each engine has words of its own, where its own command fails.
    settings.add_filter(
        r"got       (exit code \d+: )?(.*\n +)*?.*(missing|curl).*(\n {19}.*)*",
        "got       $1[words about $3]",
    );
    settings.add_filter(r"got       \d+ MB", "got       [n] MB");
    settings.add_filter(r"/tmp/\.tmp\w+", "[context]");
    settings.add_filter(r"Dockerfile:\d+", "Dockerfile:[line]");
    settings.bind(|| insta::assert_snapshot!(name, all));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flawed_image_fails_with_its_message() {
    if is_there("flawed images") {
        fail_with_their_messages("container", &FLAWS).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_makes_its_engine_wait_fails_with_its_message() {
    if is_there("flawed images that take time") {
        fail_with_their_messages("container_slow", &SLOW_FLAWS).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn right_images_pass_however_they_are_written() {
    if !is_there("right images") {
        return;
    }
    let context = Context::new();
    let report = context.check(RIGHT).await;
    assert_eq!(report.outcome(), Outcome::Passed, "{}", told(&report));
    for harmless in HARMLESS {
        let report = context.check_with(harmless).await;
        let outcome = report.outcome();
        assert_eq!(
            outcome,
            Outcome::Passed,
            "{}:\n{}",
            harmless.0,
            told(&report)
        );
    }
}

/// These need no engine.
#[tokio::test]
async fn without_an_instruction_the_step_is_not_started() {
    let folder = TempDir::new().unwrap();
    for text in [None, Some(""), Some("# TODO 6.8\n\n")] {
        if let Some(text) = text {
            fs::write(folder.path().join("Dockerfile"), text).unwrap();
        }
        let report = check(folder.path()).await;
        assert_eq!(report.outcome(), Outcome::NotStarted, "{}", told(&report));
        assert!(told(&report).contains("no instruction in the Dockerfile yet"));
    }
}

#[tokio::test]
async fn nobody_waits_for_an_image_who_has_not_asked_for_it() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Dockerfile"), RIGHT).unwrap();
    let report = check_when(None, folder.path()).await;
    assert_eq!(report.outcome(), Outcome::CouldNotCheck);
    insta::assert_snapshot!("container_not_asked_for", told(&report));
}
