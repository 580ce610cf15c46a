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

/// The time that this process has used, if it is of the group: from `/proc/ID/stat`, see proc_pid_stat(5).
#[cfg(target_os = "linux")]
fn time_in_group(id: u32, leader: u32) -> Option<Duration> {
    /// So many ticks are a second, on every Linux that Rust supports.
    const TICKS: u64 = 100;

    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program is in parentheses, and can contain spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let (group, user, system) = (number(2)?, number(11)?, number(12)?);
    let ticks = (group == u64::from(leader)).then_some(user + system)?;
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}
