//! What the realm remembers while it runs. All of it is gone with the process.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::{Mutex, MutexGuard, RwLock};
use serde_json::{Map, Value, json};

use crate::clients::Client;
use crate::documents::Documents;
use crate::events::Listeners;
use crate::file::{RealmFile, User};
use crate::keys::{KeyError, KeyRing, RsaKey, now};
use crate::tokens::{Grant, Place, Subject, secret, uuid};

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// How long a login may take.
const LOGIN_LIFETIME: Duration = Duration::from_secs(1800);

/// How long a refresh token is good for, in seconds: as long as Keycloak keeps an idle session.
const REFRESH_LIFETIME: u64 = 1800;

/// Nobody needs more logins at once; the oldest are forgotten.
const MOST_LOGINS: usize = 1000;

/// An authorization server for one realm. Clones share it.
#[derive(Clone, Debug)]
pub struct Realm(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: RealmFile,
    origin: String,
    issuer: String,
    keys: RwLock<KeyRing>,
    refresh: RefreshKey,
    users: HashMap<String, String>,
    memory: Mutex<Memory>,
    documents: Documents,
    listeners: Listeners,
}

/// Signs what only the realm itself reads.
struct RefreshKey {
    kid: String,
    signs: EncodingKey,
    verifies: DecodingKey,
}

impl std::fmt::Debug for RefreshKey {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshKey").finish_non_exhaustive()
    }
}

/// What changes.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub clients: HashMap<String, Client>,
    /// Logins that go on, by their session code.
    pub logins: HashMap<String, Login>,
    /// Who is signed in, by session.
    pub sessions: HashMap<String, UserSession>,
    /// What users have agreed to, by user and client.
    pub consents: HashMap<(String, String), BTreeSet<String>>,
    codes: HashMap<String, Issued>,
    /// `sub` of each service account.
    services: HashMap<String, String>,
}

/// What a client has asked for, while its user signs in.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub client: Client,
    pub redirect_uri: String,
    pub response: ResponseMode,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub challenge: Option<Challenge>,
    pub scopes: Vec<String>,
    /// Whether the user is asked although they have agreed before.
    pub ask_again: bool,
    /// The browser that it goes on in, by its cookie.
    pub browser: String,
    /// Who has signed in.
    pub session: Option<String>,
    pub begun: Instant,
}

/// How a client is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
}

/// What proves that the one who brings a code has asked for it (RFC 7636).
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub challenge: String,
    pub is_s256: bool,
}

/// A user who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct UserSession {
    pub username: String,
    pub signed_in: u64,
    /// The refresh token that each client has, by its id. Another one is spent.
    pub refresh: HashMap<String, String>,
}

/// A code, and what it is good for.
#[derive(Clone, Debug)]
struct Issued {
    grant: Grant,
    redirect_uri: String,
    challenge: Option<Challenge>,
    begun: Instant,
    is_spent: bool,
}

/// Why a code or a refresh token gives nothing, in Keycloak's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(pub &'static str);

/// What a client gets.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub access: String,
    pub id: Option<String>,
    /// It, and how long it is good for, in seconds; 0 if it does not expire.
    pub refresh: Option<(String, u64)>,
    pub scope: String,
    pub session: Option<String>,
}

impl Realm {
    /// A realm that is reached at this origin, `http://localhost:8180`.
    ///
    /// # Errors
    ///
    /// When the system gives no keys.
    pub fn new(file: RealmFile, origin: &str) -> Result<Self, KeyError> {
        Ok(Self::with(file, origin, KeyRing::generate()?))
    }

    /// The same, with these keys.
    pub fn with(file: RealmFile, origin: &str, keys: KeyRing) -> Self {
        let origin = origin.trim_end_matches('/');
        let issuer = format!("{origin}/realms/{}", file.realm);
        let key: [u8; 64] = rand::random();
        let clients = file.clients.iter().map(Client::of);
        let memory = Memory {
            clients: clients.map(|client| (client.id.clone(), client)).collect(),
            ..Memory::default()
        };
        let users = file
            .users
            .iter()
            .map(|user| (user.username.clone(), uuid()));
        Self(Arc::new(Inner {
            origin: origin.to_owned(),
            issuer,
            keys: RwLock::new(keys),
            refresh: RefreshKey {
                kid: uuid(),
                signs: EncodingKey::from_secret(&key),
                verifies: DecodingKey::from_secret(&key),
            },
            users: users.collect(),
            memory: Mutex::new(memory),
            documents: Documents::default(),
            listeners: Listeners::default(),
            file,
        }))
    }

    /// The realm file.
    pub fn file(&self) -> &RealmFile {
        &self.0.file
    }

