//! The inventory as resources: `store://inventory` and `store://products/{name}`.

use percent_encoding::percent_decode_str;
use rmcp::ErrorData;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;
use serde_json::json;

use crate::inventory::Inventory;

// ANCHOR: step_3_10
// TODO 3.10 (bonus): the resource `store://inventory` (all products) and the template
// `store://products/{name}` (one), both `application/json`, and a function that gives the
// contents behind a URI. rmcp neither matches a URI with a template nor decodes `%20` in it:
// that is yours. What is not there is an `ErrorData::resource_not_found`.
// ANCHOR_END: step_3_10
