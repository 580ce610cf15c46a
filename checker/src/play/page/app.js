/*
 * An App beside the result of its tool: the bridge of `host`, with what a person wants to see around
 * it. Everything that an App says is untrusted.
 */
import { act, request } from "./client.js";
import { bounded, h } from "./dom.js";
import { confirmed } from "./ask.js";

/* global AppBridge, of bridge.js */

/** How long the sandbox page on another origin may take to be there. */
const PATIENCE = 3000;

/** How long an App may take to say goodbye. */
const GOODBYE = 1000;

const WIDTHS = [["320", "320"], ["480", "480"], ["720", "720"], ["full", "all"]];

/** What is listed of an App at most. */
const MOST_NOTES = 60;

export class AppView {
  constructor(tool, uri, play) {
    Object.assign(this, { tool, uri, play });
    this.width = "full";
    this.isGone = false;
    this.queue = [];
    this.place = h("div", { class: "frame" }, h("p", { class: "hint" }, "reading the page"));
    this.notes = h("ul", { class: "notes", "aria-label": "What the App did" });
    const widths = h("div", { class: "segments", role: "group", "aria-label": "Width of the App" },
      WIDTHS.map(([width, words]) => h("button", { type: "button", "aria-pressed": String(width === this.width), dataset: { width }, onclick: () => this.resize(width) }, words)));
    this.full = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => this.display(this.mode === "fullscreen" ? "inline" : "fullscreen") }, "Full screen");
    this.mode = "inline";
    this.element = h("div", { class: "app" }, h("div", { class: "row tools" }, widths, this.full), this.place, this.notes);
    this.dressed = (theme) => this.bridge?.setContext(this.look(theme));
    play.dressed.add(this.dressed);
    this.escape = ({ key }) => { if (key === "Escape" && this.mode === "fullscreen") this.display("inline"); };
    addEventListener("keydown", this.escape);
    this.mount();
  }

  async mount() {
    let page;
    try {
      page = await act("app", { uri: this.uri, tool: this.tool.name });
    } catch (error) {
      page = { error: { words: error.message } };
    }
    if (this.isGone) return;
    if (page.error) {
      this.place.replaceChildren(h("p", { class: "wrong" }, `The page ${this.uri} cannot be shown: ${page.error.words}`));
      return;
    }
    if (page.note) this.note("note", page.note);
    this.page = page;
    this.show(this.play.sandbox === "opaque");
  }

  /** Puts the App into its frame: on another origin, or on none. */
  show(isOpaque) {
    const { html, key, sandbox, permissions, prefersBorder } = this.page;
    const other = sandbox.find((origin) => new URL(origin).hostname !== location.hostname) ?? sandbox[0];
    const base = isOpaque ? location.origin : other;
    this.bridge?.close();
    const bridge = new AppBridge({
      sandbox: `${base}/sandbox/${key}`,
      isOpaque,
      html,
      title: `App of ${this.tool.name}`,
      allow: allowed(permissions),
      context: {
        ...this.look(this.play.themeNow()),
        displayMode: "inline",
        availableDisplayModes: ["inline", "fullscreen"],
        containerDimensions: { maxWidth: this.place.clientWidth || 600, maxHeight: 2000 },
        locale: navigator.language,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        userAgent: "rust-mcp-workshop",
        platform: "web",
        toolInfo: { tool: this.tool },
      },
      mayCall: (name) => this.mayCall(name),
      call: (params) => this.call(params),
      read: (params) => request("resources/read", { uri: params.uri }, `the App reads ${params.uri}`),
      list: () => request("resources/list", {}, "the App wants to see the resources"),
      openLink: (url) => openLink(url),
      message: (params) => this.note("message", `It adds to the conversation: ${textOf(params.content)}`) ?? true,
      remember: (params) => this.note("context", `It tells the model: ${textOf(params.content) || JSON.stringify(params.structuredContent ?? {})}`) ?? true,
      told: (what, detail) => this.told(what, detail),
    });
    this.bridge = bridge;
    bridge.frame.classList.toggle("border", prefersBorder !== false);
    this.place.replaceChildren(bridge.frame);
    this.resize(this.width);
    this.queue.forEach((doing) => doing(bridge));
    if (isOpaque) return;
    const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, "late"));
    Promise.race([bridge.ready, late]).then((word) => {
      // An editor that forwards one port to another machine forwards only that.
      if (word !== "late" || this.isGone || this.bridge !== bridge) return;
      this.note("note", "This browser cannot reach the sandbox on another origin, so the page has no origin.");
      this.show(true);
    });
  }

  mayCall(name) {
    const tool = this.play.tools?.().find((one) => one.name === name);
    const visibility = tool?._meta?.ui?.visibility;
    const may = tool !== undefined && (!Array.isArray(visibility) || visibility.includes("app"));
    if (!may) this.note("problem", `It may not call ${bounded(name, 100)}: that is ${tool ? "not for Apps" : "not a tool of the server"}.`);
    return may;
  }

  /** A call of the App, on the same wire, with the same questions. */
  async call({ name, arguments: args }) {
    const { call } = await act("call", { tool: name, arguments: args ?? {}, by_app: true });
    const done = await this.play.ended(call);
    if (done?.phase === "done") return (await act("result", { call })).result;
    throw { code: done?.code ?? -32000, message: done?.words || "The call was cancelled." };
  }

  later(doing) {
    this.queue.push(doing);
    if (this.bridge) doing(this.bridge);
  }

  input(args) {
    this.later((bridge) => bridge.toolInput(args));
  }

  result(result) {
    this.later((bridge) => bridge.toolResult(result));
  }

  cancelled(reason) {
    this.later((bridge) => bridge.toolCancelled(reason || undefined));
  }

  told(what, detail) {
    switch (what) {
      case "size":
        this.fit(detail);
        break;
      case "trouble":
        this.note(detail.kind === "violation" ? "violation" : "error", `${detail.kind === "violation" ? "Blocked by its policy" : "Error in the page"}: ${detail.text}${detail.line ? `, line ${detail.line}` : ""}`);
        break;
      case "problem":
        this.note("problem", `Not allowed by the protocol: ${detail}`);
        break;
      case "log":
        this.note("log", `Log: ${typeof detail.data === "string" ? detail.data : JSON.stringify(detail.data)}`);
        break;
      case "flooded":
        this.note("problem", `It sent more than ${detail} messages within a second, so it was closed.`);
        break;
      case "teardown-wanted":
        this.note("note", "It asks to be closed.");
        this.bridge.teardown("It asked to be closed.", GOODBYE);
        break;
      case "display-mode":
        this.display(detail, true);
        break;
    }
  }

  /** As high as the page says, within reason. */
  fit({ height }) {
    if (typeof height !== "number" || !Number.isFinite(height) || this.mode !== "inline") return;
    this.bridge.frame.style.height = `${Math.min(2000, Math.max(60, Math.ceil(height)))}px`;
  }

  resize(width) {
    this.width = width;
    this.element.querySelectorAll("[data-width]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.width === width)));
    if (this.bridge) {
      this.bridge.frame.style.width = width === "full" ? "100%" : `${width}px`;
      this.bridge.setContext({ containerDimensions: { maxWidth: width === "full" ? this.place.clientWidth : Number(width), maxHeight: 2000 } });
    }
  }

  display(mode, isTold = false) {
    if (mode === this.mode) return;
    this.mode = mode;
    const isFull = mode === "fullscreen";
    this.element.classList.toggle("fullscreen", isFull);
    this.full.setAttribute("aria-pressed", String(isFull));
    this.full.textContent = isFull ? "Exit full screen" : "Full screen";
    if (isFull && this.bridge) this.bridge.frame.style.height = "100%";
    if (!isTold) this.bridge?.setContext({ displayMode: mode });
    if (isFull) this.full.focus();
  }

  /** The theme, with this page's own colors under the names of the specification. */
  look(theme) {
    const styles = getComputedStyle(document.documentElement);
    const of = (name) => styles.getPropertyValue(name).trim();
    if (this.bridge) this.bridge.frame.style.colorScheme = theme;
    return {
      theme,
      styles: {
        variables: {
          "--color-background-primary": of(`--${theme}-card`),
          "--color-text-primary": of(`--${theme}-ink`),
          "--color-text-secondary": of(`--${theme}-quiet`),
          "--color-border-primary": of(`--${theme}-line`),
          "--font-sans": "system-ui, sans-serif",
        },
      },
    };
  }

  note(kind, words) {
    if (this.notes.children.length >= MOST_NOTES) return;
    this.notes.append(h("li", { class: kind }, bounded(words, 600)));
    if (this.notes.children.length === MOST_NOTES) this.notes.append(h("li", {}, "and more, which are not listed"));
  }

  /** Tells the App that it will be closed, waits for its word, and closes it. */
  async leave() {
    if (this.isGone) return;
    this.isGone = true;
    this.play.dressed.delete(this.dressed);
    removeEventListener("keydown", this.escape);
    this.display("inline");
    // Out of sight at once, but not out of the page: a frame that is taken out is gone.
    this.element.classList.add("leaving");
    await this.bridge?.teardown("It is no longer shown.", GOODBYE);
    this.element.remove();
  }
}

/** The features that an App asked for, as the attribute `allow` has them. */
function allowed(permissions) {
  const names = { camera: "camera", microphone: "microphone", geolocation: "geolocation", clipboardWrite: "clipboard-write" };
  return Object.entries(names).filter(([name]) => permissions?.[name]).map(([, feature]) => feature).join("; ");
}

function textOf(content) {
  const all = Array.isArray(content) ? content : content ? [content] : [];
  return all.map((block) => (block?.type === "text" ? block.text : `(${block?.type ?? "something"})`)).join(" ");
}

async function openLink(link) {
  let url;
  try {
    url = new URL(link);
  } catch {
    return false;
  }
  if (!["http:", "https:"].includes(url.protocol)) return false;
  const may = await confirmed("The App wants to open a page.", url, "Open it in a new tab");
  return may;
}

