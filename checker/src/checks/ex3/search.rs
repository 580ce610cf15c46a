//! 3.9 (bonus): `search_products` finds by keyword and price, as `list_products` lists.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};

use super::places;
use crate::checks::draw;
use crate::checks::store::sale::changed;
use crate::checks::store::schema::{fits, is_the_contracts, output_schema};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/3.9.snap");

/// Where the one price is taken for the other.
const SWAPPED: &str = "These are the results for the opposite limit. Minimum and maximum are swapped, in the tool or in the search that it calls.";

/// What is searched for, by our own understanding.
#[derive(Clone, Debug)]
struct Query {
    code: Code,
    what: &'static str,
    keyword: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("see whether there is a search");
    let in_tool = |stop: Stop| stop.at(places::of_tool("search_products"));
    let tool = shop.declared("search_products").await.map_err(in_tool)?;
    let schema = output_schema(&tool).map_err(in_tool)?;
    let blocks = (places::SEARCH_ARGUMENTS, places::SEARCH_TOOL);
    is_the_contracts(&tool, CONTRACT, blocks)?;

    let sold_out = shop.something_sold_out(server).await?;
    server.purpose("see all products, to know what each search must find");
    let all = shop.products().await?;
    for query in queries(server, &all) {
        server.purpose(&format!("search: {}", query.what));
        let called = shop
            .session
            .call("search_products", query.arguments())
            .await?;
        shop::succeeded(&called, "a list of products, even an empty one")?;
        let content: Value = shop::structured(&called).map_err(in_tool)?;
        fits(&called, &content, &schema)?;
        let found = names(&shop::products_of(&called)?);
        let expected = names(&query.among(&all));
        if found != expected {
            changes_nothing(&shop, &all, &called.sent)
                .await
                .map_err(in_tool)?;
            let missing: Vec<&String> = expected.difference(&found).collect();
            // With a keyword or a price another reason is as likely.
            let only_sold_out = query.code == Code::SearchWithoutArguments
                && found.is_subset(&expected)
                && missing.iter().all(|name| sold_out.as_ref() == Some(*name));
            let is_swapped =
                !only_sold_out && found == names(&query.with_prices_swapped().among(&all));
            let (code, why) = if only_sold_out {
                (
                    Code::SearchLeavesSoldOut,
                    "The missing product is sold out, but list_products still lists it. A model that does not find it tells the user that it never existed.",
                )
            } else if is_swapped {
                (query.code, SWAPPED)
            } else {
                (
                    query.code,
                    "The keyword matches any part of a name, in upper or lower case. Both price limits are inclusive. An argument that is missing excludes nothing.",
                )
            };
            let finding = Finding::new(code)
                .sent(&called.sent)
                .expected(format!("{}: {}", query.what, shown(&expected)))
                .got(shown(&found))
                .why(why);
            return Err(if is_swapped {
                // The tool hands the prices on, and is where they change places.
                finding.at(places::SEARCH_TOOL).into()
            } else {
                finding.into()
            });
        }
    }
    server.purpose("see that nothing has changed");
    let searches = "tools/call search_products, several times";
    changes_nothing(&shop, &all, searches)
        .await
        .map_err(in_tool)
}

/// That the searches have left everything as it was.
async fn changes_nothing(shop: &Shop, before: &[Product], sent: &str) -> Checked {
    let after = shop.products().await?;
    let Some((expected, got)) = changed(before, &after) else {
        return Ok(());
    };
    Err(Finding::new(Code::SearchChangesStock)
        .sent(format!("{sent}, then tools/call list_products {{}}"))
        .expected(expected)
        .got(got)
        .why("A search must not change anything, because the next customer searches the same products. Filter a copy, or references.")
        .into())
}

