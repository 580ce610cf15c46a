//! The folder that the workshop lies in: can it be written, and who else writes to it.

use std::io::ErrorKind;
use std::path::Path;

use super::{Examined, quoted};

const WHAT: &str = "checkout";

pub(super) fn examine(root: &Path) -> Vec<Examined> {
    let all: Vec<Examined> = [writable(root), network(root), synced(root)]
        .into_iter()
        .flatten()
        .collect();
    match all.as_slice() {
        [] => vec![Examined::well(
            WHAT,
            format!("{} is writable", root.display()),
        )],
        _ => all,
    }
}

/// Whether the progress can be kept, and so whether anything can be written.
fn writable(root: &Path) -> Option<Examined> {
    let kept = root.join(".workshop");
    let folder = if kept.exists() { &kept } else { root };
    let error = tempfile::tempfile_in(folder).err()?;
    let why = match error.kind() {
        ErrorKind::ReadOnlyFilesystem => "its file system is read-only".to_owned(),
        ErrorKind::PermissionDenied => "you may not write there".to_owned(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        _ => error.to_string(),
    };
    let found = format!(
        "{} is not writable: {why}. You cannot edit exercises there, and your progress cannot be saved",
        folder.display()
    );
    Some(Examined::trouble(WHAT, found).fix(copy_home(root)))
}

fn copy_home(root: &Path) -> String {
    let from = quoted(root);
    if cfg!(windows) {
        format!("Copy-Item -Recurse {from} $HOME\\mcp-workshop; cd $HOME\\mcp-workshop")
    } else {
        format!("cp -r {from} ~/mcp-workshop && cd ~/mcp-workshop")
    }
}

/// A file system on another machine, which tells nobody when a file changes.
fn network(root: &Path) -> Option<Examined> {
    let kind = file_system(root).filter(|kind| is_network(kind))?;
    let found = format!(
        "it is on a network file system ({kind}): builds are slow there, and saves may be noticed late"
    );
    Some(Examined::remark(WHAT, found).fix(copy_home(root)))
}

fn is_network(kind: &str) -> bool {
    const KINDS: [&str; 10] = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "vboxsf", "drvfs", "unc",
    ];
    KINDS.contains(&kind) || kind.starts_with("fuse.sshfs") || kind.starts_with("fuse.rclone")
}

/// The kind of file system, where that can be told without asking another program.
#[cfg(target_os = "linux")]
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of_mount(&mounts, &folder)
}

/// As above.
#[cfg(not(target_os = "linux"))]
fn file_system(folder: &Path) -> Option<String> {
    // Windows names a folder of another machine `\\server\share`.
    let folder = folder.to_string_lossy();
    (cfg!(windows) && folder.starts_with(r"\\") && !folder.starts_with(r"\\?\"))
        .then(|| "unc".to_owned())
}

/// The kind of the innermost mount around `folder`, in `/proc/self/mountinfo`.
#[cfg(any(target_os = "linux", test))]
fn kind_of_mount(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        // id parent device root MOUNT options … - KIND source options
        let (place, kind) = line.split_once(" - ")?;
        let at = place.split(' ').nth(4)?.replace(r"\040", " ");
        let kind = kind.split(' ').next()?.to_owned();
        folder.starts_with(&at).then_some((at.len(), kind))
    });
    // Of two at the same place, the later lies on top.
    let innermost = mounts.max_by_key(|(length, _)| *length);
    innermost.map(|(_, kind)| kind)
}

/// A folder that a program of a cloud service keeps in step.
fn synced(root: &Path) -> Option<Examined> {
    let service = root
        .components()
        .find_map(|part| service(&part.as_os_str().to_string_lossy()))?;
    let found = format!(
        "it is in a folder that {service} syncs. That uploads every build, and may lock a file that cargo needs to write"
    );
    let from = quoted(root);
    let fix = if cfg!(windows) {
        format!("Move-Item {from} $HOME\\mcp-workshop")
    } else {
        format!("mv {from} ~/mcp-workshop")
    };
    Some(Examined::remark(WHAT, found).fix(fix))
}

/// The service that keeps a folder of this name.
fn service(folder: &str) -> Option<&'static str> {
    const FOLDERS: [(&str, &str); 8] = [
        ("OneDrive", "OneDrive"),
        ("Dropbox", "Dropbox"),
        ("Mobile Documents", "iCloud"),
        ("iCloudDrive", "iCloud"),
        ("CloudStorage", "a cloud service"),
        ("Google Drive", "Google Drive"),
        ("GoogleDrive", "Google Drive"),
        ("Nextcloud", "Nextcloud"),
    ];
    // `OneDrive - Company` and `Dropbox (Company)` too, `dropbox-client` not.
    let is = |name: &str| {
        folder
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '-']))
    };
    let found = FOLDERS.iter().find(|(name, _)| is(name));
    found.map(|(_, service)| *service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_synced_folder_is_known_by_its_name() {
        let cases = [
            (
                "/home/ada/OneDrive - Analytical Engines/workshop",
                "OneDrive",
            ),
            ("/home/ada/Dropbox (Personal)/workshop", "Dropbox"),
            (
                "/Users/ada/Library/Mobile Documents/com~apple~CloudDocs/w",
                "iCloud",
            ),
        ];
        for (root, service) in cases {
            let judged = synced(Path::new(root)).unwrap();
            assert_eq!(judged.health, Health::Remark);
            assert!(judged.found.contains(service), "{judged:?}");
            assert!(
                judged.fixes[0].starts_with("mv '/"),
                "spaces are quoted: {judged:?}"
            );
        }
        assert_eq!(synced(Path::new("/home/ada/dropbox-client/workshop")), None);
        assert_eq!(synced(Path::new("/home/ada/Dropboxes/workshop")), None);
    }

    #[test]
    fn the_innermost_mount_says_what_file_system_a_folder_is_on() {
        let mounts = "\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/c rw,noatime - 9p C:\\134 rw
41 22 0:36 / /home/ada/our\\040files rw shared:1 - nfs4 server:/files rw
42 22 0:37 / /home/ada/our\\040files/here rw - tmpfs tmpfs rw";
        let kind = |folder: &str| kind_of_mount(mounts, Path::new(folder)).unwrap();
        assert_eq!(kind("/home/ada"), "ext4");
        assert_eq!(kind("/mnt/c/Users/ada"), "9p");
        assert_eq!(kind("/mnt/cd"), "ext4");
        assert_eq!(kind("/home/ada/our files/workshop"), "nfs4");
        assert_eq!(kind("/home/ada/our files/here/workshop"), "tmpfs");
        assert!(is_network("9p") && is_network("nfs4") && !is_network("ext4"));
    }
}
