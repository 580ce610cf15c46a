//! For every check of exercise 1 there is a client that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use crate::common::broken::{CLIENT, failed, flaws_fail_alone};
use crate::common::told;

flaws_fail_alone! {
    CLIENT:
    the_flaws_of_1_2_fail_it_alone "1.2"
    the_flaws_of_1_3_fail_it_alone "1.3"
    the_flaws_of_1_4_fail_it_alone "1.4"
    the_flaws_of_1_5_fail_it_alone "1.5"
    the_flaws_of_1_6_fail_it_alone "1.6"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    CLIENT.passes_with_what_is_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escapes_in_a_result_are_noted_and_fail_no_step_that_does_not_ask_for_it() {
    let report = CLIENT.check("raw-escapes", 7).await;
    assert_eq!(failed(&report), "1.3", "{}", told(&report));
    let step = report.steps.iter().find(|step| step.id == "1.4").unwrap();
    for era in &step.eras {
        assert!(era.remarks[0].contains("escape characters"), "{era:?}");
    }
}
