//! 4.8: both pages really draw: in a browser, the bars and cards match the inventory, and they
//! follow the host's theme.
//!
//! Once, and not on each era: a page hears nothing of it. It gets the result of a tool, and that
//! this is the same on both is what 4.6 and 4.7 have seen.

use rand::RngExt;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

use super::page::{Host, Look, NARROW, Page, PageOf, Shown, Theme, WIDE};
use super::{apps, bars, cards, catalog, chart, places};
use crate::checks::store::shop::{self, Product, Shop, quoted};
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

/// The chart.
pub const CHART: PageOf = PageOf {
    app: &chart::CHART,
    name: "chart",
    block: places::CHART_PAGE,
};

/// The catalog.
pub const CATALOG: PageOf = PageOf {
    app: &catalog::CATALOG,
    name: "catalog",
    block: places::CATALOG_PAGE,
};

/// A page, and what it must draw of these products, with nothing left of others.
struct Drawing {
    page: &'static PageOf,
    fits: fn(&Page, &[Product], &[Product]) -> Checked,
}

const DRAWINGS: [Drawing; 2] = [
    Drawing {
        page: &CHART,
        fits: |page, products, gone| bars::fit(&page.bars, products, gone),
    },
    Drawing {
        page: &CATALOG,
        fits: |page, products, gone| cards::fit(&page.cards, products, gone),
    },
];

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_as(server, apps::host(server)).await?;
    let host = Host::new(server, &shop).await?;
    server.purpose("sell something out, so that the pages have a sold-out product to show");
    sell_out_one(server, &shop).await?;
    server.purpose("show both pages in a host, with the current products");
    let mut all = Vec::new();
    for drawing in &DRAWINGS {
        let html = host.read(drawing.page).await?;
        let called = host.call(drawing.page).await?;
        let products = shop::products_of(&called)?;
        let shown = host
            .show(drawing.page, &html, Theme::Light, true, &called)
            .await?;
        let look = shown
            .until(|look| {
                (drawing.fits)(&look.page, &products, &[])?;
                fits_the_frame(look, WIDE)
            })
            .await?;
        all.push((drawing, html, shown, products, look));
    }
    server.purpose("sell out another product, and show the pages again");
    sell_out_one(server, &shop).await?;
    let best = shop.best_stocked().await?;
    let best = best.ok_or_else(|| shop::too_little_left(server))?;
    shop.confirm(&best.name, 1).await?;
    for (drawing, html, mut shown, before, first) in all {
        let called = host.call(drawing.page).await?;
        let products = shop::products_of(&called)?;
        shown.result(&called).await?;
        shown
            .until(|look| {
                let drawn = (drawing.fits)(&look.page, &products, &[]);
                drawn.map_err(|stop| match (drawing.fits)(&look.page, &before, &[]) {
                    // Still as it was.
                    Ok(()) => not_redrawn(&before, &products).into(),
                    Err(_) => stop,
                })
            })
            .await?;
        is_sound(&shown, &products, drawing, &first).await?;
        tells_its_size(&shown, server).await?;
        shows_any_name(server, &mut shown, drawing, &products).await?;
        if !shown.close().await? {
            server.remark(format!(
                "the {}'s page does not answer ui/resource-teardown. Hosts wait for the answer before they close the frame",
                drawing.page.name
            ));
        }
        begins_dark(&host, drawing, &html, &called, &products).await?;
    }
    Ok(())
}

/// At the width of a phone, and in the other theme.
async fn is_sound(
    shown: &Shown<'_>,
    products: &[Product],
    drawing: &Drawing,
    light: &Look,
) -> Checked {
    shown.until(|look| is_readable(look, Theme::Light)).await?;
    shown.resize(NARROW).await?;
    shown
        .until(|look| {
            fits_the_frame(look, NARROW)?;
            is_readable(look, Theme::Light)
        })
        .await?;
    shown.resize(WIDE).await?;
    shown.dress(Theme::Dark).await?;
    let dark = |look: &Look| {
        is_dark(look, light)?;
        is_readable(look, Theme::Dark)?;
        (drawing.fits)(&look.page, products, &[])
    };
    shown.until(dark).await.map(|_| ())
}

/// In a host that is dark from the beginning, and has no colors of its own to give.
async fn begins_dark(
    host: &Host<'_>,
    drawing: &Drawing,
    html: &str,
    called: &Called,
    products: &[Product],
) -> Checked {
    let shown = host
        .show(drawing.page, html, Theme::Dark, false, called)
        .await?;
    shown
        .until(|look| {
            (drawing.fits)(&look.page, products, &[])?;
            is_readable(look, Theme::Dark)
        })
        .await?;
    shown.close().await.map(|_| ())
}

