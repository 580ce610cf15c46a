// The pages of the store of exercise 4 in MCP Inspector's web client, in a browser:
//
//     inspector.cjs 2025-11-25 http://127.0.0.1:8420/mcp /usr/bin/chromium
//
// That is the revision that Inspector speaks with a server that a link names. Prints a line of JSON for
// each check, as `checks.py` does.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const net = require("node:net");
const path = require("node:path");
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { chromium } = require("playwright-core");

const [revision, store, browserPath] = process.argv.slice(2);
assert.equal(revision, "2025-11-25");
const PATIENCE = 30_000;
const token = randomBytes(16).toString("hex");

/** A port that nobody listens on. Inspector wants to be told one. */
function freePort() {
  const server = net.createServer();
  return new Promise((done) =>
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    }),
  );
}

async function until(look) {
  for (const end = Date.now() + PATIENCE; ; await new Promise((done) => setTimeout(done, 100))) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

async function inspector() {
  const port = await freePort();
  const modules = path.join(path.dirname(require.resolve("playwright-core/package.json")), "..");
  const launcher = path.join(modules, "@modelcontextprotocol/inspector/clients/launcher/build/index.js");
  const child = spawn(process.execPath, [launcher, "--web"], {
    env: {
      ...process.env,
      HOST: "127.0.0.1",
      CLIENT_PORT: String(port),
      MCP_SANDBOX_PORT: "0",
      MCP_APP_ORIGIN_PORT: "0",
      MCP_INSPECTOR_API_TOKEN: token,
      MCP_AUTO_OPEN_ENABLED: "false",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const origin = `http://127.0.0.1:${port}`;
  await until(async () => assert.ok((await fetch(origin)).ok));
  return { child, origin };
}

/** A page of Inspector that has connected by itself, and opened an App. */
async function open(context, origin, tool) {
  const link = new URL(origin);
  link.search = new URLSearchParams({
    MCP_INSPECTOR_API_TOKEN: token,
    serverUrl: store,
    transport: "http",
    autoConnect: token,
    openApp: tool,
    autoOpen: token,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(String(link));
  const status = page.getByTestId("connection-status");
  await until(async () => assert.equal(await status.getAttribute("data-status"), "connected"));
  const form = page.getByTestId("apps-form");
  await until(async () => assert.equal(await form.getAttribute("data-app-status"), "ready"));
  return page;
}

/** The frame in which there are as many of these as the store has products. */
const frameWith = (page, find, count) =>
  until(async () => {
    const counts = [];
    for (const frame of page.frames()) {
      const found = await find(frame).count();
      if (found === count) return frame;
      counts.push(found);
    }
    assert.fail(`${counts} in the frames, not ${count}`);
  });

async function main() {
  const client = new Client({ name: "interop", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(new URL(store)));
  const products = async () =>
    (await client.callTool({ name: "list_products", arguments: {} })).structuredContent.products;
  const { child, origin } = await inspector();
  const browser = await chromium.launch({
    executablePath: browserPath,
    chromiumSandbox: process.getuid?.() !== 0,
  });
  const context = await browser.newContext();
  let catalog;

  const checks = {
    "a link connects, opens the chart, and it has one bar for each product, in proportion": async () => {
      const page = await open(context, origin, "show_inventory_chart");
      const all = await products();
      const bars = (frame) => frame.getByRole("img", { name: /\S/ });
      const frame = await frameWith(page, bars, all.length);
      const boxes = await Promise.all(all.map((_, at) => bars(frame).nth(at).boundingBox()));
      const most = Math.max(...all.map(({ stock }) => stock));
      const longest = Math.max(...boxes.map(({ width }) => width));
      all.forEach(({ name, stock }, at) => {
        const expected = (longest * stock) / most;
        assert.ok(Math.abs(boxes[at].width - expected) < 2, `${name}: ${boxes[at].width}, not ${expected}`);
      });
      await page.close();
      return all.map(({ stock }) => stock).join(", ");
    },
    "the catalog has one card for each product": async () => {
      const page = await open(context, origin, "show_product_catalog");
      const all = await products();
      const frame = await frameWith(page, (frame) => frame.getByRole("article"), all.length);
      catalog = { page, frame };
      for (const { name, price_cents } of all) {
        const text = await frame.getByRole("article").filter({ hasText: name }).innerText();
        assert.ok(text.includes((price_cents / 100).toFixed(2)), text);
      }
      return `${all.length} cards`;
    },
    "a button in it has Inspector ask, and buys": async () => {
      const { page, frame } = catalog;
      const [wanted] = await products();
      const card = frame.getByRole("article").filter({ hasText: wanted.name });
      await card.getByRole("button", { name: /^Buy/ }).click();
      const dialog = page.getByRole("dialog").filter({ hasText: "Elicitation Request" });
      await dialog.waitFor();
      const asked = await dialog.innerText();
      assert.ok(asked.includes(wanted.name), asked);
      await dialog.getByLabel("confirm").check();
      await dialog.getByRole("button", { name: "Submit" }).click();
      await until(async () => assert.equal((await products())[0].stock, wanted.stock - 1));
      return asked.split("\n").find((line) => line.includes(wanted.name));
    },
  };
  try {
    for (const [check, make] of Object.entries(checks)) {
      const said = { check };
      try {
        said.seen = await make();
      } catch (error) {
        said.failed = String(error.stack);
      }
      console.log(JSON.stringify(said));
    }
  } finally {
    await browser.close();
    child.kill();
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
