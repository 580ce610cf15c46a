//! For every check of exercise 5 there is a server that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use crate::common::broken::{AUTH_SERVER, failed, flaws_fail_alone};
use crate::common::{redacted, told};

flaws_fail_alone! {
    AUTH_SERVER:
    the_flaws_of_5_1_fail_it_alone "5.1"
    the_flaws_of_5_2_fail_it_alone "5.2"
    the_flaws_of_5_3_fail_it_alone "5.3"
    the_flaws_of_5_4_fail_it_alone "5.4"
    the_flaws_of_5_5_fail_it_alone "5.5"
    the_flaws_of_5_6_fail_it_alone "5.6"
    the_flaws_of_5_7_fail_it_alone "5.7"
    the_flaws_of_5_8_fail_it_alone "5.8"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    AUTH_SERVER.passes_with_what_is_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_not_started() {
    let mut all = String::new();
    for flaw in AUTH_SERVER.flaws_of("missing") {
        let report = AUTH_SERVER.check(&flaw, 7).await;
        assert_eq!(failed(&report), "", "{flaw}:\n{}", told(&report));
        all += &format!("== {flaw}\n{}\n", told(&report));
    }
    redacted().bind(|| insta::assert_snapshot!("not_started", all));
}
