/*
 * The page: an MCP host for people. It keeps what the checker last told it, and has each part show
 * its own.
 */
import { act, open } from "./client.js";
import { announce, h } from "./dom.js";
import { Asking } from "./ask.js";
import { Offers } from "./offers.js";
import { Side } from "./wire.js";

const $ = (selector) => document.querySelector(selector);

/** What all parts share. */
const play = {
  state: null,
  /** What the client declares, as the switches say. */
  switches: remembered("switches", { era: "modern", form: true, url: true, apps: true, tasks: true }),
  theme: remembered("theme", "system"),
  sandbox: canHaveOrigins() ? remembered("sandbox", "own") : "opaque",
  themeNow,
  /** Called when the theme is another one. */
  dressed: new Set(),
};

const side = new Side($("#side"));
const offers = new Offers($("#offers"), $("#work"), play);
const asking = new Asking(play);

play.tools = () => offers.lists.get("tool")?.items ?? [];

/** When a call is over: as it is then, or `null` if nobody knows of it any more. */
play.ended = (id) => new Promise((resolve) => {
  const look = (state) => {
    const call = state.calls.find((one) => one.id === id);
    // The answer to the call may be here before the state that has it.
    if (call === undefined && !waiting.get(id)?.isKnown) return;
    if (call?.phase === "running") {
      waiting.get(id).isKnown = true;
      return;
    }
    waiting.delete(id);
    resolve(call ?? null);
  };
  waiting.set(id, { look, isKnown: false });
  if (play.state) look(play.state);
});
const waiting = new Map();

