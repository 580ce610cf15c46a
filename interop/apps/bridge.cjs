// The pages of the store of exercise 4 in the reference AppBridge, in a browser:
//
//     bridge.cjs 2026-07-28 http://127.0.0.1:8420/mcp /usr/bin/chromium
//
// The MCP client is the official SDK's. Prints a line of JSON for each check, as `checks.py` does.

const assert = require("node:assert/strict");
const path = require("node:path");
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { chromium } = require("playwright-core");
const { serve } = require("./serve.cjs");

const [revision, store, browserPath] = process.argv.slice(2);
const CHART = "show_inventory_chart";
const CATALOG = "show_product_catalog";
const UI = { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html;profile=mcp-app"] } };
const PATIENCE = 10_000;

// What the user of the client answers, and what they were asked.
const user = { answer: { action: "accept", content: { confirm: true } }, asked: [] };

async function connect() {
  const mode = revision === "2025-11-25" ? "legacy" : { pin: revision };
  const client = new Client(
    { name: "interop", version: "1.0.0" },
    { capabilities: { elicitation: { form: {}, url: {} }, extensions: UI }, versionNegotiation: { mode } },
  );
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    user.asked.push(params);
    return typeof user.answer === "function" ? await user.answer(params) : user.answer;
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(store)));
  return client;
}

const call = (client, name, args = {}) => client.callTool({ name, arguments: args });
const products = async (client) => (await call(client, "list_products")).structuredContent.products;
const escaped = (name) => new RegExp(name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));

