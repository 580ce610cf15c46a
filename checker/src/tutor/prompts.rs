//! The prompts: what an attendee picks from a menu when they want to be tutored.
//!
//! Each says where the attendee is, and how to help without taking the work away.

use anyhow::Result;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ContentBlock, EmbeddedResource, PromptMessage, Role};
use rmcp::{ErrorData, prompt, prompt_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Tutor;
use super::code::files;
use super::resources::{contents_of, section_of};
use crate::course::{Exercise, Step};
use crate::workshop::{hints, select};

/// The arguments of a prompt about a step.
#[derive(Debug, Deserialize, JsonSchema)]
struct AboutStep {
    /// The step, as in 3.4. Without it, the one that you are at.
    step: Option<String>,
}

/// The arguments of `review_my_code`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Review {
    /// The exercise, as in ex3. Without it, the one that you are at.
    exercise: Option<String>,
}

/// What every prompt ends with.
const RULES: &str = "I want to learn this, so I want to write the code myself. Do not write it for \
me, do not edit my files, and do not open `solutions/`. One thing at a time, and wait for my \
answer.";

#[prompt_router(vis = "pub(super)")]
impl Tutor {
    /// Explains what a step is about, before you begin it.
    #[prompt(title = "What is this step about?")]
    fn introduce_step(
        &self,
        Parameters(wanted): Parameters<AboutStep>,
    ) -> Result<Vec<PromptMessage>, ErrorData> {
        let at = self.at(wanted.step.as_deref())?;
        Ok(self.with_section(
            &at,
            format!(
                "I am about to start {}.\n\nTell me in a few sentences what to do, why it matters, \
                 and which API I need, with a small example about something else. Then ask me how \
                 I would start.\n\n{RULES}",
                at.words
            ),
        ))
    }

    /// Helps you on at a step, with a question or a hint, not with the solution.
    #[prompt(title = "I am stuck")]
    fn i_am_stuck(
        &self,
        Parameters(wanted): Parameters<AboutStep>,
    ) -> Result<Vec<PromptMessage>, ErrorData> {
        let at = self.at(wanted.step.as_deref())?;
        let id = &at.step.id;
        Ok(self.with_section(
            &at,
            format!(
                "I am stuck at {}. I have seen {} of its {} hints.\n\n\
                 1. Call check_exercise with step {id} to see what my code does, and \
                 explain_finding if it failed.\n\
                 2. Ask me one question that leads me to the mistake, and wait.\n\
                 3. If my answer does not get me further, call next_hint with step {id} once, and \
                 tell me the hint in your own words.\n\n\
                 {RULES}",
                at.words,
                at.seen,
                at.step.hints.len()
            ),
        ))
    }

    /// Explains why the last check failed, line by line.
    #[prompt(title = "Explain my error")]
    fn explain_my_error(
        &self,
        Parameters(wanted): Parameters<AboutStep>,
    ) -> Result<Vec<PromptMessage>, ErrorData> {
        let at = self.at(wanted.step.as_deref())?;
        let id = &at.step.id;
        let text = format!(
            "A check of my code fails, and I do not understand why. I am at {}.\n\nCall \
             check_exercise with step {id}, then explain_finding with the same step. Go through \
             `sent`, `expected` and `got` with me: what the client asked, what it expected, and \
             what it got instead. If the code does not compile, say what the first error means. \
             Then show me where to look, and ask what I would change.\n\n{RULES}",
            at.words
        );
        Ok(vec![PromptMessage::new_text(Role::User, text)])
    }

    /// Reviews what you wrote for an exercise, beyond what the check sees.
    #[prompt(title = "Review my code")]
    fn review_my_code(
        &self,
        Parameters(wanted): Parameters<Review>,
    ) -> Result<Vec<PromptMessage>, ErrorData> {
        let exercise = self.exercise(wanted.exercise.as_deref()).map_err(refused)?;
        let short = exercise.short();
        let text = format!(
            "Review my code for exercise {} of the workshop: {}. My files follow.\n\nFirst call \
             check_exercise with exercise {short}, so that you know what works. Then name the two \
             or three things that matter most: what would confuse a model or a client, what could \
             panic or lose data if many clients call at once, and what could be simpler in Rust. \
             For each, say where, why, and ask how I would change it. Also say what is good. \
             Ignore what the TODO comments still ask for.\n\n{RULES}",
            exercise.number(),
            exercise.title
        );
        let files = files(&self.workshop.root, &exercise.id).map_err(refused)?;
        let mut messages = vec![PromptMessage::new_text(Role::User, text)];
        messages.extend(files.iter().map(|file| {
            let contents = EmbeddedResource::new(contents_of(exercise, file));
            PromptMessage::new(Role::User, ContentBlock::Resource(contents))
        }));
        Ok(messages)
    }
}

/// Where the attendee is.
struct At<'a> {
    step: &'a Step,
    /// How many hints were seen.
    seen: usize,
    /// As a sentence goes on after "at".
    words: String,
}

impl Tutor {
    fn at(&self, step: Option<&str>) -> Result<At<'_>, ErrorData> {
        // Clients send an argument that was left empty as an empty string.
        let step = step.map(str::trim).filter(|step| !step.is_empty());
        self.step(step)
            .map_err(|error| refused(self.with_names(error)))
    }

    fn step(&self, step: Option<&str>) -> Result<At<'_>> {
        let progress = self.workshop.progress.read()?;
        let (exercise, step) = hints::named(&self.workshop, &progress, step)?;
        let file = step.place.as_ref().map(|place| {
            let file = place.file_of(exercise);
            let block = place.anchor.as_ref();
            let block = block.map_or_else(String::new, |block| format!(", in the block {block}"));
            format!(". I write it in {}{block}", file.display())
        });
        Ok(At {
            step,
            seen: hints::seen(&progress, step),
            words: format!(
                "step {} of the workshop: {}{}",
                step.id,
                step.title,
                file.unwrap_or_default()
            ),
        })
    }

    fn exercise(&self, word: Option<&str>) -> Result<&Exercise> {
        let word = word.map(str::trim).filter(|word| !word.is_empty());
        let shown = select::shown(&self.workshop, word);
        match shown.map_err(|error| self.with_names(error))? {
            select::Selection::Exercise(exercise) | select::Selection::Step(exercise, _) => {
                Ok(exercise)
            }
            select::Selection::All => anyhow::bail!("name one exercise"),
        }
    }

    /// The text, and the section of the book about the step, where there is one.
    fn with_section(&self, at: &At<'_>, text: String) -> Vec<PromptMessage> {
        let mut messages = vec![PromptMessage::new_text(Role::User, text)];
        let book = at.step.book.as_deref();
        if let Some(Ok((uri, section))) = book.map(|book| section_of(&self.workshop, book)) {
            messages.push(PromptMessage::new_resource(
                Role::User,
                uri,
                Some("text/markdown".to_owned()),
                Some(section),
                None,
                None,
                None,
            ));
        }
        messages
    }
}

/// An argument that names nothing, or something that cannot be read.
fn refused(error: anyhow::Error) -> ErrorData {
    ErrorData::invalid_params(format!("{error:#}"), None)
}
