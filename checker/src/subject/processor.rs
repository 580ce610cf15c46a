//! How much a program calculates.

use std::time::Duration;

/// The processor time that a process and its group have used so far. `None` where the system does not tell,
/// as everywhere but on Linux.
#[cfg(target_os = "linux")]
pub fn time_of_group(leader: u32) -> Option<Duration> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok());
    let times = ids.filter_map(|id| time_in_group(id, leader));
    times.reduce(|sum, time| sum + time)
}

/// Elsewhere nothing is known.
#[cfg(not(target_os = "linux"))]
pub fn time_of_group(_leader: u32) -> Option<Duration> {
    None
}

/// The time that the threads of this process have used, if it is of the group. Other figures of the system are
/// in hundredths of a second, in which a busy machine may not get to a thread at all.
#[cfg(target_os = "linux")]
fn time_in_group(id: u32, leader: u32) -> Option<Duration> {
    // See proc_pid_stat(5). The name of the program is in parentheses, and can contain spaces.
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let group: u32 = fields.split_whitespace().nth(2)?.parse().ok()?;
    if group != leader {
        return None;
    }
    let threads = std::fs::read_dir(format!("/proc/{id}/task"))
        .ok()?
        .flatten();
    // The first number is the time on a processor, in nanoseconds.
    let times = threads.filter_map(|thread| {
        let times = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let nanoseconds = times.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    });
    times.reduce(|sum, time| sum + time)
}
