//! 4.11 (bonus): URL mode: `connect_payments` sends the user to a page.
//!
//! The checker plays the client, its user, and the user's browser.

use std::time::Duration;

use regex::Regex;
use reqwest::{Client, Response, StatusCode, Url};
use rmcp::model::{ElicitationCapability, FormElicitationCapability, UrlElicitationCapability};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::places;
use crate::checks::store::shop::{self, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract, symptoms};
use crate::mcp::{
    Answer, Called, ClientProfile, Era, ErrorKind, InputRequired, Reply, RequestError, ToolCall,
};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/4.11.snap");

const COMPLETE: &str = "notifications/elicitation/complete";

/// How long the call must at least wait for a page that nobody finishes.
const UNFINISHED: Duration = Duration::from_millis(100);

/// How long after its answer the server may say that the page is finished. It may come on another
/// stream.
const TOLD: Duration = Duration::from_millis(500);

/// How long a browser waits for a page.
const PAGE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Connected {
    connected: bool,
}

/// A page to which the user was sent.
struct Page {
    asked: InputRequired,
    url: Url,
    code: String,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_as(server, browsing(server)).await?;
    server.purpose("see which arguments connect_payments takes");
    let tool = shop.declared("connect_payments").await?;
    let checked = async {
        contract::compare(&[contract::tool(&tool)], CONTRACT)?;
        let browser = Client::builder().no_proxy().timeout(PAGE);
        let browser = if server.runs_already() {
            browser
        } else {
            // As in `mcp::http`: to read the system's certificates takes a debug build 20 ms.
            browser.tls_certs_only([])
        };
        let browser = browser.build().map_err(|error| {
            Stop::CouldNotCheck(format!("the checker has no web client: {error}"))
        })?;
        waits_for_the_page(server, &shop, &browser).await?;
        takes_a_no(server, &shop).await?;
        wants_the_code(server, &shop, &browser).await?;
        sends_only_who_can_go(server).await
    };
    checked
        .await
        .map_err(|stop: Stop| stop.at(places::PAYMENTS))
}

/// A client that can show forms, and can send its user to a page.
fn browsing(server: &ServerUnderTest) -> ClientProfile {
    let modes = ElicitationCapability::new()
        .with_form(FormElicitationCapability::default())
        .with_url(UrlElicitationCapability::default());
    let mut client = server.client();
    client.capabilities.elicitation = Some(modes);
    client
}

async fn be_sent(shop: &Shop) -> Checked<Page> {
    let call = ToolCall::new("connect_payments", json!({}));
    let asked = match shop.session.call_once(call).await? {
        Reply::InputRequired(asked) => asked,
        Reply::Complete(called) => {
            return Err(Finding::new(Code::DoesNotAsk)
                .sent(&called.sent)
                .expected("elicitation/create in URL mode")
                .got(shop::outcome(&called))
                .why("The client has declared that it can send the user to a page.")
                .into());
        }
    };
    let (url, code) = page(&asked)?;
    Ok(Page { asked, url, code })
}

/// The page and its code, if the question is as it should be.
fn page(asked: &InputRequired) -> Checked<(Url, String)> {
    let finding = |code: Code, expected: &str, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent(&asked.sent)
                .expected(expected)
                .got(got)
                .why(why),
        )
    };
    let question = match asked.questions.as_slice() {
        [question] if question.params["mode"] == "url" => question,
        questions => {
            let shown = questions.iter().map(|one| one.params.to_string());
            return Err(finding(
                Code::AsksOtherwise,
                "one elicitation/create, in URL mode",
                shown.collect::<Vec<_>>().join("\n"),
                "Payment details are between the user and the payment provider. They must not pass through a form in the host.",
            ));
        }
    };
    let given = question.params["url"].as_str().unwrap_or_default();
    let url = Url::parse(given).ok().filter(|url| {
        let is_web = matches!(url.scheme(), "http" | "https");
        is_web && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
    });
    let Some(url) = url else {
        return Err(finding(
            Code::UrlUnsafe,
            "an http address on this machine",
            given.to_owned(),
            "The store runs on this machine, and so does its page.",
        ));
    };
    let codes =
        Regex::new(r"\b\d{4,8}\b").map_err(|error| Stop::CouldNotCheck(error.to_string()))?;
    // An address may be part of the message, and has a port.
    let message = question.message().replace(given, " ");
    let Some(code) = codes.find(&message) else {
        return Err(finding(
            Code::MessageLacks,
            "a message with the code that the page will ask for: four to eight digits",
            shop::quoted(question.message()),
            "Links can be passed on. Only the user who was asked sees this message, so the page can recognize them by its code.",
        ));
    };
    let code = code.as_str().to_owned();
    if given.contains(&code) || !url.username().is_empty() || url.password().is_some() {
        return Err(finding(
            Code::UrlUnsafe,
            "an address without a secret in it",
            given.to_owned(),
            "Addresses end up in histories and logs, and can be passed on. Opening one must not be enough.",
        ));
    }
    Ok((url, code))
}

