//! 3.10 (bonus): the inventory as the resource `store://inventory`, each product by the
//! template `store://products/{name}`, as JSON; an unknown URI is an error.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rand::seq::IndexedRandom;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde::Deserialize;
use serde_json::Value;

use super::places;
use crate::checks::draw;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract, symptoms};
use crate::mcp::{ErrorKind, RequestError, misfit};
use crate::verdict::{Code, Finding, Why};

const CONTRACT: &str = include_str!("snapshots/3.10.snap");
const INVENTORY: &str = "store://inventory";
const TEMPLATE: &str = "store://products/{name}";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    if shop.session.capabilities().resources.is_none() {
        return Err(undeclared(server, &shop).await);
    }
    server.purpose("see which resources and templates there are");
    let resources = shop.session.resources().await?;
    let templates = shop.session.resource_templates().await?;
    if resources.is_empty() && templates.is_empty() {
        // FastMCP and others declare what they have a method for.
        return Err(Stop::not_declared(
            "resources are declared but not connected yet: resources/list returns none",
        ));
    }
    let lines = lines(&resources, &templates);
    contract::compare(&lines, CONTRACT).map_err(|stop| match lines.len() {
        0 | 1 => stop.at(places::RESOURCES_METHODS),
        _ => stop,
    })?;

    server.purpose("read the whole inventory, which the server may cache from now on");
    read(&shop, INVENTORY).await?;
    sells_one(server, &shop).await?;
    server.purpose("see what the tool says, to compare");
    let products = shop.products().await?;
    server.purpose("read the whole inventory");
    holds(&read(&shop, INVENTORY).await?, &products)?;

    for product in chosen(server, &products) {
        server.purpose("read one product, by its name in a URI");
        let uri = format!("store://products/{}", encoded(&product.name));
        let read = match read(&shop, &uri).await {
            Err(Stop::Failed(finding)) if finding.code == Code::ProtocolError => Err(finding.got),
            read => Ok(read?),
        };
        is_the_product(&uri, &product, read)?;
    }
    for uri in uris_of_nothing(server, &products) {
        server.purpose("read a resource that does not exist");
        is_refused(&uri, shop.session.read(&uri).await)?;
    }
    Ok(())
}

/// The inventory and the template of a product or, in place of one that is not there, what is.
fn lines(resources: &[Resource], templates: &[ResourceTemplate]) -> Vec<String> {
    let is_inventory = |one: &&Resource| one.uri == INVENTORY;
    let has_inventory = resources.iter().any(|one| is_inventory(&one));
    let is_product = |one: &&ResourceTemplate| one.uri_template == TEMPLATE;
    let has_product = templates.iter().any(|one| is_product(&one));
    let resources = resources
        .iter()
        .filter(|one| !has_inventory || is_inventory(one))
        .map(contract::resource);
    let templates = templates
        .iter()
        .filter(|one| !has_product || is_product(one))
        .map(contract::template);
    resources.chain(templates).collect()
}

/// Whoever lists resources and does not declare them has begun. Without a list nothing is there.
async fn undeclared(server: &ServerUnderTest, shop: &Shop) -> Stop {
    server.purpose("no resources are declared: see whether there are any anyway");
    match shop.session.resources().await {
        Ok(resources) if !resources.is_empty() => Finding::new(Code::ResourcesNotDeclared)
            .sent("server/discover, or initialize")
            .expected("capabilities with resources")
            .got("resources/list answers, but capabilities do not name resources")
            .why("Clients only ask for what the server declares, so they would never see these resources.")
            .at(places::RESOURCES_CAPABILITY)
            .into(),
        _ => Stop::not_declared("the server does not declare resources"),
    }
}

/// URIs that are like one of the store's, or only end like one.
fn uris_of_nothing(server: &ServerUnderTest, products: &[Product]) -> Vec<String> {
    let unheard_of = draw::unheard_of(server);
    let longest = products.iter().max_by_key(|product| product.name.len());
    let name = longest.map_or("", |product| product.name.as_str());
    let mut letters = name.chars();
    letters.next_back();
    let beginning = letters.as_str();
    let mut uris = vec![
        format!("store://products/{unheard_of}"),
        format!("store://{unheard_of}"),
        format!("store://{unheard_of}/{}", encoded(name)),
        format!("store://products/{unheard_of}/{}", encoded(name)),
        "store://products/".to_owned(),
        NOT_UTF_8.to_owned(),
    ];
    let is_sold = |name: &str| products.iter().any(|one| one.name.trim() == name.trim());
    if !is_sold(beginning) {
        uris.push(format!("store://products/{}", encoded(beginning)));
    }
    uris
}

