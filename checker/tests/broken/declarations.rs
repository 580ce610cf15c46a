//! The tools as `tools/list` shows them.

use serde_json::{Value, json};

use crate::buy::SMALL_ORDER;
use crate::flaw::{Flaw, Flaws};
use crate::store::Store;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The declarations of all tools that the store has.
pub fn all(store: &Store) -> Vec<Value> {
    let flaws = &store.flaws;
    let mut tools = vec![buy_product(flaws), list_products(flaws), search_products()];
    for tool in &mut tools {
        if let Some(description) = tool["description"].as_str() {
            tool["description"] = json!(flaws.text(description));
        }
    }
    if flaws.has(Flaw::DescriptionAsNumber) {
        tools[1]["description"] = json!(5);
    }
    if flaws.has(Flaw::ExtraToolUndescribed) {
        let input = json!({ "$schema": DRAFT, "type": "object", "properties": {} });
        tools.push(json!({ "name": "opening_hours", "inputSchema": input }));
    }
    if flaws.has(Flaw::NoAnnotationsAnywhere) {
        for tool in &mut tools {
            remove(tool, "annotations");
        }
    }
    if flaws.has(Flaw::ExtraFields) {
        let note = json!({ "type": "string", "description": "What to write on the box." });
        tools[0]["inputSchema"]["properties"]["note"] = note;
        for tool in &mut tools {
            let result = &mut tool["outputSchema"];
            add_currency(result);
            if let Some(product) = result.pointer_mut("/properties/products/items") {
                add_currency(product);
            }
        }
    }
    if !has_buy_product(store) {
        tools.remove(0);
    }
    tools
}

pub fn has_buy_product(store: &Store) -> bool {
    !(store.over_stdio && store.flaws.has(Flaw::StdioOtherTools))
}

/// A field more, for an object.
fn add_currency(schema: &mut Value) {
    if schema["type"] == "object" {
        schema["properties"]["currency"] = json!({ "type": "string" });
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.push(json!("currency"));
    }
}

/// What the tool is called that everybody else calls `list_products`.
pub fn list_products_name(flaws: &Flaws) -> &'static str {
    if flaws.has(Flaw::MisnamedTool) {
        "listProducts"
    } else {
        "list_products"
    }
}

/// What the parameter is called that everybody else calls `product_name`.
pub fn product_name_field(flaws: &Flaws) -> &'static str {
    if flaws.has(Flaw::RenamedParameter) {
        "product"
    } else {
        "product_name"
    }
}

/// What the field in `list_products` is called that everybody else calls `price_cents`.
pub fn price_field(flaws: &Flaws) -> &'static str {
    if flaws.has(Flaw::RenamedField) {
        "price"
    } else {
        "price_cents"
    }
}

fn list_products(flaws: &Flaws) -> Value {
    let mut tool = json!({
        "name": list_products_name(flaws),
        "description": "Lists everything the store sells, with prices in cents and how many are \
                        left.",
        "inputSchema": { "$schema": DRAFT, "type": "object", "properties": {} },
        "outputSchema": product_list(price_field(flaws)),
        "annotations": { "readOnlyHint": true, "openWorldHint": false },
    });
    if flaws.has(Flaw::PriceAsNumber) {
        product(&mut tool)["price_cents"]["type"] = json!("number");
    }
    if flaws.has(Flaw::NullableName) {
        product(&mut tool)["name"]["type"] = json!(["string", "null"]);
    }
    if flaws.has(Flaw::NoListDescription) {
        remove(&mut tool, "description");
    }
    if flaws.has(Flaw::NoOutputSchema) {
        remove(&mut tool, "outputSchema");
    }
    if flaws.has(Flaw::BrokenOutputSchema) {
        tool["outputSchema"]["type"] = json!("objekt");
    }
    if flaws.has(Flaw::ListNotReadOnly) {
        tool["annotations"]["readOnlyHint"] = json!(false);
    }
    tool
}

/// The fields of a product in the result of `list_products`.
fn product(tool: &mut Value) -> &mut Value {
    &mut tool["outputSchema"]["properties"]["products"]["items"]["properties"]
}