/// *Accept* is consent to open the page. The account is connected when the page is finished.
async fn waits_for_the_page(server: &ServerUnderTest, shop: &Shop, browser: &Client) -> Checked {
    server.purpose("get sent to the page");
    let Page { asked, url, code } = be_sent(shop).await?;
    let sent = asked.sent.clone();
    server.purpose("look at the page before doing anything");
    let (status, html) = body(&sent, browser.get(url.clone()).send().await).await?;
    if status != StatusCode::OK || !asks_for_a_code(&html) {
        return Err(Finding::new(Code::PageUnreadable)
            .sent(format!("GET {url}"))
            .expected("200, and a page with a form that posts the field code")
            .got(format!("{status}: {}", shop::quoted(html.trim())))
            .why("This is where the user types the code that their client shows.")
            .into());
    }
    server.purpose("agree to open it, and do nothing there yet");
    let accept = [Answer::accept_without_content()];
    let answering = shop.session.respond(asked, &accept);
    tokio::pin!(answering);
    let mut early = timeout(UNFINISHED, &mut answering).await;
    if early.is_err() {
        // On a busy machine the server may not have read it yet. It has when it answers what comes later,
        // unless it does one thing at a time.
        let _ = timeout(TOLD, shop.products()).await;
        early = timeout(UNFINISHED / 10, &mut answering).await;
    }
    let rest = match early {
        Err(_) => None,
        Ok(Ok(Reply::InputRequired(asked))) => Some(asked),
        Ok(Ok(Reply::Complete(called))) => {
            return Err(Finding::new(Code::DoesNotWaitForThePage)
                .sent(format!("{}, then accept", called.sent))
                .expected("no result before the user has finished the page: wait, or ask again")
                .got(shop::outcome(&called))
                .why("Accept means that the user will open the page. What they do there comes later, or never.")
                .into());
        }
        Ok(Err(failure)) => return Err(symptoms::of_failure(failure)),
    };
    server.purpose("type the code into the page");
    let (status, html) = post(&sent, browser, &url, &code).await?;
    if !status.is_success() && !status.is_redirection() {
        return Err(Finding::new(Code::CodeRefused)
            .sent(format!("POST {url} with the code from the message"))
            .expected("200")
            .got(format!("{status}: {}", shop::quoted(html.trim())))
            .why("This is the code from the message.")
            .into());
    }
    let reply = match rest {
        None => answering.await,
        Some(asked) => shop.session.respond(asked, &accept).await,
    };
    let called = match reply? {
        Reply::Complete(called) => called,
        Reply::InputRequired(asked) => {
            return Err(Finding::new(Code::AsksAgain)
                .sent(asked.sent)
                .expected("the result: the user has finished the page")
                .got("another question")
                .why("The user typed in the correct code.")
                .into());
        }
    };
    shop::succeeded(
        &called,
        "connected: true, once the user has finished the page",
    )?;
    let connected: Connected = shop::structured(&called)?;
    if !connected.connected {
        return Err(Finding::new(Code::NotConnected)
            .sent(&called.sent)
            .expected("connected: true, once the user has finished the page")
            .got(shop::outcome(&called))
            .why("The user typed in the correct code.")
            .into());
    }
    let connection = shop.session.connection();
    if server.era == Era::Legacy && timeout(TOLD, connection.told(COMPLETE)).await.is_err() {
        server.remark(format!("In this era, it helps to send {COMPLETE}: the client can then close the question by itself."));
    }
    Ok(())
}

