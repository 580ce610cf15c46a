//! The store as a customer sees it: its products, and what can go wrong when one talks to it.

use rand::RngExt;
use rmcp::model::Tool;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::mcp::{Called, Session, misfit};
use crate::verdict::{Code, Finding, Location, NotStarted, Spot};

/// A product, as `list_products` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The name to buy it by.
    pub name: String,
    /// The price of one.
    #[serde(deserialize_with = "integer")]
    pub price_cents: i64,
    /// How many are left.
    #[serde(deserialize_with = "integer")]
    pub stock: i64,
}

/// A receipt, as `buy_product` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// The product that was bought.
    pub product_name: String,
    /// How many were bought.
    #[serde(deserialize_with = "integer")]
    pub quantity: i64,
    /// What they cost together: more than one price can be.
    #[serde(deserialize_with = "integer")]
    pub total_cents: i128,
    /// How many are left.
    #[serde(deserialize_with = "integer")]
    pub remaining_stock: i64,
}

/// What JSON Schema calls an integer (2020-12, 4.2.3): `300`, and `300.0` as well.
pub fn integer<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64> + DeserializeOwned,
{
    /// From here on, not every integer is a number of this kind.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    let value = Value::deserialize(deserializer)?;
    let whole = value
        .as_f64()
        .filter(|number| value.is_f64() && number.fract() == 0.0 && number.abs() <= EXACT);
    // Without a fraction, and exact: nothing is lost.
    #[expect(clippy::cast_possible_truncation)]
    let whole = whole.and_then(|number| T::try_from(number as i64).ok());
    if let Some(whole) = whole {
        return Ok(whole);
    }
    let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let words = if is_whole {
        format!("{value} is more than the checker can count")
    } else {
        format!("{value} is not an integer")
    };
    T::deserialize(value).map_err(|_| D::Error::custom(words))
}

/// So many orders bring a stock down, and no more.
const MOST_ORDERS: usize = 20;

/// A customer in a session.
#[derive(Debug)]
pub struct Shop {
    /// The session.
    pub session: Session,
}

impl Shop {
    /// Opens a session.
    pub async fn enter(server: &ServerUnderTest) -> Checked<Self> {
        let session = server.session().await?;
        Ok(Self { session })
    }

    /// The declaration of a tool, without which the step is not started.
    pub async fn declared(&self, tool: &str) -> Checked<Tool> {
        let tools = self.session.tools().await?;
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
        let others = match names.as_slice() {
            [] => "the server has no tools yet".to_owned(),
            names => format!("the server has {}", names.join(", ")),
        };
        if let Some(found) = tools.iter().find(|one| one.name == tool) {
            return Ok(found.clone());
        }
        match names.iter().find(|name| means(name, tool)) {
            Some(name) => Err(misnamed(tool, name)),
            None => Err(Stop::NotStarted(NotStarted::NoTool {
                name: tool.to_owned(),
                others,
            })),
        }
    }

    /// Everything the store sells.
    pub async fn products(&self) -> Checked<Vec<Product>> {
        let called = self.session.call("list_products", json!({})).await?;
        products_of(&called)
    }

    /// How many of a product are left. What is not listed is not there.
    pub async fn stock(&self, name: &str) -> Checked<i64> {
        Ok(stock_of(&self.products().await?, name).unwrap_or(0))
    }

    /// What is left, the product with the least first.
    pub async fn rarest_first(&self) -> Checked<Vec<Product>> {
        let mut products = self.products().await?;
        products.retain(|product| product.stock > 0);
        products.sort_by_key(|product| product.stock);
        Ok(products)
    }

    /// The product with the most left. `None` when everything is sold out.
    pub async fn best_stocked(&self) -> Checked<Option<Product>> {
        let products = self.products().await?;
        let left = products.into_iter().filter(|product| product.stock > 0);
        Ok(left.max_by_key(|product| product.stock))
    }

    /// The same, of which there must be at least so many.
    pub async fn in_stock(&self, server: &ServerUnderTest, least: i64) -> Checked<Product> {
        let best = self.best_stocked().await?;
        best.filter(|product| product.stock >= least)
            .ok_or_else(|| too_little_left(server))
    }

    /// Orders, whatever comes of it.
    pub async fn order(&self, product_name: &str, quantity: i64) -> Checked<Called> {
        let arguments = json!({ "product_name": product_name, "quantity": quantity });
        Ok(self.session.call("buy_product", arguments).await?)
    }

