//! For every check of exercise 2 there is an agent that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.
//!
//! It takes the model's answers as a stream; the solution takes them whole.

use crate::common::broken::{AGENT, flaws_fail_alone};

flaws_fail_alone! {
    AGENT:
    the_flaws_of_2_1_fail_it_alone "2.1"
    the_flaws_of_2_2_fail_it_alone "2.2"
    the_flaws_of_2_3_fail_it_alone "2.3"
    the_flaws_of_2_4_fail_it_alone "2.4"
    the_flaws_of_2_5_fail_it_alone "2.5"
    the_flaws_of_2_6_fail_it_alone "2.6"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    AGENT.passes_with_what_is_harmless().await;
}
