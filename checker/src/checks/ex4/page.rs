//! An App's page in a browser: what 4.8 and 4.9 share. The checker is its host.
//!
//! A page draws when it gets to it, so it is looked at until it is as it should be, or for too long.

use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::apps::{self, App};
use crate::blocks::TodoBlock;
use crate::checks::store::shop::{Shop, quoted};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::Browser;
use crate::fixtures::browser::Trouble;
use crate::fixtures::browser::stage::Request;
use crate::mcp::Called;
use crate::verdict::{Code, Finding, NotStarted, Position};

/// How long a page may take to draw. A right one takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is looked at.
const AGAIN: Duration = Duration::from_millis(25);

/// No page of an App is larger: hosts read it each time, and keep it.
const LARGEST: usize = 2 * 1024 * 1024;

/// As wide as a chat is in a window, and on a phone.
pub const WIDE: u32 = 800;
/// The narrowest.
pub const NARROW: u32 = 320;

/// What a page says that is not written yet.
const TODO: &str = "not yet implemented: ";

/// The page of an App, as an attendee writes it.
pub struct PageOf {
    /// The App.
    pub app: &'static App,
    /// Its page, in a word: `chart`.
    pub name: &'static str,
    /// Where it draws.
    pub block: TodoBlock,
}

/// What the host page tells of an App.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Look {
    initialized: bool,
    flooded: bool,
    problems: Vec<String>,
    /// What it did that no host minds.
    pub notes: Vec<String>,
    /// How often it has told its size.
    pub sizes: usize,
    troubles: Vec<PageTrouble>,
    /// What is in the frame.
    pub page: Page,
}

#[derive(Debug, Deserialize)]
struct PageTrouble {
    kind: String,
    text: String,
}

/// What is to be seen in the frame.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    left: bool,
    moving: bool,
    /// What is wider than the frame.
    pub wide: Vec<String>,
    /// What has the role `img`.
    pub bars: Vec<Bar>,
    /// What is an article.
    pub cards: Vec<Card>,
    /// Texts that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// All pairs of colors that a text and what is behind it have.
    pub colors: Vec<String>,
    /// Whether a name of the checker's own was taken for HTML.
    marked: bool,
    resources: Vec<String>,
    /// All of its text, or the beginning.
    pub text: String,
}

/// A picture with its label.
#[derive(Clone, Debug, Deserialize)]
pub struct Bar {
    /// What a screen reader reads.
    pub label: String,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
}

/// A card.
#[derive(Clone, Debug, Deserialize)]
pub struct Card {
    /// As it is seen.
    pub text: String,
    /// As it is written.
    pub written: String,
    /// The buttons in it.
    pub buttons: Vec<Button>,
}

/// A button.
#[derive(Clone, Debug, Deserialize)]
pub struct Button {
    /// What a screen reader reads.
    pub name: String,
    /// Whether it cannot be used.
    pub disabled: bool,
    /// Whether it can be reached by keyboard.
    pub focusable: bool,
}

/// A text whose color is too much like what is behind it.
#[derive(Clone, Debug, Deserialize)]
pub struct Unreadable {
    /// The text.
    pub text: String,
    /// `#222222 on #181818`
    pub colors: String,
    /// The contrast.
    pub ratio: f64,
}

/// The host's looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// As hosts name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What is behind the frame.
    fn background(self) -> &'static str {
        match self {
            Self::Light => "#fafafa",
            Self::Dark => "#181818",
        }
    }

    /// The theme, with its colors. Some hosts give none.
    fn context(self, with_colors: bool) -> Value {
        let [second, text, quiet, border] = match self {
            Self::Light => ["#eeeeee", "#1b1b1b", "#555555", "#cccccc"],
            Self::Dark => ["#262626", "#f0f0f0", "#bbbbbb", "#555555"],
        };
        let variables = json!({
            "--color-background-primary": self.background(),
            "--color-background-secondary": second,
            "--color-text-primary": text,
            "--color-text-secondary": quiet,
            "--color-border-primary": border,
            "--font-sans": "sans-serif",
        });
        let mut context = json!({ "theme": self.name() });
        if with_colors {
            context["styles"] = json!({ "variables": variables });
        }
        context
    }
}