    /// Buys until this many are left, in orders as large as the tool allows. Gives the receipts.
    pub async fn buy_down_to(&self, left: i64, product: &Product) -> Checked<Vec<Receipt>> {
        let most = most_of_one_order(&self.declared("buy_product").await?);
        let mut receipts = Vec::new();
        let mut rest = product.stock - left;
        while rest > 0 {
            if receipts.len() == MOST_ORDERS {
                return Err(Stop::CouldNotCheck(format!(
                    "{:?} has a stock of {}, but an order may be for at most {most}. With a stock of three, the check can sell it out",
                    product.name, product.stock
                )));
            }
            let quantity = rest.min(most);
            receipts.push(self.buy(&product.name, quantity).await?);
            rest -= quantity;
        }
        Ok(receipts)
    }

    /// The name of something that is sold out, for which the check's own stock is sold. That it can
    /// be is judged elsewhere: where it cannot, there is nothing.
    pub async fn something_sold_out(&self, server: &ServerUnderTest) -> Checked<Option<String>> {
        server.purpose("find a product that is sold out, or that the check can sell out");
        let products = self.products().await?;
        if let Some(product) = products.iter().find(|product| product.stock == 0) {
            return Ok(Some(product.name.clone()));
        }
        let rarest = products.iter().min_by_key(|product| product.stock);
        let Some(product) = rarest.filter(|_| !server.runs_already()) else {
            return Ok(None);
        };
        server.purpose("sell it out");
        let sold_out = self.buy_down_to(0, product).await;
        Ok(sold_out.ok().map(|_| product.name.clone()))
    }

    /// Buys, where nothing stands against it.
    pub async fn buy(&self, product_name: &str, quantity: i64) -> Checked<Receipt> {
        let called = self.order(product_name, quantity).await?;
        succeeded(&called, "a receipt: the product is in stock")?;
        structured(&called)
    }
}

/// How many of a product are listed.
pub fn stock_of(products: &[Product], name: &str) -> Option<i64> {
    let product = products.iter().find(|product| product.name == name)?;
    Some(product.stock)
}

