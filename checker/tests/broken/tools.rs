//! The tools as `tools/call` calls them. The longest of them is in [`crate::buy`].

use std::future::pending;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::buy::buy_product;
use crate::declarations::{self, has_buy_product, list_products_name, price_field};
use crate::faults;
use crate::flaw::{Flaw, Flaws};
use crate::protocol::faults::HUGE_TEXT;
use crate::protocol::{INTERNAL_ERROR, INVALID_PARAMS, NO_NUMBER, RpcError};
use crate::sale::Refusal;
use crate::shop::{Product, Search};
use crate::store::Store;

pub type Arguments = Map<String, Value>;

pub fn list(store: &Store) -> Value {
    json!({ "tools": declarations::all(store) })
}

pub async fn call(store: &Store, params: &Value) -> Result<Value, RpcError> {
    let mut result = answer(store, params).await?;
    if store.flaws.has(Flaw::ExtraFields) && result["isError"] == false {
        let mut content = result["structuredContent"].take();
        add_currency(&mut content);
        result["content"][0]["text"] = json!(content.to_string());
        result["structuredContent"] = content;
    }
    Ok(result)
}

/// Says of all prices in which currency they are.
pub fn add_currency(content: &mut Value) {
    content["currency"] = json!("USD");
    for product in content["products"].as_array_mut().into_iter().flatten() {
        add_currency(product);
    }
}

async fn answer(store: &Store, params: &Value) -> Result<Value, RpcError> {
    let invalid = |message: &str| Err(RpcError::new(INVALID_PARAMS, message));
    let Some(name) = params["name"].as_str() else {
        return invalid("tools/call needs the name of a tool");
    };
    if name == "buy_product" {
        store.prints(Flaw::StdoutOnBuy);
    }
    if name == "search_products" {
        store.prints(Flaw::StdoutOnSearch);
    }
    let arguments = match &params["arguments"] {
        Value::Null => &Arguments::new(),
        Value::Object(arguments) => arguments,
        _ => return invalid("the arguments of a tool are an object"),
    };
    match name {
        _ if name == list_products_name(&store.flaws) => list_products(store).await,
        "buy_product" if has_buy_product(store) => buy_product(store, arguments).await,
        "search_products" => search_products(store, arguments),
        _ if store.flaws.has(Flaw::UnknownToolAsResult) => {
            Ok(text(format!("There is no tool named {name:?}."), true))
        }
        _ if store.flaws.has(Flaw::ErrorCodeAsText) => {
            Err(RpcError::new(NO_NUMBER, "There is no such tool."))
        }
        _ if store.flaws.has(Flaw::UnknownToolBreaks) => {
            Err(RpcError::new(INTERNAL_ERROR, "no entry found for key"))
        }
        _ => invalid(&format!("There is no tool named {name:?}.")),
    }
}

/// A result of text alone.
pub fn text(text: impl Into<String>, is_error: bool) -> Value {
    let text: String = text.into();
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

/// A result of structured content, mirrored as text.
pub fn structured(content: &impl Serialize) -> Value {
    let content = json!(content);
    let mut result = text(content.to_string(), false);
    result["structuredContent"] = content;
    result
}

async fn list_products(store: &Store) -> Result<Value, RpcError> {
    let flaws = &store.flaws;
    if flaws.has(Flaw::Panics) {
        faults::panic_here();
    }
    if flaws.has_any(&[Flaw::PanicsAndHangs, Flaw::TodoList]) {
        faults::panic_elsewhere(flaws);
        pending::<()>().await;
    }
    if flaws.has(Flaw::ListProtocolError) {
        return Err(RpcError::new(INTERNAL_ERROR, "cannot read the inventory"));
    }
    if flaws.has(Flaw::AnsiTexts) {
        return Ok(text("\x1b[2JPWNED\u{202e}txt.exe", false));
    }

    let products = store.shop.products();
    let mut result = structured(&list_of(flaws, &products));
    if flaws.has(Flaw::TextOnly)
        && let Some(result) = result.as_object_mut()
    {
        result.remove("structuredContent");
    }
    if flaws.has(Flaw::NoMirror) {
        result["content"] = json!([]);
    }
    if flaws.has(Flaw::MirrorDiffers) {
        let mut others = products;
        others.iter_mut().for_each(|product| product.stock += 1);
        result["content"][0]["text"] = json!(list_of(flaws, &others).to_string());
    }
    if flaws.has(Flaw::HugeResult) && !store.over_stdio {
        result["content"][0]["text"] = json!(HUGE_TEXT);
    }
    Ok(result)
}

/// The structured content of `list_products`.
fn list_of(flaws: &Flaws, products: &[Product]) -> Value {
    let products = products.iter().map(|product| {
        let cents = product.price_cents;
        let price = if flaws.has(Flaw::PriceAsText) {
            json!(format!("{}.{:02}", cents / 100, cents % 100))
        } else {
            json!(cents)
        };
        json!({ "name": product.name, price_field(flaws): price, "stock": product.stock })
    });
    json!({ "products": products.collect::<Vec<_>>() })
}

fn search_products(store: &Store, arguments: &Arguments) -> Result<Value, RpcError> {
    if store.flaws.has(Flaw::SearchPanics) {
        faults::panic_here();
    }
    let search = match wanted(&store.flaws, arguments) {
        Ok(search) => search,
        Err(refusal) => return Ok(text(store.flaws.text(refusal.to_string()), true)),
    };
    if let Some(keyword) = search.keyword.as_deref()
        && store.flaws.has(Flaw::CutsKeyword)
    {
        let _ = &keyword[..keyword.len().min(1)];
    }
    let found = store.shop.search(&search);
    if store.flaws.has(Flaw::SearchEmptiesShelf) {
        store.shop.leave_only(&found);
    }
    if found.is_empty() && store.flaws.has(Flaw::SearchNothingIsError) {
        return Ok(text("No product fits.", true));
    }
    Ok(structured(&json!({ "products": found })))
}

fn wanted(flaws: &Flaws, arguments: &Arguments) -> Result<Search, Refusal> {
    let cents = |field: &str| match arguments.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(cents) if cents >= 0 => Ok(Some(cents)),
            _ => Err(mistyped(field, "a whole number of cents, 0 or more", value)),
        },
    };
    let keyword = match arguments.get("keyword") {
        None | Some(Value::Null) => None,
        Some(Value::String(keyword)) => Some(keyword.clone()),
        Some(value) => return Err(mistyped("keyword", "a string", value)),
    };
    let mut prices = [cents("min_price_cents")?, cents("max_price_cents")?];
    if flaws.has(Flaw::SearchSwapsPrices) {
        prices.reverse();
    }
    let [min_price_cents, max_price_cents] = prices;
    Ok(Search {
        keyword,
        min_price_cents,
        max_price_cents,
    })
}

pub fn mistyped(field: &str, wanted: &'static str, value: &Value) -> Refusal {
    Refusal::Mistyped {
        field: field.to_owned(),
        wanted,
        value: value.clone(),
    }
}
