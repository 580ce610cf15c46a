//! By which names the page is reached, and whom to let in.
//!
//! Any web page can have its visitor's browser send requests to this machine, and one that had its
//! own domain resolve to 127.0.0.1 can read the answers (DNS rebinding). So every path begins with
//! a token of this run, `Host` must be a name of ours, and `Origin` must be the page itself.

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};

use super::random;

/// What a browser says of where a request comes from (Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The addresses of one run.
#[derive(Clone, Debug)]
pub struct Address {
    /// In the path of everything.
    pub token: String,
    /// The page's port.
    pub port: u16,
    /// The port of the sandbox page, which is another origin.
    pub sandbox_port: u16,
    /// The host name of an https forward in front of this machine, as in Codespaces.
    forwarded: Option<String>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// To show the page, or a part of it.
    Page,
    /// To do something, or to hear what happens.
    Action,
}

impl Address {
    /// The addresses of a run on these ports.
    pub fn new(port: u16, sandbox_port: u16) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| is_name(value));
        let codespace = variable("CODESPACE_NAME");
        let domain = variable("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN");
        let forwarded = codespace.zip(domain);
        Self {
            token: random(),
            port,
            sandbox_port,
            forwarded: forwarded.map(|(name, domain)| format!("{name}-{port}.{domain}")),
        }
    }

    /// Where the page is on this machine.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Where it is behind the forward, if there is one.
    pub fn forwarded_url(&self) -> Option<String> {
        let name = self.forwarded.as_ref()?;
        Some(format!("https://{name}/{}/", self.token))
    }

    /// The sandbox page's origin for a page that was reached by this `Host`: the other name of this
    /// machine, so that the two share nothing.
    pub fn sandbox_origins(&self) -> [String; 2] {
        ["127.0.0.1", "localhost"].map(|name| format!("http://{name}:{}", self.sandbox_port))
    }

    /// Whether to let a request in.
    pub fn lets_in(&self, headers: &HeaderMap, wants: Wants) -> bool {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(host) = text(&HOST) else {
            return false;
        };
        if !self.is_ours(host) {
            return false;
        }
        if wants == Wants::Page {
            return true;
        }
        let from_here = match text(&ORIGIN) {
            Some(origin) => self.is_page(origin, host),
            // Browsers leave it out where they ask the page's own origin for something.
            None => !headers.contains_key(ORIGIN),
        };
        from_here && matches!(text(&SEC_FETCH_SITE), None | Some("same-origin"))
    }

    /// Whether to do what a request says that changes something: it must name the page.
    pub fn lets_change(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(ORIGIN) && self.lets_in(headers, Wants::Action)
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, port)| {
            if port.chars().all(|digit| digit.is_ascii_digit()) {
                name
            } else {
                host
            }
        });
        // An editor that forwards the port to another machine may choose another number there.
        is_loopback(name) || self.forwarded.as_deref() == Some(name)
    }

    fn is_page(&self, origin: &str, host: &str) -> bool {
        let forwarded = |name: &String| origin.strip_prefix("https://") == Some(name.as_str());
        self.forwarded.as_ref().is_some_and(forwarded)
            || origin.strip_prefix("http://") == Some(host)
    }
}

/// Whether this is a name of this machine.
pub fn is_loopback(name: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    !text.is_empty() && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn address() -> Address {
        Address {
            forwarded: Some("fluffy-8440.app.github.dev".to_owned()),
            ..Address::new(8440, 1)
        }
    }

    fn may(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        address().lets_change(&headers)
    }

    #[test]
    fn the_page_itself_is_let_in_by_each_of_its_names() {
        for host in [
            "127.0.0.1:8440",
            "localhost:8440",
            "[::1]:8440",
            "localhost:8441",
        ] {
            assert!(may(host, Some(&format!("http://{host}"))), "{host}");
        }
        let forwarded = Some("https://fluffy-8440.app.github.dev");
        assert!(may("fluffy-8440.app.github.dev", forwarded));
        assert!(
            may("localhost:8440", forwarded),
            "the forward may name us so"
        );
    }

    #[test]
    fn nobody_else_is() {
        for (host, origin) in [
            ("evil.example:8440", Some("http://evil.example:8440")),
            (
                "127.0.0.1.evil.example",
                Some("http://127.0.0.1.evil.example"),
            ),
            ("127.0.0.1:8440", Some("http://localhost:8440")),
            ("127.0.0.1:8440", Some("http://127.0.0.1:3000")),
            ("127.0.0.1:8440", Some("https://evil.example")),
            ("127.0.0.1:8440", Some("null")),
            ("127.0.0.1:8440", None),
        ] {
            assert!(!may(host, origin), "{host} {origin:?}");
        }
    }
}