/// Each argument alone, at its very edge, and all together.
fn queries(server: &ServerUnderTest, all: &[Product]) -> Vec<Query> {
    let mut prices: Vec<i64> = all.iter().map(|product| product.price_cents).collect();
    prices.sort_unstable();
    let middle = prices.get(prices.len() / 2).copied().unwrap_or_default();
    let parts = telling_parts(all)
        .into_iter()
        .chain([random_part(server, all)]);
    let parts: Vec<String> = parts.filter(|part| !part.trim().is_empty()).collect();
    let other_case = parts.last().map(|part| draw::in_other_case(part));
    let part = |code, what, keyword: String| Query {
        keyword: Some(keyword),
        ..Query::new(code, what)
    };
    let by_parts = parts.into_iter().map(|keyword| {
        part(
            Code::SearchKeyword,
            "the product with this in its name",
            keyword,
        )
    });
    let unheard_of = draw::unheard_of(server);
    let others = [
        Query {
            keyword: other_case.clone(),
            ..Query::new(
                Code::SearchCase,
                "the product with this in its name, in upper or lower case",
            )
        },
        Query {
            min: Some(middle),
            ..Query::new(Code::SearchMin, "this price or more")
        },
        Query {
            max: Some(middle),
            ..Query::new(Code::SearchMax, "this price or less")
        },
        Query {
            keyword: other_case,
            min: Some(middle),
            max: Some(middle),
            ..Query::new(Code::SearchTogether, "keyword and both prices")
        },
        part(
            Code::SearchNothing,
            "a word that is in no name, so no products",
            unheard_of,
        ),
        // Taking the first byte for the first letter would cut this one in two.
        part(
            Code::SearchNothing,
            "a word in two-byte letters that is in no name, so no products",
            "þórrðæ".to_owned(),
        ),
    ];
    let everything = Query::new(Code::SearchWithoutArguments, "no argument, so all products");
    std::iter::once(everything)
        .chain(by_parts)
        .chain(others)
        .collect()
}

/// Parts of names that tell *contains* from what is like it: the beginning of a name, what is
/// neither its beginning nor its end nor a word of it, and a letter that is not ASCII.
fn telling_parts(all: &[Product]) -> Vec<String> {
    let longest = all
        .iter()
        .max_by_key(|product| product.name.chars().count());
    let longest: Vec<char> = longest.map_or(Vec::new(), |product| product.name.chars().collect());
    let mut parts = Vec::new();
    if let [first, inside @ .., _] = longest.as_slice() {
        parts.push([&[*first], &inside[..inside.len() / 2]].concat());
        parts.push(inside.to_vec());
    }
    let names: Vec<Vec<char>> = all.iter().map(|one| one.name.chars().collect()).collect();
    let special = names.iter().find_map(|name| {
        let at = name
            .iter()
            .position(|letter| letter.is_alphabetic() && !letter.is_ascii())?;
        // With its neighbors, which it may belong to.
        name.get(at.saturating_sub(1)..name.len().min(at + 2))
    });
    parts.extend(special.map(<[char]>::to_vec));
    parts.into_iter().map(String::from_iter).collect()
}

/// The beginning of a word of a name. ASCII alone: it is asked for in the other case, too.
fn random_part(server: &ServerUnderTest, all: &[Product]) -> String {
    server.random(|dice| {
        let name = all.choose(dice).map_or("", |product| product.name.as_str());
        let words: Vec<&str> = name
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .filter(|word| word.len() > 2)
            .collect();
        let word = words.choose(dice).copied().unwrap_or(name);
        let length = dice.random_range(word.len().min(3)..=word.len());
        word.get(..length).unwrap_or(word).to_owned()
    })
}

impl Query {
    /// A search without arguments.
    fn new(code: Code, what: &'static str) -> Self {
        Self {
            code,
            what,
            keyword: None,
            min: None,
            max: None,
        }
    }

    /// The same, as whoever takes the one price for the other understands it.
    fn with_prices_swapped(&self) -> Self {
        Self {
            min: self.max,
            max: self.min,
            ..self.clone()
        }
    }

    fn arguments(&self) -> Value {
        let given = [
            (
                "keyword",
                self.keyword.as_ref().map(|keyword| json!(keyword)),
            ),
            ("min_price_cents", self.min.map(|min| json!(min))),
            ("max_price_cents", self.max.map(|max| json!(max))),
        ];
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(Map::from_iter(given))
    }

    /// What it finds among these.
    fn among(&self, products: &[Product]) -> Vec<Product> {
        let found = products.iter().filter(|product| self.finds(product));
        found.cloned().collect()
    }

    fn finds(&self, product: &Product) -> bool {
        let keyword = self.keyword.as_deref().unwrap_or_default().to_lowercase();
        product.name.to_lowercase().contains(&keyword)
            && self.min.is_none_or(|min| min <= product.price_cents)
            && self.max.is_none_or(|max| product.price_cents <= max)
    }
}

fn names(products: &[Product]) -> BTreeSet<String> {
    products
        .iter()
        .map(|product| product.name.clone())
        .collect()
}

fn shown(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(", ")
}
