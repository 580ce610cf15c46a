//! 4.7: `show_product_catalog` is an MCP App.

use super::apps::{self, App};
use super::chart::CHART;
use super::places;
use crate::checks::store::question;
use crate::checks::store::shop::Shop;
use crate::checks::{Checked, ServerUnderTest};
use crate::verdict::{Code, Finding, Location, Why};

/// The App.
pub const CATALOG: App = App {
    tool: "show_product_catalog",
    contract: include_str!("snapshots/4.7.snap"),
    block: places::CATALOG_TOOL,
    detail: |product| format!("price {} cents", product.price_cents),
    tells: |text, product| question::names(text, i128::from(product.price_cents)),
};

/// What a card is, to a screen reader and to 4.8. A page that draws cards has the word in it.
const CARD: &str = "article";

const WHY: &str = "Hosts show what this page contains, whatever the tool returns.";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    apps::check(server, &CATALOG).await?;
    has_a_page_of_its_own(server).await
}

/// One page may do for both tools, if it draws cards. The chart's page does not.
async fn has_a_page_of_its_own(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_as(server, apps::host(server)).await?;
    server.purpose("compare its page with the chart's page");
    let tools = shop.session.tools().await?;
    let page = |tool: &str| {
        let tool = tools.iter().find(|one| one.name == tool)?;
        apps::page_of(tool).ok()
    };
    let (Some(uri), Some(of_chart)) = (page(CATALOG.tool), page(CHART.tool)) else {
        return Ok(());
    };
    let html = apps::read(&shop, &uri).await?;
    let is_the_same = uri == of_chart || apps::read(&shop, &of_chart).await? == html;
    if !is_the_same || html.contains(CARD) {
        return Ok(());
    }
    let (why, place) = if uri == of_chart {
        (
            Why::from(WHY).in_rust("`apps::CATALOG` has the catalog's page."),
            Location::from(places::CATALOG_TOOL),
        )
    } else {
        (Why::from(WHY), places::catalog_app())
    };
    Err(Finding::new(Code::PageOfAnother)
        .sent(format!("tools/list, then resources/read {uri}"))
        .expected("a page that shows a card for each product")
        .got(format!("the page of {}, which shows no cards", CHART.tool))
        .why(why)
        .at(place)
        .into())
}
