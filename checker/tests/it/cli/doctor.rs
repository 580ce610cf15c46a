//! `cargo checker doctor`, on machines that have each trouble.
#![cfg(unix)]

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::cli::subjects::{RUNNING, write_hanging};
use crate::cli::told::{Told, fresh, redacted, told_by, wait_for};
use crate::common::beside_checker;
use crate::common::workshop::Workshop;

/// The doctor on a machine without a trouble, whatever it asks of the crates.
fn doctor(workshop: &Workshop) -> Command {
    let mut command = workshop.checker("doctor");
    for variable in [
        "CARGO_TARGET_DIR",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CODESPACES",
    ] {
        command.env_remove(variable);
    }
    command.env("STORE_PORT", free_port().to_string());
    command
}

/// The same, with the true state of the crates.
fn doctor_of_crates(workshop: &Workshop) -> Command {
    let mut command = doctor(workshop);
    command.env("CARGO", env!("CARGO"));
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The lines of the examinations of this name, and nothing of the others.
fn of(told: &Told, what: &str) -> String {
    let mut mine = false;
    let mut lines = String::new();
    for line in told.stdout.lines() {
        if !line.starts_with("     ") {
            let name = line.trim_start().split_once(' ');
            mine = name.is_some_and(|(_symbol, rest)| rest.starts_with(what));
        }
        if mine {
            lines += line;
            lines += "\n";
        }
    }
    assert!(!lines.is_empty(), "no {what}: {told:?}");
    lines
}

/// The first command that fixes it.
fn fix(lines: &str) -> &str {
    let line = lines
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("fix   "));
    line.unwrap_or_else(|| panic!("no fix: {lines}"))
}

/// Runs a command as it was printed.
fn run(workshop: &Workshop, command: &str) {
    let status = Command::new("sh")
        .args(["-c", command])
        .current_dir(&workshop.root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{command}");
}

fn settings(workshop: &Workshop) -> insta::Settings {
    let mut settings = redacted(workshop);
    settings.add_filter(r"Rust \d\.\d+\.\d+; ", "Rust [version]; ");
    settings.add_filter(r"[\d.]+ [GM]B are free", "[free] are free");
    settings.add_filter(r"\(pid \d+\)", "(pid [pid])");
    settings.add_filter(r"kill \d+", "kill [pid]");
    settings.add_filter(r"STORE_PORT=\d+", "STORE_PORT=[port]");
    settings.add_filter(r"it-[[:xdigit:]]+ ", "[program] ");
    settings
}

#[test]
fn a_machine_without_a_trouble_is_well_and_nothing_is_built_or_written() {
    let workshop = fresh();
    let begin = Instant::now();
    let told = told_by(&workshop, doctor_of_crates(&workshop));
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    // Somebody may have the realm's port while the tests run.
    let realm = of(&told, "port 8180");
    let rest = told.stdout.replace(&realm, "");
    settings(&workshop).bind(|| assert_snapshot!("well", rest));
    assert!(!workshop.path("target").exists());
    assert!(!workshop.path(".workshop").exists());
}

#[test]
fn a_taken_port_is_told_with_who_has_it() {
    let workshop = fresh();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = doctor(&workshop);
    command.env("STORE_PORT", &port);
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 1, "{told:?}");
    let lines = of(&told, &format!("port {port}"));
    let pid = std::process::id();
    assert!(lines.contains(&format!("(pid {pid})")), "{lines}");
    assert_eq!(fix(&lines), format!("kill {pid}"));
    settings(&workshop).bind(|| assert_snapshot!("port", lines));

    let mut command = doctor(&workshop);
    command.env("STORE_PORT", "84twenty");
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 1, "{told:?}");
    assert_snapshot!("no_port", of(&told, "port  "));
}

