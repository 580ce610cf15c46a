//! 4.9 (bonus): a *Buy* button in the catalog calls the tool through the host.
//!
//! Once, for the reason that 4.8 has: which era the host speaks with the server, no page knows.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::draw::CATALOG;
use super::page::{Button, Card, Host, Look, Shown, Theme};
use super::{apps, cards, places};
use crate::checks::store::shop::{self, Product, Shop, quoted};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::verdict::{Code, Finding};

/// How long a press may take to arrive.
const PATIENCE: Duration = Duration::from_secs(3);

/// A button, where it is.
struct Found {
    card: usize,
    button: usize,
    focusable: bool,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let in_button = |stop: Stop| stop.at(places::BUY_BUTTON);
    let shop = Shop::enter_as(server, apps::host(server)).await?;
    let host = Host::new(server, &shop).await?;
    let (another, several) = prepare(server, &shop).await?;
    server.purpose("show the catalog in a host that lets the page call tools");
    let html = host.read(&CATALOG).await?;
    let called = host.call(&CATALOG).await?;
    let products = shop::products_of(&called)?;
    let shown = host
        .show(&CATALOG, &html, Theme::Light, true, &called)
        .await?;
    let look = shown
        .until(|look| cards::fit(&look.page.cards, &products, &[]))
        .await?;
    if look.page.cards.iter().all(|card| card.buttons.is_empty()) {
        return Err(Stop::not_declared("no card in the catalog has a button"));
    }
    shown
        .until(|look| buttons_fit(&look.page.cards, &products).map_err(in_button))
        .await?;

    if let Some(product) = &another {
        server.purpose("press a button with the mouse");
        press(&host, &shop, &shown, product, "mouse").await?;
    }
    server.purpose("press a button with the keyboard");
    press(&host, &shop, &shown, &several, "keyboard").await?;
    shown.close().await.map(|_| ())
}

/// Sells out one product, and leaves one of another: then the page must change when that is
/// bought. Gives that, and one of which there is more: a button that always buys the same product is
/// wrong for one of the two. A running store's stock is left as it is.
async fn prepare(server: &ServerUnderTest, shop: &Shop) -> Checked<(Option<Product>, Product)> {
    server.purpose("see that one product is sold out, and another one is not");
    let rarest = shop.rarest_first().await?;
    let best = shop.best_stocked().await?;
    let best = best.ok_or_else(|| shop::too_little_left(server))?;
    let mut others = rarest.iter().filter(|product| product.name != best.name);
    if server.runs_already() {
        // Rather the last one of something, else what there is plenty of.
        let last = others.clone().find(|product| product.stock == 1);
        return Ok((last.or(others.next_back()).cloned(), best));
    }
    let first = others.next();
    let second = others.next();
    // Where there is too much of everything, it stays.
    if let Some(first) = first {
        let _ = shop.buy_down_to(0, first).await;
    }
    if let Some(second) = second {
        let _ = shop.buy_down_to(1, second).await;
    }
    Ok((second.cloned(), best))
}

/// That what is in stock can be bought, and what is sold out cannot.
fn buttons_fit(all: &[Card], products: &[Product]) -> Checked {
    for product in products {
        for (_, card, _) in cards::of(all, product, products) {
            let usable = card
                .buttons
                .iter()
                .find(|button| is_to_buy(button) && !button.disabled);
            match usable {
                None if product.stock > 0 => return Err(no_button(card, product).into()),
                Some(button) if product.stock == 0 => {
                    return Err(Finding::new(Code::SoldOutCanBeBought)
                        .expected(format!(
                            "no button for {:?}, or one that is disabled",
                            product.name
                        ))
                        .got(format!("{}, which can be pressed", quoted(&button.name)))
                        .why("This product is sold out, so the button can only lead to an error.")
                        .into());
                }
                _ => (),
            }
        }
    }
    Ok(())
}

fn no_button(card: &Card, product: &Product) -> Finding {
    let names: Vec<String> = card
        .buttons
        .iter()
        .map(|button| {
            let disabled = if button.disabled { ", disabled" } else { "" };
            format!("{}{disabled}", quoted(&button.name))
        })
        .collect();
    let got = match names.as_slice() {
        [] => "no button in its card".to_owned(),
        names => format!("buttons named {}", names.join(" and ")),
    };
    Finding::new(Code::NoBuyButton)
        .expected(format!("a button for {:?} whose name says “Buy”", product.name))
        .got(got)
        .why("A button's name is its text or its aria-label. Screen readers read it, and the checker looks for it.")
}

fn is_to_buy(button: &Button) -> bool {
    button.name.to_lowercase().contains("buy")
}

fn find(look: &Look, product: &Product, products: &[Product]) -> Option<Found> {
    let mut found = cards::of(&look.page.cards, product, products);
    found.find_map(|(card, of, _)| {
        let mut buttons = of.buttons.iter();
        let button = buttons.position(|button| is_to_buy(button) && !button.disabled)?;
        Some(Found {
            card,
            button,
            focusable: of.buttons[button].focusable,
        })
    })
}