/// `read` is the JSON behind the URI, or the words with which it was refused.
fn is_the_product(uri: &str, product: &Product, read: Result<Value, String>) -> Checked {
    const DECODE: &str = "Names in a URI are percent-encoded (%20 is a space). Decode the name, then look for exactly that one.";
    let (got, why) = match read {
        Ok(json) => match Product::deserialize(&json) {
            Ok(got) if got == *product => return Ok(()),
            Ok(got) if got.name == product.name => (
                json.to_string(),
                "list_products says something else at the same time. Both must show the same inventory.",
            ),
            Ok(_) => (
                json.to_string(),
                "This is another product. Percent-decode the name in the URI, and look for exactly that name.",
            ),
            Err(error) => (
                format!(
                    "{json}: {}",
                    misfit::<Product>(&json).unwrap_or_else(|| error.to_string())
                ),
                "A product looks the same everywhere: an object with name, price_cents and stock, as in list_products.",
            ),
        },
        Err(refusal) => (refusal, DECODE),
    };
    Err(Finding::new(Code::WrongProduct)
        .sent(format!("resources/read {uri}"))
        .expected(shop::json_of(product))
        .got(got)
        .why(why)
        .into())
}

/// A resource that was computed once would still show the old stock afterwards.
async fn sells_one(server: &ServerUnderTest, shop: &Shop) -> Checked {
    server.purpose("buy something, so that the inventory differs from the start");
    let best = shop.best_stocked().await?;
    let best = best.ok_or_else(|| shop::too_little_left(server))?;
    shop.buy(&best.name, 1).await?;
    Ok(())
}

/// A random product, and one whose name has to be encoded, if there is one.
fn chosen(server: &ServerUnderTest, products: &[Product]) -> Vec<Product> {
    let any = server.random(|dice| products.choose(dice).cloned());
    let encoded = products
        .iter()
        .find(|product| !is_plain(&product.name))
        .cloned();
    any.into_iter().chain(encoded).collect()
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// The name in a URI. Where nothing has to be encoded the first letter is, which is allowed and
/// shows whether it is decoded.
fn encoded(name: &str) -> String {
    match name.split_at_checked(1) {
        Some((first, rest)) if is_plain(name) => format!("%{:02X}{rest}", first.as_bytes()[0]),
        _ => utf8_percent_encode(name, NON_ALPHANUMERIC).to_string(),
    }
}

/// A URI as people read it: how much of it is encoded makes no other URI.
fn decoded(uri: &str) -> Cow<'_, str> {
    percent_decode_str(uri).decode_utf8_lossy()
}

async fn read(shop: &Shop, uri: &str) -> Checked<Value> {
    let contents = shop.session.read(uri).await?;
    let wrong = |code: Code, expected: &str, got: String, why: Why| -> Stop {
        let sent = format!("resources/read {uri}");
        Finding::new(code)
            .sent(sent)
            .expected(expected)
            .got(got)
            .why(why)
            .into()
    };
    let [
        ResourceContents::TextResourceContents {
            uri: of,
            mime_type,
            text,
            ..
        },
    ] = contents.as_slice()
    else {
        let got = format!("{} contents", contents.len());
        return Err(wrong(
            Code::NotOneText,
            "one text",
            got,
            "A JSON document is a single text.".into(),
        ));
    };
    if decoded(of) != decoded(uri) {
        return Err(wrong(
            Code::WrongUri,
            &format!("contents whose uri is {uri}"),
            format!("contents whose uri is {of:?}"),
            "Hosts store contents under their uri, so they would take these for another resource."
                .into(),
        ));
    }
    if mime_type.as_deref() != Some("application/json") {
        let got = mime_type.as_deref().unwrap_or("no mimeType").to_owned();
        let why = Why::from("Hosts choose how to parse and show contents by their mimeType.")
            .in_rust("rmcp's default is text/plain.");
        return Err(wrong(
            Code::WrongMimeType,
            "mimeType application/json",
            got,
            why,
        ));
    }
    let json = serde_json::from_str(text).map_err(|error| {
        let why = "The mimeType says that this is JSON.".into();
        wrong(
            Code::NotJson,
            "JSON",
            format!("{}: {error}", shop::quoted(text)),
            why,
        )
    })?;
    Ok(json)
}

