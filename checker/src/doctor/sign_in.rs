//! What keeps users of a server from signing in: asked at the server and at its realm, as a client would.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use reqwest::{Client, Response, Url, redirect};
use serde_json::{Value, json};

use super::{Examined, with_variable};
use crate::escape::one_line;
use crate::fixtures::IdentityRealm;
use crate::fixtures::realm::{AUDIENCE, SCOPE};
use crate::mcp::bearer;
use crate::mcp::http::root_cause;
use realm::RealmFile;

/// How long a server or a realm may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Before the path of what is protected comes this (RFC 9728, 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The server that most people have.
const RUN: &str = "cargo run --bin ex5_auth";

/// Where a client is answered that listens on this machine.
const CALLBACK: &str = "http://127.0.0.1:33418/callback";

/// Examines the login of a server, and of its realm or of this one.
pub async fn examine(server: &Url, realm: Option<&Url>) -> Vec<Examined> {
    let client = Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .build();
    let Ok(client) = client else {
        return vec![Examined::unknown(
            "login",
            "the system gives no HTTP client",
        )];
    };
    let mut all = Vec::new();
    let Some(challenge) = at_the_door(&client, server, &mut all).await else {
        return all;
    };
    let metadata = metadata(&client, server, challenge.as_ref(), &mut all).await;
    let named = metadata["authorization_servers"][0].as_str();
    let parsed = named.and_then(|named| Url::parse(named).ok());
    let realm = match (realm, parsed) {
        (Some(realm), named) => {
            if named.is_some_and(|named| trimmed(&named) != trimmed(realm)) {
                all.push(
                    Examined::trouble(
                        "realm",
                        format!(
                            "the server sends its users to {}, not to {}",
                            one_line(
                                metadata["authorization_servers"][0]
                                    .as_str()
                                    .unwrap_or_default()
                            ),
                            trimmed(realm)
                        ),
                    )
                    .fix(with_variable("REALM_URL", trimmed(realm), RUN)),
                );
            }
            Some(realm.clone())
        }
        (None, named) => named,
    };
    let Some(realm) = realm else {
        all.push(Examined::unknown(
            "realm",
            "the server does not name one. To examine one anyway, use --realm",
        ));
        return all;
    };
    // What clients are told, to the letter.
    let called = named.unwrap_or(trimmed(&realm));
    let Some(discovery) = discovery(&client, &realm, called, &mut all).await else {
        return all;
    };
    let scopes = asked_for(challenge.as_deref(), &metadata);
    lists_what_it_should(&discovery, &scopes, &mut all);
    registers(&client, &discovery, &scopes, &mut all).await;
    tokens(&client, server, &realm, &mut all).await;
    all
}

/// The scopes that clients ask for: those of the 401, or else those of the metadata.
fn asked_for(challenge: Option<&str>, metadata: &Value) -> Vec<String> {
    if let Some(scope) = challenge.and_then(|challenge| parameter_of(challenge, "scope")) {
        return scope.split_whitespace().map(str::to_owned).collect();
    }
    let listed = metadata["scopes_supported"]
        .as_array()
        .into_iter()
        .flatten();
    let listed = listed.filter_map(Value::as_str);
    listed.map(str::to_owned).collect()
}

