/*
 * The page of `cargo checker play` as a person uses it, in a real browser: with the solution of
 * exercise 4, and with a server that does what no server should. Prints a line of JSON for each
 * check, `{"sentence", "seen"}` or `{"sentence", "wrong"}`.
 *
 *   node checks.cjs CHECKER BROWSER
 */
"use strict";

const path = require("node:path");
const { becomeSomebodyElse, fillIn, signIn, window } = require("./login.cjs");
const { PANEL, app, browser, call, choose, connected, era, open, over, play, structured } = require("./host.cjs");

const [, , CHECKER, BROWSER] = process.argv;

/** The page of the checks that follow. */
let current;

/** No check finds the dialogs of another one. */
async function closeDialogs() {
  const dialogs = current?.locator("dialog");
  for (let tries = 0; tries < 20 && (await dialogs?.count()) > 0; tries++) {
    await current.keyboard.press("Escape");
    await current.waitForTimeout(100);
  }
}

async function check(sentence, doing) {
  let told;
  try {
    told = { sentence, seen: await doing() };
  } catch (error) {
    told = { sentence, wrong: String(error?.message ?? error).slice(0, 1500) };
    await closeDialogs();
  }
  console.log(JSON.stringify(told));
}

function must(is, words) {
  if (!is) throw new Error(words);
}

/** How many of a product the chart says there are. */
async function drawn(page, product) {
  await call(page, "show_inventory_chart");
  await over(page);
  const bar = app(page).locator(`[role="img"][aria-label*="${product}"]`);
  await bar.waitFor();
  return Number(/\d+/.exec(await bar.getAttribute("aria-label"))[0]);
}

async function asked(page) {
  const dialog = page.locator("dialog");
  await dialog.waitFor();
  return dialog;
}

/** Buys two, and gives what came of it. */
async function buys(page) {
  const before = await drawn(page, "Croissant");
  await call(page, "buy_product", { product_name: "Croissant", quantity: 2 });
  const dialog = await asked(page);
  const message = await dialog.locator(".message").innerText();
  must(/2 .*Croissant/.test(message), message);
  must(!(await dialog.getByRole("checkbox").isChecked()), "it confirms by itself");
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Accept" }).click();
  await over(page);
  const { remaining_stock: left } = await structured(page);
  must(left === before - 2, `${before}, then ${left}`);
  const after = await drawn(page, "Croissant");
  must(after === left, `the chart has ${after}, the receipt ${left}`);
  return `the chart goes from ${before} to ${after}`;
}

async function declines(page) {
  const said = [];
  for (const answer of ["Decline", "Close without an answer"]) {
    await call(page, "buy_product", { product_name: "Croissant", quantity: 1 });
    const dialog = await asked(page);
    await dialog.getByRole("button", { name: answer }).click();
    await over(page);
    const text = await page.locator(`${PANEL} .text-part`).innerText();
    must(/Nothing was bought/.test(text), text);
    said.push(text.replace(/^TEXT\s*/i, ""));
  }
  return said.join(" ");
}

async function cancels(page) {
  await call(page, "bake", { product_name: "Croissant", quantity: 50 });
  const bar = page.locator(`${PANEL} .progress progress`);
  await bar.waitFor().catch(async () => {
    throw new Error(`no progress is shown: ${await page.locator(`${PANEL} .status`).innerText()}`);
  });
  await page.waitForFunction((panel) => Number(document.querySelector(`${panel} .progress progress`)?.value) >= 2, PANEL);
  await page.locator(PANEL).getByRole("button", { name: "Cancel" }).click();
  const status = await over(page, "cancelled");
  const after = await drawn(page, "Croissant");
  must(after < 60, `${after} croissants`);
  return status.replace(/\s*\n\s*/g, ", ");
}

/** Is sent to a page, and finishes it. */
async function connects(page) {
  await call(page, "connect_payments");
  const dialog = await asked(page);
  const [, code] = /code (\w[\w-]*)/.exec(await dialog.locator(".message").innerText());
  const host = await dialog.locator(".address strong").innerText();
  const opened = page.context().waitForEvent("page");
  await dialog.getByRole("button", { name: "Open the page" }).click();
  const popup = await opened;
  await popup.getByRole("textbox").fill(code);
  await popup.keyboard.press("Enter");
  await popup.getByRole("textbox").waitFor({ state: "detached" });
  await popup.close();
  await page.bringToFront();
  await over(page);
  const { connected: isConnected } = await structured(page);
  must(isConnected === true, "it is not connected");
  return `a page of ${host.split(":")[0]}, with the code ${code.replace(/\w/g, "x")}`;
}

