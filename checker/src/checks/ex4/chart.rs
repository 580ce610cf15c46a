//! 4.6: `show_inventory_chart` is an MCP App.

use super::apps::{self, App};
use super::places;
use crate::checks::store::question;
use crate::checks::{Checked, ServerUnderTest};

/// The App.
pub const CHART: App = App {
    tool: "show_inventory_chart",
    contract: include_str!("snapshots/4.6.snap"),
    block: places::CHART_TOOL,
    detail: |product| format!("stock {}", product.stock),
    tells: |text, product| question::counts(text, product.stock),
};

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    apps::check(server, &CHART).await
}
