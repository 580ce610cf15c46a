// The store of the guide *From the TypeScript SDK to rmcp*: HTTP on STORE_PORT, or stdio with --stdio.
//
// The guide shows parts of it beside the same parts in Rust. `guide_test.cjs` tests it.

const { randomBytes, randomUUID } = require("node:crypto");
const http = require("node:http");
const { Readable } = require("node:stream");
const { setTimeout: pause } = require("node:timers/promises");
const {
  McpServer,
  OAuthError,
  OAuthErrorCode,
  acceptedContent,
  createMcpHandler,
  createRequestStateCodec,
  getOAuthProtectedResourceMetadataUrl,
  hostHeaderValidationResponse,
  inputRequired,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
  requireBearerAuth,
} = require("@modelcontextprotocol/server");
const { serveStdio } = require("@modelcontextprotocol/server/stdio");
const { createRemoteJWKSet, jwtVerify } = require("jose");
const z = require("zod");

const READS = { readOnlyHint: true, openWorldHint: false };
const PAGE = `<!doctype html><title>Stock</title><p>A host shows this page.</p>`;

// ANCHOR: state
// Outside the factory: every request has a server of its own.
const shelf = new Map(
  [
    { name: "Pretzel", price_cents: 120, stock: 40 },
    { name: "Bûche de Noël", price_cents: 2800, stock: 20 },
  ].map((product) => [product.name, product]),
);
// ANCHOR_END: state

// ANCHOR: result
const Product = z.object({ name: z.string(), price_cents: z.int(), stock: z.int() });
const Products = z.object({ products: z.array(Product) });

const structured = (structuredContent) => ({
  structuredContent,
  content: [{ type: "text", text: JSON.stringify(structuredContent) }],
});
const refused = (text) => ({ isError: true, content: [{ type: "text", text }] });
const listProducts = () => structured({ products: [...shelf.values()] });
// ANCHOR_END: result

// ANCHOR: order
const Order = z.object({
  product_name: z.string().describe("The product to buy"),
  quantity: z.int().min(1).max(1000).describe("How many to buy"),
});
// ANCHOR_END: order
const Receipt = z.object({ ...Order.shape, total_cents: z.int(), buyer: z.string() });

// ANCHOR: ask
const Confirmation = z.object({ confirm: z.boolean().describe("Yes, buy it") });
// The codec signs the state. What it is about, and that it is used once, is up to you.
const codec = createRequestStateCodec({ key: randomBytes(32), ttlSeconds: 300 });
const spent = new Set();

async function buy({ product_name, quantity }, { mcpReq, http }) {
  const product = shelf.get(product_name);
  if (!product) return refused(`There is no product ${product_name}. See list_products.`);
  const total_cents = product.price_cents * quantity;

  const asked = mcpReq.requestState();
  if (asked === undefined) {
    const message = `Buy ${quantity} × ${product_name} for ${total_cents} cents?`;
    return inputRequired({
      inputRequests: { confirm: inputRequired.elicit({ message, requestedSchema: Confirmation }) },
      requestState: await codec.mint({ id: randomUUID(), product_name, quantity }),
    });
  }
  const isOther = asked.product_name !== product_name || asked.quantity !== quantity;
  if (isOther || spent.has(asked.id)) return refused("Nothing was bought: ask again.");
  spent.add(asked.id);
  if (!acceptedContent(mcpReq.inputResponses, "confirm", Confirmation)?.confirm) {
    return refused("Nothing was bought: the user did not confirm it.");
  }
  if (quantity > product.stock) return refused(`Only ${product.stock} left.`);
  product.stock -= quantity;
  const buyer = http?.authInfo?.extra.name ?? "you";
  return structured({ product_name, quantity, total_cents, buyer });
}
// ANCHOR_END: ask

// ANCHOR: progress
async function bake({ product_name, quantity }, { mcpReq }) {
  const product = shelf.get(product_name);
  if (!product) return refused(`There is no product ${product_name}. See list_products.`);
  const progressToken = mcpReq._meta?.progressToken;
  for (let progress = 1; progress <= quantity; progress++) {
    await pause(50);
    if (mcpReq.signal.aborted) return refused("The oven was turned off.");
    product.stock += 1;
    if (progressToken !== undefined) {
      const params = { progressToken, progress, total: quantity };
      await mcpReq.notify({ method: "notifications/progress", params });
    }
  }
  return structured(product);
}
// ANCHOR_END: progress

