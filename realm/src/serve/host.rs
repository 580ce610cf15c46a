//! By which names the realm may be reached.
//!
//! Any web page can have its own domain resolve to 127.0.0.1, and its visitor's browser then lets it
//! read what a server there answers (DNS rebinding). The browser names that domain in `Host`.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::error::OAuthError;
use crate::events::Asked;
use crate::state::Realm;

/// The names of this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Answers only requests for the host of the realm's origin, or for this machine.
pub(super) async fn check(State(realm): State<Realm>, request: Request, next: Next) -> Response {
    if is_ours(realm.origin(), request.headers()) {
        return next.run(request).await;
    }
    let words = format!("This realm is at {}", realm.origin());
    realm.tell_refused(Asked::Request, None, "its Host header is not this realm's");
    OAuthError::new(StatusCode::FORBIDDEN, "Invalid host", words).into_response()
}

/// An editor that forwards the port may choose another number, so any port will do.
fn is_ours(origin: &str, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(host) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let name = host.host().to_ascii_lowercase();
    let own = Url::parse(origin).ok();
    let own = own.as_ref().and_then(Url::host_str);
    // What stands before an `@` is no part of a host.
    !host.as_str().contains('@') && (LOOPBACK.contains(&name.as_str()) || own == Some(&name))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn lets_in(host: &str) -> bool {
        let host = HeaderValue::from_str(host).expect("a header");
        let headers = HeaderMap::from_iter([(HOST, host)]);
        is_ours("https://fluffy-8180.app.github.dev", &headers)
    }

    #[test]
    fn the_realm_answers_to_its_own_names_only() {
        for host in [
            "localhost:8180",
            "LocalHost",
            "127.0.0.1:8181",
            "[::1]:8180",
            "fluffy-8180.app.github.dev",
        ] {
            assert!(lets_in(host), "{host}");
        }
        for host in [
            "evil.example:8180",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "127.0.0.2",
            "::1",
            "",
        ] {
            assert!(!lets_in(host), "{host}");
        }
        assert!(!is_ours("http://localhost:8180", &HeaderMap::new()));
    }
}
