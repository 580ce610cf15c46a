//! What neither results nor the log may say.

use super::{Scene, TOOL};
use crate::checks::Checked;
use crate::checks::harness::Log;
use crate::checks::store::shop;
use crate::fixtures::carrier::INTERNAL;
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

impl Scene<'_> {
    /// What is for nobody else, by what it is.
    fn secrets(&self) -> [(String, &'static str); 3] {
        [
            (self.carrier.key().to_owned(), "the key"),
            (self.carrier.host(), "the carrier's address"),
            (
                INTERNAL.to_owned(),
                "what the carrier's error page says to its operators",
            ),
        ]
    }

    pub(super) fn says_too_much(&self, called: &Called) -> Checked {
        let text = called.raw.to_string();
        let told = self
            .secrets()
            .into_iter()
            .find(|(secret, _)| text.contains(secret));
        let Some((secret, what)) = told else {
            return Ok(());
        };
        let shown = if secret == INTERNAL {
            shop::outcome(called)
        } else {
            shop::outcome(called).replace(&secret, "[…]")
        };
        Err(Finding::new(Code::TellsTooMuch)
            .sent(&called.sent)
            .expected("a result without the key, the carrier's address or its error page")
            .got(format!("{what} in {shown}"))
            .why("A model may repeat to anybody what a result says. Write errors of your own: what happened, and what to do now.")
            .into())
    }

    /// A log is read by many.
    pub(super) async fn says_nothing_to_the_log(&self, log: &Log) -> Checked {
        let lines = log.lines().await;
        let key = self.carrier.key();
        let secret = lines.iter().find(|line| line.contains(key));
        if let Some(line) = secret {
            return Err(Finding::new(Code::LogsSecrets)
                .sent(format!("tools/call {TOOL} {{…}}"))
                .expected("a log without the key")
                .got(line.replace(key, "[the key]"))
                .why("Logs are kept for long and read by many. With the key, any of them can ask in your name.")
                .into());
        }
        let found = self.carrier.postcodes().into_iter().find_map(|postcode| {
            let forms = [
                postcode.clone(),
                postcode.replace(' ', "%20"),
                postcode.replace(' ', "+"),
            ];
            let line = lines
                .iter()
                .find(|line| forms.iter().any(|form| line.contains(form)))?;
            Some((postcode, line))
        });
        let Some((postcode, line)) = found else {
            return Ok(());
        };
        Err(Finding::new(Code::LogsPersonalData)
            .sent(format!("tools/call {TOOL} {{\"postcode\":\"{postcode}\"}}"))
            .expected("a log without postal codes")
            .got(line.replace(&self.carrier.host(), "[the carrier]"))
            .why("Where users live is personal data. The errors of HTTP clients often contain the address, and this address contains the postal code.")
            .into())
    }
}
