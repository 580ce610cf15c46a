//! The rows for people.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use anyhow::Result;

use super::rows::{Row, Sample};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();

/// `stolen` is the share of the cores' time that others on the host had meanwhile.
pub(super) fn print(rows: &[Row], stolen: Option<f64>) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let head = format!(
        "{:<38} {:<27} {:>22} {:>22} {:>7}  aim",
        "ours", "beside", "ours", "theirs", "ratio"
    );
    writeln!(out, "{STRONG}{head}{STRONG:#}")?;
    for row in rows {
        let (mark, style) = match row.is_met() {
            Some(true) => ("✓", GOOD),
            Some(false) => ("✗", BAD),
            None => (" ", Style::new()),
        };
        let aims = [row.aim, row.limit].into_iter().flatten();
        let aims: Vec<_> = aims.map(|aim| aim.to_string()).collect();
        writeln!(
            out,
            "{:<38} {:<27} {:>22} {:>22} {:>7.2}  {style}{mark}{style:#} {}",
            row.what,
            row.beside,
            shown(&row.ours, row.unit),
            shown(&row.theirs, row.unit),
            row.ratio,
            aims.join(", ")
        )?;
    }
    writeln!(out, "median (least–most), measured in turns")?;
    if let Some(stolen) = stolen {
        writeln!(
            out,
            "other programs used {:.1} % of the cores' time meanwhile",
            stolen * 100.0
        )?;
    }
    Ok(())
}

/// `1.00 (0.97–1.12) s`
fn shown(sample: &Sample, unit: &str) -> String {
    let digits = match sample.median {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    let Sample {
        median, min, max, ..
    } = sample;
    format!("{median:.digits$} ({min:.digits$}–{max:.digits$}) {unit}")
}