/// Whether a name is another one, but for case and what stands between its words.
fn means(name: &str, meant: &str) -> bool {
    let letters = |name: &str| -> String {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    letters(name) == letters(meant)
}

/// Where a tool of this name is written: the method of its name, or the one that is given it.
pub fn written_as(tool: &str) -> Location {
    let in_store = |words: String| Spot::Code {
        file: "src/store.rs",
        words: words.into(),
    };
    Location::First(vec![
        in_store(format!("name = \"{tool}\"")),
        in_store(format!("fn {tool}")),
    ])
}

fn misnamed(tool: &str, name: &str) -> Stop {
    Finding::new(Code::Misnamed)
        .sent("tools/list")
        .expected(format!("a tool named {tool}"))
        .got(format!("one named {name}"))
        .why("Clients call a tool by exactly the name in the contract.")
        .in_rust("In rmcp, the method's name is the tool's name, unless #[tool(name = \"…\")] sets another.")
        .at(written_as(name))
        .into()
}

/// The most that one order may ask for, as the tool's schema has it.
pub fn most_of_one_order(tool: &Tool) -> i64 {
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    most_in(&schema, &schema)
}

/// The largest quantity that the schema of an order allows. `root` is where its references lead.
pub fn most_in(order: &Value, root: &Value) -> i64 {
    let quantity = contract::resolve(&order["properties"]["quantity"], root);
    quantity["maximum"]
        .as_i64()
        .filter(|most| *most >= 1)
        .unwrap_or(i64::MAX)
}

/// Whether a product can be sold until this many are left, in orders of so many at most.
pub fn can_be_brought_down(product: &Product, left: i64, most: i64) -> bool {
    let most = most.max(1);
    let rest = product.stock.saturating_sub(left);
    let orders = rest.saturating_add(most - 1) / most;
    usize::try_from(orders).is_ok_and(|orders| orders <= MOST_ORDERS)
}

/// An order that can be filled: of the product with most stock more than one, so that a price for
/// one, or a stock that falls by one, shows. One, where the tool sells no more at a time.
pub fn an_order(
    server: &ServerUnderTest,
    tool: &Tool,
    products: &[Product],
) -> Checked<(Product, i64)> {
    let product = products.iter().max_by_key(|product| product.stock);
    let product = product.filter(|product| product.stock >= 2);
    let product = product.ok_or_else(|| too_little_left(server))?;
    let most = most_of_one_order(tool).min(product.stock).min(5);
    let quantity = server.random(|dice| dice.random_range(most.min(2)..=most));
    Ok((product.clone(), quantity))
}

/// What to say when a running server has too little left for a check.
pub fn too_little_left(server: &ServerUnderTest) -> Stop {
    if server.runs_already() {
        return Stop::CouldNotCheck(
            "too little stock is left on the running server. Restart it, and check again"
                .to_owned(),
        );
    }
    Finding::new(Code::TooLittleStock)
        .sent("tools/call list_products {}")
        .expected("a product with a stock of at least three")
        .got("less than three of every product")
        .why("The checks buy products and sell them out. Give one of your products a stock of at least three.")
        .into()
}

/// The products in a result of `list_products` or `search_products`.
pub fn products_of(called: &Called) -> Checked<Vec<Product>> {
    #[derive(Deserialize)]
    struct List {
        products: Vec<Product>,
    }
    succeeded(called, "a list of products")?;
    let list: List = structured(called)?;
    Ok(list.products)
}

/// That the call is no tool error.
pub fn succeeded(called: &Called, expected: &str) -> Checked {
    if called.result.is_error == Some(true) {
        return Err(Finding::new(Code::ToolError)
            .sent(&called.sent)
            .expected(expected)
            .got(outcome(called))
            .why(
                "isError: true tells the model that the call failed. This call should have worked.",
            )
            .into());
    }
    Ok(())
}

/// The structured content, as what it should be.
pub fn structured<T: DeserializeOwned>(called: &Called) -> Checked<T> {
    let Some(content) = &called.result.structured_content else {
        return Err(Finding::new(Code::NoStructuredContent)
            .sent(&called.sent)
            .expected("structuredContent: an object that programs can read")
            .got(format!("no structuredContent; {}", outcome(called)))
            .why("Text is for the model. Programs and UIs read structuredContent.")
            .in_rust("In rmcp, return Json<T>.")
            .into());
    };
    T::deserialize(content).map_err(|error| {
        let wrong = misfit::<T>(content).unwrap_or_else(|| error.to_string());
        Finding::new(Code::WrongStructuredContent)
            .sent(&called.sent)
            .expected("the fields of the contract, with their types")
            .got(format!("{wrong}\nin {content}"))
            .why("A client that follows the contract cannot read this.")
            .into()
    })
}

/// A result in a line: `isError false, "Bought 0 of it"`.
pub fn outcome(called: &Called) -> String {
    let is_error = called.result.is_error.unwrap_or(false);
    let shown = match (&called.result.structured_content, text(called)) {
        (Some(content), _) => content.to_string(),
        (None, text) if text.is_empty() => "no text".to_owned(),
        (None, text) => quoted(&text),
    };
    format!("isError {is_error}, {shown}")
}

/// The beginning of a text, between quotes. Not as Rust would write it: JSON in it would be full
/// of backslashes.
pub fn quoted(text: &str) -> String {
    const ENOUGH: usize = 300;
    let shown: String = text.chars().take(ENOUGH).collect();
    let rest = if shown.len() < text.len() { " …" } else { "" };
    format!("\"{shown}{rest}\"")
}

/// A product as JSON.
pub fn json_of(product: &Product) -> String {
    serde_json::to_string(product).unwrap_or_default()
}

/// All text of a result, as it crossed the wire: rmcp reads a missing `content` as an empty one.
pub fn text(called: &Called) -> String {
    texts(called).join("\n")
}

fn texts(called: &Called) -> Vec<&str> {
    let blocks = called.raw["content"].as_array().into_iter().flatten();
    blocks
        .filter(|block| block["type"] == "text")
        .filter_map(|block| block["text"].as_str())
        .collect()
}

/// The text items of a result that are JSON.
pub fn json_texts(called: &Called) -> Vec<Value> {
    let texts = texts(called).into_iter();
    texts
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_what_json_schema_calls_so() {
        let product = |price: Value| {
            let product = json!({ "name": "Rye", "price_cents": price, "stock": 3.0 });
            Product::deserialize(product).map(|product| product.price_cents)
        };
        assert_eq!(product(json!(300)).unwrap(), 300);
        assert_eq!(product(json!(300.0)).unwrap(), 300);
        assert_eq!(product(json!(i64::MAX)).unwrap(), i64::MAX);
        for (wrong, words) in [
            (json!(3.5), "is not an integer"),
            (json!("300"), "is not an integer"),
            (json!(null), "is not an integer"),
            (json!(u64::MAX), "is more than"),
            (json!(1e300), "is more than"),
        ] {
            let error = product(wrong.clone()).unwrap_err().to_string();
            assert!(error.contains(words), "{wrong}: {error}");
        }
        let receipt = json!({
            "product_name": "Rye", "quantity": 2, "total_cents": u64::MAX, "remaining_stock": 0,
        });
        let receipt = Receipt::deserialize(receipt).unwrap();
        assert_eq!(receipt.total_cents, i128::from(u64::MAX));
    }
}
