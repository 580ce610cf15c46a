/*
 * The host's side of MCP Apps (2026-01-26): shows one App in a frame, and speaks JSON-RPC with it.
 *
 *   const app = new AppBridge({ sandbox, html, context, call });
 *   somewhere.append(app.frame);
 *   app.toolInput(args);
 *   app.toolResult(result);
 *   …
 *   await app.teardown("closed");
 *
 * The frame shows the sandbox page, which is on another origin, and has the App in a frame of its
 * own. Everything that comes from there is untrusted.
 */
"use strict";

const APPS_PROTOCOL = "2026-01-26";

/** A page that sends more messages than this in a second is put away. */
const MOST_MESSAGES = 500;

class AppBridge {
  /**
   * `sandbox`  the address of the sandbox page
   * `isOpaque` whether that page has no origin of its own: it is served from the host's, in a sandbox
   * `html`     the App
   * `context`  the host context: theme, styles, displayMode, containerDimensions, …
   * `allow`    the permissions of the frame, as its attribute `allow` has them
   * `mayCall`  whether the App may call the tool of this name
   * `call`     calls a tool: gets the params of `tools/call`, gives a promise of the result
   * `read`     reads a resource, `list` lists them: likewise
   * `openLink` is asked to open a URL; gives whether it did
   * `message`  is given what the App says to the conversation, `remember` what it tells the model;
   *            both give whether they took it
   * `told`     hears what happens: (what, detail). See `tell` below
   */
  constructor(options) {
    this.options = options;
    this.context = { displayMode: "inline", availableDisplayModes: ["inline"], ...options.context };
    this.isInitialized = false;
    this.isFlooded = false;
    this.isGone = false;
    /** What the App did against the protocol. */
    this.problems = [];
    /** What it did that nobody minds. */
    this.notes = [];
    this.sizes = [];
    this.heldBack = [];
    this.hasInput = false;
    this.waiting = new Map();
    this.sent = 0;
    this.second = { begin: 0, messages: 0 };
    /** When the sandbox page is there. */
    this.ready = new Promise((resolve) => { this.whenReady = resolve; });
    this.initialized = new Promise((resolve) => { this.whenInitialized = resolve; });

    this.frame = document.createElement("iframe");
    /** On the host's own origin, `allow-same-origin` would be no sandbox at all. */
    this.may = options.isOpaque ? "allow-scripts allow-forms" : "allow-scripts allow-same-origin allow-forms";
    this.frame.setAttribute("sandbox", this.may);
    this.frame.title = options.title ?? "App";
    if (options.allow) this.frame.allow = options.allow;
    this.origin = options.isOpaque ? "null" : new URL(options.sandbox, location.href).origin;
    this.listener = (event) => this.hear(event);
    // It listens before the sandbox page is there: that one speaks first.
    addEventListener("message", this.listener);
    this.frame.src = options.sandbox;
  }

  /** The arguments of the tool call. They come before its result, and once. */
  toolInput(args) {
    this.hasInput = true;
    this.notify("ui/notifications/tool-input", { arguments: args ?? {} });
  }

  /** The result of the tool call, as the server gave it. */
  toolResult(result) {
    if (!this.hasInput) this.toolInput({});
    this.notify("ui/notifications/tool-result", result);
  }

  /** The call was cancelled: no result will come. */
  toolCancelled(reason) {
    if (!this.hasInput) this.toolInput({});
    this.notify("ui/notifications/tool-cancelled", reason === undefined ? {} : { reason });
  }

  /** Changes a part of the host context. The App is told of that part. */
  setContext(part) {
    Object.assign(this.context, part);
    // Before `ui/initialize` there is nothing to tell: the answer to it has all of the context.
    if (this.isIntroduced) this.notify("ui/notifications/host-context-changed", part);
  }

  /** Tells the App that it will be closed, waits for its word, and closes it. Gives whether it came. */
  async teardown(reason, patience = 1000) {
    let answered = false;
    if (this.isInitialized && !this.isGone) {
      const late = new Promise((resolve) => setTimeout(resolve, patience, "late"));
      const answer = this.request("ui/resource-teardown", { reason }).catch(() => "refused");
      answered = (await Promise.race([answer, late])) !== "late";
    }
    this.close();
    return answered;
  }

  /** Closes the App at once. */
  close() {
    this.isGone = true;
    removeEventListener("message", this.listener);
    this.frame.remove();
  }

