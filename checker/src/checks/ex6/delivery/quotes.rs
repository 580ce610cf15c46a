//! Quotes, and what is none: how the carrier is asked, and how its answers are read.

use http::header::AUTHORIZATION;
use serde_json::json;

use super::{Scene, TOOL, sent};
use crate::checks::Checked;
use crate::checks::store::shop;
use crate::fixtures::carrier::Answer;
use crate::mcp::{ErrorKind, RequestError};
use crate::verdict::{Code, Finding};

/// The names of libraries, by which they introduce themselves if their users do not.
const LIBRARIES: [&str; 11] = [
    "python", "go-http", "axios", "node", "curl", "okhttp", "java", "undici", "reqwest", "hyper",
    "ruby",
];

impl Scene<'_> {
    pub(super) async fn gives_a_quote(&self) -> Checked {
        self.server.purpose("ask for a quote");
        let quote = self.some_quote();
        let postcode = self.postcode([Answer::Quote(quote)]);
        let called = self.ask(&postcode).await?;
        let asked = self.carrier.asked(&postcode);
        if let Some(stray) = self.carrier.strays().first() {
            return Err(Finding::new(Code::CarrierAskedWrongly)
                .sent(sent(&postcode, "a quote"))
                .expected(format!(
                    "a request for /v1/quotes/{}",
                    postcode.replace(' ', "%20")
                ))
                .got(format!("a request for {}", stray.address))
                .why("The postal code is one segment of the path. Encode it as one: a space is %20, and a / in it is %2F.")
                .into());
        }
        let key = format!("Bearer {}", self.carrier.key());
        let Some(first) = asked.first() else {
            return Err(Finding::new(Code::CarrierAskedWrongly)
                .sent(sent(&postcode, "a quote"))
                .expected("a request at the address in CARRIER_URL")
                .got(format!("no request; {}", shop::outcome(&called)))
                .why("The carrier's address and key are in CARRIER_URL and CARRIER_KEY.")
                .into());
        };
        let authorization = first.headers.get(AUTHORIZATION);
        if authorization.is_none_or(|sent| sent.as_bytes() != key.as_bytes()) {
            return Err(Finding::new(Code::CarrierKeyNotSent)
                .sent(sent(&postcode, "a quote"))
                .expected(
                    "a request with the header Authorization: Bearer, and the key from CARRIER_KEY",
                )
                .got(if authorization.is_some() {
                    "another Authorization"
                } else {
                    "no Authorization"
                })
                .why("The carrier uses the key to identify and bill you.")
                .into());
        }
        self.is_quoted(&postcode, quote, "a quote").await
    }

    /// What every request has to say of the program that sends it.
    pub(super) fn asks_properly(&self) -> Checked {
        let postcode = self.postcode([]);
        let all = self.carrier.agents();
        let agent = all.first().map(String::as_str).unwrap_or_default();
        let is_library = LIBRARIES
            .iter()
            .any(|library| agent.to_ascii_lowercase().starts_with(library));
        if !agent.is_empty() && !is_library {
            return Ok(());
        }
        Err(Finding::new(Code::NoUserAgent)
            .sent(sent(&postcode, "a quote"))
            .expected("a request with a User-Agent that names your program")
            .got(if agent.is_empty() {
                "no User-Agent".to_owned()
            } else {
                format!("User-Agent: {agent}")
            })
            .why("If your program asks too often, the carrier's operators need to know whom to contact. Many APIs refuse requests without a User-Agent.")
            .into())
    }

    /// Not everything that comes with a 200 is a quote.
    pub(super) async fn reads_with_care(&self) -> Checked {
        self.server.purpose("ask a carrier that answers nonsense");
        let why = "A model believes what a result says. Check the carrier's answer before you pass it on.";
        for body in [
            "<html><h1>It works!</h1></html>",
            r#"{"cents": 490}"#,
            r#"{"cents": "free", "days": 2}"#,
            "null",
            "",
        ] {
            let postcode = self.postcode([Answer::Body(body)]);
            let answer = format!("200 with the body {body:?}");
            self.is_refused(&postcode, &answer, why).await?;
        }
        let postcode = self.postcode([Answer::Huge]);
        let answer = "200 with a body of 16 MB";
        let why = "A quote has a few bytes. Stop reading when it is clear that this is something else: a carrier with a fault must not fill your memory.";
        self.is_refused(&postcode, answer, why).await?;
        let postcode = self.postcode([Answer::Redirect]);
        let answer = "307, and the address of another server";
        let outcome = self.ask(&postcode).await;
        let followed = self.carrier.redirected();
        if let Some(headers) = followed.first() {
            let has_key = headers.contains_key(AUTHORIZATION);
            let code = if has_key {
                Code::KeyGivenAway
            } else {
                Code::FollowsRedirect
            };
            return Err(Finding::new(code)
                .sent(sent(&postcode, answer))
                .expected("no request to the other server")
                .got(if has_key {
                    "a request there, with the key"
                } else {
                    "a request there"
                })
                .why("The key and the postal code are only for this carrier. Do not follow redirects.")
                .into());
        }
        outcome?;
        let why = "A redirect is not a quote.";
        self.is_refused(&postcode, answer, why).await.map(drop)
    }

    /// What is not a postcode does not become a part of an address.
    pub(super) async fn asks_for_postcodes_only(&self) -> Checked {
        self.server.purpose("ask for what is not a postal code");
        let long = "1".repeat(10_000);
        for postcode in [
            "../admin",
            "..",
            "10115/../../admin",
            "10115?x=1",
            "10115#x",
            "%2e%2e%2fadmin",
            "10115\r\nX-Admin: 1",
            "",
            "   ",
            &long,
        ] {
            let before = self.carrier.count();
            let arguments = json!({ "postcode": postcode });
            let outcome = self.shop.session.call(TOOL, arguments).await;
            let shown = if postcode.len() > 100 {
                format!(
                    "tools/call {TOOL} with a postal code of {} digits",
                    postcode.len()
                )
            } else {
                format!("tools/call {TOOL} {{\"postcode\":{}}}", json!(postcode))
            };
            if self.carrier.count() > before {
                let strays = self.carrier.strays();
                let address = strays.last().map(|stray| stray.address.clone());
                let address = address.unwrap_or_default();
                let address: String = address.chars().take(60).collect();
                return Err(Finding::new(Code::AsksForAnything)
                    .sent(shown)
                    .expected("isError true, and no request to the carrier")
                    .got(format!("a request for {address}"))
                    .why("Arguments come from a model, which may repeat what an attacker wrote. A postal code has 3 to 10 letters, digits, spaces and hyphens. Check it before you make it a part of an address.")
                    .into());
            }
            let called = match outcome {
                // Whatever does not fit the schema may also be refused as that.
                Err(RequestError {
                    kind: ErrorKind::Refused { .. },
                    ..
                }) => continue,
                outcome => outcome?,
            };
            if called.result.is_error != Some(true) {
                return Err(Finding::new(Code::FailureNotTold)
                    .sent(shown)
                    .expected("isError true, and a text that says what a postal code looks like")
                    .got(shop::outcome(&called))
                    .why("A model can only correct a mistake that it is told about.")
                    .into());
            }
        }
        Ok(())
    }
}
