//! What 4.6 and 4.7 have in common: a tool with a page, which hosts show beside its result.

use std::sync::LazyLock;

use base64::Engine as _;
use regex::Regex;
use rmcp::model::{ExtensionCapabilities, ResourceContents, Tool};
use serde_json::{Value, json};

use super::places;
use crate::blocks::TodoBlock;
use crate::checks::store::question;
use crate::checks::store::schema::{fits, output_schema};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::mcp::{Called, ClientProfile, ErrorKind, RequestError};
use crate::verdict::{Code, Finding};

/// The extension, as hosts that can show pages declare it.
const EXTENSION: &str = "io.modelcontextprotocol/ui";

/// By this type a host knows a page that it may show.
pub const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// An App of the store.
pub struct App {
    /// The tool.
    pub tool: &'static str,
    /// The contract of the tool.
    pub contract: &'static str,
    /// Where the tool is written.
    pub block: TodoBlock,
    /// What the text for hosts without pages must tell of a product: `stock 12`.
    pub detail: fn(&Product) -> String,
    /// Whether it does.
    pub tells: fn(&str, &Product) -> bool,
}

/// That the tool and its page are as they should be, whatever the page draws.
pub async fn check(server: &ServerUnderTest, app: &App) -> Checked {
    let shop = Shop::enter_as(server, host(server)).await?;
    server.purpose("see which tools there are, and which pages they name");
    let tool = shop.declared(app.tool).await?;
    let in_tool = |stop: Stop| stop.at(app.block);
    contract::compare(&[contract::tool(&tool)], app.contract).map_err(in_tool)?;
    let uri = page_of(&tool).map_err(in_tool)?;
    server.purpose("read the page, as a host does");
    let html = read(&shop, &uri)
        .await
        .map_err(|stop| stop.at(places::PAGE))?;
    stands_alone(&uri, &html)?;

    server.purpose("call the tool, and compare it with the inventory");
    shows_the_inventory(&shop, app, &tool)
        .await
        .map_err(in_tool)?;
    let product = shop.best_stocked().await?;
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("buy something, and see that what is shown changes");
    shop.confirm(&product.name, 1).await?;
    shows_the_inventory(&shop, app, &tool)
        .await
        .map_err(in_tool)?;
    server.purpose("a host that cannot show pages");
    let plain = Shop::enter_confirming(server).await?;
    if plain.declared(app.tool).await.is_err() {
        return Err(for_hosts_only(app));
    }
    shows_the_inventory(&plain, app, &tool)
        .await
        .map_err(in_tool)
}

fn for_hosts_only(app: &App) -> Stop {
    Finding::new(Code::AppForHostsOnly)
        .sent("tools/list, from a client that cannot show pages")
        .expected(format!("the tool {}, as for every client", app.tool))
        .got("no tool with that name")
        .why("The tool's result also has text, which is useful without the page.")
        .at(app.block)
        .into()
}

/// A client that can show pages and forms, and whose user confirms.
pub fn host(server: &ServerUnderTest) -> ClientProfile {
    let mut client = question::confirming(server);
    let settings = json!({ "mimeTypes": [MIME_TYPE] });
    if let Some(settings) = settings.as_object() {
        let mut extensions = ExtensionCapabilities::new();
        extensions.insert(EXTENSION.to_owned(), settings.clone());
        client.capabilities.extensions = Some(extensions);
    }
    client
}

/// What a tool says in `_meta`; null where it says nothing.
pub fn meta_of(tool: &Tool) -> Value {
    let meta = tool.meta.as_ref();
    meta.map_or(Value::Null, |meta| Value::Object(meta.0.clone()))
}