/// A folder to put first on PATH, with a `rustc` and a `cargo` that say this version. All else
/// they leave to the real ones.
fn fakes(version: &str, chosen: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sysroot = folder.path().join("toolchains").join(chosen);
    let real = env!("CARGO");
    let cargo = beside_checker("examples/stand_in");
    let cargo = cargo.display();
    let script = |name: &str, text: String| {
        let file = folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    };
    script(
        "cargo",
        format!(
            "case $1 in --version) echo 'cargo {version} (x)';; *) exec '{cargo}' \"$@\";; esac"
        ),
    );
    script(
        "rustc",
        format!(
            "case $* in --version) echo 'rustc {version} (x)';; '--print sysroot') echo '{}';; *) exec '{}' \"$@\";; esac",
            sysroot.display(),
            Path::new(real).with_file_name("rustc").display(),
        ),
    );
    folder
}

fn with_path(command: &mut Command, first: &Path) {
    let path = std::env::var_os("PATH").unwrap();
    let others = std::env::split_paths(&path);
    let path = std::env::join_paths([first.to_owned()].into_iter().chain(others));
    command
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env("PATH", path.unwrap());
}

#[test]
fn an_old_toolchain_is_told_with_how_to_get_a_newer_one() {
    let workshop = fresh();
    let mut said = String::new();
    for (version, chosen, code) in [
        ("1.80.1", "stable", 1),
        ("1.80.1", "1.80.1", 1),
        ("1.89.0", "stable", 0),
    ] {
        let fakes = fakes(version, chosen);
        let mut command = doctor(&workshop);
        with_path(&mut command, fakes.path());
        command.env("RUSTUP_TOOLCHAIN", chosen);
        let told = told_by(&workshop, command);
        assert_eq!(told.code, code, "{told:?}");
        said += &of(&told, "toolchain");
    }
    assert_snapshot!("toolchain", said);
}

#[test]
fn a_missing_or_hanging_cargo_is_told_and_the_rest_examined() {
    let workshop = fresh();
    let mut command = doctor(&workshop);
    command.env("CARGO", "/nowhere/cargo");
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 1, "{told:?}");
    let lines = of(&told, "toolchain");
    assert!(lines.contains("https://rustup.rs"), "{lines}");
    of(&told, "editor");

    let hangs = workshop.path("cargo-that-hangs");
    fs::write(
        &hangs,
        "#!/bin/sh\n[ $1 = --version ] && exec rustc --version\nexec sleep 1000",
    )
    .unwrap();
    fs::set_permissions(&hangs, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = doctor(&workshop);
    command.env("CARGO", &hangs);
    let begin = Instant::now();
    let told = told_by(&workshop, command);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(told.code, 2, "could not be examined: {told:?}");
    assert!(of(&told, "crates").contains("did not answer"), "{told:?}");
    of(&told, "editor");
}

#[test]
fn crates_that_are_not_fetched_are_told() {
    let workshop = fresh();
    let empty = tempfile::tempdir().unwrap();
    let mut command = doctor_of_crates(&workshop);
    command.env("CARGO_HOME", empty.path());
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 1, "{told:?}");
    assert_snapshot!("crates", of(&told, "crates"));
}

#[test]
fn a_crate_that_the_attendee_added_is_a_remark() {
    let workshop = fresh();
    let manifest = "exercises/ex3_store/Cargo.toml";
    let more = workshop
        .read(manifest)
        .replace("[dependencies]\n", "[dependencies]\nrand = \"0.10\"\n");
    workshop.write(manifest, &more);
    let told = told_by(&workshop, doctor_of_crates(&workshop));
    assert_eq!(told.code, 0, "{told:?}");
    assert_snapshot!("crates_added", of(&told, "crates"));
}

#[test]
fn a_manifest_that_cargo_cannot_read_leaves_things_unexamined() {
    let workshop = fresh();
    workshop.write("exercises/ex3_store/Cargo.toml", "[package\n");
    let told = told_by(&workshop, doctor_of_crates(&workshop));
    assert_eq!(told.code, 2, "{told:?}");
    let lines = of(&told, "crates");
    redacted(&workshop).bind(|| assert_snapshot!("unexamined", lines));
}