/** Looks until it is so, and fails with the last reason why not. */
async function until(look) {
  for (const end = Date.now() + PATIENCE; ; await new Promise((done) => setTimeout(done, 50))) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

class Checks {
  constructor(client, page, context, origins) {
    Object.assign(this, { client, page, context, origins, troubles: [], requests: [] });
    page.on("console", (message) => message.type() === "error" && this.troubles.push(message.text()));
    page.on("pageerror", (error) => this.troubles.push(String(error)));
    page.on("request", (request) => this.requests.push(request.url()));
  }

  /** The App of a tool: a page in a frame in a frame. */
  app(tool) {
    return this.page.frameLocator(`#${tool}`).frameLocator("iframe");
  }

  async show(tool, theme = "light") {
    const { tools } = await this.client.listTools();
    const uri = tools.find(({ name }) => name === tool)._meta.ui.resourceUri;
    const { contents } = await this.client.readResource({ uri });
    const result = await call(this.client, tool);
    return this.page.evaluate(
      (shown) => window.host.show(...shown),
      [tool, contents[0].text, result, theme],
    );
  }

  async bars() {
    const all = await products(this.client);
    const most = Math.max(...all.map(({ stock }) => stock));
    // An image without a name is a part of one that has one.
    const bars = this.app(CHART).getByRole("img", { name: /\S/ });
    assert.equal(await bars.count(), all.length, "one bar for each product");
    const boxes = [];
    for (const { name, stock } of all) {
      const bar = bars.and(this.app(CHART).getByLabel(escaped(name)));
      const label = await bar.getAttribute("aria-label", { timeout: 1000 });
      assert.match(label.replace(name, ""), new RegExp(`\\b${stock}\\b`), "the stock in the label");
      boxes.push({ name, stock, box: (await bar.boundingBox()) ?? { width: 0 } });
    }
    const longest = boxes.find(({ stock }) => stock === most).box.width;
    assert.ok(longest > 50, `the longest bar has ${longest} pixels`);
    for (const { name, stock, box } of boxes) {
      const expected = (longest * stock) / most;
      assert.ok(Math.abs(box.width - expected) < 2, `${name}: ${box.width} pixels, not ${expected}`);
    }
    return boxes.map(({ stock }) => stock).join(", ");
  }

  async cards() {
    const all = await products(this.client);
    const cards = this.app(CATALOG).getByRole("article");
    assert.equal(await cards.count(), all.length, "one card for each product");
    for (const { name, price_cents, stock } of all) {
      const text = await cards.filter({ hasText: name }).innerText({ timeout: 1000 });
      for (const words of [(price_cents / 100).toFixed(2), stock > 0 ? "In stock" : "Sold out"]) {
        assert.ok(text.includes(words), `no ${words} in ${text}`);
      }
    }
    return `${all.length} cards`;
  }

  button(name) {
    const card = this.app(CATALOG).getByRole("article").filter({ hasText: name });
    return card.getByRole("button", { name: /^Buy/ });
  }

  /** What there is the least of, brought down to one, and shown. */
  async lastOne() {
    const all = (await products(this.client)).filter(({ stock }) => stock > 0);
    const rarest = all.reduce((one, other) => (one.stock <= other.stock ? one : other));
    if (rarest.stock > 1) {
      user.answer = { action: "accept", content: { confirm: true } };
      const order = { product_name: rarest.name, quantity: rarest.stock - 1 };
      const sold = await call(this.client, "buy_product", order);
      assert.ok(!sold.isError, JSON.stringify(sold));
    }
    await this.page.evaluate((shown) => window.host.result(...shown), [CATALOG, await call(this.client, CATALOG)]);
    user.asked = [];
    return rarest;
  }

  async background(tool) {
    const color = await this.app(tool).locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
    const [red, green, blue] = color.match(/[\d.]+/g).map(Number);
    return red + green + blue;
  }
}

const CHECKS = {
  "both pages initialize with the host": async (checks) => {
    const apps = [];
    for (const tool of [CHART, CATALOG]) apps.push((await checks.show(tool)).name);
    return apps.join(", ");
  },
  "the chart has one bar for each product, in proportion to its stock": (checks) =>
    until(() => checks.bars()),
  "the catalog has one card for each product, with its price and whether there is any": (checks) =>
    until(() => checks.cards()),
  "both pages follow the host from light to dark and back": async (checks) => {
    const seen = [];
    for (const theme of ["light", "dark", "light"]) {
      await checks.page.evaluate((theme) => window.host.dress(theme), theme);
      for (const tool of [CHART, CATALOG]) {
        seen.push(
          await until(async () => {
            const brightness = await checks.background(tool);
            assert.equal(brightness > 382, theme === "light", `${theme}: a background of ${brightness}`);
            return brightness;
          }),
        );
      }
    }
    return seen.join(", ");
  },
  "both pages tell their size, and fit into a frame of it": async (checks) => {
    const told = [];
    for (const tool of [CHART, CATALOG]) {
      const { height } = await until(async () => {
        const last = (await checks.page.evaluate((tool) => window.host.sizes(tool), tool)).at(-1);
        const root = checks.app(tool).locator("html");
        const drawn = await root.evaluate((root) => [root.getBoundingClientRect().height, root.scrollWidth > innerWidth]);
        assert.ok(last && Math.abs(last.height - drawn[0]) < 2, `told ${last?.height}, drawn ${drawn[0]}`);
        assert.ok(!drawn[1], "it is wider than its frame");
        return last;
      });
      told.push(height);
    }
    return `${told.join(" and ")} pixels`;
  },
  "a button that is pressed buys nothing when the user declines": async (checks) => {
    const { name } = await checks.lastOne();
    const before = await products(checks.client);
    user.answer = { action: "decline" };
    await checks.button(name).click();
    const said = await until(async () => {
      const text = await checks.app(CATALOG).getByRole("status").innerText();
      assert.match(text, /declined/);
      return text;
    });
    assert.equal(user.asked.length, 1, "one question");
    assert.deepEqual(await products(checks.client), before);
    return said;
  },
  "a button that is pressed buys, after the user was asked, and the page draws what is left": async (checks) => {
    const { name } = await checks.lastOne();
    user.answer = { action: "accept", content: { confirm: true } };
    const button = checks.button(name);
    await button.click();
    await until(async () => {
      assert.ok(await button.isDisabled({ timeout: 1000 }), "it can still be pressed");
      return checks.cards();
    });
    assert.equal(user.asked.length, 1, "one question");
    const left = (await products(checks.client)).find((product) => product.name === name);
    assert.equal(left.stock, 0);
    return user.asked[0].message;
  },
  "the chart draws the next result in place of the one before": async (checks) => {
    const result = await call(checks.client, CHART);
    await checks.page.evaluate((shown) => window.host.result(...shown), [CHART, result]);
    return until(() => checks.bars());
  },
  "the page for payments takes the code that the client was shown": async (checks) => {
    user.answer = async ({ message, url }) => {
      const page = await checks.context.newPage();
      page.on("pageerror", (error) => checks.troubles.push(String(error)));
      await page.goto(url);
      await page.getByLabel("Code").fill(message.match(/\d{4,8}/)[0]);
      await page.getByRole("button").click();
      await page.getByRole("status").filter({ hasText: "Connected" }).waitFor();
      await page.close();
      return { action: "accept" };
    };
    const result = await call(checks.client, "connect_payments");
    assert.deepEqual(result.structuredContent, { connected: true });
    return "connected";
  },
  "both pages answer when the host is about to close them": async (checks) => {
    for (const tool of [CHART, CATALOG]) await checks.page.evaluate((tool) => window.host.close(tool), tool);
    return "two answers";
  },
  "no error was on the console, and nothing was asked of anybody else": async (checks) => {
    assert.deepEqual(checks.troubles, []);
    const elsewhere = checks.requests.filter(
      (url) => !url.startsWith("data:") && !checks.origins.includes(new URL(url).origin),
    );
    assert.deepEqual(elsewhere, []);
    return `${checks.requests.length} requests, all to the host`;
  },
};

async function main() {
  const modules = path.join(path.dirname(require.resolve("playwright-core/package.json")), "..");
  const { url, origins } = await serve(modules);
  const client = await connect();
  const browser = await chromium.launch({
    executablePath: browserPath,
    // As root there is no sandbox of the browser's own.
    chromiumSandbox: process.getuid?.() !== 0,
  });
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    const checks = new Checks(client, page, context, origins);
    await page.exposeFunction("callTool", (params) => client.callTool(params));
    await page.goto(url);
    await page.waitForFunction(() => window.host !== undefined, undefined, { timeout: PATIENCE });
    for (const [check, make] of Object.entries(CHECKS)) {
      const said = { check };
      try {
        said.seen = await make(checks);
      } catch (error) {
        said.failed = String(error.stack);
      }
      console.log(JSON.stringify(said));
    }
  } finally {
    await browser.close();
  }
  await client.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