/// The checker as a host: a browser for the pages, and a session for what they want.
pub struct Host<'h> {
    browser: &'h Browser,
    shop: &'h Shop,
    /// The tools that Apps may call.
    tools: Vec<String>,
    calls: Mutex<Vec<Value>>,
}

/// An App that is shown.
pub struct Shown<'h> {
    host: &'h Host<'h>,
    page: &'static PageOf,
    /// The call that it shows, and how: for findings.
    sent: String,
}

impl<'h> Host<'h> {
    /// A host with this session.
    pub async fn new(server: &'h ServerUnderTest, shop: &'h Shop) -> Checked<Self> {
        let browser = server.fixtures().browser();
        let browser = browser
            .ok_or_else(|| Stop::CouldNotCheck("the check was given no browser".to_owned()))?;
        let tools = shop.session.tools().await?;
        let tools =
            tools
                .into_iter()
                .filter(|tool| match &apps::meta_of(tool)["ui"]["visibility"] {
                    Value::Array(visibility) => visibility.contains(&json!("app")),
                    _ => true,
                });
        Ok(Self {
            browser,
            shop,
            tools: tools.map(|tool| tool.name.into_owned()).collect(),
            calls: Mutex::default(),
        })
    }

    /// Calls the tool of an App.
    pub async fn call(&self, page: &PageOf) -> Checked<Called> {
        Ok(self.shop.session.call(page.app.tool, json!({})).await?)
    }

    /// The page of an App.
    pub async fn read(&self, page: &PageOf) -> Checked<String> {
        let tool = self.shop.declared(page.app.tool).await?;
        let uri = apps::page_of(&tool)?;
        let html = apps::read(self.shop, &uri).await?;
        is_small(&uri, html.len()).map_err(|stop| stop.at(page.block))?;
        Ok(html)
    }

    /// Shows an App with a result of its tool.
    pub async fn show(
        &'h self,
        page: &'static PageOf,
        html: &str,
        theme: Theme,
        with_colors: bool,
        called: &Called,
    ) -> Checked<Shown<'h>> {
        let shown = Shown {
            host: self,
            page,
            sent: format!("{}, and its page in a browser", called.sent),
        };
        let mut context = theme.context(with_colors);
        context["displayMode"] = json!("inline");
        context["availableDisplayModes"] = json!(["inline"]);
        context["containerDimensions"] = json!({ "maxWidth": WIDE, "maxHeight": 2000 });
        context["locale"] = json!("en-US");
        context["platform"] = json!("desktop");
        context["toolInfo"] =
            json!({ "tool": { "name": page.app.tool, "inputSchema": { "type": "object" } } });
        let options = json!({
            "html": html,
            "tools": self.tools,
            "context": context,
            "background": theme.background(),
            "width": WIDE,
            "height": 2000,
            "input": {},
            "result": called.raw,
        });
        shown.perform("mount", options).await?;
        Ok(shown)
    }

    /// What pages have called so far, as the params of `tools/call`.
    pub fn calls(&self) -> Vec<Value> {
        self.calls.lock().clone()
    }

    /// Does this, and answers meanwhile to what pages want.
    async fn while_serving<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                request = self.browser.request() => self.answer(request).await,
            }
        }
    }

    async fn answer(&self, request: Request) {
        let Request {
            method,
            params,
            answer,
            ..
        } = request;
        let session = &self.shop.session;
        let answered = match method.as_str() {
            "tools/call" => {
                self.calls.lock().push(params.clone());
                let name = params["name"].as_str().unwrap_or_default();
                let arguments = match &params["arguments"] {
                    Value::Object(_) => params["arguments"].clone(),
                    _ => json!({}),
                };
                let called = session.call(name, arguments).await;
                called.map(|called| called.raw)
            }
            _ => {
                let uri = params["uri"].as_str().unwrap_or_default();
                let contents = session.read(uri).await;
                contents.map(|contents| json!({ "contents": contents }))
            }
        };
        let answered = match answered {
            Ok(result) => json!({ "result": result }),
            Err(error) => {
                json!({ "error": { "code": -32603, "message": error.kind.to_string() } })
            }
        };
        // A page that is closed waits for nothing.
        let _ = answer.send(answered);
    }
}

