//! Steps × eras → verdicts.
//!
//! - [`judge`] runs one check against one server, with an eye on the process,
//! - [`places`] finds the lines that findings point at,
//! - [`slots`] says how many checks run at a time, and which is next.
//!
//! What can run side by side does: both eras, and all steps that have a process of their own.
//! Steps that only read share a process, one after the other, so that what the process prints
//! belongs to one step.

mod judge;
mod places;
mod shared;
mod slots;
mod unmarked;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use reqwest::Url;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

pub use self::places::{Places, Written};

use self::judge::Judge;
use self::slots::Slots;
use crate::checks::{self, Eras};
use crate::course::{Exercise, Step};
use crate::events::Event;
use crate::mcp::Era;
use crate::patience::Patience;
use crate::subject::Subject;
use crate::verdict::{
    Code, CompileError, EraReport, ExerciseReport, Finding, Location, NotStarted, Outcome,
    StepReport, SubjectKind,
};

/// What to check.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// The one step to report, with what it needs checked first; all when `None`.
    pub step: Option<&'a str>,
    /// The eras to speak.
    pub eras: &'a [Era],
    /// Draws every random argument: the same seed sends the same.
    pub seed: u64,
    /// What is checked, for reports.
    pub kind: SubjectKind,
    /// The folder of the crate that is checked, or would be.
    pub folder: PathBuf,
    /// Where findings point.
    pub places: &'a Places,
    /// The workshop's root.
    pub root: PathBuf,
    /// The folder in which the settings of editors and agents are looked for.
    pub settings: PathBuf,
    /// How long it waits for the subject.
    pub patience: Patience,
    /// The realm whose tokens the subject takes, where it is not the checker's own.
    pub realm: Option<Url>,
    /// The PostgreSQL in which the subject's databases are, where they are not files.
    pub database: Option<Url>,
    /// The options with which `cargo checker check` checks the same subject again: `--solution`.
    pub options: Vec<String>,
}

/// Checks the subject as the plan says, and tells `events` about each step.
pub async fn check(
    plan: &Plan<'_>,
    subject: &Subject,
    events: &UnboundedSender<Event>,
) -> ExerciseReport {
    let begin = Instant::now();
    let steps = plan.steps_to_run();
    if let Some(why) = plan.step.and_then(checks::takes_minutes) {
        let _ = events.send(Event::TakesMinutes(why));
    }
    let parallel = match subject {
        // Its stock is shared by all that the checks do.
        Subject::Url(_) => 1,
        Subject::Program(_) | Subject::Command(_) => {
            std::thread::available_parallelism().map_or(2, usize::from) + 1
        }
    };
    let slots = Slots::new(parallel, &steps);
    let judge = |era: &Era| Judge::new(plan, subject, Some(*era));
    let each: Vec<Judge<'_>> = plan.eras.iter().map(judge).collect();
    let once = [Judge::new(plan, subject, None)];
    let board = Board::new(&steps, plan.eras);

    let mut running: FuturesUnordered<_> = steps
        .iter()
        .enumerate()
        .map(|(position, step)| {
            let (board, slots) = (&board, &slots);
            let judges = match checks::eras_of(&step.id) {
                Eras::Each => each.as_slice(),
                Eras::Once => once.as_slice(),
            };
            async move {
                let on_each_era = judges.iter().map(|judge| run(judge, step, board, slots));
                let eras = join_all(on_each_era).await;
                let report = StepReport::of(step, eras);
                // There is nothing more to write for a step that has passed.
                let places = match report.outcome {
                    Outcome::Passed => Vec::new(),
                    _ => plan.places.to_write(step, &report.eras),
                };
                (
                    position,
                    StepReport {
                        places,
                        again: plan.again(step),
                        ..report
                    },
                )
            }
        })
        .collect();

    // Reported in the order of the course, each as soon as all before it are done.
    let mut done: Vec<Option<StepReport>> = vec![None; steps.len()];
    let mut reported = Vec::new();
    while let Some((position, report)) = running.next().await {
        done[position] = Some(report);
        while let Some(report) = done.get_mut(reported.len()).and_then(Option::take) {
            if plan.step.is_none_or(|wanted| wanted == report.id) {
                let _ = events.send(Event::Step(Box::new(report.clone())));
            }
            reported.push(report);
        }
    }
    reported.retain(|report| plan.step.is_none_or(|wanted| wanted == report.id));
    ExerciseReport {
        id: plan.exercise.id.clone(),
        title: plan.exercise.title.clone(),
        subject: plan.kind,
        build_ms: 0,
        check_ms: milliseconds(begin.elapsed()),
        steps: reported,
        compile_error: None,
    }
}

