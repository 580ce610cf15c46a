//! The document in which the store says who protects it (RFC 9728).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};

/// What a user lets a client do.
pub const SCOPE: &str = "mcp:access";

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Where the store is for its clients, and which realm it trusts.
#[derive(Clone)]
pub struct Place {
    /// `http://127.0.0.1:8420/mcp`
    pub resource: String,
    /// `http://127.0.0.1:8420`
    origin: String,
    pub realm: String,
}

impl Place {
    pub fn new(flaws: &Flaws, told: Option<String>, here: &str, realm: &str) -> Self {
        let told = told.filter(|_| !flaws.has(Flaw::IgnoresStoreUrl));
        let resource = told.unwrap_or_else(|| here.to_owned());
        let origin = resource.strip_suffix("/mcp").unwrap_or(&resource);
        Self {
            origin: origin.to_owned(),
            resource: resource.clone(),
            realm: realm.trim_end_matches('/').to_owned(),
        }
    }

    /// Where a 401 says that the document is.
    pub fn metadata_url(&self, flaws: &Flaws) -> String {
        let origin = &self.origin;
        if flaws.has(Flaw::ChallengeRelative) {
            return format!("{WELL_KNOWN}/mcp");
        }
        if flaws.has(Flaw::ChallengeForeign) {
            return format!("http://127.0.0.1:9{WELL_KNOWN}/mcp");
        }
        if flaws.has(Flaw::ChallengeNotThere) {
            return format!("{origin}/mcp{WELL_KNOWN}");
        }
        if flaws.has(Flaw::ChallengeToRealm) {
            return format!("{}/.well-known/openid-configuration", self.realm);
        }
        if flaws.has(Flaw::MetadataAtRootOnly) {
            return format!("{origin}{WELL_KNOWN}");
        }
        format!("{origin}{WELL_KNOWN}/mcp")
    }

    fn described(&self, flaws: &Flaws) -> Value {
        let mut document = json!({
            "resource": self.resource,
            "authorization_servers": [self.realm],
            "scopes_supported": [SCOPE],
            "bearer_methods_supported": ["header"],
        });
        if flaws.has(Flaw::MetadataWithoutResource) {
            document["resource"] = Value::Null;
        }
        if flaws.has(Flaw::MetadataWithoutPath) {
            document["resource"] = json!(self.origin);
        }
        if flaws.has(Flaw::MetadataWithSlash) {
            document["resource"] = json!(format!("{}/", self.resource));
        }
        if flaws.has(Flaw::MetadataOtherPort) {
            document["resource"] = json!("http://127.0.0.1/mcp");
        }
        if flaws.has(Flaw::MetadataLocalhost) {
            document["resource"] = json!(self.resource.replace("127.0.0.1", "localhost"));
        }
        if flaws.has(Flaw::MetadataWithoutRealm) {
            document["authorization_servers"] = json!([]);
        }
        if flaws.has(Flaw::RealmWithSlash) {
            document["authorization_servers"] = json!([format!("{}/", self.realm)]);
        }
        if flaws.has(Flaw::RealmIsNoList) {
            document["authorization_servers"] = json!(self.realm);
        }
        if flaws.has(Flaw::MetadataWithoutScope) {
            document["scopes_supported"] = json!([]);
        }
        if flaws.has(Flaw::MetadataOtherScope) {
            document["scopes_supported"] = json!(["openid", "profile"]);
        }
        if flaws.has(Flaw::MetadataWithQuery) {
            document["bearer_methods_supported"] = json!(["header", "query"]);
        }
        if flaws.has(Flaw::MoreMetadata) {
            document["resource_name"] = json!("The corner bakery");
            document["resource_documentation"] = json!("https://bakery.example/docs");
            document["scopes_supported"] = json!(["profile", SCOPE]);
            document["authorization_servers"] = json!([self.realm, "https://login.example"]);
        }
        document
    }

    fn answer(&self, flaws: &Flaws) -> Response {
        if flaws.has(Flaw::MetadataBreaks) {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let text = if flaws.has(Flaw::MetadataIsText) {
            format!("Sign in at {}.", self.realm)
        } else if flaws.has(Flaw::MetadataIsNoObject) {
            json!(self.realm).to_string()
        } else {
            self.described(flaws).to_string()
        };
        ([(header::CONTENT_TYPE, "application/json")], text).into_response()
    }
}

/// Where the document is.
pub fn router(flaws: Flaws, place: Place) -> Router {
    let at_root = flaws.has_any(&[Flaw::MetadataAtRoot, Flaw::MetadataAtRootOnly]);
    let at_path = !flaws.has_any(&[Flaw::MetadataAtRootOnly, Flaw::NoMetadata]);
    let document = get(async move || place.answer(&flaws));
    let mut routes = Router::new();
    if at_root {
        routes = routes.route(WELL_KNOWN, document.clone());
    }
    if at_path {
        routes = routes.route(&format!("{WELL_KNOWN}/mcp"), document);
    }
    routes
}
