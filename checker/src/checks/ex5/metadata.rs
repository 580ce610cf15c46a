//! 5.1: the server publishes its protected resource metadata (RFC 9728), and nothing else without a
//! token.

use reqwest::Url;
use serde_json::Value;

use super::door::{Credential, Door, Way};
use super::places;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::realm::SCOPE;
use crate::mcp::plain::{self, Page};
use crate::verdict::{Code, Finding};

/// Before the path of what is protected comes this (RFC 9728, 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Where a store is for its clients that has a proxy before it.
const PUBLIC: &str = "https://store.example/mcp";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let door = Door::outside(server)?;
    let url = server.url()?;
    let in_block = |stop: Stop| stop.at(places::METADATA);

    server.purpose("read the server's metadata");
    let page = read(server, &url).await?;
    is_published(&page)?;
    if !page.sent.ends_with(url.path()) {
        server.remark(format!("The metadata is only at the root. Clients look there last: RFC 9728 puts it at {WELL_KNOWN}{}.", url.path()));
    }
    let realm = server.realm()?.issuer();
    says_who_protects(&page, url.as_str(), realm).map_err(in_block)?;
    let advertised = texts(&page.json["scopes_supported"]);
    if advertised.contains(&"offline_access") {
        server.remark("scopes_supported lists offline_access. Leave it out. With this scope, a client stays signed in, and only the client and the realm need to agree on that.");
    }

    server.purpose("see that everything else needs a token");
    for way in Way::ALL {
        let Some(said) = door.knock(way, &Credential::Nothing).await? else {
            continue;
        };
        if said.is_served() {
            return Err(Finding::new(Code::OpenWithoutToken)
                .sent(format!("{} without a token", said.sent))
                .expected("HTTP 401 Unauthorized")
                .got(said.describe())
                .why(
                    "Only the metadata is public. Everything else is for users who have signed in.",
                )
                .in_rust("In axum, `layer(…)` only protects the routes that were added before it.")
                .at(places::routes())
                .into());
        }
    }
    if server.own_port().is_some() {
        knows_its_public_address(server, realm)
            .await
            .map_err(in_block)?;
    }
    Ok(())
}

/// Asks for the document of what is protected at this address, as a client does that was not told where it
/// is: at the path, then at the root.
async fn read(server: &ServerUnderTest, resource: &Url) -> Checked<Page> {
    let at = async |path: &str| {
        let mut url = resource.clone();
        url.set_path(path);
        plain::get(&url, &server.client(), server.transcript()).await
    };
    let page = at(&format!("{WELL_KNOWN}{}", resource.path())).await?;
    if page.status != 404 {
        return Ok(page);
    }
    let root = at(WELL_KNOWN).await?;
    Ok(if root.status == 404 { page } else { root })
}

fn is_published(page: &Page) -> Checked {
    let finding = match page.status {
        200 if page.json.is_object() => return Ok(()),
        404 => {
            return Err(Stop::not_declared(format!(
                "nothing is published at {}",
                page.sent.trim_start_matches("GET ")
            )));
        }
        401 | 403 => Finding::new(Code::MetadataNeedsToken)
            .why("Clients read this document to find out where to get a token, so they do not have one yet.")
            .in_rust("In axum, add this route after the layer that asks for a token.")
            .at(places::routes()),
        _ => Finding::new(Code::MetadataUnreadable).why(
            "Clients read this document to find the realm (RFC 9728). They cannot use this answer.",
        ),
    };
    let words: String = page.text.chars().take(200).collect();
    Err(finding
        .sent(&page.sent)
        .expected("HTTP 200 and a JSON object, without a token")
        .got(format!("HTTP {}: {words:?}", page.status))
        .at(places::METADATA)
        .into())
}

/// That the document is about this address, and names this realm and our scope.
pub(super) fn says_who_protects(page: &Page, resource: &str, realm: &str) -> Checked {
    let document = &page.json;
    let wrong = |code, expected: String, got: &Value, why: &'static str| -> Checked {
        Err(Finding::new(code)
            .sent(&page.sent)
            .expected(expected)
            .got(if got.is_null() {
                "nothing".to_owned()
            } else {
                got.to_string()
            })
            .why(why)
            .into())
    };
    if document["resource"] != resource {
        return wrong(
            Code::MetadataOfOther,
            format!("resource: {resource:?}"),
            &document["resource"],
            "Clients compare `resource` with the URL they were given, character by character, and reject the document if it differs. Host, port and path must match, and so must a slash at the end.",
        );
    }
    let servers = &document["authorization_servers"];
    if !texts(servers).contains(&realm) {
        return wrong(
            Code::MetadataWithoutRealm,
            format!("authorization_servers: [{realm:?}]"),
            servers,
            "This list tells clients where their users sign in. Each entry is the exact name of a realm, as in the `iss` of its tokens.",
        );
    }
    let scopes = &document["scopes_supported"];
    if !texts(scopes).contains(&SCOPE) {
        return wrong(
            Code::MetadataWithoutScope,
            format!("scopes_supported: [{SCOPE:?}]"),
            scopes,
            "Clients ask for the scopes that are listed here. Without `mcp:access`, they get a token that this server refuses.",
        );
    }
    let methods = &document["bearer_methods_supported"];
    let methods_are_right = methods.is_null() || texts(methods) == ["header"];
    if !methods_are_right {
        return wrong(
            Code::MetadataOtherMethods,
            "bearer_methods_supported: [\"header\"]".to_owned(),
            methods,
            "MCP clients send tokens in the `Authorization` header and nowhere else. A token in a URL ends up in logs.",
        );
    }
    Ok(())
}

fn texts(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

/// Behind a proxy, a store is at another address than it knows by itself.
async fn knows_its_public_address(server: &ServerUnderTest, realm: &str) -> Checked {
    server.purpose("start it with a STORE_URL, as behind a proxy");
    let behind = server.another(&[("STORE_URL", PUBLIC)]).await?;
    let page = read(server, &behind.url()).await?;
    let page = Page {
        sent: format!("{}, to a store started with STORE_URL={PUBLIC}", page.sent),
        ..page
    };
    is_published(&page)?;
    says_who_protects(&page, PUBLIC, realm)
}
