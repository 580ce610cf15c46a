// Serves the host page, the modules that it imports, and the sandbox page on another origin: to a
// browser, `localhost` is not `127.0.0.1`.

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

// What a page gets that declares nothing (MCP Apps, 2026-01-26).
const POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; media-src 'self' data:; connect-src 'none'; frame-src 'none'; object-src 'none'; base-uri 'self'";

// The modules that AppBridge imports, by the names that it has for them. A bundler would find the same.
const MODULES = {
  "@modelcontextprotocol/ext-apps/app-bridge": "@modelcontextprotocol/ext-apps/dist/src/app-bridge.js",
  "@modelcontextprotocol/client": "@modelcontextprotocol/client/dist/index.mjs",
  "@modelcontextprotocol/client/_shims": "@modelcontextprotocol/client/dist/shimsBrowser.mjs",
  "@modelcontextprotocol/core": "@modelcontextprotocol/core/dist/index.mjs",
  "@modelcontextprotocol/core/internal": "@modelcontextprotocol/core/dist/internal.mjs",
  "zod/v4": "zod/v4/index.js",
  "pkce-challenge": "pkce-challenge/dist/index.browser.js",
  eventsource: "eventsource/dist/index.js",
  "eventsource-parser": "eventsource-parser/dist/index.js",
  "eventsource-parser/stream": "eventsource-parser/dist/stream.js",
  jose: "jose/dist/webapi/index.js",
};

const MIME_TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html" };

function listen(handler) {
  const server = http.createServer(handler);
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

/** Gives the address of the host page, and both origins. */
exports.serve = async function (modules) {
  const page = (name) => fs.readFileSync(path.join(__dirname, name), "utf8");
  const send = (response, type, body, headers = {}) =>
    response.writeHead(200, { "content-type": `${type}; charset=utf-8`, ...headers }).end(body);

  const sandbox = await listen((request, response) => {
    send(response, "text/html", page("sandbox.html"), { "content-security-policy": POLICY });
  });
  const sandboxOrigin = `http://localhost:${sandbox.address().port}`;

  const imports = Object.fromEntries(
    Object.entries(MODULES).map(([name, file]) => [name, `/modules/${file}`]),
  );
  const hostPage = page("host.html")
    .replace("IMPORTS", JSON.stringify(imports))
    .replace("SANDBOX_URL", `${sandboxOrigin}/sandbox.html`);
  const host = await listen((request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    if (pathname === "/") return send(response, "text/html", hostPage);
    const file = path.join(modules, path.normalize(pathname.replace(/^\/modules\//, "/")));
    fs.readFile(file, (error, body) => {
      if (error) return response.writeHead(404).end();
      send(response, MIME_TYPES[path.extname(file)] ?? "application/octet-stream", body);
    });
  });
  return { url: `http://127.0.0.1:${host.address().port}/`, origins: [`http://127.0.0.1:${host.address().port}`, sandboxOrigin] };
};
