//! 4.7: `show_product_catalog` is an MCP App.

use super::apps::{self, App};
use super::places;
use crate::checks::store::question;
use crate::checks::{Checked, ServerUnderTest};

/// The App.
pub const CATALOG: App = App {
    tool: "show_product_catalog",
    contract: include_str!("snapshots/4.7.snap"),
    block: places::CATALOG_TOOL,
    detail: |product| format!("price {} cents", product.price_cents),
    tells: |text, product| question::names(text, i128::from(product.price_cents)),
};

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    apps::check(server, &CATALOG).await
}
