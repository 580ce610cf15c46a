//! 3.9 (bonus): `search_products` finds by keyword and price, as `list_products` lists.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};

use super::places;
use crate::checks::draw;
use crate::checks::store::schema::{fits, is_the_contracts, output_schema};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/3.9.snap");

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
    let tool = shop.declared("search_products").await?;
    let in_tool = |stop: Stop| stop.at(places::SEARCH_TOOL);
    let schema = output_schema(&tool).map_err(in_tool)?;
    let blocks = (places::SEARCH_ARGUMENTS, places::SEARCH_TOOL);
    is_the_contracts(&tool, CONTRACT, blocks)?;

    server.purpose("see everything there is, to know what each search must find");
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
        let expected: Vec<Product> = all.iter().filter(|one| query.finds(one)).cloned().collect();
        let expected = names(&expected);
        if found != expected {
            return Err(Finding::new(query.code)
                .sent(&called.sent)
                .expected(format!("{}: {}", query.what, shown(&expected)))
                .got(shown(&found))
                .why("The keyword is a part of the name in any case, both prices are included, and what is not given excludes nothing.")
                .into());
        }
    }
    Ok(())
}

/// Each argument alone, at its very edge, and all together.
fn queries(server: &ServerUnderTest, all: &[Product]) -> Vec<Query> {
    let mut prices: Vec<i64> = all.iter().map(|product| product.price_cents).collect();
    prices.sort_unstable();
    let middle = prices.get(prices.len() / 2).copied().unwrap_or_default();
    let keyword = server.random(|dice| {
        let name = all.choose(dice).map_or("", |product| product.name.as_str());
        // ASCII alone: how other letters fold depends on the language.
        let words: Vec<&str> = name
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .filter(|word| word.len() > 2)
            .collect();
        let word = words.choose(dice).copied().unwrap_or(name);
        let length = dice.random_range(word.len().min(3)..=word.len());
        word.get(..length).unwrap_or(word).to_owned()
    });
    let other_case: String = keyword
        .chars()
        .map(|letter| {
            if letter.is_uppercase() {
                letter.to_ascii_lowercase()
            } else {
                letter.to_ascii_uppercase()
            }
        })
        .collect();
    vec![
        Query::new(Code::SearchWithoutArguments, "no argument, so everything"),
        Query {
            keyword: Some(keyword),
            ..Query::new(Code::SearchKeyword, "a part of a name")
        },
        Query {
            keyword: Some(other_case.clone()),
            ..Query::new(Code::SearchCase, "the same in the other case")
        },
        Query {
            min: Some(middle),
            ..Query::new(Code::SearchMin, "this price and more")
        },
        Query {
            max: Some(middle),
            ..Query::new(Code::SearchMax, "this price and less")
        },
        Query {
            keyword: Some(other_case),
            min: Some(middle),
            max: Some(middle),
            ..Query::new(Code::SearchTogether, "keyword and both prices")
        },
        Query {
            keyword: Some(draw::unheard_of(server)),
            ..Query::new(Code::SearchNothing, "a word that is in no name, so nothing")
        },
    ]
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