/// The report for code that does not compile: the first step that is reached fails, and all
/// others wait. A step that was asked for alone is the first that is reached.
pub fn uncompiled(plan: &Plan<'_>, error: CompileError) -> ExerciseReport {
    // Only a terminal wants the colors that rustc draws with.
    let first = anstream::adapter::strip_str(&error.first).to_string();
    let finding = Finding::new(Code::DoesNotCompile)
        .expected("code that compiles")
        .got(match error.others {
            0 => first,
            others => format!("{first}\nand {others} more"),
        })
        .why("Nothing can be checked until the code compiles. The first error is often the cause of the others.");
    let report = |step: &Step, era| match step.needs.first() {
        Some(need) if plan.step.is_none() => EraReport {
            not_started: Some(NotStarted::Needs(need.clone())),
            ..EraReport::new(era, Outcome::NotStarted)
        },
        _ => EraReport {
            findings: vec![Finding {
                location: Location::Nowhere,
                next: vec![plan.again(step)],
                ..finding.clone()
            }],
            ..EraReport::new(era, Outcome::Failed)
        },
    };
    let steps = plan.steps_to_run().into_iter().map(|step| {
        let eras: Vec<Option<Era>> = match checks::eras_of(&step.id) {
            Eras::Each => plan.eras.iter().copied().map(Some).collect(),
            Eras::Once => vec![None],
        };
        let eras = eras.into_iter().map(|era| report(step, era)).collect();
        StepReport::of(step, eras)
    });
    let wanted = |report: &StepReport| plan.step.is_none_or(|wanted| wanted == report.id);
    ExerciseReport {
        id: plan.exercise.id.clone(),
        title: plan.exercise.title.clone(),
        subject: plan.kind,
        build_ms: 0,
        check_ms: 0,
        steps: steps.filter(wanted).collect(),
        compile_error: Some(error),
    }
}

/// Waits for what the step needs, then has it judged.
async fn run(judge: &Judge<'_>, step: &Step, board: &Board, slots: &Arc<Slots>) -> EraReport {
    let era = judge.era();
    let mut missing = None;
    for need in &step.needs {
        let posted = board.wait_for(need, era).await;
        if posted.outcome != Outcome::Passed && missing.is_none() {
            missing = Some(posted);
        }
    }
    let root = missing
        .as_ref()
        .map_or(&step.id, |posted| &posted.root)
        .clone();
    let report = match missing {
        // What cannot be told of the one cannot be told of the other.
        Some(Posted {
            could_not: Some(reason),
            ..
        }) => EraReport {
            could_not: Some(reason),
            ..EraReport::new(era, Outcome::CouldNotCheck)
        },
        Some(_) => EraReport {
            not_started: Some(NotStarted::Needs(root.clone())),
            ..EraReport::new(era, Outcome::NotStarted)
        },
        None => judge.judge(step, slots).await,
    };
    board.post(&step.id, &report, root);
    report
}

impl<'a> Plan<'a> {
    /// The command that checks a step again.
    fn again(&self, step: &Step) -> String {
        let words = ["cargo checker check", &step.id].into_iter();
        let options = self.options.iter().map(String::as_str);
        words.chain(options).collect::<Vec<_>>().join(" ")
    }

    /// The wanted step with everything that it needs, in order; or all.
    pub fn steps_to_run(&self) -> Vec<&'a Step> {
        let steps = &self.exercise.steps;
        let Some(wanted) = self.step else {
            return steps.iter().collect();
        };
        let mut needed = vec![wanted];
        // Needs are always earlier steps, so one walk backwards finds them all.
        for step in steps.iter().rev() {
            if needed.contains(&step.id.as_str()) {
                needed.extend(step.needs.iter().map(String::as_str));
            }
        }
        steps
            .iter()
            .filter(|step| needed.contains(&step.id.as_str()))
            .collect()
    }
}

/// Where each step on each era posts what became of it, for those that need it.
struct Board {
    posts: HashMap<(String, Option<Era>), watch::Sender<Option<Posted>>>,
    eras: Vec<Era>,
}

/// What those that need a step have to know of it.
#[derive(Clone)]
struct Posted {
    outcome: Outcome,
    /// The step itself, or the first that it waits for: the one to work on.
    root: String,
    could_not: Option<String>,
}

impl Board {
    fn new(steps: &[&Step], eras: &[Era]) -> Self {
        let each = steps.iter().flat_map(|step| {
            let eras = eras.iter().copied().map(Some).chain([None]);
            eras.map(|era| (step.id.clone(), era))
        });
        Self {
            posts: each.map(|key| (key, watch::Sender::new(None))).collect(),
            eras: eras.to_vec(),
        }
    }

    /// What became of a step in this era. A step to which no era applies waits for all of them.
    async fn wait_for(&self, step: &str, era: Option<Era>) -> Posted {
        let (Eras::Each, None) = (checks::eras_of(step), era) else {
            return self.wait_on(step, era).await;
        };
        let mut last = self.wait_on(step, self.eras.first().copied()).await;
        for era in self.eras.iter().skip(1) {
            let posted = self.wait_on(step, Some(*era)).await;
            if last.outcome == Outcome::Passed {
                last = posted;
            }
        }
        last
    }

    async fn wait_on(&self, step: &str, era: Option<Era>) -> Posted {
        let nothing = Posted {
            outcome: Outcome::NotStarted,
            root: step.to_owned(),
            could_not: None,
        };
        let era = match checks::eras_of(step) {
            Eras::Each => era,
            Eras::Once => None,
        };
        let Some(sender) = self.posts.get(&(step.to_owned(), era)) else {
            return nothing;
        };
        let mut posted = sender.subscribe();
        let posted = posted.wait_for(Option::is_some).await;
        posted
            .ok()
            .and_then(|posted| posted.clone())
            .unwrap_or(nothing)
    }

    fn post(&self, step: &str, report: &EraReport, root: String) {
        if let Some(sender) = self.posts.get(&(step.to_owned(), report.era)) {
            sender.send_replace(Some(Posted {
                outcome: report.outcome,
                root,
                could_not: report.could_not.clone(),
            }));
        }
    }
}

/// Whole milliseconds, for reports.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
