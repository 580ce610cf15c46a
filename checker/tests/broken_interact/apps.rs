//! The Apps: two tools with a page each.

use base64::Engine as _;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::flaw::{Flaw, Flaws};
use super::shop::{Product, Shop, opening_day};
use super::tools::structured;
use crate::protocol::{INVALID_PARAMS, RpcError};

pub const CHART: &str = "ui://bakery/chart";
pub const CATALOG: &str = "ui://bakery/catalog";

const CHART_PAGE: &str = include_str!("pages/chart.html");
const CATALOG_PAGE: &str = include_str!("pages/catalog.html");

const MIME_TYPE: &str = "text/html;profile=mcp-app";

pub fn chart(flaws: &Flaws, shop: &Shop) -> Value {
    let products = if flaws.has(Flaw::ChartOfOpeningDay) {
        opening_day()
    } else {
        shop.products()
    };
    let mut result = shown(flaws, &products, |product| {
        format!("{} left", product.stock)
    });
    if flaws.has(Flaw::ChartWithoutText) {
        result["content"] = json!([]);
    }
    if flaws.has(Flaw::ChartSaysNothing) {
        result["content"][0]["text"] = json!("Here is a chart.");
    }
    if flaws.has(Flaw::ChartWithoutContent)
        && let Some(result) = result.as_object_mut()
    {
        result.remove("structuredContent");
    }
    result
}

pub fn catalog(flaws: &Flaws, shop: &Shop) -> Value {
    let mut products = shop.products();
    if flaws.has(Flaw::CatalogLeavesOut) {
        products.retain(|product| product.stock > 1);
    }
    let price = |product: &Product| {
        format!(
            "${}.{:02}",
            product.price_cents / 100,
            product.price_cents % 100
        )
    };
    let mut result = shown(flaws, &products, price);
    if flaws.has(Flaw::CatalogWithoutPrices) {
        let names: Vec<&str> = products
            .iter()
            .map(|product| product.name.as_str())
            .collect();
        result["content"][0]["text"] = json!(names.join("\n"));
    }
    result
}

fn shown(flaws: &Flaws, products: &[Product], telling: impl Fn(&Product) -> String) -> Value {
    let mut result = structured(&json!({ "products": products }));
    if flaws.has(Flaw::TextForPeople) {
        let lines = products
            .iter()
            .map(|one| format!("{}: {}", one.name, telling(one)));
        result["content"][0]["text"] = json!(lines.collect::<Vec<_>>().join("\n"));
    }
    result
}

pub fn read(flaws: &Flaws, params: &Value) -> Result<Value, RpcError> {
    let uri = params["uri"].as_str().unwrap_or_default();
    let is_chart = uri == CHART;
    if !(is_chart || uri == CATALOG) || (is_chart && flaws.has(Flaw::ChartNotThere)) {
        return Err(RpcError::new(INVALID_PARAMS, format!("no resource {uri}")));
    }
    let as_html = if is_chart {
        Flaw::ChartAsHtml
    } else {
        Flaw::CatalogAsHtml
    };
    let mime_type = if flaws.has(as_html) {
        "text/html"
    } else {
        MIME_TYPE
    };
    let draws_a_chart = is_chart || flaws.has(Flaw::CatalogReadsAsChart);
    let drawn = if draws_a_chart {
        CHART_PAGE
    } else {
        CATALOG_PAGE
    };
    let mut html = page(flaws, drawn);
    if is_chart && flaws.has(Flaw::ChartWithoutDoctype) {
        html = html.replace("<!doctype html>", "");
    }
    if is_chart && flaws.has(Flaw::ChartFromCdn) {
        html += r#"<script src="https://cdn.example/chart.js"></script>"#;
    }
    if is_chart && flaws.has(Flaw::ChartFetches) {
        html += r#"<script>fetch("/products.json").then(draw)</script>"#;
    }
    if !is_chart && flaws.has(Flaw::HugeCatalog) {
        html += &" ".repeat(3 << 20);
    }
    if flaws.has(Flaw::ScriptWithUrls) {
        html += "<script>new URL(document.baseURI); const URL$ = (it) => it; URL$(0);</script>";
    }
    let mut contents = json!({ "uri": uri, "mimeType": mime_type });
    if flaws.has(Flaw::PagesAsBlobs) {
        contents["blob"] = json!(base64::engine::general_purpose::STANDARD.encode(html));
    } else {
        contents["text"] = json!(html);
    }
    Ok(json!({ "contents": [contents] }))
}

/// The page with its style, its script, and what is wrong with it: it acts there.
fn page(flaws: &Flaws, page: &str) -> String {
    let names = flaws.iter().filter_map(|flaw| flaw.to_possible_value());
    let names: Vec<String> = names.map(|name| name.get_name().to_owned()).collect();
    page.replace("/*STYLE*/", include_str!("pages/style.css"))
        .replace("/*FLAWS*/", &json!(names).to_string())
        .replace("/*SCRIPT*/", include_str!("pages/app.js"))
}