    /// `http://localhost:8180`
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// `http://localhost:8180/realms/workshop`
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// From now on another key signs; the old one stays listed.
    ///
    /// # Errors
    ///
    /// When the system gives no key.
    pub fn rotate_keys(&self) -> Result<(), KeyError> {
        self.rotate_to(RsaKey::generate()?.into());
        Ok(())
    }

    /// The same, with this key.
    pub fn rotate_to(&self, key: Arc<RsaKey>) {
        self.0.keys.write().rotate_to(key);
    }

    /// The keys that signed before are not listed any more, as when Keycloak's are disabled.
    pub fn withdraw_old_keys(&self) {
        self.0.keys.write().withdraw_old();
    }

    /// Does something with the keys.
    pub fn with_keys<T>(&self, then: impl FnOnce(&KeyRing) -> T) -> T {
        then(&self.0.keys.read())
    }

    /// A user as tokens have them.
    pub fn subject(&self, username: &str) -> Option<Subject> {
        let user = self.0.file.user(username)?;
        let id = self.0.users.get(&user.username)?.clone();
        Some(Subject::User {
            id,
            user: user.clone(),
        })
    }

    /// The user with this name and password.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> Option<&User> {
        let user = self.0.file.user(username)?;
        user.has_password(password).then_some(user)
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.0.documents
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock()
    }

    /// The claims of a good access token for this grant.
    pub fn access_claims(&self, grant: &Grant) -> Map<String, Value> {
        let mut claims = self.common(grant, "Bearer", self.0.file.access_token_lifespan);
        claims.insert("scope".to_owned(), json!(grant.named_scopes(&self.0.file)));
        claims.extend(grant.claims(&self.0.file, Place::Access));
        claims
    }

    fn id_claims(&self, grant: &Grant) -> Map<String, Value> {
        let mut claims = self.common(grant, "ID", self.0.file.access_token_lifespan);
        claims.insert("aud".to_owned(), json!(grant.client));
        claims.insert("sub".to_owned(), json!(grant.subject.id()));
        if let Some(nonce) = &grant.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        claims.extend(grant.claims(&self.0.file, Place::Id));
        claims
    }

    fn common(&self, grant: &Grant, kind: &str, lifespan: u64) -> Map<String, Value> {
        let now = now();
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("exp", json!(now + lifespan));
        set("iat", json!(now));
        set("jti", json!(uuid()));
        set("iss", json!(self.issuer()));
        set("typ", json!(kind));
        set("azp", json!(grant.client));
        if let Some(session) = &grant.session {
            set("sid", json!(session));
        }
        claims
    }

    /// Signs tokens for a grant. Those for a user come with a refresh token.
    ///
    /// # Errors
    ///
    /// When nothing can be signed.
    pub(crate) fn issue(&self, grant: &Grant) -> Result<Tokens, KeyError> {
        let access = self.access_claims(grant);
        let id = grant.scopes.iter().any(|scope| scope == crate::OPENID);
        let id = id.then(|| self.id_claims(grant));
        let (access, id) = self.with_keys(|keys| {
            let key = keys.current();
            let access = key.sign(&key.header(), &access)?;
            let id = id
                .map(|claims| key.sign(&key.header(), &claims))
                .transpose()?;
            Ok::<_, KeyError>((access, id))
        })?;
        let refresh = match &grant.session {
            Some(session) => Some(self.refresh_token(grant, session)?),
            None => None,
        };
        Ok(Tokens {
            access,
            id,
            refresh,
            scope: grant.named_scopes(&self.0.file),
            session: grant.session.clone(),
        })
    }

    fn refresh_token(&self, grant: &Grant, session: &str) -> Result<(String, u64), KeyError> {
        let is_offline = grant
            .scopes
            .iter()
            .any(|scope| scope == crate::OFFLINE_ACCESS);
        let kind = if is_offline { "Offline" } else { "Refresh" };
        let mut claims = self.common(grant, kind, REFRESH_LIFETIME);
        let id = claims["jti"].as_str().unwrap_or_default().to_owned();
        claims.insert("aud".to_owned(), json!(self.issuer()));
        claims.insert("sub".to_owned(), json!(grant.subject.id()));
        claims.insert("scope".to_owned(), json!(grant.scopes.join(" ")));
        if is_offline {
            claims.remove("exp");
        }
        let mut header = Header::new(Algorithm::HS512);
        header.kid = Some(self.0.refresh.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.0.refresh.signs)?;
        if let Some(session) = self.memory().sessions.get_mut(session) {
            session.refresh.insert(grant.client.clone(), id);
        }
        Ok((token, if is_offline { 0 } else { REFRESH_LIFETIME }))
    }

    /// What a refresh token is good for, and by which id it is [spent](Self::spend).
    ///
    /// # Errors
    ///
    /// Why it is good for nothing.
    pub(crate) fn refreshed(
        &self,
        token: &str,
        client: &Client,
    ) -> Result<(Grant, String), Invalid> {
        let mut rules = Validation::new(Algorithm::HS512);
        rules.set_issuer(&[self.issuer()]);
        rules.set_audience(&[self.issuer()]);
        rules.set_required_spec_claims(&["iss", "aud"]);
        rules.leeway = 0;
        let read =
            jsonwebtoken::decode::<Map<String, Value>>(token, &self.0.refresh.verifies, &rules);
        let claims = read.map_err(|_| Invalid("Invalid refresh token"))?.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("azp") != client.id {
            return Err(Invalid(
                "Invalid refresh token. Token client and authorized client don't match",
            ));
        }
        let sid = text("sid");
        let session = self.memory().sessions.get(sid).cloned();
        let session = session.ok_or(Invalid("Session not active"))?;
        let subject = self
            .subject(&session.username)
            .ok_or(Invalid("User not found"))?;
        let grant = Grant {
            client: client.id.clone(),
            subject,
            scopes: text("scope").split(' ').map(str::to_owned).collect(),
            session: Some(sid.to_owned()),
            signed_in: Some(session.signed_in),
            nonce: None,
        };
        Ok((grant, text("jti").to_owned()))
    }

    /// Spends a refresh token, where the realm wants that. The look and the change are under one lock:
    /// of two requests with one token only the first gets tokens.
    ///
    /// # Errors
    ///
    /// When it is spent already.
    pub(crate) fn spend(&self, grant: &Grant, id: &str) -> Result<(), Invalid> {
        let mut memory = self.memory();
        let session = grant.session.as_ref();
        let session = session.and_then(|session| memory.sessions.get_mut(session));
        let session = session.ok_or(Invalid("Session not active"))?;
        match session.refresh.get_mut(&grant.client) {
            None => Err(Invalid("Session doesn't have required client")),
            Some(_) if !self.0.file.revoke_refresh_token => Ok(()),
            Some(current) if current != id => {
                Err(Invalid("Maximum allowed refresh token reuse exceeded"))
            }
            Some(current) => {
                // Until the next one is there, none is good.
                current.clear();
                Ok(())
            }
        }
    }

    /// Whom and what an access token of this realm is for: its claims.
    pub(crate) fn read_access_token(&self, token: &str) -> Option<Map<String, Value>> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[self.issuer()]);
        rules.set_required_spec_claims(&["exp", "iss"]);
        rules.validate_aud = false;
        rules.leeway = 0;
        let keys = self.0.keys.read();
        let key = keys.find(&kid)?;
        let read =
            jsonwebtoken::decode::<Map<String, Value>>(token, key.verifies(), &rules).ok()?;
        (read.claims.get("typ")? == "Bearer").then_some(read.claims)
    }

    /// A session for a user who has just signed in.
    pub(crate) fn begin_session(&self, user: &User) -> String {
        let id = secret();
        let session = UserSession {
            username: user.username.clone(),
            signed_in: now(),
            refresh: HashMap::new(),
        };
        self.memory().sessions.insert(id.clone(), session);
        id
    }

    /// `sub` of a program on its own account.
    pub(crate) fn service(&self, client: &Client) -> Subject {
        let mut memory = self.memory();
        let id = memory
            .services
            .entry(client.id.clone())
            .or_insert_with(uuid);
        Subject::Service {
            id: id.clone(),
            client: client.id.clone(),
        }
    }

    /// Keeps a login, and gives the code that its pages carry.
    pub(crate) fn keep(&self, login: Login) -> String {
        let code = secret();
        let mut memory = self.memory();
        memory
            .logins
            .retain(|_, login| login.begun.elapsed() < LOGIN_LIFETIME);
        if memory.logins.len() >= MOST_LOGINS {
            let oldest = memory
                .logins
                .iter()
                .max_by_key(|(_, login)| login.begun.elapsed());
            let oldest = oldest.map(|(code, _)| code.clone()).unwrap_or_default();
            memory.logins.remove(&oldest);
        }
        memory.logins.insert(code.clone(), login);
        code
    }

    /// Takes a login out, for the browser that it was begun in.
    pub(crate) fn take(&self, code: &str, browser: Option<&str>) -> Option<Login> {
        let mut memory = self.memory();
        let login = memory.logins.remove(code)?;
        let is_fresh = login.begun.elapsed() < LOGIN_LIFETIME;
        (is_fresh && browser == Some(&login.browser)).then_some(login)
    }

    /// Remembers what the user of a login has agreed to, if they have, and gives their name.
    pub(crate) fn answered(&self, login: &Login, is_granted: bool) -> Option<String> {
        let mut memory = self.memory();
        let session = memory.sessions.get(login.session.as_ref()?)?;
        let user = session.username.clone();
        if is_granted {
            let agreed = memory
                .consents
                .entry((user.clone(), login.client.id.clone()));
            agreed.or_default().extend(login.scopes.iter().cloned());
        }
        Some(user)
    }

    /// A code for what a login was about.
    pub(crate) fn issue_code(&self, login: &Login, session_id: &str) -> Option<String> {
        let session = self.memory().sessions.get(session_id).cloned()?;
        let grant = Grant {
            client: login.client.id.clone(),
            subject: self.subject(&session.username)?,
            scopes: login.scopes.clone(),
            session: Some(session_id.to_owned()),
            signed_in: Some(session.signed_in),
            nonce: login.nonce.clone(),
        };
        let code = format!("{}.{session_id}.{}", uuid(), uuid());
        let issued = Issued {
            grant,
            redirect_uri: login.redirect_uri.clone(),
            challenge: login.challenge.clone(),
            begun: Instant::now(),
            is_spent: false,
        };
        let mut memory = self.memory();
        memory
            .codes
            .retain(|_, issued| issued.begun.elapsed() < CODE_LIFETIME);
        memory.codes.insert(code.clone(), issued);
        Some(code)
    }

    /// What a code is good for. It is spent by that, whatever comes of it.
    ///
    /// # Errors
    ///
    /// Why it is good for nothing.
    pub(crate) fn redeem(
        &self,
        code: &str,
        client: &Client,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Result<Grant, Invalid> {
        let mut memory = self.memory();
        let issued = memory
            .codes
            .get_mut(code)
            .ok_or(Invalid("Code not valid"))?;
        if std::mem::replace(&mut issued.is_spent, true) {
            // Somebody else may have it: what it gave is taken back (RFC 6749, 4.1.2).
            let (client, session) = (issued.grant.client.clone(), issued.grant.session.clone());
            let session = session.and_then(|session| memory.sessions.get_mut(&session));
            if let Some(session) = session {
                session.refresh.remove(&client);
            }
            return Err(Invalid("Code not valid"));
        }
        if issued.begun.elapsed() >= CODE_LIFETIME {
            return Err(Invalid("Code is expired"));
        }
        if issued.grant.client != client.id {
            return Err(Invalid(
                "Auth error: Found different client_id in clientSession",
            ));
        }
        if issued.redirect_uri != redirect_uri {
            return Err(Invalid("Incorrect redirect_uri"));
        }
        match (&issued.challenge, verifier) {
            (None, None) => (),
            (None, Some(_)) => {
                return Err(Invalid(
                    "PKCE code verifier specified but challenge not present in the authorization request",
                ));
            }
            (Some(_), None) => return Err(Invalid("PKCE code verifier not specified")),
            (Some(challenge), Some(verifier)) => challenge.check(verifier)?,
        }
        Ok(issued.grant.clone())
    }
}

