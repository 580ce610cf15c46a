//! For every check of exercise 3 there is a server that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use crate::common::broken::{SERVER, failed, flaws_fail_alone};
use crate::common::{redacted, told};

flaws_fail_alone! {
    SERVER:
    the_flaws_of_3_1_fail_it_alone "3.1"
    the_flaws_of_3_2_fail_it_alone "3.2"
    the_flaws_of_3_3_fail_it_alone "3.3"
    the_flaws_of_3_4_fail_it_alone "3.4"
    the_flaws_of_3_5_fail_it_alone "3.5"
    the_flaws_of_3_6_fail_it_alone "3.6"
    the_flaws_of_3_7_fail_it_alone "3.7"
    the_flaws_of_3_8_fail_it_alone "3.8"
    the_flaws_of_3_9_fail_it_alone "3.9"
    the_flaws_of_3_10_fail_it_alone "3.10"
    the_flaws_of_3_11_fail_it_alone "3.11"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    SERVER.passes_with_what_is_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_not_started() {
    let mut all = String::new();
    for flaw in SERVER.flaws_of("missing") {
        let report = SERVER.check(&flaw, 7).await;
        assert_eq!(failed(&report), "", "{flaw}:\n{}", told(&report));
        all += &format!("== {flaw}\n{}\n", told(&report));
    }
    redacted().bind(|| insta::assert_snapshot!("not_started", all));
}
