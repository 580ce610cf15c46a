//! A browser, for the tests that need one.

use std::io::Write;

use checker::course::Exercise;
use checker::fixtures::browser::find::find;

/// Set to `required`, a test that needs a browser fails where there is none. `cargo interop` does.
const VARIABLE: &str = "CHECKER_BROWSER";

/// The steps that are checked in a browser.
pub const STEPS: [&str; 2] = ["4.8", "4.9"];

/// Whether a test can use a browser. Where it cannot, this says so.
pub fn is_there(test: &str) -> bool {
    if find().is_ok() || std::env::var(VARIABLE).is_ok_and(|value| value == "required") {
        return true;
    }
    let words = format!(
        "NOT RUN, as no browser is installed: {test}. `cargo interop browser` installs one and runs it.\n"
    );
    // Not eprint, which a test that passes keeps to itself.
    let _ = std::io::stderr().write_all(words.as_bytes());
    false
}

/// Takes out the steps that are neither checked in a browser nor needed by one that is.
pub fn leave_what_needs_it(exercise: &mut Exercise) {
    leave(exercise, &STEPS);
}

/// Takes out all steps but these and those that they need.
pub fn leave(exercise: &mut Exercise, steps: &[&str]) {
    let mut needed: Vec<String> = steps.iter().map(|&step| step.to_owned()).collect();
    // Needs are always earlier steps, so one walk backwards finds them all.
    for step in exercise.steps.iter().rev() {
        if needed.contains(&step.id) {
            needed.extend(step.needs.iter().cloned());
        }
    }
    exercise.steps.retain(|step| needed.contains(&step.id));
}
