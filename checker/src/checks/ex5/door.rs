//! The token check of the store: every way in which a request can reach it, and what it answers to
//! requests that it refuses.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use http_auth::ChallengeRef;
use reqwest::Url;
use serde_json::json;

use super::places;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::raw::{Raw, Reply};
use crate::mcp::{Era, ErrorKind};
use crate::verdict::{Code, Finding};

/// How a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the first of a client.
    First,
    /// As a later one, of a client that was let in before.
    Later,
    /// As the wish for a stream.
    Stream,
    /// As the wish to end the session.
    End,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::First, Self::Later, Self::Stream, Self::End];

    /// The one that calls a tool: where there are sessions, a client greets the server first.
    pub const fn to_a_tool(era: Era) -> Self {
        match era {
            Era::Modern => Self::First,
            Era::Legacy => Self::Later,
        }
    }

    /// Whether a server may have nothing there, for nobody: streams and sessions are optional.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Stream | Self::End)
    }
}

/// What a request has with it to say who sends it.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing.
    Nothing,
    /// A token, as RFC 6750, 2.1, has it.
    Token(String),
    /// These values of `Authorization`.
    Headers(Vec<String>),
    /// A token in the address.
    InAddress(String),
}

impl Credential {
    pub fn headers(&self) -> HeaderMap {
        let values = match self {
            Self::Nothing | Self::InAddress(_) => Vec::new(),
            Self::Token(token) => vec![format!("Bearer {token}")],
            Self::Headers(values) => values.clone(),
        };
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                headers.append(AUTHORIZATION, value);
            }
        }
        headers
    }
}

/// What was said to a request.
#[derive(Clone, Debug)]
pub struct Said {
    /// The way that it came.
    pub way: Way,
    /// The request, as findings show it.
    pub sent: String,
    /// The HTTP status, as a number.
    pub status: u16,
    /// What came instead of a result; `None` where there was one.
    pub instead: Option<ErrorKind>,
    /// The headers of the response.
    pub headers: HeaderMap,
}

impl Said {
    /// Whether the request was served.
    pub fn is_served(&self) -> bool {
        (200..300).contains(&self.status) && self.instead.is_none()
    }

    /// What came back, in a few words.
    pub fn describe(&self) -> String {
        match &self.instead {
            _ if self.is_served() && self.way == Way::Stream => {
                format!("HTTP {}, and a stream", self.status)
            }
            _ if self.is_served() => format!("HTTP {}: the request was served", self.status),
            Some(kind @ (ErrorKind::Status { .. } | ErrorKind::Redirected { .. })) => {
                kind.to_string()
            }
            Some(kind) => format!("HTTP {}: {kind}", self.status),
            None => format!("HTTP {}", self.status),
        }
    }

    /// The parameters of the Bearer challenge in the response (RFC 9110, 11.6.1).
    pub fn challenge(&self) -> Option<Vec<(String, String)>> {
        let all = self.headers.get_all(WWW_AUTHENTICATE).iter();
        let parsed = all.filter_map(|value| {
            let challenges = http_auth::parse_challenges(value.to_str().ok()?).ok()?;
            let is_bearer = |one: &&ChallengeRef<'_>| one.scheme.eq_ignore_ascii_case("bearer");
            let challenge = challenges.iter().find(is_bearer)?;
            let params = challenge.params.iter();
            let params = params.map(|(name, value)| (name.to_lowercase(), value.to_unescaped()));
            Some(params.collect())
        });
        parsed.into_iter().next()
    }

    /// A parameter of that challenge.
    pub fn challenged(&self, parameter: &str) -> Option<String> {
        let challenge = self.challenge()?;
        let found = challenge.into_iter().find(|(name, _)| name == parameter);
        found.map(|(_, value)| value)
    }

    /// The challenge as it came, for findings.
    pub fn challenge_text(&self) -> String {
        let all = self.headers.get_all(WWW_AUTHENTICATE).iter();
        let all: Vec<_> = all
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        if all.is_empty() {
            "no WWW-Authenticate".to_owned()
        } else {
            format!("WWW-Authenticate: {}", all.join(", "))
        }
    }
}

const GOOD: &str = "The realm signed this token for this store, and it has not expired. Compare its issuer, audience and key with what the store expects.";

/// The door, and a client that is inside already.
pub struct Door<'s> {
    server: &'s ServerUnderTest,
    /// A client that was never here.
    fresh: Raw,
    inside: Option<Raw>,
}

