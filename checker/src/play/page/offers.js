/*
 * What the server offers: its tools, resources and prompts, in a list; and one of them at hand.
 */
import { request } from "./client.js";
import { announce, bounded, h, json } from "./dom.js";
import { blocks, contents } from "./content.js";
import { completed, Form } from "./form.js";
import { isForPeople, ToolPanel } from "./tools.js";

const LISTS = [
  { kind: "tool", method: "tools/list", key: "tools", title: "Tools", capability: "tools", purpose: "see which tools there are" },
  { kind: "resource", method: "resources/list", key: "resources", title: "Resources", capability: "resources", purpose: "see which resources there are" },
  { kind: "template", method: "resources/templates/list", key: "resourceTemplates", title: "Templates", capability: "resources", purpose: "see which resource templates there are" },
  { kind: "prompt", method: "prompts/list", key: "prompts", title: "Prompts", capability: "prompts", purpose: "see which prompts there are" },
];

export class Offers {
  constructor(nav, work, play) {
    Object.assign(this, { nav, work, play });
    this.session = 0;
    this.lists = new Map();
    this.panels = new Map();
    this.chosen = null;
    this.isNarrow = matchMedia("(max-width: 46rem)");
    // In a wide window the list has no summary to open it with.
    this.isNarrow.addEventListener("change", ({ matches }) => {
      const list = nav.querySelector("details");
      if (list) list.open = !matches;
    });
    work.replaceChildren(h("p", { class: "hint empty" }, "What the server offers appears here once you are connected."));
  }

  /** Reads the lists of each new session. */
  update(state) {
    const { phase, session, server } = state.connection;
    this.nav.classList.toggle("stale", phase !== "connected");
    if (phase === "connected" && session !== this.session) {
      this.session = session;
      this.read(server?.capabilities ?? {});
    }
    for (const panel of this.panels.values()) panel.update?.(state);
  }

  /** Reads the lists once more: the server says that one has changed. */
  refresh() {
    const { phase, server } = this.play.state?.connection ?? {};
    if (phase === "connected") this.read(server?.capabilities ?? {});
  }

  async read(capabilities) {
    const session = this.session;
    const wanted = LISTS.filter(({ capability }) => capabilities[capability] !== undefined);
    const read = async (list) => {
      try {
        const result = await request(list.method, {}, list.purpose);
        return { ...list, items: result[list.key].filter((item) => typeof item === "object" && item !== null), note: result.note };
      } catch (error) {
        // A server need not have templates.
        return error.code === -32601 ? null : { ...list, items: [], note: error.message };
      }
    };
    const lists = (await Promise.all(wanted.map(read))).filter(Boolean);
    if (session !== this.session) return;
    this.lists = new Map(lists.map((list) => [list.kind, list]));
    this.draw();
  }

  draw() {
    const sections = [...this.lists.values()].map(({ kind, title, items, note }) => {
      const rows = items.slice(0, 500).map((item) => h("li", {}, this.entry(kind, item)));
      const more = items.length > 500 ? h("p", { class: "hint" }, `and ${items.length - 500} more`) : null;
      return h("section", {},
        h("h2", {}, title, " ", h("span", { class: "count" }, String(items.length))),
        items.length === 0 && !note ? h("p", { class: "hint" }, "none") : null,
        h("ul", {}, rows), more, note ? h("p", { class: "wrong" }, bounded(note, 500)) : null);
    });
    const empty = h("p", { class: "hint" }, "The server declares no tools, resources or prompts.");
    const list = h("details", { class: "list", open: !this.isNarrow.matches },
      h("summary", {}, "Tools, resources, prompts"), sections.length > 0 ? sections : empty);
    this.nav.replaceChildren(list);
    const tools = this.lists.get("tool")?.items ?? [];
    for (const [key, panel] of this.panels) {
      const [kind, ...name] = key.split(" ");
      const item = this.lists.get(kind)?.items.find((one) => nameOf(kind, one) === name.join(" "));
      // One that has changed begins anew.
      if (item === undefined || !panel.fits(item)) {
        panel.close?.();
        this.panels.delete(key);
      }
    }
    const at = this.chosen && this.find(this.chosen.kind, this.chosen.name);
    const first = tools.find(isForPeople);
    if (at) this.choose(this.chosen.kind, at);
    else if (first) this.choose("tool", first);
    else this.work.replaceChildren(h("p", { class: "hint empty" }, "Choose something on the left."));
  }