#[test]
fn editor_settings_that_are_gone_or_changed_come_back_with_the_mend() {
    const FILE: &str = ".vscode/settings.json";
    let workshop = fresh();
    let shipped = workshop.read(FILE);
    run(
        &workshop,
        "git init --quiet . && git add .vscode && git -c user.name=A -c user.email=a@b commit --quiet -m A",
    );
    let mut said = String::new();
    let changes = [
        None,
        Some(shipped.replace("targetDir\": true", "targetDir\": false")),
        Some(shipped.replace("\": true,", "\" true,")),
    ];
    for changed in changes {
        match changed {
            None => fs::remove_file(workshop.path(FILE)).unwrap(),
            Some(text) => workshop.write(FILE, &text),
        }
        let told = told_by(&workshop, doctor(&workshop));
        assert_eq!(told.code, 1, "{told:?}");
        let lines = of(&told, "editor");
        run(&workshop, fix(&lines));
        assert_eq!(workshop.read(FILE), shipped);
        said += &lines;
    }
    assert_snapshot!("editor", said);
}

#[test]
fn a_small_codespace_is_told_with_how_to_enlarge_it() {
    let workshop = fresh();
    let mut command = doctor(&workshop);
    command
        .env("CODESPACES", "true")
        .env("CODESPACE_NAME", "fuzzy-lamp-4711");
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 0, "no trouble: {told:?}");
    assert!(of(&told, "codespace").contains("fuzzy-lamp-4711 has "));
}

#[test]
fn a_second_checker_is_told_by_its_pid_however_the_first_ended() {
    let workshop = fresh();
    write_hanging(&workshop);
    let mut first = workshop.checker("check ex3");
    let first = first.stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = first.spawn().unwrap();
    wait_for(&workshop.path(RUNNING));
    // Not `told_by`: the first checker is still running.
    let output = doctor(&workshop).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let told = Told {
        code: output.status.code().unwrap(),
        stdout: said,
        stderr: String::new(),
    };
    let lines = of(&told, "checkers");
    assert_eq!(
        (told.code, fix(&lines)),
        (0, format!("kill {}", first.id()).as_str())
    );
    settings(&workshop).bind(|| assert_snapshot!("checkers", lines));

    first.kill().unwrap();
    first.wait().unwrap();
    let left = workshop.path(&format!(".workshop/at-work/{}", first.id()));
    assert!(left.exists(), "control: a kill leaves it");
    let told = told_by(&workshop, doctor(&workshop));
    assert!(of(&told, "checkers").contains("no other"), "{told:?}");
    assert!(!left.exists());
}

#[test]
fn a_watch_is_told_with_the_key_that_ends_it() {
    let workshop = fresh();
    let mut watch = workshop.checker("watch");
    watch.stdin(Stdio::null());
    let watch = watch.stdout(Stdio::null()).stderr(Stdio::null());
    let mut watch = watch.spawn().unwrap();
    let mark = workshop.path(&format!(".workshop/at-work/{}", watch.id()));
    wait_for(&mark);
    let output = doctor(&workshop).output().unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let id = watch.id();
    assert!(
        said.contains(&format!("a `watch` is running here (pid {id})")),
        "{said}"
    );
    assert!(
        said.contains("fix   press q in the terminal of the watch"),
        "{said}"
    );
    assert!(said.contains(&format!("or    kill {id}")), "{said}");
}

