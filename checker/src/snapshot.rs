//! What insta has recorded.

/// A snapshot without insta's header, which stands between two lines of dashes. Its lines may end as
/// Windows ends them: a checkout that is older than `.gitattributes` keeps them so.
pub fn contents(snapshot: &str) -> String {
    let mut lines = snapshot.lines().peekable();
    if lines.peek() == Some(&"---") {
        lines.next();
        lines.by_ref().find(|line| *line == "---");
    }
    let body: Vec<&str> = lines.collect();
    body.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_left_out_whatever_the_lines_end_with() {
        let snapshot = "---\nsource: x\nexpression: y\n---\ntool a() → {}\n--- b\n";
        assert_eq!(contents(snapshot), "tool a() → {}\n--- b");
        assert_eq!(
            contents(&snapshot.replace('\n', "\r\n")),
            "tool a() → {}\n--- b"
        );
        assert_eq!(contents("no header\r\n"), "no header");
    }
}
