/*
 * A tool: its form, the call, how far it is, and what comes of it as text, structured content and
 * App side by side.
 */
import { act } from "./client.js";
import { AppView } from "./app.js";
import { announce, bounded, h, json, span } from "./dom.js";
import { blocks } from "./content.js";
import { Form } from "./form.js";

/** Whether a tool is for people and models, and not for the pages of Apps only. */
export function isForPeople(tool) {
  const visibility = tool._meta?.ui?.visibility;
  return !Array.isArray(visibility) || visibility.includes("model");
}

/** The page that a tool names. The flat key is what older hosts read. */
function pageOf(tool) {
  const uri = tool._meta?.ui?.resourceUri ?? tool._meta?.["ui/resourceUri"];
  return typeof uri === "string" ? uri : null;
}

const HINTS = [
  ["readOnlyHint", true, "only reads"],
  ["destructiveHint", true, "may destroy"],
  ["idempotentHint", true, "may be repeated"],
  ["openWorldHint", true, "reaches out"],
];

export class ToolPanel {
  constructor(tool, play, openResource) {
    Object.assign(this, { tool, play, openResource });
    this.key = JSON.stringify(tool);
    this.call = null;
    this.seen = "";
    this.form = new Form(tool.inputSchema);
    const title = tool.title ?? tool.annotations?.title;
    const chips = HINTS.filter(([hint, value]) => tool.annotations?.[hint] === value).map(([, , words]) => h("span", { class: "chip" }, words));
    if (pageOf(tool)) chips.push(h("span", { class: "chip app" }, "shows an App"));
    this.go = h("button", { class: "primary" }, "Call");
    this.anyway = h("button", { type: "button", hidden: true, onclick: () => this.start(true) }, "Send anyway");
    this.stop = h("button", { type: "button", hidden: true, onclick: () => this.cancel() }, "Cancel");
    this.problems = h("p", { class: "wrong", role: "alert" });
    const form = h("form", {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        this.start(false);
      },
    }, this.form.element, this.problems, h("div", { class: "row" }, this.go, this.stop, this.anyway, h("span", { class: "spacer" }), this.form.toggle));
    this.status = h("div", { class: "status" });
    this.text = h("div", { class: "part text-part", hidden: true });
    this.structured = h("div", { class: "part structured-part", hidden: true });
    this.app = h("div", { class: "part app-part", hidden: true }, h("h3", {}, "App"));
    this.byApp = h("ul", { class: "by-app", hidden: true, "aria-label": "Calls of the App" });
    this.element = h("article", { class: "panel" },
      h("h2", {}, bounded(title ?? tool.name, 200), title && title !== tool.name ? h("code", {}, bounded(tool.name, 300)) : null),
      tool.description ? h("p", { class: "description" }, bounded(tool.description, 4000)) : null,
      chips.length > 0 ? h("p", { class: "chips" }, chips) : null,
      h("div", { class: "card" }, form),
      this.status,
      h("div", { class: "parts" }, this.app, this.text, this.structured), this.byApp);
  }

  fits(tool) {
    return JSON.stringify(tool) === this.key;
  }

  /** Sends the call; with what the schema does not allow only if that is wanted. */
  async start(anyway) {
    const { value, problems, isBroken } = this.form.read();
    this.problems.textContent = problems.length > 0 ? problems.join(" ") : "";
    this.anyway.hidden = problems.length === 0 || isBroken === true || value === undefined;
    if (problems.length > 0 && !anyway) return;
    this.anyway.hidden = true;
    this.problems.textContent = "";
    this.go.disabled = true;
    this.clear();
    try {
      const { call } = await act("call", { tool: this.tool.name, arguments: value ?? {} });
      this.begin(call, value ?? {});
    } catch (error) {
      this.problems.textContent = error.message;
      this.go.disabled = false;
    }
  }

  /** Clears the result of the previous call, so that nobody takes it for this one's. */
  clear() {
    this.status.replaceChildren();
    for (const part of [this.text, this.structured]) {
      part.replaceChildren();
      part.hidden = true;
    }
  }

  begin(call, args) {
    Object.assign(this, { call, args, seen: "" });
    this.byApp.replaceChildren();
    this.byApp.hidden = true;
    this.leaveApp();
    const page = pageOf(this.tool);
    if (page && this.play.switches.apps) {
      this.view = new AppView(this.tool, page, this.play);
      this.app.append(this.view.element);
      this.app.hidden = false;
      this.view.input(args);
    }
    if (this.play.state) this.update(this.play.state);
  }

  async cancel() {
    this.stop.disabled = true;
    await act("cancel", { call: this.call }).catch((error) => { this.problems.textContent = error.message; });
  }

  /** Shows how the call is now. */
  update({ calls, connection }) {
    const isConnected = connection.phase === "connected";
    const call = calls.find(({ id }) => id === this.call);
    const isRunning = call?.phase === "running";
    if (!isRunning) this.go.disabled = !isConnected;
    this.stop.hidden = !isRunning;
    if (!call) return;
    this.showCallsOfApp(calls);
    const seen = JSON.stringify(call);
    if (seen === this.seen) return;
    this.seen = seen;
    this.showStatus(call);
    if (isRunning || this.shown === call.id) return;
    this.shown = call.id;
    this.stop.disabled = false;
    if (call.phase === "done") this.finish(call);
    else {
      this.view?.cancelled(call.words);
      announce(`${this.tool.name}: ${call.phase}. ${call.words}`);
    }
  }

  showStatus(call) {
    const { phase, words, code, progress, reports, task, took, rounds, asked } = call;
    const facts = [];
    if (rounds > 1) facts.push(`${rounds} rounds`);
    if (asked > 0) facts.push(asked === 1 ? "1 question" : `${asked} questions`);
    if (reports > 0) facts.push(`${reports} progress reports`);
    if (took !== null) facts.push(span(took));
    const names = { running: task ? "The task is running" : "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" };
    const head = h("p", { class: "row" },
      h("strong", { class: `phase ${phase}` }, names[phase]),
      code !== null ? h("span", { class: "chip bad" }, `JSON-RPC error ${code}`) : null,
      task ? h("span", { class: "chip" }, `task: ${task.status ?? "?"}`) : null,
      h("span", { class: "hint" }, facts.join(" · ")));
    const bar = progress && phase === "running" ? this.bar(progress) : null;
    const said = words ? h(phase === "failed" ? "pre" : "p", { class: phase === "failed" ? "text wrong" : "" }, bounded(words, 4000)) : null;
    if (phase === "running") {
      const waits = !progress && !task ? h("progress", { "aria-label": "running" }) : null;
      this.status.replaceChildren(head, ...[bar, waits, said].filter(Boolean));
    } else {
      this.status.replaceChildren(head, ...[said].filter(Boolean));
    }
  }

  bar({ progress, total }) {
    const label = total ? `${progress} of ${total}` : String(progress);
    return h("div", { class: "progress" }, h("progress", { max: total ?? false, value: total ? progress : undefined, "aria-label": label }), h("span", {}, label));
  }

  async finish(call) {
    let result;
    try {
      ({ result } = await act("result", { call: call.id }));
    } catch (error) {
      this.status.append(h("p", { class: "wrong" }, error.message));
      return;
    }
    if (this.call !== call.id) return;
    if (result?.isError) this.status.querySelector(".phase")?.after(h("span", { class: "chip bad" }, "tool error"));
    this.view?.result(result);
    this.text.replaceChildren(h("h3", {}, "Text"), ...blocks(result?.content, this.openResource));
    this.text.hidden = false;
    const isStructured = result?.structuredContent !== undefined;
    this.structured.replaceChildren(h("h3", {}, "Structured content"), isStructured ? json(result.structuredContent) : "");
    this.structured.hidden = !isStructured;
    announce(`${this.tool.name}: ${result?.isError ? "a tool error" : "done"}.`);
  }

  showCallsOfApp(calls) {
    const all = calls.filter(({ id, byApp }) => byApp && id > this.call && this.view);
    this.byApp.hidden = all.length === 0;
    this.byApp.replaceChildren(...all.map((call) => h("li", {}, `The App called ${call.tool}: `, h("strong", { class: `phase ${call.phase}` }, call.phase), call.words ? ` ${call.words}` : "",
      call.phase === "running" ? h("button", { type: "button", class: "quiet", onclick: () => act("cancel", { call: call.id }) }, "Cancel") : null)));
  }

  /** Puts the App away, once it has said goodbye. */
  async leaveApp() {
    const { view } = this;
    this.view = null;
    this.app.hidden = true;
    await view?.leave();
  }

  close() {
    this.element.hidden = true;
    this.leaveApp().finally(() => this.element.remove());
  }
}
