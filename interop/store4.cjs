// A right store on the official SDKs for TypeScript that asks and shows, for the checker to pass: what
// exercise 4 wants, but for its tasks, over stdio on both revisions. `interop/store4.py` is its twin in
// Python.
//
// It leaves to the SDKs whatever they do by themselves: a question is written once, and the server's
// SDK asks it on either revision and refuses clients that cannot be asked; the pages hold the whole SDK
// for Apps, half a megabyte of it.

const { randomBytes, randomUUID } = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const { McpServer, acceptedContent, createRequestStateCodec, inputRequired, inputResponse } = require("@modelcontextprotocol/server");
const { serveStdio } = require("@modelcontextprotocol/server/stdio");
const z = require("zod");

const { STORE_CONFIRM_SECONDS = "300", STORE_BAKE_SECONDS = "0.3" } = process.env;
const MIME_TYPE = "text/html;profile=mcp-app";

const shelf = new Map(
  [
    { name: "Pretzel", price_cents: 120, stock: 40 },
    { name: "Cinnamon roll", price_cents: 340, stock: 12 },
    { name: "Bûche de Noël", price_cents: 2800, stock: 20 },
  ].map((product) => [product.name, product]),
);

const Product = z.object({ name: z.string(), price_cents: z.int(), stock: z.int() });
const Products = z.object({ products: z.array(Product) });
const Order = z.object({
  product_name: z.string().describe("The product, by the name that list_products gives"),
  quantity: z.int().min(1).max(50).describe("How many"),
});
const Receipt = z.object({ ...Order.shape, total_cents: z.int(), remaining_stock: z.int() });
const Confirmation = z.object({ confirm: z.boolean().describe("Yes, buy it") });
const Connected = z.object({ connected: z.boolean() });

const READS = { readOnlyHint: true, openWorldHint: false };
const CHANGES = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

const structured = (structuredContent, text = JSON.stringify(structuredContent)) => ({
  structuredContent,
  content: [{ type: "text", text }],
});
const refused = (text) => ({ isError: true, content: [{ type: "text", text }] });
const dollars = (cents) => `$${(cents / 100).toFixed(2)}`;
const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// Signed, and good for one call of one tool; not for one purchase, so that is in it.
const codec = createRequestStateCodec({ key: randomBytes(32), ttlSeconds: Number(STORE_CONFIRM_SECONDS) });
const spent = new Set();

async function buy({ product_name, quantity }, { mcpReq }) {
  const look = () => {
    const product = shelf.get(product_name);
    if (!product) return `There is no product ${product_name}. See list_products.`;
    if (quantity > product.stock) return `Only ${product.stock} of ${product_name} left.`;
  };
  const refusal = look();
  if (refusal) return refused(refusal);
  const { price_cents } = shelf.get(product_name);

  const purchase = mcpReq.requestState();
  const answer = inputResponse(mcpReq.inputResponses, "confirm");
  if (purchase === undefined || answer.kind !== "elicit") {
    const message = `${product_name}, ${quantity} of them, makes ${dollars(price_cents * quantity)}. Buy?`;
    return inputRequired({
      inputRequests: { confirm: inputRequired.elicit({ message, requestedSchema: Confirmation }) },
      requestState: await codec.mint({ id: randomUUID(), product_name, quantity }),
    });
  }
  if (purchase.product_name !== product_name || purchase.quantity !== quantity || spent.has(purchase.id)) {
    return refused("Nothing was bought: that was another question.");
  }
  spent.add(purchase.id);
  if (!acceptedContent(mcpReq.inputResponses, "confirm", Confirmation)?.confirm) {
    return refused(`Nothing was bought: the user answered with ${answer.action}, and no yes.`);
  }
  const tooLate = look();
  if (tooLate) return refused(tooLate);
  const product = shelf.get(product_name);
  product.stock -= quantity;
  const total_cents = price_cents * quantity;
  return structured({ product_name, quantity, total_cents, remaining_stock: product.stock });
}

async function bake({ product_name, quantity }, { mcpReq }) {
  const product = shelf.get(product_name);
  if (!product) return refused(`There is no product ${product_name}. See list_products.`);
  const { progressToken } = mcpReq._meta ?? {};
  for (let progress = 1; progress <= quantity; progress++) {
    await pause(Number(STORE_BAKE_SECONDS));
    if (mcpReq.signal.aborted) return refused("The oven is off.");
    product.stock += 1;
    if (progressToken !== undefined) {
      const params = { progressToken, progress, total: quantity };
      await mcpReq.notify({ method: "notifications/progress", params });
    }
  }
  return structured({ product_name, quantity });
}

// The pages on which payments are connected, by their paths: the code of each, until it was typed.
const links = new Map();
const payments = http.createServer((request, response) => {
  const say = (status, words) => response.writeHead(status, { "content-type": "text/html" }).end(words);
  const code = links.get(request.url);
  if (code === undefined) return say(404, "There is no such page.");
  if (request.method === "GET") return say(200, `<form method=post>Code: <input name=code><button>Go</button></form>`);
  let body = "";
  request.on("data", (data) => (body += data));
  request.on("end", () => {
    if (code === null || new URLSearchParams(body).get("code") !== code) return say(403, "That is not the code.");
    links.set(request.url, null);
    say(200, "Connected.");
  });
});
payments.listen(0, "127.0.0.1").unref();

