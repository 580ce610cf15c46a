//! One performance: the agent between a model that follows a script and an MCP server.

use reqwest::Url;
use serde_json::Value;

use super::{draw, places};
use crate::checks::harness::{Ran, Task};
use crate::checks::printed::{flat, tells};
use crate::checks::{Checked, ProgramUnderTest};
use crate::fixtures::model::{Heard, Key, Proposal, Says, Script};
use crate::fixtures::{Record, ServerSpec};
use crate::verdict::Code;

/// How many steps there are without `--max-steps`.
pub(super) const DEFAULT_STEPS: usize = 10;

/// More than any agent asks in one scene. Asking too often is for step 2.6 alone to find.
const YES_TO_ALL: &str = "y\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\ny\n";

/// What the user asks, and what else the agent is told.
pub(super) struct Scene<'a> {
    /// The question.
    pub question: &'a str,
    /// Options in front of it: `--max-steps 3`.
    pub options: Vec<&'a str>,
    /// What the user types.
    pub typed: &'a str,
}

/// What was seen of a performance.
pub(super) struct Played {
    /// The agent.
    pub ran: Ran,
    /// What the model heard.
    pub heard: Vec<Heard>,
    /// The `params` of the calls that the MCP server got, in order.
    pub calls: Vec<Value>,
}

impl<'a> Scene<'a> {
    /// A question, and a user who agrees to whatever they are asked.
    pub(super) fn new(question: &'a str) -> Self {
        Self {
            question,
            options: Vec::new(),
            typed: YES_TO_ALL,
        }
    }

    /// Has the agent answer, between this server and a model with these turns.
    pub(super) async fn play(
        self,
        program: &ProgramUnderTest,
        spec: ServerSpec,
        turns: impl FnOnce(Script) -> Script,
    ) -> Checked<Played> {
        let server = program.meet(spec).await?;
        let (urls, records) = ([server.url()], [server.record()]);
        let played = self.perform(program, &urls, &records, turns).await?;
        played.asked_the_model()?;
        Ok(played)
    }

    /// The same with servers that are there already, at these addresses and with these records. The
    /// agent may give up before it asks the model.
    pub(super) async fn perform(
        self,
        program: &ProgramUnderTest,
        urls: &[&Url],
        records: &[&Record],
        turns: impl FnOnce(Script) -> Script,
    ) -> Checked<Played> {
        let key = format!("sk-{}", draw::token(program));
        let name = draw::token(program);
        let script = turns(Script::new(&name, &key));
        let model = program.model()?;
        model.play(script);
        let servers = urls.iter().flat_map(|url| ["--mcp", url.as_str()]);
        let mut arguments: Vec<&str> = servers.collect();
        arguments.extend(self.options);
        arguments.push(self.question);
        let task = Task {
            arguments,
            stdin: self.typed,
            ..Task::default()
        };
        let ran = program.perform(task).await?;
        let calls = records.iter().flat_map(|one| one.messages("tools/call"));
        let played = Played {
            ran,
            heard: model.heard(),
            calls: calls.map(|mut call| call["params"].take()).collect(),
        };
        played.keeps_the_key(&key)?;
        Ok(played)
    }
}

impl Played {
    /// That the key is printed nowhere.
    fn keeps_the_key(&self, key: &str) -> Checked {
        for (name, text) in [("stdout", &self.ran.stdout), ("stderr", &self.ran.stderr)] {
            if text.contains(key) {
                return Err(self
                    .ran
                    .finding(Code::KeyPrinted)
                    .expected("output without the value of OPENAI_API_KEY")
                    .got(format!("the key is on {name}"))
                    .why("What you print ends up in logs, screenshots and bug reports. Anyone who reads the key there can spend your money.")
                    .into());
            }
        }
        Ok(())
    }

    /// That the model was asked, with the key.
    pub(super) fn asked_the_model(&self) -> Checked {
        let Some(first) = self.heard.first() else {
            return Err(self
                .ran
                .finding(Code::ModelNotAsked)
                .expected("POST $OPENAI_BASE_URL/chat/completions")
                .got(format!("the model got no request\n{}", self.ran.printed()))
                .why("The agent starts by asking the model. OPENAI_BASE_URL says where the model is: here, on 127.0.0.1.")
                .into());
        };
        if first.key != Key::Right {
            let got = match first.key {
                Key::Missing => "no Authorization header",
                _ => "an Authorization header with another value",
            };
            return Err(self
                .ran
                .finding(Code::WrongKey)
                .expected(
                    "the header Authorization: Bearer, followed by the value of OPENAI_API_KEY",
                )
                .got(got)
                .why("The endpoint uses the key to identify and bill you.")
                .into());
        }
        Ok(())
    }

    /// Whether the server got this call.
    pub(super) fn has_called(&self, call: &Proposal) -> bool {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let is_it = |sent: &Value| sent["name"] == call.name && sent["arguments"] == arguments;
        self.calls.iter().any(is_it)
    }