  find(kind, name) {
    return this.lists.get(kind)?.items.find((item) => nameOf(kind, item) === name);
  }

  entry(kind, item) {
    const name = nameOf(kind, item);
    const isForApps = kind === "tool" && !isForPeople(item);
    const title = item.title ?? item.annotations?.title;
    const badge = isForApps ? "only for pages" : item._meta?.ui?.resourceUri || item._meta?.["ui/resourceUri"] ? "App" : "";
    return h("button", {
      type: "button",
      class: "entry",
      disabled: isForApps,
      dataset: { kind, name: bounded(name, 300) },
      title: bounded(item.description ?? "", 300),
      onclick: () => {
        this.choose(kind, item);
        if (this.isNarrow.matches) this.nav.querySelector("details").open = false;
        this.work.focus({ preventScroll: !this.isNarrow.matches });
      },
    }, h("span", { class: "name" }, broken(bounded(kind === "resource" || kind === "template" ? item.title ?? item.name ?? name : title ?? name, 120))), badge ? h("span", { class: "badge" }, badge) : null);
  }

  choose(kind, item) {
    const name = nameOf(kind, item);
    this.chosen = { kind, name };
    const key = `${kind} ${name}`;
    if (!this.panels.has(key)) this.panels.set(key, this.panel(kind, item));
    const panel = this.panels.get(key);
    // Only what is not there yet is put there: an App that is moved begins anew.
    for (const other of this.panels.values()) {
      if (!other.element.isConnected) this.work.append(other.element);
      other.element.hidden = other !== panel;
    }
    this.work.querySelector(".empty")?.remove();
    for (const child of [...this.work.children]) {
      if (![...this.panels.values()].some(({ element }) => element === child)) child.remove();
    }
    for (const entry of this.nav.querySelectorAll(".entry")) {
      const isIt = entry.dataset.kind === kind && entry.dataset.name === bounded(name, 300);
      if (isIt) entry.setAttribute("aria-current", "true");
      else entry.removeAttribute("aria-current");
    }
    if (this.play.state) panel.update?.(this.play.state);
  }

  panel(kind, item) {
    const openResource = (uri) => {
      const known = this.find("resource", uri);
      this.choose("resource", known ?? { uri, name: uri });
    };
    switch (kind) {
      case "tool":
        return new ToolPanel(item, this.play, openResource);
      case "prompt":
        return new PromptPanel(item, openResource);
      default:
        return new ResourcePanel(item, kind);
    }
  }
}

/** A name that may be broken where its parts meet. */
function broken(name) {
  return name.split(/(?<=[_/.-])/).flatMap((part, number) => (number === 0 ? [part] : [h("wbr"), part]));
}

function nameOf(kind, item) {
  return String(kind === "resource" ? item.uri : kind === "template" ? item.uriTemplate : item.name);
}

/** What all panels show of what they are for. */
function heading(title, name, description) {
  return [
    h("h2", {}, bounded(title ?? name, 200), title && title !== name ? h("code", {}, bounded(name, 300)) : null),
    description ? h("p", { class: "description" }, bounded(description, 4000)) : null,
  ];
}

/** A panel with a form that is sent, and something that comes of it. */
class Panel {
  constructor(item, fields) {
    this.key = JSON.stringify(item);
    this.form = fields;
    this.out = h("div", { class: "out" });
  }

  fits(item) {
    return JSON.stringify(item) === this.key;
  }

  /** Sends what the form has, where nothing is missing. */
  async submit(event, doing) {
    event.preventDefault();
    const { value, problems } = this.form.read();
    if (problems.length > 0) {
      announce(problems.join(" "));
      return;
    }
    this.out.replaceChildren(h("p", { class: "hint" }, "waiting for the server"));
    try {
      this.out.replaceChildren(...await doing(value ?? {}));
      announce("The server answered.");
    } catch (error) {
      const code = error.code === undefined ? "" : ` (${error.code})`;
      this.out.replaceChildren(h("p", { class: "wrong" }, `${error.message}${code}`));
      announce(error.message);
    }
  }
}

