//! For every check of exercise 6 there is a server that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use crate::common::broken::{SHIP_SERVER, flaws_fail_alone};

flaws_fail_alone! {
    SHIP_SERVER:
    the_flaws_of_6_1_fail_it_alone "6.1"
    the_flaws_of_6_3_fail_it_alone "6.3"
    the_flaws_of_6_4_fail_it_alone "6.4"
}
