//! `cargo checker agenda`: the timetable of the workshop.

use std::io::Write;

use anstyle::Style;
use anyhow::Result;

use super::PASSED;
use crate::cli::{Agenda, TimeOfDay};
use crate::course::{Course, Module, clock};
use crate::report::wrapped;
use crate::workshop::Workshop;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where the titles begin.
const INDENT: &str = "                     ";

const MINUTES_OF_A_DAY: u32 = 24 * 60;

pub(super) fn run(workshop: &Workshop, arguments: &Agenda) -> Result<u8> {
    let course = &workshop.course;
    let mut out = anstream::stdout().lock();
    let title = format!(
        "{STRONG}{}{STRONG:#}: {}",
        course.title,
        lasting(course.minutes())
    );
    writeln!(out, "{}\n", wrapped(&title, "", ""))?;
    writeln!(out, "{FAINT} from     to   min{FAINT:#}")?;
    for (begin, module) in course.timetable() {
        let end = begin + module.minutes;
        let [from, to] = [begin, end].map(|minutes| time(arguments.start, minutes));
        let minutes = module.minutes;
        let what = wrapped(&what(module, course), INDENT, INDENT);
        writeln!(
            out,
            "{from:>5}  {to:>5}  {minutes:>4}  {}",
            what.trim_start()
        )?;
    }
    Ok(PASSED)
}

/// What a part is about, with what there is for those who are early.
fn what(module: &Module, course: &Course) -> String {
    let bonus = module.bonus.as_deref().and_then(|id| course.exercise(id));
    let bonus = bonus.map(|bonus| format!(" {FAINT}(bonus: exercise {}){FAINT:#}", bonus.number()));
    format!(
        "{}{}",
        module.title.replace('`', ""),
        bonus.unwrap_or_default()
    )
}

/// `1:05` after the beginning, or `10:05` by the clock.
fn time(start: Option<TimeOfDay>, minutes: u32) -> String {
    match start {
        None => clock(minutes),
        Some(TimeOfDay { minutes: start }) => {
            let minutes = (start + minutes) % MINUTES_OF_A_DAY;
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}

/// `3 h 30 min`.
fn lasting(minutes: u32) -> String {
    format!("{} h {} min", minutes / 60, minutes % 60)
}
