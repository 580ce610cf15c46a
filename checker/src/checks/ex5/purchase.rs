//! A purchase whose user was asked to confirm it. Until they do, anybody could try.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::door::{Credential, Said, Way, refused, said};
use crate::checks::store::question::{self, yes};
use crate::checks::store::shop::{Product, Shop};
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::message::Side;
use crate::mcp::raw::Raw;
use crate::mcp::{Answer, Era, InputRequired};

pub const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// A purchase that waits for a yes.
pub struct Purchase<'s> {
    server: &'s ServerUnderTest,
    shop: Shop,
    /// What would be bought, as it was before.
    pub product: Product,
    asked: InputRequired,
    /// Sends what is not from the user.
    stranger: Raw,
    session: Option<HeaderValue>,
    question: Option<Value>,
}

impl<'s> Purchase<'s> {
    /// Orders one of what there is most of, with a good token. `None` where everything is sold out.
    pub async fn begin(server: &'s ServerUnderTest, token: &str) -> Checked<Option<Self>> {
        let client = question::confirming(server).with_token(token);
        let shop = Shop::enter_as(server, client.clone())
            .await
            .map_err(refused)?;
        let session = session(server);
        let Some(product) = shop.best_stocked().await? else {
            return Ok(None);
        };
        let asked = shop.order_and_be_asked(&product.name, 1).await?;
        let stranger = Raw::without_handshake(server.url()?, client, server.transcript())?;
        let buy = shop.declared("buy_product").await?;
        Ok(Some(Self {
            server,
            stranger: stranger.bare(None).knowing(buy),
            question: question(server),
            shop,
            product,
            asked,
            session,
        }))
    }

    /// Confirms it, with this instead of the token with which it was begun.
    pub async fn confirmed_with(&self, credential: &Credential) -> Checked<Said> {
        let mut headers = credential.headers();
        let message = match self.server.era {
            Era::Modern => self.call_with_state(),
            Era::Legacy => {
                headers.extend(self.session.clone().map(|session| (SESSION, session)));
                json!({ "jsonrpc": "2.0", "id": self.question, "result": yes().to_json() })
            }
        };
        let said = said(Way::Later, self.stranger.send(message, headers).await?);
        Ok(Said {
            sent: format!("{}, confirmed", self.asked.sent),
            ..said
        })
    }

    /// The second round of the call.
    fn call_with_state(&self) -> Value {
        let questions = self.asked.questions.iter();
        let answers = questions.map(|question| (question.key.clone(), yes().to_json()));
        self.stranger.message(
            "tools/call",
            json!({
                "name": "buy_product",
                "arguments": { "product_name": self.product.name, "quantity": 1 },
                "inputResponses": answers.collect::<serde_json::Map<_, _>>(),
                "requestState": self.asked.state,
            }),
        )
    }

    /// Its user thinks better of it. Gives what is left of the product then.
    pub async fn given_up(self) -> Checked<i64> {
        if self.server.era == Era::Legacy {
            self.shop.answer(self.asked, &Answer::decline()).await?;
        }
        self.shop.stock(&self.product.name).await
    }
}

/// By which id the server knows the newest session.
pub fn session(server: &ServerUnderTest) -> Option<HeaderValue> {
    let greeted = server
        .transcript()
        .newest(|exchange| exchange.headers.contains_key(SESSION));
    greeted.and_then(|exchange| exchange.headers.get(SESSION).cloned())
}

/// The id of the newest question that came as a request, on 2025-11-25.
pub fn question(server: &ServerUnderTest) -> Option<Value> {
    let asked = server.transcript().newest(|exchange| {
        exchange.sent.from == Side::Server && exchange.sent.method() == Some("elicitation/create")
    });
    asked.map(|exchange| exchange.sent.json["id"].clone())
}