/// Presses the button of a product: the host is asked to buy one of it, the stock falls by one, and
/// the page shows what is left.
async fn press(
    host: &Host<'_>,
    shop: &Shop,
    shown: &Shown<'_>,
    product: &Product,
    by: &str,
) -> Checked {
    let products = shop.products().await?;
    let look = shown
        .until(|look| cards::fit(&look.page.cards, &products, &[]))
        .await?;
    let finding = |code: Code| {
        let by = if code == Code::NotByKeyboard {
            "keyboard"
        } else {
            by
        };
        let sent = format!(
            "the button of {:?} in the catalog, {}",
            product.name,
            pressed(by)
        );
        Finding::new(code).sent(sent).at(places::BUY_BUTTON)
    };
    let Some(Found {
        card,
        button,
        focusable,
    }) = find(&look, product, &products)
    else {
        return Err(finding(Code::NoBuyButton)
            .expected("a button that says “Buy”")
            .got("no button that can be pressed")
            .into());
    };
    let before = host.calls().len();
    let focused = shown.press(card, button, by).await?;
    if !(focused && focusable) {
        return Err(finding(Code::NotByKeyboard)
            .expected("a button that the Tab key reaches")
            .got("one that cannot receive focus")
            .why("Not everybody uses a mouse. A <button> element works with the keyboard without extra code.")
            .into());
    }
    let bought = || {
        let calls = host.calls().split_off(before);
        let buys = |call: &Value| call["name"] == "buy_product";
        calls.into_iter().filter(buys).collect::<Vec<_>>()
    };
    let begin = Instant::now();
    while bought().is_empty() && begin.elapsed() < PATIENCE {
        // What the page asks for is answered while it is looked at.
        shown.until(|_| Ok(())).await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let right = json!({ "product_name": product.name, "quantity": 1 });
    match bought().as_slice() {
        [call] if call["arguments"] == right => (),
        [] if by == "keyboard" => {
            return Err(finding(Code::NotByKeyboard)
                .expected(format!(
                    "tools/call buy_product {right} when Enter is pressed"
                ))
                .got("no call")
                .why("Not everybody uses a mouse. A <button> element works with the keyboard without extra code.")
                .into());
        }
        [] => {
            return Err(finding(Code::ButtonDoesNothing)
                .expected(format!("tools/call buy_product {right}, as a request to the host"))
                .got("no call")
                .why("A page can only reach the server through its host, which may ask the user first.")
                .into());
        }
        [call] => {
            return Err(finding(Code::ButtonBuysOther)
                .expected(format!("tools/call buy_product {right}"))
                .got(format!("tools/call buy_product {}", call["arguments"]))
                .why("The button in a card buys one of the product on that card.")
                .into());
        }
        calls => return Err(too_many(finding(Code::ButtonBuysOther), calls.len())),
    }
    shows_what_is_left(shop, shown, product, &products, by).await?;
    match bought().len() {
        1 => Ok(()),
        more => Err(too_many(finding(Code::ButtonBuysOther), more)),
    }
}

/// How a button is pressed by mouse or keyboard, as findings say it.
fn pressed(by: &str) -> &'static str {
    match by {
        "mouse" => "clicked with the mouse",
        _ => "pressed with the keyboard",
    }
}

fn too_many(finding: Finding, calls: usize) -> Stop {
    finding
        .expected("one call")
        .got(format!("{calls} calls"))
        .why("Pressing the button once must buy once.")
        .into()
}

async fn shows_what_is_left(
    shop: &Shop,
    shown: &Shown<'_>,
    product: &Product,
    before: &[Product],
    by: &str,
) -> Checked {
    let sent = format!(
        "the button of {:?} in the catalog, {}",
        product.name,
        pressed(by)
    );
    let stock = |products: &[Product]| shop::stock_of(products, &product.name).unwrap_or(0);
    let expected = stock(before) - 1;
    let after = shop.products().await?;
    if stock(&after) != expected {
        return Err(Finding::new(Code::WrongStock)
            .sent(format!("{sent}, then tools/call list_products {{}}"))
            .expected(format!("{expected} of {:?} left", product.name))
            .got(stock(&after).to_string())
            .why("The host called the tool, and the user confirmed.")
            .at(places::BUY_BUTTON)
            .into());
    }
    shown
        .until(|look| {
            let drawn = cards::fit(&look.page.cards, &after, &[]);
            let drawn = drawn.and_then(|()| buttons_fit(&look.page.cards, &after));
            drawn.map_err(|stop| match cards::fit(&look.page.cards, before, &[]) {
                Ok(()) => Finding::new(Code::NotRedrawn)
                    .sent(&sent)
                    .expected(format!(
                        "a catalog with the current stock: {expected} of {:?} left",
                        product.name
                    ))
                    .got("the catalog as it was before")
                    .why("When the answer to the call arrives, ask for the products again and draw them.")
                    .at(places::BUY_SCRIPT)
                    .into(),
                Err(_) => stop,
            })
        })
        .await
        .map(|_| ())
}