  /** Sends a request to the App. */
  request(method, params) {
    const id = `host-${++this.sent}`;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send({ id, method, params });
    });
  }

  notify(method, params) {
    this.send({ method, params });
  }

  /** Sends a message, or keeps it until the App has said that it is initialized. */
  send(message) {
    if (this.isInitialized) this.post(message);
    else this.heldBack.push(message);
  }

  post(message) {
    const whole = { jsonrpc: "2.0", ...message };
    this.tell("sent", whole);
    // No message can be addressed to an opaque origin. The frame cannot be navigated to another page
    // than ours: the host's policy says from where frames may be.
    this.frame.contentWindow?.postMessage(whole, this.options.isOpaque ? "*" : this.origin);
  }

  /**
   * Says what happened: `sent` and `received` (a message), `initialized`, `size`, `trouble` (an
   * error or a violation inside of the frame), `teardown-wanted`, `log`, `display-mode`, `flooded`.
   */
  tell(what, detail) {
    this.options.told?.(what, detail);
  }

  problem(text) {
    if (this.problems.length < 20) this.problems.push(text);
    this.tell("problem", text);
  }

  hear({ source, origin, data }) {
    if (source !== this.frame.contentWindow || origin !== this.origin || this.isFlooded) return;
    if (data === null || typeof data !== "object" || data.jsonrpc !== "2.0") return;
    if (this.floods()) return;
    const { id, method, params, result, error } = data;
    if (typeof method === "string" && method.startsWith("ui/notifications/sandbox-")) {
      this.hearSandbox(method, params ?? {});
      return;
    }
    this.tell("received", data);
    if (typeof method !== "string") {
      const request = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) request?.reject(error);
      else request?.resolve(result);
    } else if (id === undefined) {
      this.hearNotification(method, params ?? {});
    } else {
      this.answer(id, method, params ?? {});
    }
  }

  /** Whether there were too many messages within a second. Then the App is put away. */
  floods() {
    const now = performance.now();
    if (now - this.second.begin > 1000) this.second = { begin: now, messages: 0 };
    if (++this.second.messages <= MOST_MESSAGES) return false;
    this.isFlooded = true;
    this.tell("flooded", MOST_MESSAGES);
    // Without its frame it cannot go on.
    this.frame.remove();
    return true;
  }

  hearSandbox(method, params) {
    if (method === "ui/notifications/sandbox-proxy-ready") {
      const { html, allow } = this.options;
      const resource = { html, sandbox: this.may, allow };
      this.post({ method: "ui/notifications/sandbox-resource-ready", params: resource });
      this.whenReady();
    } else if (method === "ui/notifications/sandbox-trouble") {
      this.tell("trouble", params);
    }
  }

  hearNotification(method, params) {
    switch (method) {
      case "ui/notifications/initialized":
        if (!this.isIntroduced) this.problem("ui/notifications/initialized came before ui/initialize was answered");
        this.isInitialized = true;
        this.heldBack.splice(0).forEach((message) => this.post(message));
        this.tell("initialized");
        this.whenInitialized();
        break;
      case "ui/notifications/size-changed":
        for (const side of ["width", "height"]) {
          if (params[side] !== undefined && typeof params[side] !== "number") {
            this.problem(`ui/notifications/size-changed: ${side} is no number`);
          }
        }
        if (this.sizes.length < 100) this.sizes.push(params);
        this.tell("size", params);
        break;
      case "ui/notifications/request-teardown":
        this.tell("teardown-wanted");
        break;
      case "notifications/message":
        this.tell("log", params);
        break;
      default:
        this.notes.push(`the notification ${method}, which no host knows`);
    }
  }

  async answer(id, method, params) {
    try {
      this.post({ id, result: await this.resultOf(method, params) });
      if (method === "ui/initialize") this.isIntroduced = true;
    } catch (error) {
      const { code = -32603, message = String(error) } = error ?? {};
      this.post({ id, error: { code, message } });
    }
  }

  resultOf(method, params) {
    const { options } = this;
    const unless = (handler, ...args) => {
      if (handler === undefined) throw { code: -32601, message: `This host has no ${method}.` };
      return handler(...args);
    };
    const taken = async (handler, ...args) => ((await unless(handler, ...args)) ? {} : { isError: true });
    switch (method) {
      case "ui/initialize":
        return this.introduce(params);
      case "ping":
        return {};
      case "tools/call":
        if (!(options.mayCall?.(params.name) ?? true)) {
          throw { code: -32602, message: `The tool ${params.name} is not for Apps.` };
        }
        return unless(options.call, params);
      case "resources/read":
        return unless(options.read, params);
      case "resources/list":
        return unless(options.list, params);
      case "ui/open-link":
        return taken(options.openLink, params.url);
      case "ui/message":
        return taken(options.message, params);
      case "ui/update-model-context":
        return taken(options.remember, params);
      case "ui/request-display-mode":
        return this.display(params.mode);
      default:
        throw { code: -32601, message: `This host has no ${method}.` };
    }
  }

  introduce(params) {
    const wants = (name, kind, value) => {
      if (typeof value !== kind || value === null) this.problem(`ui/initialize: ${name} is ${value === undefined ? "required, but missing" : `not of type ${kind}: ${JSON.stringify(value)}`}`);
    };
    wants("protocolVersion", "string", params.protocolVersion);
    wants("appCapabilities", "object", params.appCapabilities);
    wants("appInfo", "object", params.appInfo);
    wants("appInfo.name", "string", params.appInfo?.name);
    wants("appInfo.version", "string", params.appInfo?.version);
    const known = ["protocolVersion", "appCapabilities", "appInfo", "_meta"];
    for (const key of Object.keys(params)) {
      if (!known.includes(key)) this.notes.push(`ui/initialize: ${key}, which no host knows`);
    }
    const { options } = this;
    const has = (handler, name) => (handler === undefined ? {} : { [name]: {} });
    return {
      protocolVersion: APPS_PROTOCOL,
      hostInfo: { name: "rust-mcp-workshop", version: "1.0.0" },
      hostCapabilities: {
        logging: {},
        ...has(options.call, "serverTools"),
        ...has(options.read, "serverResources"),
        ...has(options.openLink, "openLinks"),
        ...has(options.message, "message"),
        ...has(options.remember, "updateModelContext"),
      },
      hostContext: this.context,
    };
  }

  /** Answers with the mode that the App is in afterwards, also where it is refused. */
  display(mode) {
    if (this.context.availableDisplayModes.includes(mode) && mode !== this.context.displayMode) {
      this.tell("display-mode", mode);
      this.setContext({ displayMode: mode });
    }
    return { mode: this.context.displayMode };
  }
}
