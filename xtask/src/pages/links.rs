//! Where links may lead. Nothing is asked of the network: a link out of the book is held to
//! what can be known here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use percent_encoding::percent_decode_str;
use url::Url;

use super::Page;

/// What links can be held against.
pub(crate) struct Links<'a> {
    folder: &'a Path,
    pages: &'a BTreeMap<String, Page>,
    /// Name and version of every crate in `Cargo.lock`.
    crates: BTreeMap<String, Vec<String>>,
}

impl<'a> Links<'a> {
    /// The pages that were built into `folder`, in the checkout at `root`.
    pub(crate) fn new(
        root: &Path,
        folder: &'a Path,
        pages: &'a BTreeMap<String, Page>,
    ) -> Result<Self> {
        let text = fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
        let lock: toml::Table = text.parse().context("Cargo.lock is broken")?;
        let mut crates: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let packages = lock.get("package").and_then(toml::Value::as_array);
        for package in packages.into_iter().flatten() {
            let of = |key| package.get(key).and_then(toml::Value::as_str);
            if let (Some(name), Some(version)) = (of("name"), of("version")) {
                let versions = crates.entry(name.replace('-', "_")).or_default();
                versions.push(version.to_owned());
            }
        }
        Ok(Self {
            folder,
            pages,
            crates,
        })
    }

    /// What is wrong with a link on a page.
    pub(crate) fn wrong(&self, page: &str, link: &str) -> Option<String> {
        if !is_outside(link) {
            return self.wrong_inside(page, link);
        }
        match Url::parse(link) {
            Ok(url) if url.scheme() == "mailto" => None,
            Ok(url) if matches!(url.scheme(), "http" | "https") => self.wrong_outside(&url),
            Ok(url) => Some(format!("the scheme {} leads nowhere", url.scheme())),
            Err(error) => Some(error.to_string()),
        }
    }

    /// What is wrong with something that the browser fetches by itself.
    pub(crate) fn wrong_asset(&self, page: &str, asset: &str) -> Option<String> {
        if asset.starts_with("data:") {
            return None;
        }
        if is_outside(asset) {
            return Some("a page must not need the network; keep a copy next to it".to_owned());
        }
        self.wrong_inside(page, asset)
    }

    fn wrong_inside(&self, page: &str, link: &str) -> Option<String> {
        let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
        let path = percent_decode_str(path).decode_utf8_lossy();
        let target = match path.as_ref() {
            "" => page.to_owned(),
            path => beside(page, path),
        };
        if !self.folder.join(&target).is_file() {
            return Some(format!("there is no {target}"));
        }
        let fragment = percent_decode_str(fragment).decode_utf8_lossy();
        let has = |page: &Page| page.ids.contains(fragment.as_ref());
        if fragment.is_empty() || self.pages.get(&target).is_some_and(has) {
            return None;
        }
        Some(format!("{target} has no heading or id `{fragment}`"))
    }

    fn wrong_outside(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        if host == "localhost" || host.starts_with("127.") {
            return None;
        }
        if url.scheme() == "http" {
            return Some("start it with https://".to_owned());
        }
        let mut parts = url.path_segments()?;
        if host != "docs.rs" {
            return None;
        }
        let (name, version) = (parts.next()?, parts.next().unwrap_or("latest"));
        let Some(versions) = self.crates.get(&name.replace('-', "_")) else {
            return Some(format!("the crate {name} is not in Cargo.lock"));
        };
        if version == "latest" || versions.iter().any(|one| one.starts_with(version)) {
            return None;
        }
        Some(format!("{name} is used here as {}", versions.join(" and ")))
    }
}

/// Whether a link says on its own where it leads: `https://…`, `mailto:…`.
fn is_outside(link: &str) -> bool {
    let scheme = link.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric());
    is_scheme || link.starts_with("//")
}

/// The file that a relative path means on a page.
fn beside(page: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') {
        Vec::new()
    } else {
        page.split('/').collect()
    };
    parts.pop();
    for part in path.trim_start_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_page_a_heading_or_a_crate_that_is_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.html"), "").unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/b.html"), "").unwrap();
        let pages = BTreeMap::from([
            ("a.html".to_owned(), Page::read("<p id=\"here\">")),
            ("sub/b.html".to_owned(), Page::default()),
        ]);
        let links = Links::new(&crate::root().unwrap(), folder.path(), &pages).unwrap();
        let good = [
            "#here",
            "a.html",
            "a.html#here",
            "sub/b.html",
            "https://docs.rs/rmcp/latest/rmcp/",
            "https://docs.rs/tokio-util",
            "https://modelcontextprotocol.io/",
            "http://127.0.0.1:8420/mcp",
        ];
        for link in good {
            assert_eq!(links.wrong("a.html", link), None, "{link}");
        }
        assert_eq!(links.wrong("sub/b.html", "../a.html#here"), None);
        let bad = [
            "#there",
            "c.html",
            "a.html#there",
            "sub/a.html",
            "https://docs.rs/no-such-crate/",
            "https://docs.rs/rmcp/0.1.0/rmcp/",
            "http://example.org/",
            "javascript:alert(1)",
            "https://",
        ];
        for link in bad {
            assert!(links.wrong("a.html", link).is_some(), "{link}");
        }
        for asset in ["https://example.org/a.js", "//example.org/a.js", "b.png"] {
            assert!(links.wrong_asset("a.html", asset).is_some(), "{asset}");
        }
    }
}
