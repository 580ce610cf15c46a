//! Somebody with a browser: cookies, forms, and no JavaScript.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use html5gum::{Token, Tokenizer};
use url::Url;

use crate::under_test::{Answer, UnderTest, send, with_form};

/// Where clients are answered.
pub const CALLBACK: &str = "http://127.0.0.1:3333/callback";

/// A PKCE verifier.
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-for-rfc-7636-which-wants-43";

/// Its challenge, with S256.
pub fn challenge() -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hash)
}

/// A form on a page.
#[derive(Debug, Default)]
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
    pub buttons: Vec<String>,
}

pub struct Visitor<'a> {
    realm: &'a UnderTest,
    cookies: BTreeMap<String, String>,
    /// The page that is shown.
    pub page: Answer,
}

impl<'a> Visitor<'a> {
    /// Opens the page to which a client sends its user.
    pub async fn sent_by(realm: &'a UnderTest, client: &str, more: &[(&str, &str)]) -> Self {
        let mut visitor = Self {
            realm,
            cookies: BTreeMap::new(),
            page: Answer {
                status: 0,
                headers: Default::default(),
                body: String::new(),
            },
        };
        visitor.go_again(client, more).await;
        visitor
    }

    /// The same once more, with the cookies that there are.
    pub async fn go_again(&mut self, client: &str, more: &[(&str, &str)]) {
        let mut url = Url::parse(&self.realm.endpoint("auth")).unwrap();
        let challenge = challenge();
        let mut all = BTreeMap::from([
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("state", "a state"),
            ("scope", "openid mcp:access"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        all.extend(more.iter().copied());
        all.retain(|_, value| *value != "-");
        url.query_pairs_mut().extend_pairs(all);
        self.open(url.as_str()).await;
    }

    /// Opens a page, and follows where it leads within the realm.
    pub async fn open(&mut self, url: &str) {
        let request = self.realm.http.get(url).header("cookie", self.cookies());
        let answer = send(request).await;
        self.take(answer).await;
    }

    async fn take(&mut self, answer: Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = answer.header("location").to_owned();
        self.page = answer;
        if next.starts_with(&self.realm.origin) {
            Box::pin(self.open(&next)).await;
        }
    }

    fn cookies(&self) -> String {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The first form of the page.
    pub fn form(&self) -> Form {
        let mut form = None;
        for token in Tokenizer::new(&self.page.body).flatten() {
            let Token::StartTag(tag) = token else {
                continue;
            };
            let attribute = |name: &str| {
                let value = tag.attributes.get(name.as_bytes());
                value.map(|value| String::from_utf8_lossy(&value.value).into_owned())
            };
            match (tag.name.as_slice(), &mut form) {
                (b"form", None) => {
                    form = Some(Form {
                        action: attribute("action").unwrap_or_default(),
                        ..Form::default()
                    });
                }
                (b"input", Some(form)) => {
                    if let Some(name) = attribute("name") {
                        form.fields
                            .insert(name, attribute("value").unwrap_or_default());
                    }
                }
                (b"button", Some(form)) => form.buttons.extend(attribute("name")),
                _ => (),
            }
        }
        form.unwrap_or_else(|| panic!("no form: {:?}", self.page))
    }

    /// Fills in the form, and presses a button.
    pub async fn submit(&mut self, values: &[(&str, &str)], button: &str) {
        let mut form = self.form();
        for (name, value) in values {
            assert!(form.fields.contains_key(*name), "{name}: {form:?}");
            form.fields.insert((*name).to_owned(), (*value).to_owned());
        }
        assert!(
            form.buttons.iter().any(|one| one == button),
            "{button}: {form:?}"
        );
        form.fields.insert(button.to_owned(), "Yes".to_owned());
        let url = Url::parse(&self.realm.origin)
            .unwrap()
            .join(&form.action)
            .unwrap();
        let fields = form.fields.iter();
        let fields = fields.map(|(name, value)| (name.as_str(), value.as_str()));
        let request = with_form(self.realm.http.post(url), fields);
        let answer = send(request.header("cookie", self.cookies())).await;
        self.take(answer).await;
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) {
        self.submit(&[("username", name), ("password", password)], "login")
            .await;
    }

    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// What the client is answered with, at its callback.
    pub fn answered(&self) -> BTreeMap<String, String> {
        let to = self.page.header("location");
        assert!(to.starts_with(CALLBACK), "{:?}", self.page);
        let url = Url::parse(&to.replacen('#', "?", 1)).unwrap();
        url.query_pairs().into_owned().collect()
    }

    /// Signs in, agrees, and gives the code.
    pub async fn code(realm: &'a UnderTest, client: &str, more: &[(&str, &str)]) -> (Self, String) {
        let mut visitor = Self::sent_by(realm, client, more).await;
        visitor.sign_in("alice", "alice").await;
        visitor.submit(&[], "accept").await;
        let code = visitor.answered()["code"].clone();
        (visitor, code)
    }
}

/// What is sent for a code.
pub fn redeeming<'a>(client: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}