/// Sells out what there is least of, where it is not all that is left, and the stock is the check's
/// own.
async fn sell_out_one(server: &ServerUnderTest, shop: &Shop) -> Checked {
    if server.runs_already() {
        return Ok(());
    }
    if let [rarest, _, ..] = shop.rarest_first().await?.as_slice() {
        // Where there is too much of everything, it stays.
        let _ = shop.buy_down_to(0, rarest).await;
    }
    Ok(())
}

fn not_redrawn(before: &[Product], after: &[Product]) -> Finding {
    let changed = after.iter().filter(|product| !before.contains(product));
    let changed = changed.min_by_key(|product| product.stock);
    let expected = changed.map_or_else(
        || "the products of the last result".to_owned(),
        |product| format!("{:?} with {} left", product.name, product.stock),
    );
    Finding::new(Code::NotRedrawn)
        .expected(expected)
        .got("the products of an earlier result")
        .why("A page gets a result after every call of the tool. Show the last result, and replace what was there before.")
}

fn fits_the_frame(look: &Look, width: u32) -> Checked {
    let Some(wide) = look.page.wide.first() else {
        return Ok(());
    };
    Err(Finding::new(Code::PageTooWide)
        .expected(format!("a page that fits in a frame {width} pixels wide"))
        .got(wide)
        .why("Hosts show pages on phones, and in a column next to the chat. What does not fit is cut off.")
        .into())
}

fn is_readable(look: &Look, theme: Theme) -> Checked {
    let Some(text) = look.page.unreadable.first() else {
        return Ok(());
    };
    let (theme, colors, ratio) = (theme.name(), &text.colors, text.ratio);
    Err(Finding::new(Code::TextUnreadable)
        .expected(format!(
            "text that is readable in the {theme} theme: a contrast of at least 4.5 : 1"
        ))
        .got(format!("{}, {colors}: {ratio} : 1", quoted(&text.text)))
        .why("The host sends its theme in ui/initialize and, when it changes, in ui/notifications/host-context-changed. Set both the text color and the background color, or use the host's colors.")
        .into())
}

fn is_dark(look: &Look, light: &Look) -> Checked {
    if look.page.colors.is_empty() || look.page.colors != light.page.colors {
        return Ok(());
    }
    Err(Finding::new(Code::ThemeIgnored)
        .expected("different colors in the dark theme and in the light one")
        .got(format!("the same: {}", look.page.colors.join(", ")))
        .why("The host sends its theme in ui/initialize and, when it changes, in ui/notifications/host-context-changed. A white page in a dark window is hard on the eyes.")
        .into())
}

/// The given page does; a host with a frame of a fixed height shows the rest of a chart to nobody. It may
/// come some time after the first drawing.
async fn tells_its_size(shown: &Shown<'_>, server: &ServerUnderTest) -> Checked {
    let look = shown
        .until(|look| {
            if look.sizes > 0 {
                return Ok(());
            }
            Err(Finding::new(Code::PageSizeNotTold)
                .expected("ui/notifications/size-changed, with the height of the page")
                .got("no such message")
                .why("A host makes the frame as high as the page says. Otherwise it guesses the height, and may cut off the rest.")
                .into())
        })
        .await?;
    for note in &look.notes {
        server.remark(format!("a page sends {note}"));
    }
    Ok(())
}

/// Shows products of the checker's own, whose names are hard to show.
async fn shows_any_name(
    server: &ServerUnderTest,
    shown: &mut Shown<'_>,
    drawing: &Drawing,
    before: &[Product],
) -> Checked {
    let products = made_up(server);
    let content = json!({ "products": products });
    let result: Value = json!({
        "content": [{ "type": "text", "text": content.to_string() }],
        "structuredContent": content,
    });
    shown.made_up(&result).await?;
    shown
        .until(|look| (drawing.fits)(&look.page, &products, before))
        .await
        .map(|_| ())
}

fn made_up(server: &ServerUnderTest) -> Vec<Product> {
    server.random(|dice| {
        let mut products = vec![
            (
                r"<b data-drawn-as-html>Bold</b> bread".to_owned(),
                dice.random_range(20..60),
            ),
            (
                r#"<img data-drawn-as-html src="x" onerror="document.title = 'x'"> cake"#
                    .to_owned(),
                dice.random_range(5..20),
            ),
            (r#"O'Hara's "best" rolls & more"#.to_owned(), 100),
            (format!("Lot {} of rye", dice.random_range(1000..9999)), 0),
        ];
        products.shuffle(dice);
        let product = |(name, stock)| Product {
            name,
            price_cents: dice.random_range(101..9999),
            stock,
        };
        products.into_iter().map(product).collect()
    })
}