impl Challenge {
    fn check(&self, verifier: &str) -> Result<(), Invalid> {
        use aws_lc_rs::digest::{SHA256, digest};
        use base64::Engine;
        use base64::prelude::BASE64_URL_SAFE_NO_PAD;

        let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-._~".contains(&letter);
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_plain) {
            return Err(Invalid("PKCE verification failed: Invalid code verifier"));
        }
        let shown = if self.is_s256 {
            BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
        } else {
            verifier.to_owned()
        };
        if shown != self.challenge {
            return Err(Invalid("PKCE verification failed: Code mismatch"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_requests_with_one_refresh_token_only_the_first_gets_tokens() {
        let file = RealmFile::workshop().expect("it is a realm");
        let realm = Realm::new(file, "http://localhost:8180").expect("there are keys");
        let user = realm.sign_in("alice", "alice").expect("it is her password");
        let grant = Grant {
            client: "checker".to_owned(),
            subject: realm.subject("alice").expect("she is known"),
            scopes: vec!["mcp:access".to_owned()],
            session: Some(realm.begin_session(user)),
            signed_in: None,
            nonce: None,
        };
        let tokens = realm.issue(&grant).expect("it signs");
        let (token, _) = tokens.refresh.expect("there is a session");
        let client = realm.memory().clients["checker"].clone();
        // Both have looked before either has spent it.
        let looks = [(); 2].map(|()| realm.refreshed(&token, &client));
        let [first, second] = looks.map(|look| look.expect("it is a good token"));
        assert_eq!(realm.spend(&first.0, &first.1), Ok(()));
        assert_eq!(
            realm.spend(&second.0, &second.1),
            Err(Invalid("Maximum allowed refresh token reuse exceeded"))
        );
    }
}
