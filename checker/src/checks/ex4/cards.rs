//! Whether a catalog has one card for each product, with its price and whether there is any.

use super::names::{self, Named};
use super::page::Card;
use crate::checks::Checked;
use crate::checks::store::question;
use crate::checks::store::shop::{Product, quoted};
use crate::verdict::{Code, Finding};

const IN_STOCK: &str = "in stock";
const SOLD_OUT: &str = "sold out";

/// That these cards are those of the products, and none is left of those that are gone.
pub fn fit(cards: &[Card], products: &[Product], gone: &[Product]) -> Checked {
    names::nothing_stale(cards.iter().map(|card| card.text.as_str()), products, gone)?;
    for product in products {
        let mut mine = of(cards, product, products);
        let Some((_, card, rest)) = mine.next() else {
            return Err(missing(cards, product).into());
        };
        let others = mine.count();
        if others > 0 {
            return Err(names::twice("card", product, others + 1));
        }
        has_the_price(card, &rest, product)?;
        has_the_badge(card, &rest, product)?;
    }
    Ok(())
}

/// The cards of a product, with their numbers and what is in them beside its name.
pub fn of<'c>(
    cards: &'c [Card],
    product: &'c Product,
    products: &'c [Product],
) -> impl Iterator<Item = (usize, &'c Card, String)> {
    cards.iter().enumerate().filter_map(|(number, card)| {
        let named = Named::of(&card.text, &card.written, products);
        named.is_only(product).then_some((number, card, named.rest))
    })
}

fn missing(cards: &[Card], product: &Product) -> Finding {
    let as_html = names::as_html(product);
    if let Some(bare) = as_html.filter(|bare| cards.iter().any(|card| card.text.contains(bare))) {
        return names::taken_for_html(product, &bare);
    }
    let texts: Vec<String> = cards
        .iter()
        .take(5)
        .map(|card| quoted(&card.text))
        .collect();
    let got = match texts.as_slice() {
        [] => "no <article>, and nothing with role=\"article\"".to_owned(),
        texts => format!("cards with the texts {}", texts.join(", ")),
    };
    Finding::new(Code::CardMissing)
        .expected(format!(
            "a card for each product, an <article> or role=\"article\", including one for {:?}",
            product.name
        ))
        .got(got)
        .why("Screen readers use this role to move from card to card, and the checker finds cards by it.")
}

fn has_the_price(card: &Card, rest: &str, product: &Product) -> Checked {
    if question::shows_price(rest, product.price_cents) {
        return Ok(());
    }
    let cents = product.price_cents;
    Err(Finding::new(Code::CardWithoutPrice)
        .expected(format!(
            "the price of {:?} as people write it: {}.{:02}",
            product.name,
            cents / 100,
            cents % 100
        ))
        .got(quoted(&card.text))
        .why("Cents are for programs. A card is for people.")
        .into())
}

fn has_the_badge(card: &Card, rest: &str, product: &Product) -> Checked {
    let rest = rest.to_lowercase();
    let (right, wrong) = match product.stock {
        0 => (SOLD_OUT, IN_STOCK),
        _ => (IN_STOCK, SOLD_OUT),
    };
    if rest.contains(right) && !rest.contains(wrong) {
        return Ok(());
    }
    let expected = match product.stock {
        0 => format!("“Sold out” for {:?}: none is left", product.name),
        stock => format!("“In stock” for {:?}: {stock} left", product.name),
    };
    Err(Finding::new(Code::CardBadge)
        .expected(expected)
        .got(quoted(&card.text))
        .why("Say it in words, because not everybody can see colors.")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Stop;

    fn product(name: &str, price_cents: i64, stock: i64) -> Product {
        Product {
            name: name.to_owned(),
            price_cents,
            stock,
        }
    }

    fn card(text: &str) -> Card {
        Card {
            text: text.to_owned(),
            written: text.to_owned(),
            buttons: Vec::new(),
        }
    }

    #[test]
    fn each_mistake_has_its_code() {
        let products = [
            product("Tea", 960, 1),
            product("Green tea <b>x</b>", 100, 0),
        ];
        let code = |texts: &[&str]| {
            let cards: Vec<Card> = texts.iter().map(|text| card(text)).collect();
            match fit(&cards, &products, &[product("Rye", 1, 1)]) {
                Err(Stop::Failed(finding)) => Some(finding.code),
                _ => None,
            }
        };
        let tea = "Tea 9,60 € IN STOCK Buy one";
        let green = "Green tea <b>x</b> $1 Sold out";
        assert_eq!(code(&[tea, green]), None);
        assert_eq!(code(&[tea]), Some(Code::CardMissing));
        assert_eq!(
            code(&[tea, "Green tea x $1 Sold out"]),
            Some(Code::NameAsHtml)
        );
        assert_eq!(code(&[tea, green, tea]), Some(Code::DrawnTwice));
        assert_eq!(
            code(&[tea, green, "Rye 0.01 In stock"]),
            Some(Code::NotRedrawn)
        );
        assert_eq!(
            code(&["Tea $9.61 In stock", green]),
            Some(Code::CardWithoutPrice)
        );
        assert_eq!(code(&["Tea $9.60 Sold out", green]), Some(Code::CardBadge));
        assert_eq!(code(&["Tea $9.60", green]), Some(Code::CardBadge));
    }
}