fn trimmed(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// Knocks without a token. Gives the challenge, if there is one; `None` if nobody is there.
async fn at_the_door(
    client: &Client,
    server: &Url,
    all: &mut Vec<Examined>,
) -> Option<Option<String>> {
    const WHAT: &str = "server";
    let answered = knock(client, server, None).await;
    let response = match answered {
        Ok(response) => response,
        Err(error) => {
            all.push(
                Examined::trouble(
                    WHAT,
                    format!("nothing answers at {server}: {}", in_words(&error)),
                )
                .fix(RUN),
            );
            return None;
        }
    };
    let status = response.status().as_u16();
    let challenge = response.headers().get(WWW_AUTHENTICATE);
    let challenge = challenge
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let body = response.text().await.unwrap_or_default();
    match status {
        401 => (),
        403 if body.contains("Host") => {
            all.push(
                Examined::trouble(
                    WHAT,
                    format!(
                        "the server refuses the host name in its URL: {}",
                        one_line(body.trim())
                    ),
                )
                .fix(with_variable("STORE_URL", server.as_str(), RUN)),
            );
            return Some(challenge);
        }
        200..300 => {
            all.push(Examined::trouble(
                WHAT,
                "it lets everybody in, because it does not ask for a token",
            ));
            return Some(challenge);
        }
        status => {
            all.push(Examined::trouble(
                WHAT,
                format!("it answers {status} to a request without a token, not 401"),
            ));
            return Some(challenge);
        }
    }
    let Some(challenge) = challenge else {
        all.push(Examined::trouble(
            WHAT,
            "its 401 has no WWW-Authenticate, so clients do not learn where to sign in",
        ));
        return Some(None);
    };
    let lacks = |parameter: &str| parameter_of(&challenge, parameter).is_none();
    if lacks("resource_metadata") {
        all.push(Examined::trouble(
            WHAT,
            "its 401 has no resource_metadata, so most clients stop here",
        ));
    } else if lacks("scope") {
        all.push(Examined::trouble(
            WHAT,
            format!("its 401 has no scope. Some clients then get a token without any scope, which no server accepts. Add scope=\"{SCOPE}\""),
        ));
    } else {
        all.push(Examined::well(
            WHAT,
            "asks for a token, and says where to get one",
        ));
    }
    Some(Some(challenge))
}

async fn knock(client: &Client, server: &Url, token: Option<&str>) -> reqwest::Result<Response> {
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "workshop-doctor", "version": env!("CARGO_PKG_VERSION") },
        },
    });
    let request = client
        .post(server.clone())
        .header("accept", "application/json, text/event-stream")
        .json(&message);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await
}

fn parameter_of(challenge: &str, name: &str) -> Option<String> {
    let challenges = http_auth::parse_challenges(challenge).ok()?;
    let mut parameters = challenges.iter().flat_map(|challenge| &challenge.params);
    let (_, value) = parameters.find(|(one, _)| one.eq_ignore_ascii_case(name))?;
    Some(value.to_unescaped())
}

/// Reads what the server says of who protects it.
async fn metadata(
    client: &Client,
    server: &Url,
    challenge: Option<&String>,
    all: &mut Vec<Examined>,
) -> Value {
    const WHAT: &str = "metadata";
    let mut usual = server.clone();
    usual.set_path(&format!("{WELL_KNOWN}{}", server.path()));
    let named = challenge.and_then(|challenge| parameter_of(challenge, "resource_metadata"));
    let address = named.unwrap_or_else(|| usual.to_string());
    let document = json_at(client, &address).await;
    let document = match document {
        Ok(document) => document,
        Err(why) => {
            all.push(Examined::trouble(
                WHAT,
                format!("{} cannot be read: {why}", one_line(&address)),
            ));
            return Value::Null;
        }
    };
    let resource = document["resource"].as_str().unwrap_or_default();
    if resource != server.as_str() {
        all.push(
            Examined::trouble(WHAT, format!(
                "its resource is {resource:?}, but clients use {:?}. They compare the two character by character: name, port, path, and a slash at the end",
                server.as_str()
            ))
            .fix(with_variable("STORE_URL", server.as_str(), RUN)),
        );
    } else if document["authorization_servers"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        all.push(Examined::trouble(
            WHAT,
            "it does not name an authorization server",
        ));
    } else {
        all.push(Examined::well(WHAT, format!("is about {resource}")));
    }
    document
}

async fn json_at(client: &Client, address: &str) -> Result<Value, String> {
    let answer = client.get(address).send().await;
    let answer = answer.map_err(|error| in_words(&error))?;
    if !answer.status().is_success() {
        return Err(format!("HTTP {}", answer.status().as_u16()));
    }
    answer.json().await.map_err(|_| "it is not JSON".to_owned())
}