fn buy_product(flaws: &Flaws) -> Value {
    let product_name = product_name_field(flaws);
    let mut quantity = json!({
        "type": "integer", "minimum": 1, "maximum": 1000, "description": "How many to buy.",
    });
    if flaws.has(Flaw::NoParameterDescription) {
        remove(&mut quantity, "description");
    }
    if flaws.has(Flaw::BrokenInputSchema) {
        quantity["maximum"] = json!("a thousand");
    }
    if flaws.has(Flaw::NoConstraint) {
        remove(&mut quantity, "minimum");
        remove(&mut quantity, "maximum");
    }
    if flaws.has(Flaw::MinimumOfTwo) {
        quantity["minimum"] = json!(2);
    }
    if flaws.has(Flaw::SmallOrders) {
        quantity["maximum"] = json!(SMALL_ORDER);
    }
    if flaws.has(Flaw::HugeStock) {
        remove(&mut quantity, "maximum");
    }
    let mut definitions = json!({});
    if flaws.has(Flaw::BoundBehindRef) {
        definitions["Quantity"] = quantity;
        quantity = json!({ "$ref": "#/$defs/Quantity" });
    }
    if flaws.has(Flaw::TypeInAllOf) {
        quantity = json!({ "description": "How many to buy.", "allOf": [quantity] });
    }
    let mut tool = json!({
        "name": "buy_product",
        "description": "Buys a product and returns the receipt. Each call buys again.",
        "inputSchema": {
            "$schema": DRAFT,
            "$defs": definitions,
            "type": "object",
            "properties": {
                product_name: {
                    "type": "string",
                    "description": "The product to buy, by the name that `list_products` gives.",
                },
                "quantity": quantity,
            },
            "required": [product_name, "quantity"],
        },
        "outputSchema": receipt(),
        "annotations": {
            "readOnlyHint": flaws.has(Flaw::DishonestAnnotations),
            "destructiveHint": true,
            "idempotentHint": flaws.has(Flaw::IdempotentBuy),
            "openWorldHint": false,
        },
    });
    if flaws.has(Flaw::WantsHeaders) {
        tool["inputSchema"]["properties"][product_name]["x-mcp-header"] = json!("Product");
    }
    if flaws.has_any(&[Flaw::NoToolDescription, Flaw::NothingDescribed]) {
        remove(&mut tool, "description");
    }
    if flaws.has(Flaw::NothingDescribed) {
        for parameter in [product_name, "quantity"] {
            remove(
                &mut tool["inputSchema"]["properties"][parameter],
                "description",
            );
        }
    }
    if flaws.has(Flaw::NoAnnotations) {
        remove(&mut tool, "annotations");
    }
    tool
}

fn search_products() -> Value {
    let price = |which: &str| {
        json!({
            "type": ["integer", "null"], "minimum": 0,
            "description": format!("The {which} price, in cents."),
        })
    };
    json!({
        "name": "search_products",
        "description": "Finds products by a part of their name, a price range, or both.",
        "inputSchema": {
            "$schema": DRAFT,
            "type": "object",
            "properties": {
                "keyword": {
                    "type": ["string", "null"],
                    "description": "A part of the product's name, in any case.",
                },
                "min_price_cents": price("lowest"),
                "max_price_cents": price("highest"),
            },
        },
        "outputSchema": product_list("price_cents"),
        "annotations": { "readOnlyHint": true, "openWorldHint": false },
    })
}

fn product_list(price: &str) -> Value {
    let product = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "The name to buy it by." },
            price: count("The price of one, in cents."),
            "stock": count("How many are left."),
        },
        "required": ["name", price, "stock"],
    });
    json!({
        "$schema": DRAFT,
        "type": "object",
        "properties": { "products": { "type": "array", "items": product } },
        "required": ["products"],
    })
}

fn receipt() -> Value {
    json!({
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            "product_name": { "type": "string", "description": "The product that was bought." },
            "quantity": count("How many were bought."),
            "total_cents": count("What they cost together, in cents."),
            "remaining_stock": count("How many the store has left."),
        },
        "required": ["product_name", "quantity", "total_cents", "remaining_stock"],
    })
}

fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn remove(object: &mut Value, key: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(key);
    }
}
