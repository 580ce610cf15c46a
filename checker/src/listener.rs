//! Who listens on a port of this machine. Linux tells it in `/proc`; elsewhere a program of the system does.

use std::fmt;

/// A process that listens.
#[derive(Debug, PartialEq, Eq)]
pub struct Listener {
    id: u32,
    /// Empty where the system does not tell it.
    name: String,
}

impl Listener {
    /// Whether it is one of the programs that this workspace builds.
    pub fn is_an_exercise(&self) -> bool {
        let rest = self.name.strip_prefix("ex").unwrap_or_default();
        let number = rest.split('_').next().unwrap_or_default();
        rest.contains('_') && number.parse::<u32>().is_ok()
    }

    /// The command that stops it.
    pub fn stop(&self) -> String {
        if cfg!(windows) {
            format!("taskkill /PID {}", self.id)
        } else {
            format!("kill {}", self.id)
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "the process {}", self.id),
            name => write!(f, "{name} (pid {})", self.id),
        }
    }
}

/// The command that names who listens, for someone who may ask more than the checker.
pub fn name_it(port: u16) -> String {
    if cfg!(windows) {
        format!("Get-NetTCPConnection -State Listen -LocalPort {port}")
    } else {
        format!("sudo lsof -nP -iTCP:{port} -sTCP:LISTEN")
    }
}

/// Who listens on a port of this machine, if the system tells.
#[cfg(target_os = "linux")]
pub fn of(port: u16) -> Option<Listener> {
    use std::fs;

    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let sockets: Vec<String> = tables
        .into_iter()
        .flatten()
        .flat_map(|table| sockets(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let holds_one = |process: &std::path::Path| {
        let open = fs::read_dir(process.join("fd"));
        open.into_iter().flatten().flatten().any(|file| {
            let link = fs::read_link(file.path()).unwrap_or_default();
            sockets.iter().any(|socket| link.as_os_str() == &**socket)
        })
    };
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let process = entry.path();
        // The name of the file says more than `comm`, which ends after 15 letters.
        let name = fs::read_link(process.join("exe")).ok();
        let name = name.and_then(|exe| Some(exe.file_name()?.to_string_lossy().into_owned()));
        holds_one(&process).then(|| Listener {
            id,
            name: name.unwrap_or_default(),
        })
    })
}

/// As above.
#[cfg(windows)]
pub fn of(port: u16) -> Option<Listener> {
    let table = output("netstat", &["-ano", "-p", "TCP"])?;
    let id = in_netstat(&table, port)?;
    let filter = format!("PID eq {id}");
    let task = output("tasklist", &["/NH", "/FO", "CSV", "/FI", &filter]).unwrap_or_default();
    let name = task.trim().trim_start_matches('"').split('"').next()?;
    let name = name.trim_end_matches(".exe").to_owned();
    Some(Listener { id, name })
}

/// As above.
#[cfg(not(any(target_os = "linux", windows)))]
pub fn of(port: u16) -> Option<Listener> {
    let port = format!("-iTCP:{port}");
    in_lsof(&output("lsof", &["-nP", &port, "-sTCP:LISTEN", "-Fpc"])?)
}

#[cfg(not(target_os = "linux"))]
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output();
    Some(String::from_utf8_lossy(&output.ok()?.stdout).into_owned())
}

/// The inodes of the sockets that listen on `port`, in the format of `/proc/net/tcp`.
#[cfg(any(target_os = "linux", test))]
fn sockets(table: &str, port: u16) -> Vec<String> {
    const LISTENS: &str = "0A";
    let port = format!(":{port:04X}");
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields.len() > 9 && fields[1].ends_with(&port) && fields[3] == LISTENS)
        .map(|fields| fields[9].to_owned())
        .collect()
}

/// The process id in what `netstat -ano` prints. The word for "listening" is translated, so
/// it is known by the foreign address: none.
#[cfg(any(windows, test))]
fn in_netstat(table: &str, port: u16) -> Option<u32> {
    let port = format!(":{port}");
    let mut rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| {
        row.len() > 3 && row[1].ends_with(&port) && matches!(row[2], "0.0.0.0:0" | "[::]:0")
    })?;
    row.last()?.parse().ok()
}

/// The process in what `lsof -Fpc` prints: `p4711`, then `cpython3`.
#[cfg(any(not(any(target_os = "linux", windows)), test))]
fn in_lsof(fields: &str) -> Option<Listener> {
    let field = |letter: char| fields.lines().find_map(|line| line.strip_prefix(letter));
    Some(Listener {
        id: field('p')?.parse().ok()?,
        name: field('c').unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listening_socket_alone_is_found_in_the_table_of_linux() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:20E4 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5511 1
   1: 0100007F:20E4 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 5512 1
   2: 0100007F:1FF4 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5513 1";
        assert_eq!(sockets(table, 8420), ["5511"]);
        assert_eq!(sockets(table, 8180), ["5513"]);
        assert_eq!(sockets(table, 80), [] as [&str; 0]);
    }

    #[test]
    fn the_process_is_found_in_what_netstat_and_lsof_print() {
        let netstat = "\
  Proto  Local Address          Foreign Address        State           PID
  TCP    127.0.0.1:8420         127.0.0.1:50211        HERGESTELLT     12
  TCP    127.0.0.1:8420         0.0.0.0:0              ABHÖREN         4711";
        assert_eq!(in_netstat(netstat, 8420), Some(4711));
        assert_eq!(in_netstat(netstat, 420), None);
        let python = Listener {
            id: 4711,
            name: "python3".to_owned(),
        };
        assert_eq!(python.to_string(), "python3 (pid 4711)");
        assert_eq!(in_lsof("p4711\ncpython3\nf3\n"), Some(python));
        assert_eq!(in_lsof(""), None);
    }

    #[test]
    fn an_exercise_is_known_by_its_name() {
        let is = |name: &str| {
            let name = name.to_owned();
            Listener { id: 1, name }.is_an_exercise()
        };
        assert!(is("ex3_store") && is("ex3_store_solution"));
        assert!(!is("python3") && !is("exim") && !is("ex3") && !is("ex_store"));
    }
}
