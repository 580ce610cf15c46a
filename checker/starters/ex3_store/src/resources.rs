//! The inventory as resources: `store://inventory` and `store://products/{name}`.

use percent_encoding::percent_decode_str;
use rmcp::ErrorData;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;
use serde_json::json;

use crate::inventory::Inventory;

// ANCHOR: step_3_10
// TODO 3.10 (bonus): the resource `store://inventory` (all products) and the template
// `store://products/{name}` (one), both `application/json`, and a function that returns the
// contents of a URI. rmcp does not match URIs with templates or decode `%20`, so do that
// yourself. If a URI does not exist, return `ErrorData::resource_not_found`.
// ANCHOR_END: step_3_10
