//! Who is signed in at a store: users of the realm, and their tokens.

use crate::checks::{Checked, Stop};
use crate::fixtures::IdentityRealm;

/// The names of two users.
pub fn two_users(realm: &IdentityRealm) -> Checked<[&str; 2]> {
    let mut users = realm.users();
    match (users.next(), users.next()) {
        (Some(one), Some(other)) => Ok([one, other]),
        _ => Err(Stop::CouldNotCheck(
            "the realm has fewer than two users".to_owned(),
        )),
    }
}

/// A good token of this user.
pub async fn token(realm: &IdentityRealm, user: &str) -> Checked<String> {
    realm.token(user).await.map_err(Stop::CouldNotCheck)
}