impl Shown<'_> {
    /// Looks at the page until it is as `judge` wants it. What it says last is the finding.
    pub async fn until(&self, judge: impl Fn(&Look) -> Checked) -> Checked<Look> {
        self.host.while_serving(self.looking(judge)).await
    }

    async fn looking(&self, judge: impl Fn(&Look) -> Checked) -> Checked<Look> {
        let begin = Instant::now();
        loop {
            let look = self.look().await?;
            self.is_well(&look)?;
            let judged = self.speaks(&look).and_then(|()| judge(&look));
            let late = begin.elapsed() > PATIENCE;
            match judged {
                Ok(()) if late || !look.page.moving => return Ok(look),
                Err(stop) if late => return Err(self.located(stop)),
                Ok(()) | Err(_) => sleep(AGAIN).await,
            }
        }
    }

    /// Gives it another result.
    pub async fn result(&mut self, called: &Called) -> Checked {
        self.sent = format!("{} again, and its page in a browser", called.sent);
        self.give(&called.raw).await
    }

    /// Gives it a result of the checker's own.
    pub async fn made_up(&mut self, result: &Value) -> Checked {
        self.sent = format!(
            "a result with other products, sent to the page of {}",
            self.page.app.tool
        );
        self.give(result).await
    }

    async fn give(&self, result: &Value) -> Checked {
        let options = json!({ "result": result });
        self.perform("result", options).await.map(|_| ())
    }

    /// Makes its frame as wide as this.
    pub async fn resize(&self, width: u32) -> Checked {
        let options = json!({ "width": width, "height": 2000 });
        self.perform("size", options).await.map(|_| ())
    }

    /// Changes the host's theme.
    pub async fn dress(&self, theme: Theme) -> Checked {
        let options = json!({ "context": theme.context(true), "background": theme.background() });
        self.perform("dress", options).await.map(|_| ())
    }

    /// Presses a button of a card. Tells whether it could have the focus.
    pub async fn press(&self, card: usize, button: usize, by: &str) -> Checked<bool> {
        let options = json!({ "card": card, "button": button, "by": by });
        let told = self.perform("press", options).await?;
        Ok(told["focused"] == true)
    }

    /// Closes it. Tells whether it answered to that.
    pub async fn close(self) -> Checked<bool> {
        let told = self.perform("close", json!({})).await?;
        Ok(told["answered"] == true)
    }

    /// A finding about this page, with nothing else said yet.
    pub fn finding(&self, code: Code) -> Finding {
        Finding::new(code).sent(&self.sent).at(self.page.block)
    }

    async fn look(&self) -> Checked<Look> {
        let told = self.do_there("look", json!({})).await?;
        Look::deserialize(told).map_err(|error| {
            Stop::CouldNotCheck(format!("the checker could not read the page: {error}"))
        })
    }

    async fn perform(&self, what: &str, options: Value) -> Checked<Value> {
        self.host.while_serving(self.do_there(what, options)).await
    }

    async fn do_there(&self, what: &str, mut options: Value) -> Checked<Value> {
        options["app"] = json!(self.page.name);
        let told = self.host.browser.perform(what, options).await;
        told.map_err(|trouble| match trouble {
            Trouble::Browser(why) => Stop::CouldNotCheck(why),
            Trouble::Busy(patience) => {
                self.hangs(&format!("no answer for {} s", patience.as_secs()))
            }
            Trouble::Page(why) if why.contains("does not answer") => self.hangs("no answer"),
            Trouble::Page(why) => {
                Stop::CouldNotCheck(format!("the checker could not read the page: {why}"))
            }
        })
    }

    fn hangs(&self, got: &str) -> Stop {
        self.finding(Code::PageHangs)
            .expected("a page whose script finishes")
            .got(got)
            .why("While a script runs, nothing else happens in the page. An endless loop can freeze the host's window, too.")
            .into()
    }

    /// Where a finding says nothing of it, what was sent and where the page draws.
    fn located(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Failed(mut finding) => {
                if finding.sent.is_empty() {
                    finding.sent.clone_from(&self.sent);
                }
                Stop::Failed(finding).at(self.page.block)
            }
            other => other,
        }
    }

    /// That nothing has happened in the frame that cannot be right any more.
    fn is_well(&self, look: &Look) -> Checked {
        if look.flooded {
            return Err(self
                .finding(Code::PageFloods)
                .expected("messages only when there is something to report")
                .got("hundreds of messages within a second")
                .why("A host has to read every message. It closes a page that never stops sending them.")
                .into());
        }
        if look.page.marked {
            return Err(self
                .finding(Code::NameAsHtml)
                .expected("the unchanged name, including every < and >")
                .got("an HTML element that was made from the name")
                .why("Insert names as text, with textContent or setAttribute. As HTML, a name could bring a script into the page.")
                .into());
        }
        let errors = || look.troubles.iter().filter(|one| one.kind == "error");
        if errors().any(|error| error.text.contains(TODO)) {
            let file = Path::new(self.page.block.file);
            return Err(Stop::NotStarted(NotStarted::Todo {
                place: Some(Position::file(file)),
            }));
        }
        // What was not allowed may break the script, and says more.
        self.stays_within(look)?;
        let Some(error) = errors().next() else {
            return Ok(());
        };
        Err(self
            .finding(Code::PageThrows)
            .expected("a script that runs to the end")
            .got(&error.text)
            .why("The rest of the script does not run. Hosts do not show the error, so the page looks frozen.")
            .into())
    }

    /// That it asks nobody else for anything, and stays where it is.
    fn stays_within(&self, look: &Look) -> Checked {
        // Libraries try whether they may compile code, and do without. It fetches nothing; where it is
        // needed, the script breaks.
        let fetches = |one: &&PageTrouble| one.kind == "violation" && !one.text.ends_with(" eval");
        let mut violations = look.troubles.iter().filter(fetches);
        let violation = violations.next();
        let leaves = violation.is_some_and(|one| one.text.starts_with("frame-src"));
        if leaves || look.page.left {
            return Err(self
                .finding(Code::PageLeaves)
                .expected("a page that stays in its frame")
                // Which of the two shows first is a matter of the browser.
                .got("another page in its frame")
                .why("A host only shows this page. To open a link, ask the host: ui/open-link.")
                .into());
        }
        let fetched = self.host.browser.stage.fetched();
        let within = |name: &&String| !name.starts_with("data:") && !name.starts_with("blob:");
        let reached = violation
            .map(|one| format!("{}: not allowed here", one.text))
            .or(fetched.first().map(|path| format!("a request for {path}")))
            .or(look
                .page
                .resources
                .iter()
                .find(within)
                .map(|name| quoted(name)));
        let Some(reached) = reached else {
            return Ok(());
        };
        Err(self
            .finding(Code::PageNeedsMore)
            .expected("a page that contains everything it needs")
            .got(reached)
            .why("The frame has no network access. The page gets its data with the result, and can ask the host for more: tools/call.")
            .into())
    }

    /// That it has spoken with the host as it should.
    fn speaks(&self, look: &Look) -> Checked {
        if !look.initialized {
            return Err(self
                .finding(Code::PageNotInitialized)
                .expected("ui/initialize and, after the answer, ui/notifications/initialized")
                .got(format!("neither within {} s", PATIENCE.as_secs()))
                .why("A host sends nothing before that, because it cannot know whether the page is listening. The page stays empty.")
                .into());
        }
        match look.problems.first() {
            None => Ok(()),
            Some(problem) => Err(self
                .finding(Code::PageMessage)
                .expected("messages as MCP Apps (2026-01-26) specifies them")
                .got(problem)
                .why("Another host may refuse this, and then the page stays empty.")
                .into()),
        }
    }
}

/// That a page is not too large to be read each time.
fn is_small(uri: &str, bytes: usize) -> Checked {
    if bytes <= LARGEST {
        return Ok(());
    }
    Err(Finding::new(Code::PageTooLarge)
        .sent(format!("resources/read {uri}"))
        .expected(format!("a page of at most {} MB", LARGEST >> 20))
        .got(format!("{bytes} bytes"))
        .why("A host reads the whole page before it can show anything. Keep the page small. The data comes with the result.")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_fifty_megabytes_is_not_shown() {
        assert!(is_small("ui://x", 542_000).is_ok());
        let Err(Stop::Failed(finding)) = is_small("ui://x", 50 << 20) else {
            panic!("it would be shown");
        };
        assert_eq!(finding.code, Code::PageTooLarge);
        assert_eq!(finding.got, "52428800 bytes");
    }
}