/// Finds what the realm says of itself, in each of the ways in which clients look for it.
async fn discovery(
    client: &Client,
    realm: &Url,
    called: &str,
    all: &mut Vec<Examined>,
) -> Option<Value> {
    const WHAT: &str = "realm";
    let issuer = trimmed(realm);
    let mut inserted = realm.clone();
    inserted.set_path(&format!(
        "/.well-known/oauth-authorization-server{}",
        realm.path().trim_end_matches('/')
    ));
    let forms = [
        ("RFC 8414", inserted.to_string()),
        (
            "OpenID Connect",
            format!("{issuer}/.well-known/openid-configuration"),
        ),
        (
            "at the end of the path",
            format!("{issuer}/.well-known/oauth-authorization-server"),
        ),
    ];
    let mut found = Vec::new();
    let mut document = None;
    let mut why = String::new();
    for (form, address) in &forms {
        match json_at(client, address).await {
            Ok(json) => {
                found.push(*form);
                document = document.or(Some(json));
            }
            Err(error) => why = error,
        }
    }
    let Some(document) = document else {
        all.push(
            Examined::trouble(WHAT, format!("there is no realm at {issuer}: {why}"))
                .fix("cargo checker realm"),
        );
        return None;
    };
    let says = document["issuer"].as_str().unwrap_or_default();
    if says != issuer || says != called {
        let called = one_line(if says == issuer { called } else { issuer });
        all.push(
            Examined::trouble(WHAT, format!(
                "the realm at {called} calls itself {says:?}. Names are compared character by character: localhost differs from 127.0.0.1, and a slash at the end counts"
            ))
            .fix(with_variable("REALM_URL", &one_line(says), RUN)),
        );
    } else if !found.contains(&"RFC 8414") {
        all.push(Examined::remark(
            WHAT,
            format!(
                "{issuer} is only found through {}. Clients that follow RFC 8414 do not find it",
                found.join(" and ")
            ),
        ));
    } else {
        all.push(Examined::well(WHAT, format!("is {issuer}")));
    }
    Some(document)
}

/// What the server sends its clients for must be there.
fn lists_what_it_should(discovery: &Value, asked: &[String], all: &mut Vec<Examined>) {
    const WHAT: &str = "scopes";
    let has = |list: &Value, one: &str| {
        let items = list.as_array().into_iter().flatten();
        items.filter_map(Value::as_str).any(|item| item == one)
    };
    if !has(&discovery["code_challenge_methods_supported"], "S256") {
        all.push(Examined::trouble(
            "PKCE",
            "the realm does not list S256 in code_challenge_methods_supported, so clients refuse to sign in there",
        ));
    }
    let missing: Vec<&str> = asked
        .iter()
        .map(String::as_str)
        .filter(|scope| !has(&discovery["scopes_supported"], scope))
        .collect();
    if missing.is_empty() {
        all.push(Examined::well(
            WHAT,
            "the realm has every scope that the server asks for",
        ));
    } else {
        all.push(
            Examined::trouble(WHAT, format!(
                "the server asks for {}, which the realm does not have. After a change of its file, a realm must be imported again",
                missing.join(" and ")
            ))
            .fix("cargo checker realm --keycloak"),
        );
    }
}

