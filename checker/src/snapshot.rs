//! What insta has recorded.

/// A snapshot without insta's header, which stands between two lines of dashes.
pub fn contents(snapshot: &str) -> &str {
    let body = snapshot.splitn(3, "---\n").nth(2).unwrap_or(snapshot);
    body.trim_end()
}
