//! For every check of exercise 6 there is a server that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use crate::common::broken::{SHIP_SERVER, failed, flaws_fail_alone};
use crate::common::{redacted, told};

flaws_fail_alone! {
    SHIP_SERVER:
    the_flaws_of_6_1_fail_it_alone "6.1"
    the_flaws_of_6_2_fail_it_alone "6.2"
    the_flaws_of_6_3_fail_it_alone "6.3"
    the_flaws_of_6_4_fail_it_alone "6.4"
    the_flaws_of_6_5_fail_it_alone "6.5"
    the_flaws_of_6_6_fail_it_alone "6.6"
    the_flaws_of_6_7_fail_it_alone "6.7"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    SHIP_SERVER.passes_with_what_is_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_not_started() {
    let mut all = String::new();
    for flaw in SHIP_SERVER.flaws_of("missing") {
        let report = SHIP_SERVER.check(&flaw, 7).await;
        assert_eq!(failed(&report), "", "{flaw}:\n{}", told(&report));
        all += &format!("== {flaw}\n{}\n", told(&report));
    }
    redacted().bind(|| insta::assert_snapshot!("not_started", all));
}
