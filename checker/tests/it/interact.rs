//! For every check of exercise 4 there is a server that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use crate::common::broken::{ASKING_SERVER, failed, flaws_fail_alone};
use crate::common::{redacted, told};

flaws_fail_alone! {
    ASKING_SERVER:
    the_flaws_of_4_1_fail_it_alone "4.1"
    the_flaws_of_4_2_fail_it_alone "4.2"
    the_flaws_of_4_3_fail_it_alone "4.3"
    the_flaws_of_4_4_fail_it_alone "4.4"
    the_flaws_of_4_5_fail_it_alone "4.5"
    the_flaws_of_4_6_fail_it_alone "4.6"
    the_flaws_of_4_7_fail_it_alone "4.7"
    the_flaws_of_4_10_fail_it_alone "4.10"
    the_flaws_of_4_11_fail_it_alone "4.11"
    the_flaws_of_4_12_fail_it_alone "4.12"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    ASKING_SERVER.passes_with_what_is_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_not_started() {
    let mut all = String::new();
    for flaw in ASKING_SERVER.flaws_of("missing") {
        let report = ASKING_SERVER.check(&flaw, 7).await;
        assert_eq!(failed(&report), "", "{flaw}:\n{}", told(&report));
        all += &format!("== {flaw}\n{}\n", told(&report));
    }
    redacted().bind(|| insta::assert_snapshot!("not_started", all));
}