/// Registers as a client that nobody knows, and is forgotten again.
async fn registers(client: &Client, discovery: &Value, scopes: &[String], all: &mut Vec<Examined>) {
    const WHAT: &str = "clients";
    let Some(endpoint) = discovery["registration_endpoint"].as_str() else {
        all.push(Examined::remark(
            WHAT,
            "the realm does not accept registrations, so its administrator must add each client",
        ));
        return;
    };
    let request = json!({
        "client_name": "Workshop doctor",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": scopes.join(" "),
    });
    let asked = async {
        let answer = client.post(endpoint).json(&request).send().await?;
        let status = answer.status().as_u16();
        Ok::<_, reqwest::Error>((status, answer.json::<Value>().await.unwrap_or_default()))
    };
    let (status, answer) = match asked.await {
        Ok(answered) => answered,
        Err(error) => {
            all.push(Examined::trouble(
                WHAT,
                format!(
                    "the realm does not answer a registration: {}",
                    in_words(&error)
                ),
            ));
            return;
        }
    };
    if status == 201 {
        forget(client, &answer).await;
        let method = answer["token_endpoint_auth_method"]
            .as_str()
            .unwrap_or_default();
        all.push(if method == "none" {
            Examined::well(WHAT, "can register by themselves")
        } else {
            Examined::trouble(WHAT, format!(
                "the realm registers a public client as {method:?}, as Keycloak before 26.6 does, so MCP clients cannot sign in"
            ))
            .fix("cargo checker realm --keycloak")
        });
        return;
    }
    let words = ["error_description", "error"]
        .into_iter()
        .find_map(|name| answer[name].as_str())
        .unwrap_or_default();
    let policy = if words.contains("Trusted Hosts") {
        ". Its policy Trusted Hosts must allow 127.0.0.1 and localhost, where clients wait for the redirect. In Docker, it must not check the host that sends the request"
    } else if words.contains("clientScope") || words.contains("Allowed Client Scopes") {
        ". Its policy Allowed Client Scopes must allow the scopes in the server's metadata"
    } else {
        ""
    };
    all.push(
        Examined::trouble(
            WHAT,
            format!(
                "the realm refuses a registration with {status}: {}{policy}",
                one_line(words)
            ),
        )
        .fix("cargo checker realm"),
    );
}

async fn forget(client: &Client, registered: &Value) {
    let (Some(at), Some(token)) = (
        registered["registration_client_uri"].as_str(),
        registered["registration_access_token"].as_str(),
    ) else {
        return;
    };
    // One that stays does no harm.
    let _ = client.delete(at).bearer_auth(token).send().await;
}

/// What becomes of tokens, where the realm is the workshop's, so that there are some.
async fn tokens(client: &Client, server: &Url, realm: &Url, all: &mut Vec<Examined>) {
    const WHAT: &str = "tokens";
    let users = RealmFile::workshop()
        .map(|file| file.users)
        .unwrap_or_default();
    let Some(user) = users.first().map(|user| user.username.as_str()) else {
        return;
    };
    let granted = async {
        let realm = IdentityRealm::real(realm).await?;
        let good = realm.token(user).await?;
        let without = realm.grant(user, &["openid"]).await?.access;
        Ok::<_, String>((good, without))
    };
    let (good, without) = match granted.await {
        Ok(granted) => granted,
        Err(why) => {
            all.push(Examined::unknown(
                WHAT,
                format!(
                    "only the workshop's realm has users for this test ({})",
                    one_line(&why)
                ),
            ));
            return;
        }
    };
    let audience = audience_of(&good);
    if audience.is_empty() {
        all.push(
            Examined::trouble(WHAT, format!("a token with the scope {SCOPE} has no aud. The scope lacks its audience mapper, or the realm was imported before it had one"))
                .fix("cargo checker realm --keycloak"),
        );
        return;
    }
    match status_of(client, server, &good).await {
        Some(200..300) => (),
        Some(status) => {
            all.push(
                Examined::trouble(WHAT, format!(
                    "the server answers {status} to a good token. The token's aud is {}, and its iss is the realm's name",
                    audience.join(" and ")
                ))
                .fix(with_variable("AUDIENCE", AUDIENCE, RUN))
                .fix(with_variable("REALM_URL", trimmed(realm), RUN)),
            );
            return;
        }
        None => return,
    }
    all.push(match status_of(client, server, &without).await {
        Some(200..300) => Examined::trouble(
            WHAT,
            "the server accepts a token that has no aud, and so was not made for any server. So every client of the realm gets in",
        ),
        _ => Examined::well(
            WHAT,
            "a good one is accepted, and one without an audience is refused",
        ),
    });
}

async fn status_of(client: &Client, server: &Url, token: &str) -> Option<u16> {
    let answered = knock(client, server, Some(token)).await;
    answered.ok().map(|answer| answer.status().as_u16())
}

fn audience_of(token: &str) -> Vec<String> {
    let claims = bearer::claims(token);
    match &claims["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn in_words(error: &reqwest::Error) -> String {
    one_line(&root_cause(error))
}
