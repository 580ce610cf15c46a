//! The inventory as resources: `store://inventory` and `store://products/{name}`.

use percent_encoding::percent_decode_str;
use rmcp::ErrorData;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;
use serde_json::json;

use crate::confirm::internal;
use crate::inventory::Inventory;

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
pub async fn read(inventory: &Inventory, uri: &str) -> Result<ResourceContents, ErrorData> {
    if uri == INVENTORY {
        let products = inventory.products().await.map_err(internal)?;
        return as_json(uri, &json!({ "products": products }));
    }
    let name = uri.strip_prefix(PRODUCT);
    let name = name.and_then(|name| percent_decode_str(name).decode_utf8().ok());
    if let Some(name) = name
        && let Some(product) = inventory.product(&name).await.map_err(internal)?
    {
        return as_json(uri, &product);
    }
    let message = format!("There is no resource {uri}. Try {INVENTORY}.");
    let data = json!({ "uri": uri });
    Err(ErrorData::resource_not_found(message, Some(data)))
}

fn as_json(uri: &str, value: &impl Serialize) -> Result<ResourceContents, ErrorData> {
    let text = serde_json::to_string_pretty(value).map_err(internal)?;
    Ok(ResourceContents::text(text, uri).with_mime_type(JSON))
}
