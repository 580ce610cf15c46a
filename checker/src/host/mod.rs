//! The side of MCP Apps (2026-01-26) that a host has, as a web page.
//!
//! - `bridge.js` shows an App in a frame and speaks with it: the class `AppBridge`,
//! - `sandbox.html` stands between the two, on another origin, and has the App in a frame of its
//!   own. It is served with the App's [policy].
//!
//! Both are embedded, and neither needs a build step.

use serde_json::Value;

/// The class `AppBridge`.
pub const BRIDGE: &str = include_str!("bridge.js");

/// The page that holds an App, for another origin than the host's.
pub const SANDBOX: &str = include_str!("sandbox.html");

/// The `Content-Security-Policy` for an App whose contents have these `_meta.ui`. Without any
/// it is the specification's default: nothing from outside.
pub fn policy(ui: &Value) -> String {
    let domains = |name: &str| {
        let domains = ui["csp"][name].as_array().into_iter().flatten();
        domains
            .filter_map(Value::as_str)
            .filter(|domain| is_source(domain))
            .map(|domain| format!(" {domain}"))
            .collect::<String>()
    };
    let or_none = |domains: String| match domains.is_empty() {
        true => " 'none'".to_owned(),
        false => domains,
    };
    let resources = domains("resourceDomains");
    [
        "default-src 'none'".to_owned(),
        format!("script-src 'self' 'unsafe-inline'{resources}"),
        format!("style-src 'self' 'unsafe-inline'{resources}"),
        format!("img-src 'self' data:{resources}"),
        format!("media-src 'self' data:{resources}"),
        format!("font-src 'self'{resources}"),
        format!("connect-src{}", or_none(domains("connectDomains"))),
        format!("frame-src{}", or_none(domains("frameDomains"))),
        "object-src 'none'".to_owned(),
        format!("base-uri 'self'{}", domains("baseUriDomains")),
    ]
    .join("; ")
}

/// Whether this is one source, and not the end of a directive or of a header.
fn is_source(domain: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_graphic() && !";,'\"".contains(letter);
    !domain.is_empty() && domain.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_a_word_nothing_comes_from_outside() {
        let policy = policy(&Value::Null);
        assert!(policy.contains("default-src 'none';"), "{policy}");
        assert!(policy.contains("connect-src 'none';"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");
    }

    #[test]
    fn a_domain_cannot_end_its_directive() {
        let domains = [
            "https://a.example",
            "x; script-src *",
            "'unsafe-eval'",
            "a\r\nX: y",
            "",
        ];
        let policy = policy(&json!({ "csp": { "connectDomains": domains } }));
        assert!(
            policy.contains("connect-src https://a.example;"),
            "{policy}"
        );
        for bad in ["script-src *", "unsafe-eval", "\n", "X:"] {
            assert!(!policy.contains(bad), "{policy}");
        }
    }
}
