//! Client ID metadata documents: a program's id is the URL of a document that describes it, so that it
//! need not register (draft-ietf-oauth-client-id-metadata-document; 2026-07-28 of MCP prefers it).
//!
//! Keycloak has them as an experimental feature, so they are off unless
//! [`Realm::accept_documents`] turns them on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, StatusCode, redirect};
use serde_json::{Map, Value};
use url::Url;

use crate::clients::{Client, Grants, is_loopback};
use crate::file::RealmFile;
use crate::policies;
use crate::state::Realm;

/// No document is longer, as the draft recommends.
const MOST_BYTES: usize = 5 * 1024;

/// How long a document may take to arrive. A user waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a document is good for.
const FRESH: Duration = Duration::from_secs(300);

/// No more documents are remembered; the oldest is forgotten.
const MOST: usize = 100;

/// The documents that were read.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    are_accepted: AtomicBool,
    read: Mutex<HashMap<String, (Instant, Client)>>,
}

/// Why a document describes no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfit(pub &'static str);

impl Realm {
    /// From now on a URL can be a client's id.
    pub fn accept_documents(&self) {
        self.documents().are_accepted.store(true, Ordering::Relaxed);
    }

    /// Whether a URL can be a client's id.
    pub fn accepts_documents(&self) -> bool {
        self.documents().are_accepted.load(Ordering::Relaxed)
    }

    /// The client of this id, if it is known already.
    pub(crate) fn client(&self, id: &str) -> Option<Client> {
        let known = self.memory().clients.get(id).cloned();
        known.or_else(|| {
            let read = self.documents().read.lock();
            read.get(id).map(|(_, client)| client.clone())
        })
    }

    /// The same for one that sends its user here, with its document read anew if that is old.
    ///
    /// # Errors
    ///
    /// When its document says nothing of use.
    pub(crate) async fn client_with_user(&self, id: &str) -> Result<Option<Client>, Unfit> {
        let is_url = id.starts_with("https://") || id.starts_with("http://");
        if !is_url || !self.accepts_documents() {
            return Ok(self.client(id));
        }
        let documents = self.documents();
        if let Some((read, client)) = documents.read.lock().get(id)
            && read.elapsed() < FRESH
        {
            return Ok(Some(client.clone()));
        }
        let client = read(self.file(), id).await?;
        let mut read = documents.read.lock();
        if read.len() >= MOST {
            let oldest = read.iter().min_by_key(|(_, (since, _))| *since);
            let oldest = oldest.map(|(id, _)| id.clone()).unwrap_or_default();
            read.remove(&oldest);
        }
        read.insert(id.to_owned(), (Instant::now(), client.clone()));
        Ok(Some(client))
    }
}

/// Reads the document of a client.
async fn read(file: &RealmFile, id: &str) -> Result<Client, Unfit> {
    let url = address(file, id)?;
    let unreachable = |_| Unfit("The client metadata document cannot be fetched");
    let builder = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none());
    let builder = if is_loopback(&url) {
        builder.no_proxy()
    } else {
        builder
    };
    let http = builder.build().map_err(unreachable)?;
    let asked = http.get(url).header(ACCEPT, "application/json");
    let answer = asked.send().await.map_err(unreachable)?;
    if answer.status() != StatusCode::OK {
        return Err(Unfit("The client metadata document is not there"));
    }
    client(file, id, &body(answer).await?)
}

/// Where the document is. The id is compared letter by letter, so it must be as URLs are written.
fn address(file: &RealmFile, id: &str) -> Result<Url, Unfit> {
    const INVALID: Unfit = Unfit("The client id is not the URL of a metadata document");
    let url = Url::parse(id).map_err(|_| INVALID)?;
    let is_secure = url.scheme() == "https" || is_loopback(&url);
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if url.as_str() != id || !is_secure || !is_plain || url.path() == "/" {
        return Err(INVALID);
    }
    if !policies::trusts(file, &[id.to_owned()]) {
        return Err(Unfit("The host of the client id is not trusted"));
    }
    Ok(url)
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Unfit> {
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json"))
    {
        return Err(Unfit("The client metadata document is not JSON"));
    }
    let mut body = Vec::new();
    let broken = |_| Unfit("The client metadata document broke off");
    while let Some(part) = answer.chunk().await.map_err(broken)? {
        body.extend_from_slice(&part);
        if body.len() > MOST_BYTES {
            return Err(Unfit("The client metadata document is too long"));
        }
    }
    Ok(body)
}

/// The client that a document describes: a public one, whose user is asked.
fn client(file: &RealmFile, id: &str, document: &[u8]) -> Result<Client, Unfit> {
    let document: Map<String, Value> = serde_json::from_slice(document)
        .map_err(|_| Unfit("The client metadata document is not JSON"))?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if text("client_id") != Some(id) {
        return Err(Unfit("The client metadata document is of another client"));
    }
    let method = document.get("token_endpoint_auth_method");
    if method.is_some_and(|method| method != "none") || document.contains_key("client_secret") {
        return Err(Unfit("The client must be a public one"));
    }
    let uris = document.get("redirect_uris").and_then(Value::as_array);
    let uris = uris.into_iter().flatten();
    let uris: Option<Vec<String>> = uris.map(|uri| uri.as_str().map(str::to_owned)).collect();
    let redirect_uris = uris
        .filter(|uris| !uris.is_empty())
        .ok_or(Unfit("The client metadata document lacks redirect_uris"))?;
    // A star would stand for anything, as it does in the realm file.
    if redirect_uris.iter().any(|uri| uri.contains('*')) || !policies::trusts(file, &redirect_uris)
    {
        return Err(Unfit("A redirect URI of the client is not trusted"));
    }
    Ok(Client {
        id: id.to_owned(),
        name: text("client_name").unwrap_or(id).to_owned(),
        secret: None,
        redirect_uris,
        web_origins: vec!["+".to_owned()],
        grants: Grants {
            code: true,
            password: false,
            credentials: false,
        },
        consent_required: true,
        pkce_required: true,
        default_scopes: file.default_default_client_scopes.clone(),
        optional_scopes: file.default_optional_client_scopes.clone(),
    })
}
