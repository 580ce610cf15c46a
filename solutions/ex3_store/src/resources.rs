//! The inventory as resources: `store://inventory` and `store://products/{name}`.

use percent_encoding::percent_decode_str;
use rmcp::ErrorData;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;
use serde_json::json;

use crate::inventory::Inventory;

// ANCHOR: step_3_10
const INVENTORY: &str = "store://inventory";
const PRODUCT: &str = "store://products/";
const JSON: &str = "application/json";

/// The resource that lists everything.
pub fn inventory() -> Resource {
    Resource::new(INVENTORY, "inventory")
        .with_description("Everything the store sells")
        .with_mime_type(JSON)
}

/// The template that names one product.
pub fn product() -> ResourceTemplate {
    ResourceTemplate::new(format!("{PRODUCT}{{name}}"), "product")
        .with_description("One product, by its name")
        .with_mime_type(JSON)
}

/// The contents of a URI. The template only tells clients what to ask for. The server must
/// match URIs and decode `%20` in names itself.
pub fn read(inventory: &Inventory, uri: &str) -> Result<ResourceContents, ErrorData> {
    if uri == INVENTORY {
        return as_json(uri, &json!({ "products": inventory.products() }));
    }
    uri.strip_prefix(PRODUCT)
        .and_then(|name| percent_decode_str(name).decode_utf8().ok())
        .and_then(|name| inventory.product(&name))
        .map(|product| as_json(uri, &product))
        .unwrap_or_else(|| {
            let message = format!("There is no resource {uri}. Try {INVENTORY}.");
            Err(ErrorData::resource_not_found(
                message,
                Some(json!({ "uri": uri })),
            ))
        })
}

fn as_json(uri: &str, value: &impl Serialize) -> Result<ResourceContents, ErrorData> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(ResourceContents::text(text, uri).with_mime_type(JSON))
}
// ANCHOR_END: step_3_10
