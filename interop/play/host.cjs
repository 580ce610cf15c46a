/*
 * `cargo checker play` and a browser that shows its page, for the checks and for the pictures.
 */
"use strict";

const { spawn } = require("node:child_process");
const { chromium } = require("playwright-core");

/** The panel that is shown. */
const PANEL = ".panel:not([hidden])";

/** Starts `play` with these words, and gives its address. */
async function play(checker, words, environment = {}) {
  const child = spawn(checker, ["play", "--port", "0", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NO_COLOR: "1", ...environment },
  });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => {
      said += text;
      const found = /open this: {2}(http:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on("exit", (code) => reject(new Error(`play has ended with ${code}: ${said}`)));
  });
  const stop = () => new Promise((resolve) => {
    child.removeAllListeners("exit");
    child.on("exit", resolve);
    child.kill("SIGINT");
  });
  return { url, stop };
}

/** Starts the browser. */
function browser(executablePath) {
  // As root it refuses to run in its sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}

/** A page of `play` that is connected, with what it did against the rules. */
async function open(aBrowser, url, { connects = true, ...options } = {}) {
  const context = await aBrowser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const wrong = [];
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(error.message));
  const hosts = new Set();
  const asked = (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith("http")) hosts.add(host);
  };
  context.on("response", (response) => asked(response.request()));
  context.on("requestfailed", (request) => {
    // What a policy blocks is not asked of anybody.
    if (request.failure()?.errorText !== "csp") asked(request);
  });
  await page.goto(url);
  if (connects) await connected(page);
  return { context, page, wrong, hosts };
}

function connected(page) {
  return page.locator('#phase[data-kind="good"]').waitFor();
}

/** Takes a tool, prompt or resource at hand. */
async function choose(page, name) {
  await page.locator(`.entry[data-name="${name}"]`).click();
  await page.locator(`${PANEL} h2`).first().waitFor();
}

/** Calls a tool with these arguments, by their labels, and does not wait. */
async function call(page, name, args = {}) {
  await choose(page, name);
  for (const [label, value] of Object.entries(args)) {
    await page.locator(PANEL).getByLabel(label, { exact: true }).fill(String(value));
  }
  await page.locator(PANEL).getByRole("button", { name: "Call", exact: true }).click();
}

/** Waits until the call is over, and gives how. */
async function over(page, phase = "done") {
  await page.locator(`${PANEL} .status .phase.${phase}`).waitFor();
  return page.locator(`${PANEL} .status`).innerText();
}

/** The structured content of the last result. */
async function structured(page) {
  const view = page.locator(`${PANEL} .structured-part pre`);
  return JSON.parse(await view.innerText());
}

/** Changes the era, and waits for the new session. */
async function era(page, value) {
  await page.locator(`input[name="era"][value="${value}"]`).check({ force: true });
  await page.locator(".notice", { hasText: "Reconnected." }).last().waitFor();
  await connected(page);
}

/** The App's own page, in both frames. */
function app(page) {
  return page.locator(`${PANEL} .app:not(.leaving)`).frameLocator("iframe").frameLocator("iframe");
}

module.exports = { PANEL, app, browser, call, choose, connected, era, open, over, play, structured };