/** A resource, or a template with its variables as a form. */
class ResourcePanel extends Panel {
  constructor(item, kind) {
    const template = kind === "template" ? String(item.uriTemplate) : null;
    const names = template === null ? [] : variables(template);
    super(item, new Form({
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
      required: names,
    }));
    const uri = (values) => (template === null ? item.uri : expanded(template, values));
    for (const name of names) {
      completed(this.form, name, (typed, others) => complete({ type: "ref/resource", uri: template }, name, typed, others));
    }
    const form = h("form", { novalidate: true, onsubmit: (event) => this.submit(event, (values) => this.read(uri(values))) },
      names.length > 0 ? this.form.element : null,
      h("div", { class: "row" }, h("button", { class: "primary" }, "Read")));
    this.element = h("article", { class: "panel" },
      heading(item.title ?? item.name, template ?? item.uri, item.description),
      h("p", { class: "chips" }, item.mimeType ? h("span", { class: "chip" }, bounded(item.mimeType, 100)) : null),
      h("div", { class: "card" }, form), this.out);
  }

  async read(uri) {
    const result = await request("resources/read", { uri }, `you read ${uri}`);
    const all = Array.isArray(result.contents) ? result.contents : [];
    return [
      h("h3", {}, "Contents"),
      ...all.slice(0, 50).map((content) => h("div", { class: "card" }, h("p", { class: "chips" }, h("code", {}, bounded(content?.uri, 500)), content?.mimeType ? h("span", { class: "chip" }, bounded(content.mimeType, 100)) : null), contents(content))),
      all.length === 0 ? json(result) : "",
    ];
  }
}

/** The variables of a URI template (RFC 6570). */
function variables(template) {
  const found = [...template.matchAll(/\{[+#./;?&]?([^}]+)\}/g)];
  const names = found.flatMap(([, names]) => names.split(",").map((name) => name.replace(/(\*|:\d+)$/, "")));
  return [...new Set(names)];
}

function expanded(template, values) {
  return template.replace(/\{([+#./;?&]?)([^}]+)\}/g, (_, kind, names) => {
    const encode = kind === "+" || kind === "#" ? encodeURI : encodeURIComponent;
    const all = names.split(",").map((name) => name.replace(/(\*|:\d+)$/, ""));
    const isNamed = ";?&".includes(kind) && kind !== "";
    const parts = all.map((name) => (isNamed ? `${name}=` : "") + encode(values[name] ?? ""));
    const between = { "/": "/", ".": ".", ";": ";", "?": "&", "&": "&" }[kind] ?? ",";
    return ({ "#": "#", "/": "/", ".": ".", ";": ";", "?": "?", "&": "&" }[kind] ?? "") + parts.join(between);
  });
}

/** A prompt, with its arguments as a form. */
class PromptPanel extends Panel {
  constructor(item, openResource) {
    const args = Array.isArray(item.arguments) ? item.arguments : [];
    super(item, new Form({
      type: "object",
      properties: Object.fromEntries(args.map(({ name, title, description }) => [name, { type: "string", title, description }])),
      required: args.filter(({ required }) => required).map(({ name }) => name),
    }));
    for (const { name } of args) {
      completed(this.form, name, (typed, others) => complete({ type: "ref/prompt", name: item.name }, name, typed, others));
    }
    const form = h("form", { novalidate: true, onsubmit: (event) => this.submit(event, (values) => this.get(item, values, openResource)) },
      this.form.element, h("div", { class: "row" }, h("button", { class: "primary" }, "Get the prompt")));
    this.element = h("article", { class: "panel" }, heading(item.title, item.name, item.description), h("div", { class: "card" }, form), this.out);
  }

  async get(item, values, openResource) {
    const params = { name: item.name, arguments: values };
    const result = await request("prompts/get", params, `you asked for the prompt ${item.name}`);
    const messages = Array.isArray(result.messages) ? result.messages : [];
    return [
      h("h3", {}, "Messages"),
      result.description ? h("p", { class: "hint" }, bounded(result.description, 2000)) : "",
      h("ol", { class: "chat" }, messages.slice(0, 100).map((message) => h("li", { class: message?.role === "assistant" ? "assistant" : "user" },
        h("span", { class: "who" }, bounded(message?.role ?? "?", 30)), blocks(message?.content, openResource)))),
    ];
  }
}

async function complete(ref, name, value, others) {
  const params = { ref, argument: { name, value } };
  if (Object.keys(others).length > 0) params.context = { arguments: others };
  const result = await request("completion/complete", params, `complete what you type for ${name}`);
  return Array.isArray(result.completion?.values) ? result.completion.values : [];
}