#[test]
fn files_from_the_future_are_told_and_touched_by_the_mend() {
    let workshop = fresh();
    let in_three_days = SystemTime::now() + Duration::from_secs(3 * 86_400 + 60);
    let source = "exercises/ex3_store/src/store.rs";
    let file = File::options().append(true).open(workshop.path(source));
    file.unwrap().set_modified(in_three_days).unwrap();
    let told = told_by(&workshop, doctor(&workshop));
    assert_eq!(told.code, 0, "a remark: {told:?}");
    let lines = of(&told, "clock");
    run(&workshop, fix(&lines));
    let fixed = told_by(&workshop, doctor(&workshop));
    assert!(of(&fixed, "clock").contains("no file"), "{fixed:?}");

    fs::create_dir_all(workshop.path("target/debug")).unwrap();
    let built = File::create(workshop.path("target/debug/ex1_connect")).unwrap();
    built.set_modified(in_three_days).unwrap();
    let told = told_by(&workshop, doctor(&workshop));
    assert_eq!(told.code, 1, "{told:?}");
    assert_snapshot!("clock", lines + &of(&told, "clock"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_checkout_that_cannot_be_written_is_told() {
    let workshop = fresh();
    // Not even root may create a file there.
    std::os::unix::fs::symlink("/proc/self/task", workshop.path(".workshop")).unwrap();
    let told = told_by(&workshop, doctor(&workshop));
    assert_eq!(told.code, 1, "{told:?}");
    let lines = of(&told, "checkout");
    assert!(lines.contains("is not writable: "), "{lines}");
    assert!(fix(&lines).starts_with("cp -r "), "{lines}");
}

#[test]
fn a_progress_file_that_is_broken_is_one_trouble_among_the_others() {
    let workshop = fresh();
    fs::create_dir(workshop.path(".workshop")).unwrap();
    workshop.write(".workshop/progress.toml", "steps = 3");
    let told = told_by(&workshop, doctor(&workshop));
    assert_eq!(told.code, 1, "{told:?}");
    let lines = of(&told, "progress");
    let words: Vec<&str> = lines.split_whitespace().collect();
    assert!(words.join(" ").contains("cannot be parsed"), "{lines}");
    run(&workshop, fix(&lines));
    assert_eq!(told_by(&workshop, doctor(&workshop)).code, 0);
}

#[test]
fn a_rescue_that_was_cut_off_is_told_with_the_command_that_ends_it() {
    let workshop = fresh();
    let journal = ".workshop/rescue/journal.toml";
    fs::create_dir_all(workshop.path(".workshop/rescue")).unwrap();
    workshop.write(journal, "exercise = 'ex3_store'\nsource = 'starter'\n");
    let told = told_by(&workshop, doctor(&workshop));
    assert_eq!(told.code, 1, "{told:?}");
    assert_snapshot!("rescue", of(&told, "rescue"));
    assert!(
        workshop.path(journal).exists(),
        "the doctor changes nothing"
    );
    let list = told_by(&workshop, workshop.checker("list"));
    assert!(list.stderr.contains("is now finished"), "{list:?}");
    assert_eq!(told_by(&workshop, doctor(&workshop)).code, 0);

    workshop.write(journal, "exercise = 3");
    let told = told_by(&workshop, doctor(&workshop));
    let lines = of(&told, "rescue");
    assert!(lines.contains("cannot read"), "{lines}");
    run(&workshop, fix(&lines));
    assert_eq!(told_by(&workshop, doctor(&workshop)).code, 0);
}

#[test]
fn the_marks_of_a_merge_are_told_by_their_file() {
    let workshop = fresh();
    let lock = workshop.read("Cargo.lock");
    workshop.write("Cargo.lock", &format!("<<<<<<< HEAD\n{lock}"));
    let store = "exercises/ex3_store/src/store.rs";
    let code = workshop.read(store);
    workshop.write(
        store,
        &format!("{code}\n<<<<<<< HEAD\n=======\n>>>>>>> x\n"),
    );
    let told = told_by(&workshop, doctor(&workshop));
    assert_eq!(told.code, 1, "{told:?}");
    assert_snapshot!("merge", of(&told, "merge"));
}

#[test]
fn a_target_folder_of_ones_own_and_flags_are_remarks() {
    let workshop = fresh();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = doctor(&workshop);
    command
        .env("CARGO_TARGET_DIR", elsewhere.path())
        .env("RUSTFLAGS", "-C target-cpu=native");
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 0, "{told:?}");
    let mut settings = redacted(&workshop);
    settings.add_filter(&elsewhere.path().display().to_string(), "[elsewhere]");
    settings.bind(|| assert_snapshot!("build", of(&told, "build")));
}
