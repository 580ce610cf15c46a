// Tests the store of the guide *From the TypeScript SDK to rmcp*, `guide.cjs`, on both revisions.
//
// Prints a line of JSON for each check.

const assert = require("node:assert/strict");
const path = require("node:path");
const { Client, InMemoryTransport, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");
const { SignJWT, exportJWK, generateKeyPair } = require("jose");
const { fetchHandler, protectedBy, serveHttp, store } = require("./guide.cjs");

const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";

// ANCHOR: test
async function aPurchase() {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await store().connect(theirs);
  const capabilities = { elicitation: {} };
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities });
  client.setRequestHandler("elicitation/create", () => ({
    action: "accept",
    content: { confirm: true },
  }));
  await client.connect(ours);
  const order = { product_name: "Pretzel", quantity: 2 };
  const receipt = await client.callTool({ name: "buy_product", arguments: order });
  assert.equal(receipt.structuredContent.total_cents, 240);
}
// ANCHOR_END: test

/** A client on this revision, whose user gives this answer. */
async function connected(transport, revision, answer) {
  const mode = revision === MODERN ? { pin: MODERN } : "legacy";
  const capabilities = answer ? { elicitation: {} } : {};
  const client = new Client({ name: "test", version: "1" }, { capabilities, versionNegotiation: { mode } });
  if (answer) client.setRequestHandler("elicitation/create", () => answer);
  await client.connect(transport);
  return client;
}

const yes = { action: "accept", content: { confirm: true } };
const stdio = () =>
  new StdioClientTransport({
    command: process.execPath,
    args: [path.join(__dirname, "guide.cjs"), "--stdio"],
    env: process.env,
  });
const buy = (client, quantity) =>
  client.callTool({ name: "buy_product", arguments: { product_name: "Pretzel", quantity } });

const CHECKS = {
  "the test that the guide shows passes": async () => {
    await aPurchase();
    return "2 pretzels are 240 cents";
  },

  "over stdio, a user who agrees gets a receipt, and one who does not gets none": async (revision) => {
    const client = await connected(stdio(), revision, yes);
    const { structuredContent } = await buy(client, 3);
    assert.deepEqual(structuredContent, { product_name: "Pretzel", quantity: 3, total_cents: 360, buyer: "you" });
    const tooMany = await buy(client, 900);
    assert.match(tooMany.content[0].text, /Only 37 left/);
    await client.close();
    const other = await connected(stdio(), revision, { action: "decline" });
    const declined = await buy(other, 1);
    assert.ok(declined.isError);
    await other.close();
    return declined.content[0].text;
  },

  "baking reports its progress": async (revision) => {
    const client = await connected(stdio(), revision);
    const seen = [];
    const onprogress = ({ progress, total }) => seen.push([progress, total]);
    await client.callTool({ name: "bake", arguments: { product_name: "Pretzel", quantity: 3 } }, { onprogress });
    await client.close();
    assert.deepEqual(seen, [[1, 3], [2, 3], [3, 3]]);
    return `${seen.length} notifications`;
  },

  "the inventory, the page and the prompt are there": async (revision) => {
    const client = await connected(stdio(), revision);
    const inventory = await client.readResource({ uri: "store://inventory" });
    assert.match(inventory.contents[0].text, /Pretzel/);
    const page = await client.readResource({ uri: "ui://store/inventory.html" });
    assert.equal(page.contents[0].mimeType, "text/html;profile=mcp-app");
    const wish = { occasion: "brunch", budget_cents: "200" };
    const prompt = await client.getPrompt({ name: "recommend", arguments: wish });
    await client.close();
    const { text } = prompt.messages[0].content;
    assert.ok(text.includes("Pretzel") && !text.includes("Noël"), text);
    return text;
  },

  "over HTTP, only a good token gets in, and the receipt names its user": async (revision) => {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }] };
    const realm = serveHttp(async () => Response.json(jwks), 0);
    await new Promise((done) => realm.on("listening", done));
    const issuer = `http://127.0.0.1:${realm.address().port}`;
    const server = serveHttp(fetchHandler(protectedBy(issuer, "http://127.0.0.1:8420/mcp")), 0);
    await new Promise((done) => server.on("listening", done));
    const url = `http://127.0.0.1:${server.address().port}/mcp`;

    const good = { aud: "product-store", iss: issuer, scope: "mcp:access", preferred_username: "alice" };
    const token = ({ exp = "5m", ...changes }) =>
      new SignJWT({ ...good, ...changes })
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setExpirationTime(exp)
        .sign(privateKey);
    const knock = async (headers) => (await fetch(url, { method: "POST", headers, body: "{}" })).status;
    const bearer = async (changes) => knock({ authorization: `Bearer ${await token(changes)}` });

    const nobody = await fetch(url, { method: "POST", body: "{}" });
    assert.equal(nobody.status, 401);
    assert.match(nobody.headers.get("www-authenticate"), /resource_metadata=/);
    assert.equal(await bearer({ aud: "another-store" }), 401);
    assert.equal(await bearer({ iss: "http://127.0.0.1/another" }), 401);
    assert.equal(await bearer({ exp: "-1m" }), 401);
    assert.equal(await bearer({ scope: "mcp:accessories" }), 403);
    // What the store of exercise 5 refuses, and this does not.
    assert.ok(![401, 403].includes(await bearer({ typ: "ID" })));
    assert.equal(await knock({ origin: "https://example.com" }), 403);

    const requestInit = { headers: { authorization: `Bearer ${await token({})}` } };
    const client = await connected(new StreamableHTTPClientTransport(new URL(url), { requestInit }), revision, yes);
    const receipt = await buy(client, 1);
    await client.close();
    server.close();
    realm.close();
    // On the older revision `createMcpHandler` keeps no sessions, so the answer never finds its question.
    if (revision === LEGACY) {
      assert.ok(receipt.isError, JSON.stringify(receipt));
      return receipt.content[0].text;
    }
    assert.equal(receipt.structuredContent.buyer, "alice");
    return receipt.structuredContent.buyer;
  },

  "the guide's tables are right about the SDK": async (revision) => {
    const { McpServer, createMcpHandler } = require("@modelcontextprotocol/server");
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: "habits", version: "1" });
      server.registerTool("fail", { description: "Fails." }, () => {
        throw new Error("a secret");
      });
      return server;
    });
    const fetch = (url, init) => handler.fetch(new Request(url, init));
    const transport = new StreamableHTTPClientTransport(new URL("http://127.0.0.1/mcp"), { fetch });
    const habits = await connected(transport, revision);
    const failed = await habits.callTool({ name: "fail" });
    assert.ok(failed.isError && failed.content[0].text === "a secret", JSON.stringify(failed));
    await assert.rejects(habits.callTool({ name: "succeed" }), { code: -32602 });
    await habits.close();
    const client = await connected(stdio(), revision, yes);
    for (const quantity of ["2", 0]) {
      const { isError, content } = await buy(client, quantity);
      assert.ok(isError && content[0].text.includes("quantity"), JSON.stringify(content));
    }
    await client.close();
    return failed.content[0].text;
  },
};

async function main() {
  for (const revision of [MODERN, LEGACY]) {
    for (const [check, prove] of Object.entries(CHECKS)) {
      try {
        console.log(JSON.stringify({ check: `${revision}: ${check}`, seen: await prove(revision) }));
      } catch (error) {
        console.log(JSON.stringify({ check: `${revision}: ${check}`, failed: String(error.stack ?? error) }));
      }
    }
  }
  process.exit();
}

main();
