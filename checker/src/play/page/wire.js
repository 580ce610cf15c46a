/*
 * The wire: each message as it crosses, with what it is for; and what the server prints.
 */
import { act } from "./client.js";
import { bounded, freshId, h, json, size } from "./dom.js";

/** More rows than this are not kept in the page. */
const MOST_ROWS = 600;
const MOST_LINES = 500;

const KINDS = [["", "all kinds"], ["request", "requests"], ["response", "responses"], ["notification", "notifications"], ["wrong", "errors"]];
const SIDES = [["", "both directions"], ["client", "from the client"], ["server", "from the server"]];

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export class Side {
  constructor(element) {
    this.entries = [];
    this.lost = 0;
    this.lines = 0;
    const option = ([value, words]) => h("option", { value }, words);
    const changed = () => this.filter();
    this.find = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter messages by text", oninput: changed, autocomplete: "off" });
    this.kind = h("select", { "aria-label": "Kind of message", onchange: changed }, KINDS.map(option));
    this.from = h("select", { "aria-label": "Direction", onchange: changed }, SIDES.map(option));
    this.count = h("span", { class: "hint", "aria-live": "off" });
    this.list = h("ol", { class: "messages" });
    this.stderrList = h("pre", { class: "lines", tabindex: "0", "aria-label": "What the server prints on stderr" }, "");
    this.stderrNew = h("span", { class: "count", hidden: true });
    this.wirePanel = h("div", { class: "tab-panel", role: "tabpanel", id: freshId("panel"), "aria-label": "Messages" },
      h("div", { class: "filters" }, this.find, this.kind, this.from, h("button", { type: "button", class: "quiet", onclick: () => this.clear() }, "Clear")),
      this.count, this.list);
    this.stderrPanel = h("div", { class: "tab-panel", role: "tabpanel", id: freshId("panel"), hidden: true, "aria-label": "Stderr" }, this.stderrList);
    this.tabs = [["Wire", this.wirePanel], ["Stderr", this.stderrPanel]].map(([name, panel], number) => h("button", {
      type: "button",
      role: "tab",
      "aria-controls": panel.id,
      "aria-selected": String(number === 0),
      tabindex: number === 0 ? "0" : "-1",
      onclick: () => this.choose(number),
    }, name, panel === this.stderrPanel ? this.stderrNew : null));
    this.panels = [this.wirePanel, this.stderrPanel];
    const bar = h("div", { class: "tabs", role: "tablist", "aria-label": "What happens behind the page" }, this.tabs);
    bar.addEventListener("keydown", (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const next = this.tabs[0].getAttribute("aria-selected") === "true" ? 1 : 0;
      this.choose(next);
      this.tabs[next].focus();
    });
    element.replaceChildren(bar, ...this.panels);
  }

  choose(number) {
    this.tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === number));
      tab.tabIndex = place === number ? 0 : -1;
      this.panels[place].hidden = place !== number;
    });
    if (number === 1) {
      this.stderrNew.hidden = true;
      this.lines = 0;
      this.stderrPanel.scrollTop = this.stderrPanel.scrollHeight;
    }
  }

  /** Takes what is new. */
  wire({ entries, lost }) {
    const { list } = this;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    this.lost += lost;
    const rows = entries.map((entry) => ({ entry, row: this.row(entry), text: `${entry.method} ${entry.purpose} ${entry.preview}`.toLowerCase() }));
    rows.forEach((one) => { one.row.hidden = !this.fits(one); });
    this.entries.push(...rows);
    list.append(...rows.map(({ row }) => row));
    const over = this.entries.splice(0, Math.max(0, this.entries.length - MOST_ROWS));
    over.forEach(({ row }) => row.remove());
    this.lost += over.length;
    this.say();
    if (!isAtEnd) return;
    const follow = () => { list.scrollTop = list.scrollHeight; };
    follow();
    // How high the new rows are is known once they are drawn.
    requestAnimationFrame(() => requestAnimationFrame(follow));
  }

  say() {
    const shown = this.entries.filter(({ row }) => !row.hidden).length;
    const lost = this.lost > 0 ? `, ${this.lost} older ones were dropped` : "";
    this.count.textContent = `${shown} of ${this.entries.length} messages${lost}`;
  }

  fits({ entry, text }) {
    const kind = this.kind.value;
    return text.includes(this.find.value.trim().toLowerCase())
      && (kind === "" || (kind === "wrong" ? entry.wrong : entry.kind === kind))
      && (this.from.value === "" || entry.from === this.from.value);
  }

  filter() {
    this.entries.forEach((one) => { one.row.hidden = !this.fits(one); });
    this.say();
  }

  clear() {
    this.entries = [];
    this.lost = 0;
    this.list.replaceChildren();
    this.stderrList.textContent = "";
    this.say();
  }

  row(entry) {
    const { from, kind, method, id, purpose, at, bytes, wrong, preview } = entry;
    const fromClient = from === "client";
    const what = method || (kind === "response" ? (wrong ? "error" : "result") : "something else");
    const body = h("div", { class: "body", hidden: true });
    const button = h("button", {
      type: "button",
      class: "line",
      "aria-expanded": "false",
      onclick: () => this.expand(entry, button, body),
    },
    h("span", { class: "arrow", "aria-hidden": "true" }, fromClient ? "→" : "←"),
    h("span", { class: "visually-hidden" }, fromClient ? "to the server: " : "to the client: "),
    h("span", { class: "what" }, what, id !== null && id !== undefined ? h("span", { class: "id" }, ` #${bounded(String(id), 20)}`) : null),
    h("span", { class: "when" }, clock.format(at), " ", size(bytes)),
    h("span", { class: "for" }, purpose),
    h("span", { class: "preview" }, preview));
    return h("li", { class: `${from} ${kind}${wrong ? " bad" : ""}` }, button, body);
  }

  async expand({ number, via }, button, body) {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    body.hidden = isOpen;
    if (isOpen || body.childElementCount > 0) return;
    try {
      const { message } = await act("message", { number });
      body.replaceChildren(via ? h("p", { class: "via" }, via) : "", typeof message === "string" ? h("pre", { class: "text" }, bounded(message)) : json(message));
    } catch (error) {
      body.replaceChildren(h("p", { class: "wrong" }, error.message));
    }
  }

  /** Takes lines that the server printed. */
  stderr({ lines, skipped }) {
    const { stderrList, stderrPanel } = this;
    const isAtEnd = stderrPanel.scrollHeight - stderrPanel.scrollTop - stderrPanel.clientHeight < 40;
    const all = stderrList.textContent.split("\n").filter(Boolean);
    if (skipped > 0) all.push(`… ${skipped} lines were dropped`);
    all.push(...lines);
    stderrList.textContent = `${all.slice(-MOST_LINES).join("\n")}\n`;
    if (stderrPanel.hidden) {
      this.lines += lines.length;
      this.stderrNew.textContent = String(Math.min(this.lines, 999));
      this.stderrNew.hidden = false;
    } else if (isAtEnd) {
      stderrPanel.scrollTop = stderrPanel.scrollHeight;
    }
  }
}