/// Whether there is a form with the field, in whatever way the page is written.
fn asks_for_a_code(html: &str) -> bool {
    let html = html.to_lowercase();
    let field = Regex::new(r#"\bname\s*=\s*["']?code\b"#);
    html.contains("<form") && field.is_ok_and(|field| field.is_match(&html))
}

async fn takes_a_no(server: &ServerUnderTest, shop: &Shop) -> Checked {
    for answer in [Answer::decline(), Answer::cancel()] {
        server.purpose("refuse to open the page");
        let page = be_sent(shop).await?;
        let reply = shop
            .session
            .respond(page.asked, std::slice::from_ref(&answer))
            .await?;
        let Reply::Complete(called) = reply else {
            continue;
        };
        is_a_no(&called, "after the user said no")?;
    }
    Ok(())
}

fn is_a_no(called: &Called, when: &str) -> Checked {
    if called.result.is_error == Some(true) && !shop::text(called).is_empty() {
        return Ok(());
    }
    Err(Finding::new(Code::ConnectsWithoutYes)
        .sent(format!("{}, {when}", called.sent))
        .expected("a tool error that says that payments are not connected")
        .got(shop::outcome(called))
        .why("The model tells the user what the result says.")
        .into())
}

/// Whoever opens the page must be who was asked.
async fn wants_the_code(server: &ServerUnderTest, shop: &Shop, browser: &Client) -> Checked {
    server.purpose("somebody else has the link, but not the code");
    let page = be_sent(shop).await?;
    let other = be_sent(shop).await?;
    let none = String::new();
    for code in [&other.code, &none] {
        if *code == page.code {
            continue;
        }
        let (status, html) = post(&page.asked.sent, browser, &page.url, code).await?;
        if status.is_client_error() {
            continue;
        }
        return Err(Finding::new(Code::AnybodyMayFinish)
            .sent(format!("POST {} with {}", page.url, match code.as_str() {
                "" => "an empty code",
                _ => "the code of another page",
            }))
            .expected("a 4xx status, and not connected")
            .got(format!("{status}: {}", shop::quoted(html.trim())))
            .why("Otherwise, somebody could send their link to another person, who would then connect the wrong account.")
            .into());
    }
    Ok(())
}

/// A mode that the client did not declare is not used.
async fn sends_only_who_can_go(server: &ServerUnderTest) -> Checked {
    let forms = ElicitationCapability::new().with_form(FormElicitationCapability::default());
    for (what, modes) in [
        ("can only show forms", Some(forms)),
        (
            "declares elicitation without a mode, which means forms",
            Some(ElicitationCapability::new()),
        ),
        ("cannot ask its user at all", None),
    ] {
        server.purpose(&format!("a client that {what}"));
        let mut client = server.client();
        client.capabilities.elicitation = modes;
        let shop = Shop::enter_as(server, client).await?;
        let call = ToolCall::new("connect_payments", json!({}));
        match shop.session.call_once(call).await {
            Ok(Reply::Complete(called)) => is_a_no(&called, &format!("by a client that {what}"))?,
            Ok(Reply::InputRequired(asked)) => {
                return Err(Finding::new(Code::AsksWhoCannotAnswer)
                    .sent(format!("{}, by a client that {what}", asked.sent))
                    .expected("a tool error that says what the client lacks")
                    .got(
                        asked
                            .questions
                            .first()
                            .map_or("a question without content".to_owned(), |one| {
                                one.params.to_string()
                            }),
                    )
                    .why("A server must not use a mode that the client did not declare.")
                    .into());
            }
            Err(RequestError {
                kind: ErrorKind::Refused { .. },
                ..
            }) => (),
            Err(failure) => return Err(symptoms::of_failure(failure)),
        }
    }
    Ok(())
}

async fn post(
    sent: &str,
    browser: &Client,
    url: &Url,
    code: &str,
) -> Checked<(StatusCode, String)> {
    let form = browser
        .post(url.clone())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("code={code}"));
    body(sent, form.send().await).await
}

async fn body(
    sent: &str,
    answer: Result<Response, reqwest::Error>,
) -> Checked<(StatusCode, String)> {
    let read = async {
        let answer = answer?;
        Ok((answer.status(), answer.text().await?))
    };
    read.await.map_err(|error: reqwest::Error| {
        Finding::new(Code::PageUnreadable)
            .sent(format!("{sent}, then the address of the question"))
            .expected("a page")
            .got(error.to_string())
            .why("The user's browser would get the same answer.")
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_found_however_it_is_written() {
        for page in [
            r#"<form method="post"><input name="code"></form>"#,
            "<FORM method=post><input NAME = 'code' autofocus>",
            "<form><input type=text name=code></form>",
        ] {
            assert!(asks_for_a_code(page), "{page}");
        }
        for page in ["", "<input name=code>", "<form><input name=codec></form>"] {
            assert!(!asks_for_a_code(page), "{page}");
        }
    }
}
