//! A check from the request to the report: build, find the subject, have it judged, and keep the
//! progress.

use thiserror::Error;
use tokio::sync::mpsc::UnboundedSender;

use super::ahead::Ahead;
use super::build::{self, Built};
use super::{CheckRequest, SubjectChoice, Workshop};
use crate::checks;
use crate::checks::symptoms::of_compile_error;
use crate::engine::{self, Plan, milliseconds};
use crate::events::Event;
use crate::fixtures::realm;
use crate::patience::Patience;
use crate::subject::guard::Guard;
use crate::subject::{Subject, reach};
use crate::verdict::{CompileError, ExerciseReport};

/// Why a check did not end as it should.
#[derive(Debug, Error)]
pub enum CheckError {
    /// There is nothing to check: it cannot be built, reached or started. No report was sent.
    #[error(transparent)]
    NoSubject(#[from] anyhow::Error),
    /// The report was sent, and the progress could not be kept.
    #[error("the result above is valid, but your progress could not be saved: {0:#}")]
    NotKept(anyhow::Error),
}

impl Workshop {
    /// Checks one exercise, or one step of it. The last event is the report, also where the code
    /// does not compile.
    ///
    /// # Errors
    ///
    /// See [`CheckError`].
    pub async fn check(
        &self,
        request: &CheckRequest<'_>,
        guard: &Guard,
        events: &UnboundedSender<Event>,
    ) -> Result<(), CheckError> {
        let report = self.judged(request, guard, events).await?;
        let compiles = report.compile_error.is_none();
        // Whoever listens may be gone.
        let _ = events.send(Event::Finished(Box::new(report.clone())));
        // At once: what comes after may be stopped, and nobody may be reading the report. Code
        // that does not compile is code being written: it takes back no step.
        if compiles && request.is_for_progress() {
            self.record(&report).map_err(CheckError::NotKept)?;
        }
        Ok(())
    }

    async fn judged(
        &self,
        request: &CheckRequest<'_>,
        guard: &Guard,
        events: &UnboundedSender<Event>,
    ) -> anyhow::Result<ExerciseReport> {
        let exercise = request.exercise;
        let plan = Plan {
            exercise,
            step: request.step.map(|step| step.id.as_str()),
            eras: request.eras,
            seed: request.seed,
            kind: request.subject.kind(),
            folder: match request.subject {
                SubjectChoice::Solution => self.solution_of(exercise),
                _ => self.folder_of(exercise),
            },
            places: &request.places(self),
            root: self.root.clone(),
            settings: match request.subject {
                SubjectChoice::Solution => self.solution_of(exercise),
                _ => self.root.clone(),
            },
            patience: Patience::default(),
            realm: request.realm.clone(),
            database: request.database.clone(),
            options: request.options(),
        };
        if checks::takes_tokens(exercise) && request.realm.is_none() {
            realm::keys::begin();
        }
        let begin = || {
            let exercise = exercise.clone();
            let _ = events.send(Event::Checking { exercise });
        };
        let (subject, build_ms) = match &request.subject {
            SubjectChoice::Url(url) => (reach::url(url, checks::takes_tokens(exercise)).await?, 0),
            SubjectChoice::Command(command) => (reach::command(command, guard).await?, 0),
            SubjectChoice::Starter | SubjectChoice::Solution => {
                let solution = matches!(request.subject, SubjectChoice::Solution);
                let building = build::program(self, exercise, solution, guard, events);
                let (built, report) = match Ahead::find(self, exercise, solution, guard) {
                    Some(ahead) => ahead.check(&plan, building, begin, events).await?,
                    None => (building.await?, None),
                };
                match (built, report) {
                    (Built::Program(_, took), Some(report)) => {
                        let build_ms = milliseconds(took);
                        return Ok(ExerciseReport { build_ms, ..report });
                    }
                    (Built::Program(program, took), None) => {
                        (Subject::Program(program), milliseconds(took))
                    }
                    (Built::Broken { first, others }, _) => {
                        begin();
                        let note = of_compile_error(&first);
                        let error = CompileError {
                            first,
                            others,
                            note,
                        };
                        return Ok(engine::uncompiled(&plan, error));
                    }
                }
            }
        };
        begin();
        let report = engine::check(&plan, &subject, events).await;
        Ok(ExerciseReport { build_ms, ..report })
    }

    fn record(&self, report: &ExerciseReport) -> anyhow::Result<()> {
        self.progress.update(|progress| {
            for step in &report.steps {
                progress.record(step);
            }
        })?;
        Ok(())
    }
}
