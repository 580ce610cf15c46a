//! Results and declarations of tools.

use serde::Serialize;
use serde_json::{Value, json};

use super::apps::{CATALOG, CHART};
use super::ask::quantity_field;
use super::flaw::{Flaw, Flaws};
use super::oven::SMALL_OVEN;

/// A result of text alone.
pub fn text(text: impl Into<String>, is_error: bool) -> Value {
    let text: String = text.into();
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

pub fn error(why: impl Into<String>) -> Value {
    text(why, true)
}

/// A result of structured content, mirrored as text.
pub fn structured(content: &impl Serialize) -> Value {
    let content = json!(content);
    let mut result = text(content.to_string(), false);
    result["structuredContent"] = content;
    result
}

/// What `tools/list` gives to a client that can, or cannot, show pages.
pub fn list(flaws: &Flaws, shows_pages: bool) -> Value {
    let text = json!({ "type": "string", "description": "The name of a product" });
    let number = json!({ "type": "integer", "minimum": 1, "description": "How many" });
    let product = object(json!({
        "name": { "type": "string" },
        "price_cents": { "type": "integer" },
        "stock": { "type": "integer" },
    }));
    let products = object(json!({ "products": { "type": "array", "items": product } }));
    let receipt = object(json!({
        "product_name": { "type": "string" },
        "quantity": { "type": "integer" },
        "total_cents": { "type": "integer" },
        "remaining_stock": { "type": "integer" },
    }));
    let mut baking = number.clone();
    if flaws.has(Flaw::SmallOven) {
        baking["maximum"] = json!(SMALL_OVEN);
    }
    let order = object(json!({ "product_name": text, "quantity": baking }));
    let baked =
        object(json!({ "product_name": { "type": "string" }, "quantity": { "type": "integer" } }));
    let failed =
        object(json!({ "product_name": { "type": "string" }, "reason": { "type": "string" } }));
    let report = object(json!({
        "baked": { "type": "array", "items": baked },
        "failed": { "type": "array", "items": failed },
    }));
    let batch = object(json!({ "orders": { "type": "array", "items": order } }));
    let buy = object(json!({ "product_name": text, quantity_field(flaws): number }));
    let nothing = json!({ "type": "object", "properties": {} });
    let connected = object(json!({ "connected": { "type": "boolean" } }));

    let mut tools = vec![
        tool(
            "list_products",
            "Lists everything the store sells.",
            &nothing,
            &products,
        ),
        tool(
            "buy_product",
            "Buys a product, after asking the user.",
            &buy,
            &receipt,
        ),
    ];
    if !flaws.has(Flaw::NoApps) {
        let mut chart = tool(
            "show_inventory_chart",
            "Shows the stock as a chart.",
            &nothing,
            &products,
        );
        let ui = json!({ "ui": { "resourceUri": CHART } });
        if flaws.has(Flaw::FlatKey) {
            chart["_meta"] = json!({ "ui/resourceUri": CHART });
        } else if flaws.has(Flaw::PageOnTheWeb) {
            chart["_meta"] =
                json!({ "ui": { "resourceUri": "https://bakery.example/chart.html" } });
        } else if flaws.has(Flaw::HiddenFromModel) {
            chart["_meta"] = json!({ "ui": { "resourceUri": CHART, "visibility": ["app"] } });
        } else if !flaws.has(Flaw::ChartWithoutPage) {
            chart["_meta"] = ui;
        }
        tools.push(chart);
    }
    if !flaws.has(Flaw::NoApps) && (shows_pages || !flaws.has(Flaw::CatalogForHostsOnly)) {
        let mut catalog = tool(
            "show_product_catalog",
            "Shows all products as cards.",
            &nothing,
            &products,
        );
        let page = if flaws.has(Flaw::CatalogIsChart) {
            CHART
        } else {
            CATALOG
        };
        if !flaws.has(Flaw::CatalogWithoutPage) {
            catalog["_meta"] =
                json!({ "ui": { "resourceUri": page, "visibility": ["model", "app"] } });
        }
        tools.push(catalog);
    }
    if !flaws.has(Flaw::NoOven) {
        tools.push(tool(
            "bake",
            "Bakes more of a product. Takes a while.",
            &order,
            &baked,
        ));
    }
    if !flaws.has(Flaw::NoPayments) {
        tools.push(tool(
            "connect_payments",
            "Connects the user's account.",
            &nothing,
            &connected,
        ));
    }
    if !flaws.has_any(&[Flaw::NoOven, Flaw::NoBatches]) {
        tools.push(tool(
            "bake_all",
            "Bakes more of several products.",
            &batch,
            &report,
        ));
    }
    json!({ "tools": tools })
}

fn tool(name: &str, description: &str, input: &Value, output: &Value) -> Value {
    json!({ "name": name, "description": description, "inputSchema": input, "outputSchema": output })
}

fn object(properties: Value) -> Value {
    let fields: Vec<String> = properties
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    json!({ "type": "object", "properties": properties, "required": fields })
}