/// The list itself, or an object with the list under `products`.
fn holds(read: &Value, products: &[Product]) -> Checked {
    let list = read.get("products").unwrap_or(read);
    let wrong = match Vec::<Product>::deserialize(list) {
        Ok(got) => match first_other(&got, products) {
            None => return Ok(()),
            Some((expected, got)) => (
                format!(": {expected}"),
                got,
                "The resource and list_products must show the same inventory. Read it for each request, not once at the start.",
            ),
        },
        Err(error) => {
            let wrong = misfit::<Vec<Product>>(list).unwrap_or_else(|| error.to_string());
            (
                String::new(),
                format!("{wrong}\nin {read}"),
                "The inventory is the list that list_products returns, or an object that has this list under products.",
            )
        }
    };
    let (expected, got, why) = wrong;
    Err(Finding::new(Code::OtherInventory)
        .sent(format!("resources/read {INVENTORY}, after a purchase"))
        .expected(format!(
            "what list_products returns at the same time{expected}"
        ))
        .got(got)
        .why(why)
        .into())
}

/// The first product that is not as it should be: as expected, and as it is. Lists have no order.
fn first_other(got: &[Product], expected: &[Product]) -> Option<(String, String)> {
    let missing = expected.iter().find(|one| !got.contains(one));
    let more = got.iter().find(|one| !expected.contains(one));
    let named = |name: &str| got.iter().find(|one| one.name == name);
    match (missing, more) {
        (Some(missing), _) => {
            let got = named(&missing.name).map_or("no such product".to_owned(), shop::json_of);
            Some((shop::json_of(missing), got))
        }
        (None, Some(more)) => Some((
            "nothing else".to_owned(),
            format!("also {}", shop::json_of(more)),
        )),
        (None, None) if got.len() != expected.len() => Some((
            "each product once".to_owned(),
            "one of them twice".to_owned(),
        )),
        (None, None) => None,
    }
}

/// A name that is not UTF-8 once it is percent-decoded. Libraries refuse it in their own ways, before the
/// store sees it, so any error is fine.
const NOT_UTF_8: &str = "store://products/%FF";

fn is_refused(uri: &str, answer: Result<Vec<ResourceContents>, RequestError>) -> Checked {
    match answer {
        Err(RequestError {
            sent,
            kind: kind @ ErrorKind::Refused { code: -32603, .. },
        }) if uri != NOT_UTF_8 => Err(Finding::new(Code::UnknownUriBreaks)
            .sent(sent)
            .expected("an error that says that the resource does not exist: -32602, or -32002 before 2026-07-28")
            .got(kind.to_string())
            .why("-32603 says that something broke in the server. Here, the client asked for a resource that does not exist, and can ask for another.")
            .in_rust("In rmcp: ErrorData::resource_not_found.")
            .into()),
        Err(RequestError {
            kind: ErrorKind::Refused { .. },
            ..
        }) => Ok(()),
        Err(failure) => {
            Err(symptoms::of_failure(failure).expecting("an error: the resource does not exist"))
        }
        Ok(contents) => {
            let texts = contents.iter().filter_map(|one| match one {
                ResourceContents::TextResourceContents { text, .. } => Some(text.as_str()),
                _ => None,
            });
            let (got, why) = match contents.len() {
                0 => (
                    "empty contents".to_owned(),
                    "Empty contents look like an empty document.",
                ),
                _ => (
                    shop::quoted(&texts.collect::<Vec<_>>().join("\n")),
                    "A client with a typo in the URI would never notice.",
                ),
            };
            Err(Finding::new(Code::UnknownUriAnswered)
                .sent(format!("resources/read {uri}"))
                .expected("an error: the resource does not exist")
                .got(got)
                .why(why)
                .in_rust("In rmcp: ErrorData::resource_not_found.")
                .into())
        }
    }
}
