//! How many checks run at a time, and which is next when one of them is done.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::course::Step;

/// Places for checks that run. A step for which a long row of others waits goes first, or in the end
/// everybody waits for that row alone.
#[derive(Debug)]
pub(super) struct Slots {
    /// How many steps wait for a step, one after the other.
    rows: HashMap<String, usize>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    arrivals: usize,
    waiting: BTreeMap<(Reverse<usize>, usize), oneshot::Sender<Slot>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Slots>);

impl Slots {
    /// So many places for these steps.
    pub(super) fn new(free: usize, steps: &[&Step]) -> Arc<Self> {
        let mut rows: HashMap<String, usize> = HashMap::new();
        // Needs are always earlier steps, so one walk backwards counts them all.
        for step in steps.iter().rev() {
            let row = rows.get(&step.id).map_or(1, |row| row + 1);
            for need in &step.needs {
                let known = rows.entry(need.clone()).or_default();
                *known = row.max(*known);
            }
        }
        Arc::new(Self {
            rows,
            state: Mutex::new(State {
                free,
                arrivals: 0,
                waiting: BTreeMap::new(),
            }),
        })
    }

    /// Waits for a place.
    pub(super) async fn slot(self: &Arc<Self>, step: &Step) -> Slot {
        let row = self.rows.get(&step.id).copied().unwrap_or_default();
        let (sender, given) = oneshot::channel();
        {
            let mut state = self.state.lock();
            state.arrivals += 1;
            let arrival = state.arrivals;
            state.waiting.insert((Reverse(row), arrival), sender);
        }
        // Others that have waited for the same step come at the same moment.
        yield_now().await;
        self.hand_out();
        let given = given.await;
        given.unwrap_or_else(|_| unreachable!("what gives a place is kept until it has done so"))
    }

    /// Gives free places to those that wait.
    fn hand_out(self: &Arc<Self>) {
        while let Some(next) = self.next() {
            // Whoever no longer waits drops it, which gives it to the next.
            let _ = next.send(Slot(Arc::clone(self)));
        }
    }

    fn next(&self) -> Option<oneshot::Sender<Slot>> {
        let mut state = self.state.lock();
        if state.free == 0 {
            return None;
        }
        let (_, next) = state.waiting.pop_first()?;
        state.free -= 1;
        Some(next)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state.lock().free += 1;
        self.0.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use futures::future::join_all;

    use super::*;
    use crate::course::Course;

    #[tokio::test]
    async fn who_is_waited_for_the_most_goes_first_and_a_place_is_never_lost() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let course = Course::load(&root.join("course.toml")).unwrap();
        let (exercise, _) = course.step("4.1").unwrap();
        let steps: Vec<&Step> = exercise.steps.iter().collect();
        let slots = Slots::new(1, &steps);
        let order = Mutex::new(Vec::new());
        let wait = async |id: &str| {
            let (_, step) = course.step(id).unwrap();
            let _slot = slots.slot(step).await;
            order.lock().push(id.to_owned());
            yield_now().await;
        };
        {
            let (_, step) = course.step("4.6").unwrap();
            let mut gives_up = Box::pin(slots.slot(step));
            assert!(futures::poll!(&mut gives_up).is_pending());
        }
        join_all(["4.2", "4.10", "4.3", "4.6"].map(wait)).await;
        assert_eq!(*order.lock(), ["4.6", "4.10", "4.2", "4.3"]);
        assert_eq!(slots.state.lock().free, 1);
    }
}
