//! The hints of every exercise that is ready: three for each step, and each link of them and of the
//! book leads to a page that the documentation of the locked version has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{course, root};
use serde_json::Value;

/// The hints of all steps, with the step's id.
fn ladders() -> Vec<(String, Vec<String>)> {
    let course = course();
    let ready = course.exercises.iter().filter(|exercise| exercise.ready);
    let steps = ready.flat_map(|exercise| &exercise.steps);
    steps
        .map(|step| (step.id.clone(), step.hints.clone()))
        .collect()
}

#[test]
fn a_ladder_is_a_nudge_then_the_api_with_a_link_then_code() {
    for (step, hints) in ladders() {
        let [nudge, api, code] = hints.try_into().unwrap_or_else(|hints: Vec<_>| {
            panic!("{step} has {} hints", hints.len());
        });
        assert!(!nudge.contains("https://"), "{step}: the first only nudges");
        assert!(
            !nudge.contains('\n') && !api.contains('\n'),
            "{step}: prose"
        );
        assert!(api.contains('`'), "{step}: the second names an API");
        assert!(!links(&api).is_empty(), "{step}: the second has no link");
        assert!(code.starts_with('\n') || code.lines().count() > 1, "{step}");
        assert!(links(&code).is_empty(), "{step}: the third is code");
    }
}

/// ` ✓ 3.11  title`, on the narrowest terminal that most people have.
#[test]
fn a_title_fits_on_a_line_of_80_columns() {
    let course = course();
    let steps = course.exercises.iter().flat_map(|exercise| &exercise.steps);
    for step in steps {
        let line = format!(" ✓ {}  {}", step.id, step.title);
        let columns = line.chars().count();
        assert!(columns <= 80, "{columns} columns: {line}");
    }
}

/// A link is a word of its own, for the book too.
fn links(hint: &str) -> Vec<&str> {
    let words = hint.split(' ');
    words.filter(|word| word.starts_with("https://")).collect()
}

/// Pages that are about no crate. Nothing here can tell whether they are there.
const ELSEWHERE: [&str; 8] = [
    "https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
    "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization",
    "https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation",
    "https://developer.mozilla.org/en-US/docs/Web/API/Element/replaceChildren",
    "https://developer.mozilla.org/en-US/docs/Web/HTML/Reference/Elements/button",
    "https://docs.docker.com/reference/dockerfile/",
    "https://www.rfc-editor.org/rfc/rfc6750.html",
    "https://www.rfc-editor.org/rfc/rfc9728.html",
];

#[test]
fn every_link_leads_to_a_page_that_is_there() {
    let packages = Packages::locked();
    for (step, hints) in ladders() {
        for link in hints.iter().flat_map(|hint| links(hint)) {
            let page = link.split('#').next().unwrap();
            let there = if let Some(page) = page.strip_prefix("https://docs.rs/") {
                packages.has(page)
            } else {
                // The standard library's pages never move.
                page.starts_with("https://doc.rust-lang.org/std/") && page.ends_with(".html")
                    || ELSEWHERE.contains(&page)
            };
            assert!(there, "{step}: {link} is not there");
        }
    }
}

#[test]
fn the_links_of_the_book_lead_to_pages_that_are_there() {
    let packages = Packages::locked();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("book/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("https://docs.rs/").skip(1) {
            let ends = |c: char| c.is_whitespace() || ")#>".contains(c);
            let page = link.split(ends).next().unwrap();
            assert!(
                packages.has(page),
                "{}: {page} is not there",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 0, "the book has no link to docs.rs");
}

#[test]
fn a_page_that_is_not_there_is_noticed() {
    let packages = Packages::locked();
    for page in [
        "no_such_crate/latest/no_such_crate/",
        "rmcp/latest/rmcp/model/struct.NoSuchStruct.html",
        "rmcp/latest/rmcp/no_such_module/struct.Implementation.html",
        "rmcp/latest/rmcp/model/enum.Implementation.html",
        // Public in two places, and the page is in the other.
        "rmcp/latest/rmcp/transport/streamable_http_server/struct.StreamableHttpServerConfig.html",
        "rmcp/latest/rmcp/attr.no_such_macro.html",
    ] {
        assert!(!packages.has(page), "{page}");
    }
}

/// Where the sources of the locked crates are.
struct Packages(BTreeMap<String, PathBuf>);

impl Packages {
    fn locked() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--offline", "--format-version", "1"])
            .current_dir(root())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let source = |package: &Value| {
            let [name, manifest] =
                ["name", "manifest_path"].map(|key| package[key].as_str().unwrap().to_owned());
            (name, Path::new(&manifest).with_file_name("src"))
        };
        Self(packages.map(source).collect())
    }

    /// Whether docs.rs has `rmcp/latest/rmcp/model/struct.Implementation.html`, as far as the
    /// sources tell.
    fn has(&self, page: &str) -> bool {
        let Some((package, path)) = page.split_once("/latest/") else {
            return false;
        };
        let Some(source) = self.0.get(package) else {
            return false;
        };
        let (modules, file) = path.rsplit_once('/').unwrap();
        let (library, modules) = modules.split_once('/').unwrap_or((modules, ""));
        if library != package.replace('-', "_") {
            return false;
        }
        let Some(module) = module_file(source, modules) else {
            return false;
        };
        match file.trim_end_matches(".html").split_once('.') {
            None => file.is_empty() || file == "index.html",
            Some(("attr", name)) => self.has_macro(package, &module, name),
            Some((kind, name)) => defines(&module, kind, name),
        }
    }

    /// Macros are in a crate of their own, and come with a `pub use`.
    fn has_macro(&self, package: &str, module: &Path, name: &str) -> bool {
        let library = format!("{}_macros", package.replace('-', "_"));
        let from = fs::read_to_string(module).unwrap();
        let source = self.0.get(&format!("{package}-macros"));
        source.is_some_and(|source| {
            let macros = fs::read_to_string(source.join("lib.rs")).unwrap();
            from.contains(&format!("pub use {library}::"))
                && macros.contains(&format!("pub fn {name}("))
        })
    }
}

/// `src/handler/server.rs` of `handler/server`; the root of the crate of nothing.
fn module_file(source: &Path, modules: &str) -> Option<PathBuf> {
    let files = match modules {
        "" => [source.join("lib.rs"), source.join("main.rs")],
        _ => [
            source.join(modules).with_extension("rs"),
            source.join(modules).join("mod.rs"),
        ],
    };
    files.into_iter().find(|file| file.is_file())
}

/// Whether an item is documented in this module: it is defined there, or comes from a module
/// below it that is private.
fn defines(module: &Path, kind: &str, name: &str) -> bool {
    let text = fs::read_to_string(module).unwrap();
    if has_item(&text, kind, name) {
        return true;
    }
    let privates = text.lines().filter_map(|line| {
        let private = line.strip_prefix("mod ")?.strip_suffix(';')?;
        text.contains(&format!("pub use {private}::"))
            .then_some(private)
    });
    // What is below `lib.rs` or `mod.rs` is beside it.
    let is_root = module.ends_with("lib.rs") || module.ends_with("mod.rs");
    let below = if is_root {
        module.with_file_name("")
    } else {
        module.with_extension("")
    };
    let files = privates.filter_map(|private| module_file(&below, private));
    files
        .filter_map(|file| fs::read_to_string(file).ok())
        .any(|text| has_item(&text, kind, name))
}

fn has_item(text: &str, kind: &str, name: &str) -> bool {
    let declaration = format!("pub {kind} {name}");
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    text.split(&declaration).skip(1).any(ends)
}
