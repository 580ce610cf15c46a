//! A built page as the rules see it: ids, links, code.

use std::cell::RefCell;
use std::collections::BTreeSet;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// What the rules want to know of a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Every `id`.
    pub(crate) ids: BTreeSet<String>,
    /// What `a` leads to.
    pub(crate) links: Vec<String>,
    /// What a browser fetches by itself: images, scripts, styles, frames.
    pub(crate) assets: Vec<String>,
    /// Images that have nothing to say to who cannot see them.
    pub(crate) images_without_alt: Vec<String>,
    /// Headings: `id` and text.
    pub(crate) headings: Vec<(String, String)>,
    /// The text of each `code`, in line or in a block.
    pub(crate) code: Vec<String>,
    /// The blocks among them that are marked as `json`.
    pub(crate) json: Vec<String>,
}

impl Page {
    /// Reads the HTML that mdBook wrote.
    pub(crate) fn read(html: &str) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        tokenizer.sink.0.into_inner().page
    }
}

#[derive(Default)]
struct Reader(RefCell<State>);

#[derive(Default)]
struct State {
    page: Page,
    /// The heading that is open, with its id.
    heading: Option<(String, String)>,
    /// The code that is open.
    code: Option<String>,
    /// Whether it is marked as `json`.
    is_json: bool,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                state.begin(&tag);
                // What stands in these is no markup.
                return match &*tag.name {
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" => TokenSinkResult::RawData(RawKind::Rawtext),
                    "title" => TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) => state.end(&tag),
            Token::CharacterTokens(text) => {
                let State { heading, code, .. } = &mut *state;
                let texts = heading.iter_mut().map(|(_, text)| text).chain(code);
                texts.for_each(|open| open.push_str(&text));
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn begin(&mut self, tag: &Tag) {
        let attribute = |name: &str| {
            let found = tag.attrs.iter().find(|one| &*one.name.local == name);
            found.map(|one| one.value.to_string())
        };
        let id = attribute("id");
        self.page.ids.extend(id.clone());
        match &*tag.name {
            "a" => self.page.links.extend(attribute("href")),
            "link" => self.page.assets.extend(attribute("href")),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.heading = Some((id.unwrap_or_default(), String::new()));
            }
            "code" => {
                self.code = Some(String::new());
                let class = attribute("class").unwrap_or_default();
                self.is_json = class.split_whitespace().any(|one| one == "language-json");
            }
            _ => {}
        }
        self.page.assets.extend(attribute("src"));
        if &*tag.name == "img" && attribute("alt").is_none_or(|alt| alt.trim().is_empty()) {
            self.page.images_without_alt.extend(attribute("src"));
        }
    }

    fn end(&mut self, tag: &Tag) {
        match &*tag.name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.page.headings.extend(self.heading.take());
            }
            "code" => {
                let code = self.code.take();
                if self.is_json {
                    self.page.json.extend(code.clone());
                }
                self.page.code.extend(code);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_and_its_scripts_are_not() {
        let html = "<script>if (a<b) { '<a href=\"no\">' }</script>\
            <h2 id=\"step-3-4\"><a class=\"header\" href=\"#step-3-4\">3.4 <code>buy</code></a></h2>\
            <p><img src=\"a.png\"><pre><code class=\"language-sh\">cargo checker\n&lt;x&gt;</code></pre>\
            <pre><code class=\"language-json\">{}</code></pre>";
        let page = Page::read(html);
        assert_eq!(page.links, ["#step-3-4"]);
        assert_eq!(page.assets, ["a.png"]);
        assert_eq!(page.images_without_alt, ["a.png"]);
        assert_eq!(
            page.headings,
            [("step-3-4".to_owned(), "3.4 buy".to_owned())]
        );
        assert_eq!(page.code, ["buy", "cargo checker\n<x>", "{}"]);
        assert_eq!(page.json, ["{}"]);
    }
}