async function wire(page) {
  await page.getByRole("searchbox", { name: "Filter messages by text" }).fill("you called bake");
  const rows = page.locator(".messages li:visible");
  const count = await rows.count();
  must(count >= 1 && count < 20, `${count} rows`);
  const row = rows.filter({ hasText: "tools/call" }).last();
  await row.getByRole("button").click();
  const body = row.locator(".body pre");
  await body.waitFor();
  const message = JSON.parse(await body.innerText());
  must(message.method === "tools/call" && message.params.name === "bake", JSON.stringify(message));
  await page.getByRole("searchbox").fill("");
  await page.getByLabel("Kind of message").selectOption("notification");
  must((await page.locator(".messages li:not([hidden]) .what").allTextContents()).every((text) => text.startsWith("notifications/")), "the filter lets others through");
  await page.getByLabel("Kind of message").selectOption("");
  return "all of a message, by text and by kind";
}

async function byKeyboard(page) {
  const { keyboard } = page;
  await page.locator('.entry[data-name="buy_product"]').focus();
  await keyboard.press("Enter");
  // From the list on to the form, as it comes.
  const isAt = (label) => page.evaluate((label) => document.activeElement?.labels?.[0]?.textContent === label, label);
  for (let presses = 0; presses < 40 && !(await isAt("product_name")); presses++) await keyboard.press("Tab");
  must(await isAt("product_name"), "Tab does not lead to the form");
  await keyboard.press("ControlOrMeta+A");
  await keyboard.type("Croissant");
  await keyboard.press("Tab");
  await keyboard.press("ControlOrMeta+A");
  await keyboard.type("1");
  await keyboard.press("Enter");
  const dialog = await asked(page);
  // The first field has the focus.
  await keyboard.press("Space");
  await keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await over(page);
  const { quantity } = await structured(page);
  must(quantity === 1, String(quantity));
  await keyboard.press("Shift+Tab");
  return "one croissant, by Tab, Space and Enter";
}