impl<'s> Door<'s> {
    /// In front of the door. Nobody was let in so far.
    pub fn outside(server: &'s ServerUnderTest) -> Checked<Self> {
        if !server.has_http() {
            return Err(Stop::CouldNotCheck(
                "tokens only exist over HTTP. Check the server with `--url` and `--realm` while it serves HTTP"
                    .to_owned(),
            ));
        }
        Self::of(server, server.url()?)
    }

    /// In front of the door of another process.
    pub fn of(server: &'s ServerUnderTest, url: Url) -> Checked<Self> {
        let client = server.client();
        Ok(Self {
            server,
            fresh: Raw::without_handshake(url, client, server.transcript())?,
            inside: None,
        })
    }

    /// The same; a client with this token has come in, so that others can come after it.
    pub async fn with_somebody_inside(server: &'s ServerUnderTest, token: &str) -> Checked<Self> {
        let outside = Self::outside(server)?;
        let raw = server.raw_of(server.client().with_token(token)).await;
        let door = Self {
            inside: Some(raw.map_err(refused)?),
            ..outside
        };
        let token = Credential::Token(token.to_owned());
        match door.knock(Way::Later, &token).await? {
            Some(said) if !said.is_served() => Err(Finding::new(Code::GoodTokenRefused)
                .sent(format!("{} with a good token", said.sent))
                .expected("an answer: the token is good")
                .got(said.describe())
                .why(GOOD)
                .into()),
            _ => Ok(door),
        }
    }

    /// Whose door it is.
    pub fn server(&self) -> &'s ServerUnderTest {
        self.server
    }

    /// Sends a request in this way. `None` where it cannot come so.
    pub async fn knock(&self, way: Way, credential: &Credential) -> Checked<Option<Said>> {
        let query = match credential {
            Credential::InAddress(token) => Some(format!("access_token={token}")),
            _ => None,
        };
        let query = query.as_deref();
        let headers = credential.headers();
        let era = self.server.era;
        let inside = self.inside.as_ref().map(|raw| raw.clone().bare(query));
        let (raw, message) = match (way, inside) {
            (Way::First, _) => {
                let fresh = self.fresh.clone().bare(query);
                let message = if era == Era::Legacy {
                    fresh.greeting()
                } else {
                    list_products(&fresh)
                };
                (fresh, Some(message))
            }
            (_, None) => return Ok(None),
            (Way::Later, Some(inside)) => {
                let message = list_products(&inside);
                (inside, Some(message))
            }
            (Way::Stream | Way::End, Some(inside)) => (inside, None),
        };
        let Some(message) = message else {
            let method = if way == Way::Stream {
                Method::GET
            } else {
                Method::DELETE
            };
            let sent = format!("{method} /mcp");
            let (status, headers) = raw.send_nothing(method, headers).await?;
            return Ok(Some(Said {
                way,
                sent,
                status,
                instead: None,
                headers,
            }));
        };
        Ok(Some(said(way, raw.send(message, headers).await?)))
    }
}

/// What a reply says to who knocked.
pub fn said(
    way: Way,
    Reply {
        status, exchange, ..
    }: Reply,
) -> Said {
    Said {
        way,
        sent: exchange.sent.describe(),
        status,
        instead: ErrorKind::of(&exchange),
        headers: exchange.headers,
    }
}

fn list_products(raw: &Raw) -> serde_json::Value {
    raw.message(
        "tools/call",
        json!({ "name": "list_products", "arguments": {} }),
    )
}

/// Why the step cannot be checked where no request could be sent.
pub fn nothing_sent() -> Stop {
    Stop::CouldNotCheck("no request could be sent".to_owned())
}

/// Why the step cannot be checked where the system gives no key.
pub fn no_key(error: std::io::Error) -> Stop {
    Stop::CouldNotCheck(format!("the system gave the checker no key: {error}"))
}

fn good(finding: Finding, why: &'static str) -> Stop {
    let code = Code::GoodTokenRefused;
    let finding = Finding { code, ..finding };
    finding
        .expected("an answer: the token is good")
        .why(why)
        .into()
}

/// A good token that did not get its owner in.
pub fn refused(stop: Stop) -> Stop {
    match stop {
        Stop::Failed(finding) => match finding.code {
            Code::NeedsLogin => good(*finding, GOOD),
            Code::Forbidden => good(*finding, "This token has the scope `mcp:access`. A scope claim is a list of names, separated by spaces. It may contain other names, too.").at(places::SCOPE),
            _ => Stop::Failed(finding),
        },
        other => other,
    }
}