/// The page that a tool names.
pub fn page_of(tool: &Tool) -> Checked<String> {
    let meta = meta_of(tool);
    let finding = |code: Code, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent("tools/list")
                .expected(format!(
                    "{}: _meta {{\"ui\": {{\"resourceUri\": \"ui://…\"}}}}",
                    tool.name
                ))
                .got(got)
                .why(why),
        )
    };
    let uri = match &meta["ui"]["resourceUri"] {
        Value::String(uri) if uri.starts_with("ui://") => uri.clone(),
        Value::String(uri) => {
            let why =
                "Hosts only accept pages from the server's resources whose URI begins with ui://.";
            return Err(finding(
                Code::AppWithoutPage,
                format!("the page {uri}"),
                why,
            ));
        }
        _ if meta["ui/resourceUri"].is_string() => {
            let why = "The flat key is the old form, and hosts are dropping it.";
            return Err(finding(Code::AppWithoutPage, format!("_meta {meta}"), why));
        }
        _ => {
            let why = "`_meta.ui` tells the host which page to show with the result. Without it, the host only shows the text.";
            let without = |got: String| finding(Code::AppWithoutPage, got, why);
            return Err(match meta {
                Value::Null => without("no _meta".to_owned()),
                // The tool has a _meta, and what is in it was written beside the page.
                meta => without(format!("_meta {meta}")).at(places::PAGE),
            });
        }
    };
    match &meta["ui"]["visibility"] {
        Value::Null => Ok(uri),
        Value::Array(visibility) if visibility.contains(&json!("model")) => Ok(uri),
        visibility => Err(finding(
            Code::AppHiddenFromModel,
            format!("visibility {visibility}"),
            "The model calls this tool when the user wants to see the products. Leave out the visibility, or include the model.",
        )),
    }
}

/// The page behind a URI.
pub async fn read(shop: &Shop, uri: &str) -> Checked<String> {
    let sent = format!("resources/read {uri}");
    let finding = |code: Code, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent(&sent)
                .expected(format!("one page with the type {MIME_TYPE}"))
                .got(got)
                .why(why),
        )
    };
    let contents = match shop.session.read(uri).await {
        Ok(contents) => contents,
        Err(RequestError {
            kind: kind @ ErrorKind::Refused { .. },
            ..
        }) => {
            let why = "The tool names this page, so hosts read it here.";
            return Err(finding(Code::PageUnreadable, kind.to_string(), why));
        }
        Err(failure) => return Err(failure.into()),
    };
    let [page] = contents.as_slice() else {
        let got = format!("{} contents", contents.len());
        return Err(finding(
            Code::PageUnreadable,
            got,
            "A host shows exactly one page.",
        ));
    };
    let (at, mime_type, html) = match page {
        ResourceContents::TextResourceContents {
            uri,
            mime_type,
            text,
            ..
        } => (uri, mime_type, Some(text.clone())),
        ResourceContents::BlobResourceContents {
            uri,
            mime_type,
            blob,
            ..
        } => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(blob);
            (
                uri,
                mime_type,
                bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()),
            )
        }
        _ => {
            return Err(finding(
                Code::PageUnreadable,
                "neither text nor blob".to_owned(),
                "A host cannot read anything else.",
            ));
        }
    };
    let mime_type = mime_type.as_deref().unwrap_or("none");
    if mime_type != MIME_TYPE {
        let why = "This type tells the host that the page is an MCP App. Hosts do not show pages of any other type.";
        return Err(finding(
            Code::WrongMimeType,
            format!("the type {mime_type}"),
            why,
        ));
    }
    if at != uri {
        let why = "Contents must name the resource that they belong to.";
        return Err(finding(
            Code::PageUnreadable,
            format!("the contents of {at}"),
            why,
        ));
    }
    let html = html.unwrap_or_default();
    let begins = html.trim_start().get(..9).unwrap_or_default();
    if !begins.eq_ignore_ascii_case("<!doctype") {
        let why = "A page begins with <!doctype html>. Without it, browsers use a layout mode from the 1990s.";
        return Err(finding(
            Code::PageUnreadable,
            shop::quoted(html.trim_start()),
            why,
        ));
    }
    Ok(html)
}

/// That a page needs nothing that is not in it: its frame has no network.
fn stands_alone(uri: &str, html: &str) -> Checked {
    let Some(outside) = outside(html) else {
        return Ok(());
    };
    Err(Finding::new(Code::PageNeedsMore)
        .sent(format!("resources/read {uri}"))
        .expected("one page that contains everything it needs")
        .got(outside)
        .why("Hosts show the page in a frame without network access, so this never loads. Put scripts and styles into the page, and draw pictures as SVG.")
        .at(places::PAGE)
        .into())
}

/// The first thing that a page would fetch, as it is written there. Scripts can fetch in more ways than
/// these: in the browser of 4.8 all of them show.
fn outside(html: &str) -> Option<String> {
    // In a script, `new URL(base)` is nothing of the kind.
    let without_scripts = SCRIPTS.replace_all(html, "$1</script>");
    first_outside(&IN_HTML, html)
        .or_else(|| first_outside(&IN_STYLES, &without_scripts))
        .or_else(|| first_outside(&IN_SCRIPTS, html))
}

static SCRIPTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?is)(<script\b[^>]*>).*?</script\s*>"));
static IN_HTML: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)<(?:script|img|iframe|frame|link|video|audio|source|track|embed|object|image|use|input)\b[^>]*?\s(?:src|srcset|href|data|poster|xlink:href)\s*=\s*["']?\s*([^"'\s>]+)"#,
    )
});
static IN_STYLES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)(?:\burl\(\s*["']?|@import\s+["'])([^"')]+)"#));
static IN_SCRIPTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?:fetch|import|WebSocket|EventSource|sendBeacon|importScripts|Worker)\s*\(\s*["'`]([^"'`]+)"#,
    )
});

/// What holds nothing but words of our own compiles: a test looks for all of them.
#[expect(clippy::expect_used, reason = "the pattern is a constant, and tested")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is one")
}

/// The first match whose target is not in the page itself.
fn first_outside(pattern: &Regex, text: &str) -> Option<String> {
    pattern.captures_iter(text).find_map(|found| {
        let target = found.get(1)?.as_str();
        let within = ["data:", "blob:", "#", "about:", "javascript:"];
        let is_within = within
            .iter()
            .any(|begin| target.to_lowercase().starts_with(begin));
        (!is_within).then(|| shop::quoted(found.get(0).map_or(target, |all| all.as_str())))
    })
}

/// That the tool gives what `list_products` gives, for programs and in words.
async fn shows_the_inventory(shop: &Shop, app: &App, tool: &Tool) -> Checked {
    let products = shop.products().await?;
    let called = shop.session.call(app.tool, json!({})).await?;
    shop::succeeded(&called, "the products")?;
    let content: Value = shop::structured(&called)?;
    fits(&called, &content, &output_schema(tool)?)?;
    let shown = shop::products_of(&called)?;
    let missing = products.iter().find(|product| !shown.contains(product));
    if let Some(product) = missing.or(shown.iter().find(|one| !products.contains(one))) {
        let named = |list: &[Product]| {
            let found = list.iter().find(|one| one.name == product.name);
            found.map_or("no product with that name".to_owned(), shop::json_of)
        };
        return Err(Finding::new(Code::ShowsOtherInventory)
            .sent(&called.sent)
            .expected(format!(
                "the same products as in list_products, including {}",
                named(&products)
            ))
            .got(named(&shown))
            .why("The page shows structuredContent, so it must hold the current products.")
            .into());
    }
    tells_in_words(&called, app, &products)
}

fn tells_in_words(called: &Called, app: &App, products: &[Product]) -> Checked {
    // The same as JSON will do.
    if shop::json_texts(called).contains(
        called
            .result
            .structured_content
            .as_ref()
            .unwrap_or(&Value::Null),
    ) {
        return Ok(());
    }
    let text = shop::text(called);
    let untold = products.iter().find(|product| {
        // A name may have numbers in it.
        let rest = text.replace(&product.name, " ");
        !text.contains(&product.name) || !(app.tells)(&rest, product)
    });
    let Some(product) = untold else {
        return Ok(());
    };
    let got = match text.is_empty() {
        true => "no text".to_owned(),
        false => shop::quoted(&text),
    };
    Err(Finding::new(Code::NoTextFallback)
        .sent(&called.sent)
        .expected(format!(
            "text that mentions every product, such as {}, {}",
            product.name,
            (app.detail)(product)
        ))
        .got(got)
        .why("Models, and hosts that cannot show pages, rely on the text.")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_would_fetch_is_found() {
        for page in [
            r#"<script src="https://cdn.example/chart.js"></script>"#,
            "<script src=chart.js></script>",
            r#"<link rel="stylesheet" href="//cdn.example/x.css">"#,
            r#"<img alt="" src='/logo.png'>"#,
            "<style>body { background: url(https://example.com/x.png) }</style>",
            r#"<style>@import "https://example.com/x.css";</style>"#,
            r#"<script>fetch("/api/products")</script>"#,
            "<script type=module>await import('https://esm.example/x')</script>",
        ] {
            assert!(outside(page).is_some(), "{page}");
        }
        for page in [
            r##"<img src="data:image/svg+xml,x"><use href="#bar"></use>"##,
            r#"<script>document.createElementNS("http://www.w3.org/2000/svg", "svg")</script>"#,
            r#"<a href="https://example.com">more</a><style>p { fill: url(#hatch) }</style>"#,
            "<script>const here = new URL(location.href); at = new URL($.id)</script>",
        ] {
            assert_eq!(outside(page), None, "{page}");
        }
    }
}
