/*
 * What a person is asked, in dialogs: by the server (elicitation), by an App, and by this page. To
 * close one is an answer too: *cancel*.
 */
import { act } from "./client.js";
import { bounded, freshId, h } from "./dom.js";
import { Form } from "./form.js";
import { kindOf, nullable } from "./schema.js";

/** The server's questions, one at a time. */
export class Asking {
  constructor(play) {
    this.play = play;
    this.open = null;
    this.answered = new Set();
  }

  /** Shows the oldest question that is not answered; takes away one that is gone. */
  update(questions) {
    if (this.open && !questions.some(({ id }) => id === this.open.id)) {
      const { dialog } = this.open;
      this.open = null;
      dialog.remove();
    }
    const next = questions.find(({ id }) => !this.answered.has(id));
    if (next && !this.open) this.show(next);
  }

  show(question) {
    const { kind } = question;
    const call = this.play.state?.calls.find(({ id }) => id === question.call);
    const show = { form: form, url: visit, "go-on": goOn }[kind];
    const reply = async (action, content) => {
      this.answered.add(question.id);
      this.open = null;
      dialog.remove();
      await act("answer", { question: question.id, action, content }).catch(() => {});
    };
    const dialog = show(question, call?.tool ?? "the server", reply);
    this.open = { id: question.id, dialog };
    present(dialog, () => reply("cancel"));
  }
}

function present(dialog, cancelled) {
  document.body.append(dialog);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    cancelled();
  });
  dialog.showModal();
  dialog.querySelector("[data-first]")?.focus();
}

/** The frame of every dialog: who asks, what, and a way out. */
function dialogOf(title, body, buttons, cancelled) {
  const id = freshId("dialog");
  return h("dialog", { "aria-labelledby": id },
    h("div", { class: "head" },
      h("h2", { id }, title),
      h("button", { type: "button", class: "quiet close", "aria-label": "Close without an answer", title: "Close without an answer", onclick: cancelled }, "×")),
    body,
    h("div", { class: "row buttons" }, buttons));
}

function said(message) {
  return message ? h("p", { class: "message" }, bounded(message, 4000)) : null;
}

/** Whether MCP allows the schema in a question: an object of plain fields. */
function isAllowed(schema) {
  if (typeof schema !== "object" || schema === null || schema.type !== "object" || typeof schema.properties !== "object") return false;
  return Object.values(schema.properties).every((property) => {
    const { schema: inner } = nullable(property, schema);
    const kind = kindOf(inner);
    const isChoices = kind === "array" && kindOf(nullable(inner.items, schema).schema) === "choice";
    return ["string", "integer", "number", "boolean", "choice"].includes(kind) || isChoices;
  });
}

function form(question, tool, reply) {
  const { params, number, note } = question;
  const schema = params?.requestedSchema;
  const isPlain = isAllowed(schema);
  const fields = new Form(isPlain ? schema : { type: "object", additionalProperties: true });
  const problems = h("p", { class: "wrong", role: "alert" });
  const anyway = h("button", { type: "button", hidden: true, onclick: () => accept(true) }, "Send anyway");
  const accept = (isAnyway) => {
    const { value, problems: wrong, isBroken } = fields.read();
    if (wrong.length > 0 && !isAnyway) {
      problems.textContent = wrong.join(" ");
      anyway.hidden = isBroken === true;
      return;
    }
    reply("accept", value ?? {});
  };
  const body = h("form", {
    novalidate: true,
    id: freshId("question"),
    onsubmit: (event) => {
      event.preventDefault();
      accept(false);
    },
  },
  said(params?.message),
  note ? h("p", { class: "warn" }, note) : null,
  isPlain ? null : h("p", { class: "warn" }, "MCP allows only plain fields in such a form. This one asks for something else, so you answer in JSON."),
  isPlain ? null : h("details", {}, h("summary", {}, "What the server asks for"), h("pre", { class: "text", tabindex: "0" }, bounded(JSON.stringify(schema, null, 2), 10_000))),
  fields.element, problems);
  const buttons = [
    h("button", { class: "primary", form: body.id }, "Accept"),
    anyway,
    h("button", { type: "button", onclick: () => reply("decline") }, "Decline"),
    h("span", { class: "spacer" }),
    fields.toggle,
  ];
  const dialog = dialogOf(`${tool} asks${number > 1 ? ` (question ${number})` : ""}`, body, buttons, () => reply("cancel"));
  queueMicrotask(() => fields.focus());
  return dialog;
}

/** An address in full, with its host in bold: that is what a person has to recognize. */
function addressOf(url) {
  const { protocol, host, pathname, search, hash } = url;
  return h("p", { class: "address" }, `${protocol}//`, h("strong", {}, host), bounded(`${pathname}${search}${hash}`, 2000));
}

function webPage(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

function visit(question, tool, reply) {
  const { params, note } = question;
  const url = webPage(params?.url);
  const body = h("div", {},
    said(params?.message),
    note ? h("p", { class: "warn" }, note) : null,
    url ? addressOf(url) : h("p", { class: "warn" }, `This is not the address of a web page: ${bounded(params?.url ?? "nothing", 300)}`),
    url ? h("p", { class: "hint" }, "It opens in a new tab. Neither this host nor a model sees what you type there.") : null);
  const accept = () => {
    open(url.href, "_blank", "noopener,noreferrer");
    reply("accept");
  };
  const buttons = [
    url ? h("button", { type: "button", class: "primary", "data-first": true, onclick: accept }, "Open the page") : null,
    h("button", { type: "button", onclick: () => reply("decline") }, "Decline"),
  ];
  return dialogOf(`${tool} wants to send you to a page`, body, buttons, () => reply("cancel"));
}

function goOn(question, tool, reply) {
  const body = h("p", { class: "message" }, `This call has asked ${question.number} times. Other hosts give up at 10. Continue?`);
  const buttons = [
    h("button", { type: "button", class: "primary", "data-first": true, onclick: () => reply("decline") }, "Stop the call"),
    h("button", { type: "button", onclick: () => reply("accept") }, "Go on"),
  ];
  return dialogOf(`${tool} keeps asking`, body, buttons, () => reply("cancel"));
}

/** Asks whether to open an address. Opens it, and gives whether that was allowed. */
export function confirmed(words, url, verb) {
  return new Promise((resolve) => {
    const done = (may) => {
      dialog.remove();
      if (may) open(url.href, "_blank", "noopener,noreferrer");
      resolve(may);
    };
    const dialog = dialogOf(words, addressOf(url), [
      h("button", { type: "button", class: "primary", "data-first": true, onclick: () => done(true) }, verb),
      h("button", { type: "button", onclick: () => done(false) }, "No"),
    ], () => done(false));
    present(dialog, () => done(false));
  });
}