    /// That the model had nothing to refuse.
    pub(super) fn goes_by_the_rules(&self) -> Checked {
        let refused = self.heard.iter().find_map(|heard| {
            let message = heard.refused.as_ref()?;
            Some((heard, message))
        });
        let Some((heard, message)) = refused else {
            return Ok(());
        };
        let why = if message.contains("missing properties") {
            "OpenAI requires `properties` even if a tool takes no arguments. Send an empty object then."
        } else if message.contains("function.name") {
            "MCP allows dots, slashes and up to 128 characters in a tool's name. OpenAI accepts letters, digits, `_` and `-`, at most 64. Offer such a tool under a name that OpenAI accepts, and call it by its own."
        } else {
            "The checker's model is as strict as OpenAI. A real one would refuse this too."
        };
        let finding = self
            .ran
            .finding(Code::RequestRefused)
            .expected("requests that OpenAI's API accepts")
            .why(why);
        if !message.contains("tool_call") {
            let got = format!("the model refuses one: {message}");
            return Err(finding.got(got).into());
        }
        let got = format!(
            "{}\nthe model refuses it: {message}",
            conversation(heard.messages())
        );
        Err(finding
            .expected(
                "a conversation in this order: the user's question, the assistant's message with its tool_calls, then a message of role \"tool\" for each call",
            )
            .got(got)
            .at(places::PROPOSAL)
            .into())
    }

    /// That the agent printed this answer on stdout, and nothing else, and ended well.
    pub(super) fn answers(&self, answer: &str) -> Checked {
        let printed = self.ran.stdout.trim();
        if flat(printed) == flat(answer) {
            return self.ran.succeeded();
        }
        let (code, why) = if tells(printed, answer) {
            (
                Code::MoreOnStdout,
                "Users pipe stdout into files and programs, so print only the answer there. Everything else that the agent says goes to stderr.",
            )
        } else {
            (
                Code::AnswerNotPrinted,
                "If the model proposes no calls, its text is the answer. Print it on stdout.",
            )
        };
        Err(self
            .ran
            .finding(code)
            .expected(format!("on stdout, and nothing else there: {answer}"))
            .got(self.ran.printed())
            .why(why)
            .at(places::prints(code))
            .into())
    }

    /// What the model was told of the call with this id, which it proposed in its turn
    /// `number`, from 0.
    pub(super) fn told(&self, number: usize, call: &Proposal) -> Checked<String> {
        let shown = shown(call);
        let Some(next) = self.heard.get(number + 1) else {
            return Err(self
                .ran
                .finding(Code::NotTold)
                .expected(format!(
                    "another request to the model, with a message of role \"tool\" for {shown}"
                ))
                .got(format!("no other request came\n{}", self.ran.printed()))
                .why("The model proposed this call and waits for the result. Without it, the model cannot go on.")
                .at(places::LOOP)
                .into());
        };
        match next.results_of(&call.id).as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let ids = next.result_ids();
                let (got, why) = match ids.as_slice() {
                    [] => (
                        "no message of role \"tool\" at all".to_owned(),
                        "Before you ask the model again, add a message of role \"tool\" for each call that it proposed. The model reads results only from these messages.",
                    ),
                    some => (
                        format!(
                            "messages of role \"tool\" with tool_call_id {}",
                            listed(some)
                        ),
                        "The model tells results apart only by tool_call_id. Use the call's id, exactly as the model sent it.",
                    ),
                };
                Err(self
                    .ran
                    .finding(Code::ResultMissing)
                    .expected(format!("a message of role \"tool\" for {shown}"))
                    .got(got)
                    .why(why)
                    .into())
            }
            more => Err(self
                .ran
                .finding(Code::ResultTwice)
                .expected(format!("one message of role \"tool\" for {shown}"))
                .got(format!("{} of them", more.len()))
                .why("Every call has exactly one result.")
                .into()),
        }
    }
}

/// `check_inventory (call_8123)`, for findings.
pub(super) fn shown(call: &Proposal) -> String {
    format!("the call {} of {}", call.id, call.name)
}

/// `tools/call weigh_bagel {"what":"rye"}`, of the call's `params`.
pub(super) fn sent(params: &Value) -> String {
    let name = params["name"].as_str().unwrap_or_default();
    format!("tools/call {name} {}", params["arguments"])
}

/// `"call_1", ""`
fn listed(ids: &[String]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("{id:?}")).collect();
    quoted.join(", ")
}

/// `system, user, assistant with call_1, tool for call_1`: who said what, in order.
fn conversation(messages: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shown = messages.iter().map(|message| {
        let role = text(&message["role"]);
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        let ids: Vec<String> = calls.map(|call| text(&call["id"])).collect();
        match (role.as_str(), ids.is_empty()) {
            ("tool", _) => format!("tool for {}", text(&message["tool_call_id"])),
            (_, false) => format!("{role} with {}", ids.join(" and ")),
            _ => role,
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A turn in which the model proposes these calls, of the tools as they were offered to it.
pub(super) fn propose(calls: Vec<Proposal>) -> impl Fn(&Heard) -> Says + Send + Sync + 'static {
    propose_saying(None, calls)
}

/// One turn for each of these calls, in order.
pub(super) fn propose_each<'a>(
    script: Script,
    calls: impl IntoIterator<Item = &'a Proposal>,
) -> Script {
    let propose_one =
        |script: Script, call: &Proposal| script.then_with(propose(vec![call.clone()]));
    calls.into_iter().fold(script, propose_one)
}

/// The same as [`propose`], and what it says beside them.
pub(super) fn propose_saying(
    words: Option<String>,
    calls: Vec<Proposal>,
) -> impl Fn(&Heard) -> Says + Send + Sync + 'static {
    move |heard| {
        let named = calls.iter().map(|call| Proposal {
            name: heard.offered_as(&call.name),
            ..call.clone()
        });
        Says::Calls(named.collect(), words.clone())
    }
}
