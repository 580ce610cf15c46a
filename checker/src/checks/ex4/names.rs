//! Which product a bar or a card is of: the one that it names.

use regex::Regex;

use crate::checks::store::shop::{Product, quoted};
use crate::checks::{Checked, Stop};
use crate::verdict::{Code, Finding};

/// A text, and the products that it names.
pub struct Named<'p> {
    products: Vec<&'p Product>,
    /// What is in it beside their names.
    pub rest: String,
}

impl<'p> Named<'p> {
    /// Reads a text as it is seen; where that names nothing, as it is written: a style may have
    /// made other letters of it.
    pub fn of(seen: &str, written: &str, products: &'p [Product]) -> Self {
        let named = Self::in_text(seen, products);
        if !named.products.is_empty() {
            return named;
        }
        Self {
            rest: named.rest,
            ..Self::in_text(written, products)
        }
    }

    /// Longer names first: one may be a part of another.
    fn in_text(text: &str, products: &'p [Product]) -> Self {
        let mut longest_first: Vec<&Product> = products.iter().collect();
        longest_first.sort_by_key(|product| std::cmp::Reverse(product.name.len()));
        let mut rest = spaced(text);
        longest_first.retain(|product| {
            let name = spaced(&product.name);
            let is_named = !name.is_empty() && rest.contains(&name);
            rest = rest.replace(&name, " ");
            is_named
        });
        Self {
            products: longest_first,
            rest,
        }
    }

    /// Whether it names this product and no other.
    pub fn is_only(&self, product: &Product) -> bool {
        matches!(self.products.as_slice(), [one] if one.name == product.name)
    }
}

/// With one space between words, as HTML shows it.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name with markup in it, as it looks where it is taken for HTML.
pub fn as_html(product: &Product) -> Option<String> {
    let tags = Regex::new("<[^>]*>").ok()?;
    let bare = spaced(&tags.replace_all(&product.name, ""));
    (bare != spaced(&product.name) && !bare.is_empty()).then_some(bare)
}

/// That a name with markup was not shown as it is.
pub fn taken_for_html(product: &Product, shown: &str) -> Finding {
    Finding::new(Code::NameAsHtml)
        .expected(format!("the unchanged name: {}", quoted(&product.name)))
        .got(quoted(shown))
        .why("Insert names as text, with textContent or setAttribute. As HTML, a name could bring a script into the page.")
}

/// That no text names a product that is not sold any more.
pub fn nothing_stale<'t>(
    mut texts: impl Iterator<Item = &'t str>,
    products: &[Product],
    gone: &[Product],
) -> Checked {
    // What is left of a text when all that is sold is taken out.
    let stale = texts.find(|text| {
        let rest = Named::in_text(text, products).rest;
        !Named::in_text(&rest, gone).products.is_empty()
    });
    let Some(stale) = stale else {
        return Ok(());
    };
    Err(Finding::new(Code::NotRedrawn)
        .expected("the products of the last result, and nothing else")
        .got(format!("{} from an earlier result", quoted(stale)))
        .why(
            "Every result is the whole inventory. Replace the old elements with the new ones: replaceChildren.",
        )
        .into())
}

/// That there is more than one of a product.
pub fn twice(what: &str, product: &Product, count: usize) -> Stop {
    Finding::new(Code::DrawnTwice)
        .expected(format!("one {what} for {:?}", product.name))
        .got(format!("{count} of them"))
        .why(
            "Every result is the whole inventory. Replace the old elements with the new ones: replaceChildren.",
        )
        .into()
}
