// The talk with the host. `flaws` has what is wrong with this page.
let sent = 0;
const answers = new Map();

function ask(method, params) {
  const id = `page-${++sent}`;
  parent.postMessage({ jsonrpc: "2.0", id, method, params }, "*");
  return new Promise((resolve) => answers.set(id, resolve));
}

function tell(method, params) {
  parent.postMessage({ jsonrpc: "2.0", method, params }, "*");
}

function follow(context) {
  if (flaws.has("ignores-theme") || flaws.has("dark-on-dark")) return;
  if (context?.theme) document.body.className = context.theme;
}

let drawn = false;
function show(products) {
  if (flaws.has("draws-only-first") && drawn) return;
  drawn = true;
  draw(products);
}

addEventListener("message", ({ source, data }) => {
  if (source !== parent) return;
  const { id, method, params, result } = data;
  if (answers.has(id)) answers.get(id)(result);
  if (method === "ui/notifications/tool-result") show(params.structuredContent.products);
  if (method === "ui/notifications/host-context-changed") follow(params);
  if (method === "ui/resource-teardown") parent.postMessage({ jsonrpc: "2.0", id, result: {} }, "*");
});

async function begin() {
  const appInfo = flaws.has("bad-introduction") ? { name: "bakery" } : { name: "bakery", version: "2" };
  const { hostContext } = await ask("ui/initialize", { appInfo, appCapabilities: {}, protocolVersion: "2026-01-26" });
  follow(hostContext);
  if (flaws.has("never-initializes")) return;
  tell("ui/notifications/initialized");
  const size = () => tell("ui/notifications/size-changed", { height: document.body.scrollHeight });
  if (flaws.has("tells-size-late")) setTimeout(size, 500);
  else if (!flaws.has("tells-no-size")) size();
  if (flaws.has("floods")) for (let times = 0; times < 2000; times++) tell("ui/notifications/size-changed", { height: times });
  if (flaws.has("goes-elsewhere")) location.assign("https://bakery.example/");
  if (flaws.has("probes-eval")) try { new Function(""); } catch {}
  if (flaws.has("loops-for-ever")) for (;;);
  if (flaws.has("loads-a-picture")) {
    const [logo, picture] = ["/logo.png", new Image()];
    picture.src = logo;
    document.body.append(picture);
  }
}
begin();
