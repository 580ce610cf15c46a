//! The TODO blocks of exercise 5 that findings point at.

use crate::blocks::TodoBlock;
use crate::verdict::{Location, Spot};

const AUTH: &str = "src/auth.rs";

/// With this, `jsonwebtoken` takes every signature for a good one.
const SKIPPED: &str = "insecure_disable_signature_validation";

const REALM: &str = "src/realm.rs";

/// The document that says who protects the store.
pub const METADATA: TodoBlock = auth("step_5_1");
/// What is answered to who has no good token.
pub const CHALLENGE: TodoBlock = auth("step_5_2");
/// Where a token is looked at.
pub const VERIFY: TodoBlock = auth("step_5_3");
/// What must be so for a token to be good.
pub const RULES: TodoBlock = auth("step_5_4");
/// Which kind of token it is.
pub const KIND: TodoBlock = auth("step_5_4_type");
/// Whether a scope is among those of a token.
pub const SCOPE: TodoBlock = auth("step_5_5");
/// What is answered to who lacks it.
pub const SCOPE_REFUSAL: TodoBlock = auth("step_5_5_refusal");
/// When the realm is asked for its keys.
pub const KEYS: TodoBlock = TodoBlock {
    file: REALM,
    name: "step_5_6",
};
/// The receipt, with its buyer.
pub const RECEIPT: TodoBlock = store("step_5_7_receipt");
/// What `buy_product` declares to give.
pub const RECEIPT_SCHEMA: TodoBlock = store("step_5_7_schema");
/// `my_orders`.
pub const ORDERS: TodoBlock = store("step_5_7_orders");
/// What a confirmation is good for.
pub const CONFIRMATION: TodoBlock = TodoBlock {
    file: "src/confirm.rs",
    name: "step_5_7_confirmation",
};
/// Whose tasks they are.
pub const TASKS: TodoBlock = TodoBlock {
    file: "src/tasks.rs",
    name: "step_5_7_tasks",
};

/// Which routes are behind the door, and which are beside it.
pub fn routes() -> Location {
    Location::from(Spot::code(AUTH, "fn protect")).or(Spot::File(AUTH))
}

/// Where each request is stopped.
pub fn door() -> Location {
    Location::from(Spot::code(AUTH, "fn require_token")).or(Spot::File(AUTH))
}

/// Where the token of a request is.
pub fn header() -> Location {
    Location::from(Spot::code(AUTH, "fn bearer")).or(Spot::File(AUTH))
}

/// Where it is said that a token ends.
pub fn expiry() -> Location {
    rule(&["validate_exp", "leeway"])
}

/// When a token begins.
pub fn begin() -> Location {
    rule(&["validate_nbf"])
}

/// Whose tokens are good.
pub fn issuer() -> Location {
    rule(&["set_issuer"])
}

/// For whom a token must be.
pub fn audience() -> Location {
    rule(&["validate_aud", "set_audience"])
}

/// That it must be for somebody.
pub fn some_audience() -> Location {
    rule(&["validate_aud", "set_required_spec_claims", "set_audience"])
}

/// Which claims must be there.
pub fn required() -> Location {
    rule(&["set_required_spec_claims"])
}

/// Which algorithms a token may be signed with.
pub fn algorithm() -> Location {
    let skipped = Spot::code(AUTH, SKIPPED);
    Location::from(skipped).or(rule(&["Algorithm::HS256"]))
}

/// Where a signature is compared.
pub fn signature() -> Location {
    Location::from(Spot::code(AUTH, SKIPPED)).or(VERIFY)
}

/// Which key a token names.
pub fn kid() -> Location {
    Location::from(Spot::code(AUTH, "header.kid")).or(key())
}

/// Which kind of token it is.
pub fn kind() -> Location {
    Location::from(Spot::InBlock(KIND, "typ")).or(KIND)
}

/// What makes a store refuse every good token, if that is there: nobody signs with HS256 here, and
/// Keycloak's tokens have no `nbf`.
pub fn never_right() -> Location {
    let spots = ["Algorithm::HS256", "\"nbf\""];
    Location::First(spots.map(|words| Spot::code(AUTH, words)).into())
}

/// What a library's reason for refusing a token is about.
pub fn of_reason(words: &str) -> Location {
    let reasons = [
        ("InvalidAudience", audience()),
        ("InvalidIssuer", issuer()),
        ("InvalidAlgorithm", algorithm()),
        ("ImmatureSignature", begin()),
        ("ExpiredSignature", expiry()),
        ("Missing required claim", required()),
    ];
    let mut reasons = reasons.into_iter();
    let found = reasons.find(|(reason, _)| words.contains(reason));
    found.map(|(_, place)| place).unwrap_or_default()
}

