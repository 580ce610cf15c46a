// A right store on the official SDK for TypeScript, for the checker to pass: stdio, on both
// revisions. `interop/store.py` is its twin in Python.

const { McpServer, ProtocolError, ProtocolErrorCode, ResourceTemplate, completable } = require("@modelcontextprotocol/server");
const { serveStdio } = require("@modelcontextprotocol/server/stdio");
const z = require("zod");

const shelf = new Map(
  [
    { name: "Pretzel", price_cents: 120, stock: 40 },
    { name: "Cinnamon roll", price_cents: 340, stock: 12 },
    { name: "Bûche de Noël", price_cents: 2800, stock: 20 },
  ].map((product) => [product.name, product]),
);
const occasions = ["anniversary", "birthday", "breakfast", "brunch", "picnic"];

const Products = z.object({
  products: z.array(z.object({ name: z.string(), price_cents: z.int(), stock: z.int() })),
});
const Receipt = z.object({
  product_name: z.string(),
  quantity: z.int(),
  total_cents: z.int(),
  remaining_stock: z.int(),
});
const READS = { readOnlyHint: true, openWorldHint: false };
const BUYS = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

const structured = (value) => ({
  structuredContent: value,
  content: [{ type: "text", text: JSON.stringify(value) }],
});
const refused = (text) => ({ isError: true, content: [{ type: "text", text }] });
const json = (uri, value) => ({
  contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify(value) }],
});

function search({ keyword = "", min_price_cents = 0, max_price_cents = Infinity }) {
  return [...shelf.values()].filter(
    ({ name, price_cents }) =>
      name.toLowerCase().includes(keyword.toLowerCase()) &&
      price_cents >= min_price_cents &&
      price_cents <= max_price_cents,
  );
}

function buy({ product_name, quantity }) {
  const product = shelf.get(product_name);
  if (!product) return refused(`There is no product ${product_name}. See list_products.`);
  if (quantity > product.stock) return refused(`Only ${product.stock} of ${product_name} left.`);
  product.stock -= quantity;
  const total_cents = product.price_cents * quantity;
  return structured({ product_name, quantity, total_cents, remaining_stock: product.stock });
}

function store() {
  const server = new McpServer(
    { name: "node-bakery", version: "3.0.0" },
    { instructions: "A bakery. Prices are in cents." },
  );
  server.registerTool(
    "list_products",
    { description: "Lists everything the store sells.", outputSchema: Products, annotations: READS },
    () => structured({ products: search({}) }),
  );
  server.registerTool(
    "buy_product",
    {
      description: "Buys a product and returns the receipt. Each call buys again.",
      inputSchema: z.object({
        product_name: z.string().describe("The product, by the name that list_products gives"),
        quantity: z.int().min(1).max(1000).describe("How many"),
      }),
      outputSchema: Receipt,
      annotations: BUYS,
    },
    buy,
  );
  server.registerTool(
    "search_products",
    {
      description: "Finds products by a part of their name, a price range, or both.",
      inputSchema: z.object({
        keyword: z.string().optional().describe("A part of the name, in any case"),
        min_price_cents: z.int().optional().describe("The lowest price, in cents"),
        max_price_cents: z.int().optional().describe("The highest price, in cents"),
      }),
      outputSchema: Products,
      annotations: READS,
    },
    (wanted) => structured({ products: search(wanted) }),
  );

  const mimeType = "application/json";
  server.registerResource("inventory", "store://inventory", { mimeType }, (uri) =>
    json(uri, { products: search({}) }),
  );
  server.registerResource(
    "product",
    new ResourceTemplate("store://products/{name}", { list: undefined }),
    { mimeType },
    (uri, { name }) => {
      const product = shelf.get(decodeURIComponent(name));
      if (!product) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no resource ${uri}.`);
      return json(uri, product);
    },
  );

  server.registerPrompt(
    "recommend",
    {
      description: "Asks for a recommendation from today's products.",
      argsSchema: z.object({
        occasion: completable(z.string(), (typed) =>
          occasions.filter((occasion) => occasion.startsWith(typed.toLowerCase())),
        ),
        budget_cents: z.string().regex(/^\d+$/).optional(),
      }),
    },
    ({ occasion, budget_cents }) => {
      const menu = search(budget_cents ? { max_price_cents: Number(budget_cents) } : {});
      const inStock = menu.filter(({ stock }) => stock > 0);
      const lines = inStock.map(({ name, price_cents }) => `- ${name}: ${price_cents} cents`);
      const text = `Recommend something for this occasion: ${occasion}. Choose from:\n${lines.join("\n")}`;
      return { messages: [{ role: "user", content: { type: "text", text } }] };
    },
  );
  return server;
}

serveStdio(store);