async function connect({ mcpReq }) {
  let path = mcpReq.requestState();
  const { action } = inputResponse(mcpReq.inputResponses, "page");
  if (action === "decline" || action === "cancel") return refused("Not connected: the user does not want to.");
  if (path !== undefined && links.get(path) === null) return structured({ connected: true });
  if (path === undefined) {
    path = `/${randomUUID()}`;
    links.set(path, String(1e5 + (randomBytes(4).readUInt32BE() % 9e5)));
  } else {
    // Asked again, for as long as the page is not finished; not too often.
    await pause(0.2);
    if (links.get(path) === null) return structured({ connected: true });
  }
  const message = `Connect your payments, with the code ${links.get(path)}`;
  const url = `http://127.0.0.1:${payments.address().port}${path}`;
  return inputRequired({
    inputRequests: { page: inputRequired.elicitUrl({ message, url }) },
    requestState: await codec.mint(path),
  });
}

const sdk = fs.readFileSync(require.resolve("@modelcontextprotocol/ext-apps/app-with-deps"), "utf8");
const inSdk = (name) => new RegExp(`([\\w$]+) as ${name}\\b`).exec(sdk)[1];

function page(title, style, draw) {
  return `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title><style>
    html { color-scheme: light dark; background: Canvas; color: CanvasText; font-family: sans-serif; }
    ${style}</style></head><body><div id="all"></div><script type="module">${sdk};
    const app = new ${inSdk("App")}({ name: "node-bakery", version: "4.0.0" }, {});
    const element = (tag, text, attributes = {}) => {
      const made = Object.assign(document.createElement(tag), { textContent: text });
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const show = ({ products }) => document.getElementById("all").replaceChildren(...products.map(${draw}));
    const wear = ({ theme }) => theme && ${inSdk("applyDocumentTheme")}(theme);
    app.ontoolresult = ({ structuredContent }) => show(structuredContent);
    app.onhostcontextchanged = wear;
    app.onteardown = () => ({});
    await app.connect();
    wear(app.getHostContext());
  </script></body></html>`;
}

const CHART = page(
  "Chart",
  "b { display: block; height: 1em; background: light-dark(#036, #9cf); } p { overflow-wrap: anywhere; }",
  `({ name, stock }, _, all) => {
    const row = element("p", name);
    const bar = element("b", "", { role: "img", "aria-label": name + " (" + stock + ")" });
    bar.style.width = (90 * stock) / Math.max(1, ...all.map((one) => one.stock)) + "%";
    row.append(bar);
    return row;
  }`,
);
const CATALOG = page(
  "Catalog",
  "article { padding: 8px; overflow-wrap: anywhere; }",
  `({ name, price_cents, stock }) => {
    const card = element("article", "");
    const button = element("button", "Buy");
    button.disabled = stock === 0;
    button.onclick = async () => {
      await app.callServerTool({ name: "buy_product", arguments: { product_name: name, quantity: 1 } });
      show((await app.callServerTool({ name: "list_products", arguments: {} })).structuredContent);
    };
    card.append(
      element("h3", name),
      element("span", "USD " + (price_cents / 100).toFixed(2) + ", "),
      element("em", stock > 0 ? "in stock" : "sold out"),
      button,
    );
    return card;
  }`,
);

function store() {
  const server = new McpServer(
    { name: "node-bakery", version: "4.0.0" },
    { requestState: { verify: codec.verify }, inputRequired: { maxRounds: 100 } },
  );
  const all = () => ({ products: [...shelf.values()] });
  const list = all().products;
  server.registerTool(
    "list_products",
    { description: "Lists everything the store sells.", outputSchema: Products, annotations: READS },
    () => structured(all()),
  );
  server.registerTool(
    "buy_product",
    { description: "Buys a product, if the user agrees.", inputSchema: Order, outputSchema: Receipt, annotations: CHANGES },
    buy,
  );
  for (const [tool, uri, html, text] of [
    ["show_inventory_chart", "ui://node-bakery/chart.html", CHART, ({ name, stock }) => `${name}: ${stock} left`],
    ["show_product_catalog", "ui://node-bakery/catalog.html", CATALOG, ({ name, price_cents }) => `${name}: ${dollars(price_cents)}`],
  ]) {
    const _meta = { ui: { resourceUri: uri } };
    server.registerTool(tool, { description: "Shows all products.", outputSchema: Products, annotations: READS, _meta }, () =>
      structured(all(), list.map(text).join("\n")),
    );
    server.registerResource(tool, uri, { mimeType: MIME_TYPE }, () => ({
      contents: [{ uri, mimeType: MIME_TYPE, text: html }],
    }));
  }
  server.registerTool(
    "bake",
    { description: "Bakes more of a product.", inputSchema: Order, outputSchema: Order, annotations: CHANGES },
    bake,
  );
  server.registerTool(
    "connect_payments",
    { description: "Connects the user's payments.", outputSchema: Connected, annotations: CHANGES },
    connect,
  );
  return server;
}

serveStdio(store);