function remembered(name, otherwise) {
  try {
    const text = sessionStorage.getItem(`play-${name}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function remember(name, value) {
  try {
    sessionStorage.setItem(`play-${name}`, JSON.stringify(value));
  } catch {
    // Then it is forgotten when the page is.
  }
}

/** Behind an https forward this machine has one name and one port. */
function canHaveOrigins() {
  return location.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
}

// ---------------------------------------------------------------------------- the theme

const dark = matchMedia("(prefers-color-scheme: dark)");

function themeNow() {
  if (play.theme !== "system") return play.theme;
  return dark.matches ? "dark" : "light";
}

function dress() {
  document.documentElement.dataset.theme = themeNow();
  play.dressed.forEach((dressed) => dressed(themeNow()));
}

dark.addEventListener("change", dress);

// ---------------------------------------------------------------------------- the switches

function radio(name, value, changed) {
  document.querySelectorAll(`input[name="${name}"]`).forEach((input) => {
    input.checked = input.value === value;
    input.addEventListener("change", () => changed(input.value));
  });
}

radio("era", play.switches.era, (era) => change({ era }));
radio("theme", play.theme, (theme) => {
  play.theme = theme;
  remember("theme", theme);
  dress();
});
radio("sandbox", play.sandbox, (sandbox) => {
  play.sandbox = sandbox;
  remember("sandbox", sandbox);
});
if (!canHaveOrigins()) document.querySelector('input[value="own"]').disabled = true;
document.querySelectorAll("#capabilities input").forEach((input) => {
  input.checked = play.switches[input.name];
  input.addEventListener("change", () => change({ [input.name]: input.checked }));
});
$("#reconnect").addEventListener("click", () => tried(act("reconnect")));
$("#restart").addEventListener("click", () => tried(act("restart")));
$("#show-wire").addEventListener("click", () => {
  const isShown = document.body.classList.toggle("without-wire");
  $("#show-wire").setAttribute("aria-expanded", String(!isShown));
});
// A menu closes where it is left.
document.addEventListener("click", ({ target }) => {
  const menu = $("#client-menu");
  if (menu.open && !menu.contains(target)) menu.open = false;
});
$("#client-menu").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary").focus();
});

function change(part) {
  Object.assign(play.switches, part);
  remember("switches", play.switches);
  tried(act("switch", { switches: play.switches }));
}

async function tried(doing) {
  try {
    await doing;
  } catch (error) {
    notice(error.message);
  }
}

// ---------------------------------------------------------------------------- what is said

let noticed = 0;

function notice(words) {
  const line = h("p", { class: "notice" }, words);
  $("#notices").append(line);
  setTimeout(() => line.remove(), 8000);
}

const PHASES = {
  waiting: ["waiting for the server", "busy"],
  connecting: ["connecting", "busy"],
  connected: ["connected", "good"],
  failed: ["not connected", "bad"],
};

function showPhase(words, kind) {
  const pill = $("#phase");
  if (pill.textContent !== words) pill.textContent = words;
  pill.dataset.kind = kind;
}

function showServer({ backend, connection }) {
  const { server, phase } = connection;
  const info = server?.serverInfo ?? server?._meta?.["io.modelcontextprotocol/serverInfo"] ?? {};
  if (info.name) {
    $("#server-name").textContent = info.title ?? info.name;
    const version = info.version ? ` ${info.version}` : "";
    $("#server-about").textContent = `${info.name}${version} · ${backend.name}`;
    document.title = `${info.title ?? info.name} · play`;
  } else {
    $("#server-about").textContent = backend.name;
  }
  showUser(connection.user);
  let [words, kind] = PHASES[phase];
  if (backend.building) [words, kind] = [phase === "connected" ? "connected · building" : "building", "busy"];
  else if (!backend.running && backend.problem) [words, kind] = ["gone", "bad"];
  else if (phase === "connected" && backend.generation > 1) words = `connected · ${backend.because}`;
  showPhase(words, kind);
}

function showUser(user) {
  const line = $("#user");
  if (line.dataset.user === (user ?? "")) return;
  line.dataset.user = user ?? "";
  line.hidden = user === null;
  line.replaceChildren(
    h("span", {}, "signed in as ", h("strong", {}, user ?? "")),
    h("button", { type: "button", class: "quiet", onclick: () => signIn(true) }, "Somebody else"),
    h("button", { type: "button", class: "quiet", onclick: () => tried(act("sign-out")) }, "Sign out"));
}

/** Has the person sign in, in a window of its own. */
async function signIn(asSomebodyElse = false) {
  // At once: browsers open a window for a click, and not for what comes of it later.
  const login = window.open("about:blank", "_blank");
  try {
    const { address, error } = await act("sign-in", { as_somebody_else: asSomebodyElse });
    if (error !== undefined) throw new Error(error.words);
    if (!/^https?:/.test(address)) throw new Error("The realm's address is not an http address.");
    if (login) login.location.replace(address);
    else $("#banner").append(h("a", { href: address, target: "_blank", rel: "noopener" }, "Sign in on the realm's page"));
  } catch (error) {
    login?.close();
    notice(`You cannot sign in: ${error.message}`);
  }
}

/** Why there is no connection, as a sentence and what stands behind it. */
function without(words) {
  const [first, ...rest] = words.split("\n");
  if (first.startsWith("The server ")) return { words: first, text: rest.join("\n") };
  return { words: "There is no connection.", text: words };
}

function showBanner({ backend, connection }) {
  const banner = $("#banner");
  const needsLogin = connection.phase === "failed" && connection.needsLogin;
  const problem = backend.problem ?? (needsLogin ? { words: "This server wants to know who you are." } : connection.phase === "failed" ? without(connection.words) : null);
  const key = JSON.stringify([problem, backend.running, connection.phase, needsLogin]);
  if (banner.dataset.key === key) return;
  banner.dataset.key = key;
  banner.hidden = problem === null;
  if (problem === null) return;
  const still = backend.problem && backend.running ? " The previous build keeps running." : "";
  const again = needsLogin && backend.problem === null
    ? h("button", { type: "button", class: "primary", onclick: () => signIn() }, "Sign in")
    : backend.running && backend.problem === null
    ? h("button", { type: "button", onclick: () => tried(act(backend.kind === "command" ? "restart" : "reconnect")) }, backend.kind === "command" ? "Restart it" : "Reconnect")
    : backend.running ? null : h("button", { type: "button", onclick: () => tried(act("restart")) }, "Restart it");
  banner.replaceChildren(
    h("div", { class: "row" }, h("strong", {}, problem.words + still), again),
    problem.text ? h("pre", { class: "text", tabindex: "0" }, problem.text) : "");
  announce(problem.words + still);
}

/** The page has lost the checker for good. */
function ended(words) {
  showPhase("ended", "bad");
  const banner = $("#banner");
  banner.hidden = false;
  banner.dataset.key = "ended";
  banner.replaceChildren(h("strong", {}, words));
}

/** So long the checker may be away before that is said. */
const AWAY = 3000;
let away;

const heard = {
  state(state) {
    play.state = state;
    showServer(state);
    showBanner(state);
    for (const [number, words] of state.notices) {
      if (number <= noticed) continue;
      noticed = number;
      notice(words);
    }
    [...waiting.values()].forEach(({ look }) => look(state));
    offers.update(state);
    asking.update(state.questions);
  },
  wire(told) {
    side.wire(told);
    if (told.entries.some(({ from, method }) => from === "server" && method.endsWith("/list_changed"))) offers.refresh();
  },
  stderr: (told) => side.stderr(told),
  found() {
    clearTimeout(away);
    side.clear();
  },
  lost() {
    showPhase("no checker", "bad");
    clearTimeout(away);
    away = setTimeout(() => ended("The checker does not answer. If you stopped it, run `cargo checker play` again, and open the address that it prints."), AWAY);
  },
  // The tab was away for too long: it gets a new one. Where the checker is another one, it cannot.
  gone: () => begin(),
};

function begin() {
  open(play.switches, heard).catch(() => ended("This page is no longer served. Run `cargo checker play` again, and open the address that it prints."));
}

dress();
begin();
