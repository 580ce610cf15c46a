//! The methods of both eras.

use serde_json::{Value, json};

use crate::Store;
use crate::flaw::Flaw;
use crate::message::{
    Era, LEGACY_VERSIONS, METHOD_NOT_FOUND, MODERN_VERSION, Request, RpcError, supported_versions,
};
use crate::{extras, tools};

const INSTRUCTIONS: &str = "A small bakery. Prices are in cents. Look at the products before you \
                            buy: names must match exactly, and stock is limited.";

/// The result of a request, with all that its era wants in it.
pub async fn answer(store: &Store, request: &Request) -> Result<Value, RpcError> {
    let mut result = dispatch(store, request).await?;
    if request.era == Era::Modern {
        if !store.flaws.has(Flaw::NoResultType) {
            result["resultType"] = json!("complete");
        }
        if may_be_cached(&request.method) {
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("private");
        }
    }
    Ok(result)
}

async fn dispatch(store: &Store, request: &Request) -> Result<Value, RpcError> {
    let (flaws, params) = (&store.flaws, &request.params);
    match (request.era, request.method.as_str()) {
        (Era::Modern, "server/discover") if !flaws.has(Flaw::NoDiscover) => Ok(discover(store)),
        (Era::Legacy, "initialize") if !flaws.has(Flaw::NoInitialize) => {
            Ok(initialize(store, params))
        }
        (Era::Legacy, "ping") => Ok(json!({})),
        (_, "tools/list") => Ok(tools::list(store)),
        (_, "tools/call") => tools::call(store, params).await,
        (_, "resources/list") => Ok(extras::resources()),
        (_, "resources/templates/list") => Ok(extras::templates(store)),
        (_, "resources/read") => extras::read(store, request.era, params),
        (_, "prompts/list") => Ok(extras::prompts()),
        (_, "prompts/get") => extras::prompt(store, params),
        (_, "completion/complete") => Ok(extras::complete(store, params)),
        (_, method) => Err(RpcError::new(METHOD_NOT_FOUND, method)),
    }
}

fn may_be_cached(method: &str) -> bool {
    method == "server/discover" || method == "resources/read" || method.ends_with("/list")
}

fn discover(store: &Store) -> Value {
    let mut versions = supported_versions();
    if store.flaws.has(Flaw::DiscoverWithoutModern) {
        versions.retain(|&version| version != MODERN_VERSION);
    }
    json!({
        "supportedVersions": versions,
        "capabilities": capabilities(store),
        "instructions": store.flaws.text(INSTRUCTIONS),
        "_meta": { "io.modelcontextprotocol/serverInfo": server_info(store) },
    })
}

fn initialize(store: &Store, params: &Value) -> Value {
    let wanted = params["protocolVersion"].as_str().unwrap_or_default();
    let known = LEGACY_VERSIONS
        .into_iter()
        .find(|&version| version == wanted);
    let agreed = match store.flaws.has(Flaw::UnknownProtocol) {
        true => "1999-01-01",
        false => known.unwrap_or(LEGACY_VERSIONS[0]),
    };
    json!({
        "protocolVersion": agreed,
        "capabilities": capabilities(store),
        "serverInfo": server_info(store),
        "instructions": store.flaws.text(INSTRUCTIONS),
    })
}

fn capabilities(store: &Store) -> Value {
    let mut capabilities =
        json!({ "tools": {}, "resources": {}, "prompts": {}, "completions": {} });
    for (flaw, name) in [
        (Flaw::ToolsNotDeclared, "tools"),
        (Flaw::ResourcesNotDeclared, "resources"),
        (Flaw::PromptsNotDeclared, "prompts"),
        (Flaw::CompletionsNotDeclared, "completions"),
    ] {
        if let (true, Some(declared)) = (store.flaws.has(flaw), capabilities.as_object_mut()) {
            declared.remove(name);
        }
    }
    capabilities
}

fn server_info(store: &Store) -> Value {
    if store.flaws.has(Flaw::LibraryName) {
        return json!({ "name": "rmcp", "version": "1.0.0" });
    }
    let version = match store.flaws.has(Flaw::NoVersion) {
        true => "",
        false => "0.1.0",
    };
    json!({ "name": "corner-bakery", "title": "Corner Bakery", "version": version })
}