/// The first of these words that is there, or else all of the rules.
fn rule(words: &[&'static str]) -> Location {
    let spots = words.iter().map(|words| Spot::code(AUTH, words));
    Location::First(spots.collect()).or(RULES)
}

/// Where a token's key is looked for.
pub fn key() -> Location {
    Location::from(Spot::code(AUTH, "fn key_of")).or(Spot::File(AUTH))
}

/// Where the realm's keys come in.
pub fn fetch() -> Location {
    Location::from(Spot::code(REALM, "async fn fetch")).or(KEYS)
}

/// Which of the realm's keys sign.
pub fn signing_keys() -> Location {
    Location::from(Spot::code(REALM, "fn signs")).or(KEYS)
}

/// Whose session it is.
pub fn sessions() -> Location {
    Location::from(Spot::code("src/sessions.rs", "fn keep_apart")).or(door())
}

const fn auth(name: &'static str) -> TodoBlock {
    let file = AUTH;
    TodoBlock { file, name }
}

const fn store(name: &'static str) -> TodoBlock {
    let file = "src/store.rs";
    TodoBlock { file, name }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::blocks::tests::are_in_starter_and_solution;
    use crate::course::Course;
    use crate::engine::Places;

    /// The line that a place leads to in an `auth.rs` of this text.
    fn line_in(text: &str, place: Location) -> String {
        let root = TempDir::new().unwrap();
        let file = root.path().join("ex5_auth").join(AUTH);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        let workshop = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let course = Course::load(&workshop.join("course.toml")).unwrap();
        let (_, step) = course.step("5.4").unwrap();
        let places = Places::in_folder(root.path(), &root.path().join("ex5_auth"));
        let found = places.of_finding(place, step);
        let line = found.position().and_then(|position| position.line).unwrap();
        let line = text.lines().nth(line as usize - 1).unwrap();
        line.trim().to_owned()
    }

    const RULES_OF_AN_ATTENDEE: &str = "
        let kid = header.kid.unwrap_or_default();
        // ANCHOR: step_5_3
        self.verify(&token, &key)
        // ANCHOR_END: step_5_3
        // ANCHOR: step_5_4_type
        let claims = decode::<Claims>(token, key, &self.rules())?.claims;
        if claims.typ == \"ID\" {
        // ANCHOR_END: step_5_4_type
        // ANCHOR: step_5_4
        // set_issuer and validate_nbf are missing.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[\"account\"]);
        rules.set_required_spec_claims(&[\"exp\", \"nbf\"]);
        rules.leeway = 3600;
        // ANCHOR_END: step_5_4
    ";

    const REQUIRED: &str = "rules.set_required_spec_claims(&[\"exp\", \"nbf\"]);";
    const AUDIENCE: &str = "rules.set_audience(&[\"account\"]);";
    const ALGORITHM: &str = "let mut rules = Validation::new(Algorithm::HS256);";
    const BLOCK: &str = "// set_issuer and validate_nbf are missing.";
    const VERIFIES: &str = "self.verify(&token, &key)";

    #[test]
    fn a_finding_points_at_the_line_that_is_about_its_claim() {
        let at = |place| line_in(RULES_OF_AN_ATTENDEE, place);
        assert_eq!(at(expiry()), "rules.leeway = 3600;");
        assert_eq!(at(required()), REQUIRED);
        assert_eq!(at(audience()), AUDIENCE);
        assert_eq!(at(some_audience()), REQUIRED);
        assert_eq!(at(algorithm()), ALGORITHM);
        assert_eq!(at(kind()), "if claims.typ == \"ID\" {");
        assert_eq!(at(kid()), "let kid = header.kid.unwrap_or_default();");
        assert_eq!(at(signature()), VERIFIES);
        // What is missing has no line.
        assert_eq!(at(issuer()), BLOCK);
        assert_eq!(at(begin()), BLOCK);
    }

    #[test]
    fn a_refused_token_points_at_what_refuses_it() {
        let at = |place: Location| line_in(RULES_OF_AN_ATTENDEE, place.or(VERIFY));
        assert_eq!(at(never_right()), ALGORITHM);
        assert_eq!(at(of_reason("refused: InvalidAlgorithm")), ALGORITHM);
        assert_eq!(at(of_reason("Missing required claim: nbf")), REQUIRED);
        assert_eq!(at(of_reason("no reason")), VERIFIES);
        let without_hs256 = RULES_OF_AN_ATTENDEE.replace("HS256", "RS256");
        assert_eq!(line_in(&without_hs256, never_right()), REQUIRED);
        let solution = include_str!("../../../../solutions/ex5_auth/src/auth.rs");
        assert_eq!(line_in(solution, never_right().or(VERIFY)), VERIFIES);
    }

    #[test]
    fn every_block_is_in_starter_and_solution() {
        let all = [
            METADATA,
            CHALLENGE,
            VERIFY,
            RULES,
            KIND,
            SCOPE,
            SCOPE_REFUSAL,
            KEYS,
            RECEIPT,
            RECEIPT_SCHEMA,
            ORDERS,
            CONFIRMATION,
            TASKS,
        ];
        are_in_starter_and_solution("ex5_auth", &all);
    }
}
