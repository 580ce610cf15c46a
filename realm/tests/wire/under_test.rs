//! The realm that is asked.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use realm::{Realm, RealmFile};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// A realm, and a client to ask it with.
pub struct UnderTest {
    pub is_keycloak: bool,
    /// `http://localhost:8180`
    pub origin: String,
    pub issuer: String,
    pub http: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// `error`, and what is said of it.
    pub fn error(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("error"), text("error_description"))
    }
}

impl UnderTest {
    /// The Keycloak that `KEYCLOAK_URL` names, the stand-in that `STAND_IN_URL` names, or one in
    /// this process.
    pub async fn open() -> Self {
        let named = |variable| {
            let url = std::env::var(variable).ok()?;
            Some(url.trim_end_matches('/').to_owned())
        };
        let keycloak = named("KEYCLOAK_URL");
        let is_keycloak = keycloak.is_some();
        let origin = match keycloak.or_else(|| named("STAND_IN_URL")) {
            Some(origin) => origin,
            None => stand_in().await.0,
        };
        Self::at(origin, is_keycloak)
    }

    pub fn at(origin: String, is_keycloak: bool) -> Self {
        let http = Client::builder().redirect(redirect::Policy::none());
        Self {
            is_keycloak,
            issuer: format!("{origin}/realms/workshop"),
            origin,
            http: http.build().unwrap(),
        }
    }

    pub fn endpoint(&self, name: &str) -> String {
        format!("{}/protocol/openid-connect/{name}", self.issuer)
    }

    pub async fn get(&self, url: &str) -> Answer {
        send(self.http.get(url)).await
    }

    /// Asks the token endpoint.
    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(self.endpoint("token"));
        send(with_form(request, form.iter().copied())).await
    }

    /// The same as the client `checker`.
    pub async fn token_of_checker(&self, form: &[(&str, &str)]) -> Answer {
        let mut form = form.to_vec();
        form.extend([
            ("client_id", "checker"),
            ("client_secret", "checker-secret"),
        ]);
        self.token(&form).await
    }

    /// Registers a client.
    pub async fn register(&self, metadata: &Value) -> Answer {
        let url = format!("{}/clients-registrations/openid-connect", self.issuer);
        send(self.http.post(url).json(metadata)).await
    }

    /// A client as MCP's SDKs register one, which no user has agreed to before.
    pub async fn fresh_client(&self) -> String {
        let registered = self
            .register(&json!({
                "client_name": "Fresh",
                "redirect_uris": [crate::visitor::CALLBACK],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
                "scope": "openid mcp:access offline_access",
            }))
            .await;
        assert_eq!(registered.status, 201, "{registered:?}");
        registered.json()["client_id"].as_str().unwrap().to_owned()
    }
}

/// Starts the stand-in on a free port.
pub async fn stand_in() -> (String, Realm) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let realm = Realm::new(RealmFile::workshop().unwrap(), &origin).unwrap();
    let router = realm.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (origin, realm)
}

/// A request with a form.
pub fn with_form<'a>(
    request: RequestBuilder,
    form: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> RequestBuilder {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(body.finish())
}

pub async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

/// The claims of a token, which is not verified.
pub fn claims(token: &Value) -> Map<String, Value> {
    let token = token.as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// The header of a token.
pub fn header(token: &Value) -> Value {
    let header = token
        .as_str()
        .and_then(|token| token.split('.').next())
        .expect("a JWT");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

/// The names in an object, in order.
pub fn names(object: &Map<String, Value>) -> Vec<&str> {
    let names: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    names.into_iter().collect()
}

/// The scopes of a text, in order.
pub fn scopes(text: &Value) -> BTreeSet<String> {
    let text = text.as_str().expect("scopes");
    text.split(' ').map(str::to_owned).collect()
}
