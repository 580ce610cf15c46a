//! Somebody who has signed in, at one instance of the store.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::timeout;

use crate::checks::store::question;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::store::users::token;
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::raw::Raw;
use crate::mcp::{Call, ClientProfile, Endpoint, RequestError, Session, ToolCall};
use crate::subject::server::Server;
use crate::verdict::{Code, Finding};

/// What `my_orders` says of one purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The product that was bought.
    pub product_name: String,
    /// How many were bought.
    #[serde(deserialize_with = "shop::integer")]
    pub quantity: i64,
}

/// A user at a client that can ask them, and who confirms.
#[derive(Debug)]
pub struct Customer {
    /// How the user looks at the store.
    pub shop: Shop,
    client: ClientProfile,
    url: Url,
}

impl Customer {
    /// At the server under test.
    pub async fn enter(server: &ServerUnderTest, user: &str) -> Checked<Self> {
        Self::enter_url(server, user, server.url()?).await
    }

    /// At another instance of it.
    pub async fn enter_at(
        server: &ServerUnderTest,
        user: &str,
        instance: &Server,
    ) -> Checked<Self> {
        Self::enter_url(server, user, instance.url()).await
    }

    /// At whatever answers at this address.
    pub async fn enter_url(server: &ServerUnderTest, user: &str, url: Url) -> Checked<Self> {
        Ok(Self::connect(server, user, url).await??)
    }

    /// The same, where the server may refuse the client.
    pub async fn connect(
        server: &ServerUnderTest,
        user: &str,
        url: Url,
    ) -> Checked<Result<Self, RequestError>> {
        let token = token(server.realm()?, user).await?;
        let client = question::confirming(server).with_token(&token);
        let endpoint = Endpoint::Http(url.clone());
        let session = Session::connect(endpoint, client.clone(), server.transcript()).await;
        Ok(session.map(|session| Self {
            shop: Shop { session },
            client,
            url,
        }))
    }

    /// The same user, speaking HTTP by hand.
    pub async fn raw(&self, server: &ServerUnderTest) -> Checked<Raw> {
        let client = self.client.clone();
        let raw = Raw::open(self.url.clone(), client, server.transcript()).await?;
        Ok(raw.knowing(self.shop.declared("buy_product").await?))
    }

    /// Orders this many from the oven, and waits until the first is done.
    pub async fn begins_to_bake(
        &self,
        server: &ServerUnderTest,
        product: &Product,
        quantity: i64,
    ) -> Checked<(Call, String)> {
        let tool = self.shop.declared("bake").await?;
        let quantity = quantity.min(shop::most_of_one_order(&tool));
        let arguments = json!({ "product_name": product.name, "quantity": quantity });
        let sent = format!("tools/call bake {arguments}");
        let session = &self.shop.session;
        let call = session.begin(ToolCall::new("bake", arguments)).await?;
        let patience = server.patience.answer;
        let first = timeout(patience, session.progressed(&call, 1)).await;
        if first.is_ok() {
            return Ok((call, sent));
        }
        Err(Finding::new(Code::NoProgress)
            .sent(sent)
            .expected("notifications/progress after the first item")
            .got(format!("none within {} s", patience.as_secs()))
            .why("This check needs a call that is running. It can tell by the progress.")
            .into())
    }

    /// What the user has bought.
    pub async fn orders(&self) -> Checked<Vec<Order>> {
        #[derive(Deserialize)]
        struct List {
            orders: Vec<Order>,
        }
        let called = self.shop.session.call("my_orders", json!({})).await?;
        shop::succeeded(&called, "a list of orders")?;
        let list: List = shop::structured(&called)?;
        Ok(list.orders)
    }
}
