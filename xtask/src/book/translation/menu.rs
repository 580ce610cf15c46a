//! Links from a page to the same page in another language.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::languages::Language;

/// Where mdBook begins a page's text.
const BEGIN: &str = "<main>";

/// Puts a line with the other languages above each page that is translated, in all its languages.
pub(super) fn link(to: &Path, languages: &[&Language]) -> Result<()> {
    let mut pages: Vec<String> = languages
        .iter()
        .flat_map(|language| &language.pages)
        .filter_map(|page| Some(format!("{}.html", page.strip_suffix(".md")?)))
        .filter(|page| page != "SUMMARY.html")
        .collect();
    pages.sort();
    pages.dedup();
    // The first page of the book, once more.
    pages.push("index.html".to_owned());
    for page in &pages {
        let has = |language: &Language| {
            let source = page.replace(".html", ".md");
            page == "index.html" || language.pages.contains(&source)
        };
        let there: Vec<&Language> = languages.iter().copied().filter(|one| has(one)).collect();
        let english = there.iter().map(|one| one_link(one, page, ""));
        put(&to.join(page), &english.collect::<Vec<_>>())?;
        for language in &there {
            let mut links = vec![format!(
                "<a href=\"../{page}\" hreflang=\"en\" lang=\"en\">English</a>"
            )];
            let others = there.iter().filter(|one| one.code != language.code);
            links.extend(others.map(|one| one_link(one, page, "../")));
            put(&to.join(&language.code).join(page), &links)?;
        }
    }
    Ok(())
}

fn one_link(Language { code, name, .. }: &Language, page: &str, up: &str) -> String {
    format!("<a href=\"{up}{code}/{page}\" hreflang=\"{code}\" lang=\"{code}\">{name}</a>")
}

fn put(file: &Path, links: &[String]) -> Result<()> {
    let shown = file.display();
    let page = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    ensure!(page.contains(BEGIN), "{shown} has no {BEGIN}");
    let line = format!("{BEGIN}\n<p class=\"languages\">{}</p>", links.join(" · "));
    fs::write(file, page.replacen(BEGIN, &line, 1)).with_context(|| format!("cannot write {shown}"))
}