async function narrow(page) {
  await page.setViewportSize({ width: 400, height: 800 });
  for (const name of ["buy_product", "bake_all", "show_product_catalog"]) {
    await page.locator("#offers summary").click();
    await choose(page, name);
    if (name === "show_product_catalog") {
      await page.locator(PANEL).getByRole("button", { name: "Call", exact: true }).click();
      await over(page);
      await app(page).locator("article").first().waitFor();
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    must(wide <= 400, `${name} is ${wide} wide`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return "nothing is wider than 400 pixels";
}

async function buysInTheApp(page, sandbox) {
  await page.locator("#client-menu summary").click();
  await page.locator(`input[name="sandbox"][value="${sandbox}"]`).check({ force: true });
  await page.keyboard.press("Escape");
  await call(page, "show_product_catalog");
  await over(page);
  await app(page).getByRole("button", { name: "Buy one Sourdough loaf" }).click();
  const dialog = await asked(page);
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Accept" }).click();
  await app(page).getByText("You bought one Sourdough loaf.").waitFor();
  const origin = await app(page).locator("html").evaluate(() => self.origin);
  must((origin === "null") === (sandbox === "opaque"), `the origin is ${origin}`);
  const notes = await page.locator(`${PANEL} .app:not(.leaving) .notes`).innerText();
  must(notes === "", notes);
  return `in an App on ${origin === "null" ? "no origin" : "an origin of its own"}`;
}

async function dresses(page) {
  await call(page, "show_inventory_chart");
  await over(page);
  const background = () => app(page).locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForTimeout(300);
  const dark = await background();
  await page.emulateMedia({ colorScheme: "light" });
  must(light !== dark, light);
  return `${light}, ${dark}`;
}

async function withTheStore(aBrowser) {
  // Over HTTP, built and started as an attendee's own is.
  const { url, stop } = await play(CHECKER, ["ex4", "--solution"], { STORE_BAKE_SECONDS: "0.3" });
  let shown;
  await check("the page is there", async () => {
    shown = await open(aBrowser, url);
    const ms = await shown.page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    return `first drawn after ${Math.round(ms)} ms`;
  });
  const { page, wrong, hosts, context } = shown;
  current = page;
  for (const [value, name] of [["modern", "2026-07-28"], ["legacy", "2025-11-25"]]) {
    if (value === "legacy") await check("another era reconnects", () => era(page, value).then(() => name));
    await check(`${name}: a purchase is confirmed, and the chart changes`, () => buys(page));
    await check(`${name}: declined or closed, nothing is bought`, () => declines(page));
    await check(`${name}: a bake shows its progress and is cancelled`, () => cancels(page));
    await check(`${name}: the user is sent to a page, and back`, () => connects(page));
    await check(`${name}: the wire says what each message is for`, () => wire(page));
  }
  await check("a purchase by keyboard alone", () => byKeyboard(page));
  await check("the button of an App buys, after a question", () => buysInTheApp(page, "own"));
  await check("the same where only one port is forwarded", () => buysInTheApp(page, "opaque"));
  await check("an App follows the theme", () => dresses(page));
  await check("a narrow window", () => narrow(page));
  await check("no error in the console", async () => {
    must(wrong.length === 0, wrong.join("\n"));
    return "none";
  });
  await check("no request to another host", async () => {
    const others = [...hosts].filter((host) => !/^(127\.0\.0\.1|localhost):\d+$/.test(host));
    must(others.length === 0, others.join(", "));
    return [...hosts].join(", ");
  });
  await context.close();
  await stop();
}

async function escapes(page, sandbox) {
  await page.locator("#client-menu summary").click();
  await page.locator(`input[name="sandbox"][value="${sandbox}"]`).check({ force: true });
  await page.keyboard.press("Escape");
  const url = page.url();
  await call(page, "show_escapes");
  await over(page);
  const tried = app(page).locator("li");
  await app(page).getByText("call a tool that is not for Apps").waitFor();
  const said = await tried.allInnerTexts();
  const worked = said.filter((line) => line.includes("it worked"));
  must(worked.length === 0, worked.join(", "));
  const notes = page.locator(`${PANEL} .app:not(.leaving) .notes`);
  await notes.getByText("on purpose").waitFor();
  await notes.getByText("connect-src").first().waitFor();
  await page.waitForTimeout(1200);
  must(page.url() === url && page.context().pages().length === 1, "the page has left");
  return `${said.length} attempts are refused, its error and what was blocked are listed`;
}

async function withANastyServer(aBrowser) {
  const nasty = path.join(__dirname, "nasty.cjs");
  const { url, stop } = await play(CHECKER, ["--command", `"${process.execPath}" "${nasty}"`]);
  const { page, hosts, context } = await open(aBrowser, url);
  current = page;
  const cancel = () => page.locator(PANEL).getByRole("button", { name: "Cancel" }).click();
  await check("a tool that hangs is cancelled", async () => {
    await call(page, "hang");
    await cancel();
    return over(page, "cancelled").then((status) => status.split("\n")[0]);
  });
  await check("a flood of notifications leaves the page alive", async () => {
    await call(page, "flood");
    await over(page);
    return page.locator("#side .hint").first().innerText();
  });
  await check("a result of 14 MB is shown in part", async () => {
    await call(page, "send_much");
    await over(page);
    await page.locator(`${PANEL} .text-part`).getByText("which are not drawn").waitFor();
    return "cut, and said so";
  });
  await check("HTML from the server is text", async () => {
    await call(page, "print");
    await over(page);
    must((await page.locator("main b, main script, .text-part img").count()) === 0, "it was drawn");
    return page.locator(`${PANEL} .text-part pre`).innerText();
  });
  await check("a question that is not allowed is shown as JSON", async () => {
    await call(page, "ask_nested");
    const dialog = await asked(page);
    await dialog.getByRole("textbox").fill('{"address":{"street":"x"}}');
    await dialog.getByRole("button", { name: "Accept" }).click();
    await over(page);
    return "and answered";
  });
  await check("what a task wants to know is asked, and the task goes on", async () => {
    await call(page, "ask_in_a_task");
    const dialog = await asked(page);
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("button", { name: "Accept" }).click();
    await over(page);
    const said = await page.locator(`${PANEL} .text-part pre`).innerText();
    must(JSON.parse(said).content.yes === true, said);
    return said;
  });
  await check("no script is opened as a page", async () => {
    await call(page, "ask_script");
    const dialog = await asked(page);
    must((await dialog.getByRole("button", { name: "Open the page" }).count()) === 0, "it could be opened");
    await dialog.getByRole("button", { name: "Decline" }).click();
    await over(page);
    return "it is no address of a web page";
  });
  await check("one that asks for ever is stopped after ten questions", async () => {
    await call(page, "ask_forever");
    for (let number = 1; number <= 10; number++) {
      const title = number === 1 ? /asks$/ : new RegExp(`question ${number}\\)`);
      const dialog = page.locator("dialog", { has: page.getByRole("heading", { name: title }) });
      await dialog.getByRole("button", { name: "Accept" }).click();
    }
    await page.locator("dialog").getByRole("button", { name: "Stop the call" }).click();
    return over(page, "cancelled").then((status) => status.split("\n").at(-1));
  });
  for (const sandbox of ["own", "opaque"]) {
    await check(`an App does not get out of its frame (${sandbox} origin)`, () => escapes(page, sandbox));
    await check(`an App that floods is put away (${sandbox} origin)`, async () => {
      await call(page, "show_floods");
      await page.locator(`${PANEL} .app:not(.leaving) .notes`).getByText("it was closed").waitFor();
      return "and it is said";
    });
  }
  await check("an App is waited for when it says goodbye", async () => {
    await call(page, "show_goodbye");
    await app(page).getByText("here").waitFor();
    await page.waitForTimeout(300);
    await call(page, "show_goodbye");
    await page.locator(".messages .for", { hasText: "the App called for_apps_only" }).first().waitFor();
    return "its last call arrives";
  });
  await check("an App of 8 MB is refused", async () => {
    await call(page, "show_large");
    const said = page.locator(`${PANEL} .app-part .wrong`);
    await said.waitFor();
    return said.innerText();
  });
  await check("a server that dies says its last words, and starts again", async () => {
    await call(page, "die");
    const banner = page.locator("#banner");
    await banner.getByText("the last words").waitFor();
    await banner.getByRole("button", { name: "Restart it" }).click();
    await connected(page);
    return "connected again";
  });
  await check("nobody phoned home", async () => {
    const others = [...hosts].filter((host) => !/^(127\.0\.0\.1|localhost):\d+$/.test(host));
    must(others.length === 0, others.join(", "));
    return "no request to another host";
  });
  await context.close();
  await stop();
}

async function withALogin(aBrowser) {
  const { url, stop } = await play(CHECKER, ["ex5", "--solution"]);
  const { page, wrong, context } = await open(aBrowser, url, { connects: false });
  current = page;
  const orders = async () => {
    await call(page, "my_orders");
    await over(page);
    return (await structured(page)).orders;
  };
  await check("a server that asks for a token has its person sign in", async () => {
    await page.locator("#banner").getByText("wants to know who you are").waitFor();
    await signIn(page, "alice");
    return page.locator("#user span").innerText();
  });
  await check("what is bought is bought by who has signed in", async () => {
    await call(page, "buy_product", { product_name: "Croissant", quantity: 1 });
    const dialog = await asked(page);
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("button", { name: "Accept" }).click();
    await over(page);
    const { buyer } = await structured(page);
    must(buyer === "alice", buyer);
    const mine = await orders();
    must(mine.length === 1, JSON.stringify(mine));
    return `the receipt names ${buyer}`;
  });
  await check("somebody else signs in, and sees nothing of it", async () => {
    await becomeSomebodyElse(page, "bob");
    const mine = await orders();
    must(mine.length === 0, JSON.stringify(mine));
    return page.locator("#user span").innerText();
  });
  await check("signed out, the server asks again; a login that is refused is said", async () => {
    await page.locator("#user").getByRole("button", { name: "Sign out" }).click();
    await page.locator("#banner").getByText("wants to know who you are").waitFor();
    const login = await window(page, () => page.locator("#banner").getByRole("button", { name: "Sign in" }).click());
    await login.locator('[name="cancel"]').click();
    await login.getByText("You are not signed in").waitFor();
    await login.close();
    const notice = page.locator(".notice", { hasText: "access_denied" });
    await notice.waitFor();
    return notice.innerText();
  });
  await check("no token is on the wire that the page shows", async () => {
    const shown = await page.locator("#side").innerText();
    must(!/eyJ[\w-]{20}/.test(shown), "a token");
    must(/\.well-known\/oauth-protected-resource/.test(shown), "the login is not on it");
    return "and the login is, with each request";
  });
  await check("nothing went wrong on the page meanwhile", async () => {
    const others = wrong.filter((words) => !/401/.test(words));
    must(others.length === 0, others.join("\n"));
    return "no error";
  });
  await context.close();
  await stop();
}

(async () => {
  const aBrowser = await browser(BROWSER);
  try {
    await withTheStore(aBrowser);
    await withALogin(aBrowser);
    await withANastyServer(aBrowser);
  } finally {
    await aBrowser.close();
  }
})().catch((error) => {
  console.log(JSON.stringify({ sentence: "the checks run to their end", wrong: String(error?.stack ?? error) }));
  process.exit(1);
});