// ANCHOR: server
function store() {
  const server = new McpServer(
    { name: "node-bakery", version: "1.0.0" },
    { requestState: { verify: codec.verify } },
  );
  // ANCHOR_END: server
  // ANCHOR: tool
  server.registerTool(
    "list_products",
    {
      description: "Lists everything the store sells, with prices in cents and how many are left.",
      outputSchema: Products,
      annotations: READS,
    },
    listProducts,
  );
  // ANCHOR_END: tool
  // ANCHOR: buy
  server.registerTool(
    "buy_product",
    {
      description: "Buys a product, after asking the user, and returns the receipt.",
      inputSchema: Order,
      outputSchema: Receipt,
    },
    buy,
  );
  // ANCHOR_END: buy
  server.registerTool(
    "bake",
    { description: "Bakes more of a product.", inputSchema: Order, outputSchema: Product },
    bake,
  );
  // ANCHOR: resource
  const mimeType = "application/json";
  server.registerResource("inventory", "store://inventory", { mimeType }, (uri) => ({
    contents: [{ uri: uri.href, mimeType, text: listProducts().content[0].text }],
  }));
  // ANCHOR_END: resource
  // ANCHOR: prompt
  server.registerPrompt(
    "recommend",
    {
      description: "Asks for a recommendation from today's products.",
      argsSchema: z.object({ occasion: z.string(), budget_cents: z.string().optional() }),
    },
    ({ occasion, budget_cents = "Infinity" }) => {
      const affordable = [...shelf.values()].filter((one) => one.price_cents <= Number(budget_cents));
      const names = affordable.map((one) => one.name).join(", ");
      const text = `Recommend something for this occasion: ${occasion}. Choose from: ${names}.`;
      return { messages: [{ role: "user", content: { type: "text", text } }] };
    },
  );
  // ANCHOR_END: prompt
  // ANCHOR: app
  const uri = "ui://store/inventory.html";
  const page = "text/html;profile=mcp-app";
  server.registerTool(
    "show_inventory_chart",
    {
      description: "Shows what is in stock.",
      outputSchema: Products,
      annotations: READS,
      _meta: { ui: { resourceUri: uri } },
    },
    listProducts,
  );
  server.registerResource("chart", uri, { mimeType: page }, () => ({
    contents: [{ uri, mimeType: page, text: PAGE }],
  }));
  // ANCHOR_END: app
  return server;
}

// ANCHOR: auth
/** Lets in who has a token that the realm signed for this store. */
function protectedBy(realm, url) {
  const keys = createRemoteJWKSet(new URL(`${realm}/protocol/openid-connect/certs`));
  const rules = {
    issuer: realm,
    audience: "product-store",
    algorithms: ["RS256"],
    requiredClaims: ["exp"],
  };
  const verifyAccessToken = async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, rules);
      const { azp: clientId = "", scope = "", exp: expiresAt, preferred_username: name } = payload;
      return { token, clientId, scopes: scope.split(" "), expiresAt, extra: { name } };
    } catch (error) {
      throw new OAuthError(OAuthErrorCode.InvalidToken, error.message);
    }
  };
  return requireBearerAuth({
    verifier: { verifyAccessToken },
    requiredScopes: ["mcp:access"],
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(new URL(url)),
  });
}
// ANCHOR_END: auth

// ANCHOR: fetch
/** Answers requests, whatever the runtime: `gate` is what `protectedBy` returns. */
function fetchHandler(gate = async () => undefined) {
  const handler = createMcpHandler(store);
  return async (request) => {
    const foreign =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins());
    if (foreign) return foreign;
    const authInfo = await gate(request);
    return authInfo instanceof Response ? authInfo : handler.fetch(request, { authInfo });
  };
}
// ANCHOR_END: fetch

/** `fetch` behind Node's own HTTP server. The package `@modelcontextprotocol/node` has this, too. */
function serveHttp(fetch, port) {
  return http
    .createServer(async (incoming, outgoing) => {
      const { method, headers, url } = incoming;
      const gone = new AbortController();
      outgoing.on("close", () => gone.abort());
      const body = ["GET", "HEAD"].includes(method) ? undefined : Readable.toWeb(incoming);
      const init = { method, headers, body, duplex: "half", signal: gone.signal };
      const response = await fetch(new Request(`http://${headers.host}${url}`, init));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      if (response.body) Readable.fromWeb(response.body).on("error", () => outgoing.destroy()).pipe(outgoing);
      else outgoing.end();
    })
    .listen(port, "127.0.0.1");
}

module.exports = { fetchHandler, protectedBy, serveHttp, store };

if (require.main === module) {
  const { REALM_URL, STORE_PORT = "8420" } = process.env;
  // ANCHOR: run
  if (process.argv.includes("--stdio")) {
    serveStdio(store);
  } else {
    const gate = REALM_URL && protectedBy(REALM_URL, `http://127.0.0.1:${STORE_PORT}/mcp`);
    serveHttp(fetchHandler(gate || undefined), Number(STORE_PORT));
  }
  // ANCHOR_END: run
}
