/*
 * The pictures of the book and of README.md: the two pages of exercise 4, `play` around them, the realm's pages for
 * login and consent, and what the checker says of a step, light and dark.
 *
 *   node pictures.cjs CHECKER BROWSER FOLDER
 */
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { PANEL, app, browser, call, open, over, play } = require("./host.cjs");
const { fillIn, window } = require("./login.cjs");

const [, , CHECKER, BROWSER, FOLDER] = process.argv;

/** Writes a picture, as WebP: a third of a PNG's size. */
async function write(page, name, png, quality = png.length > 100_000 ? 0.7 : 0.86) {
  const webp = await page.evaluate(async ([png, quality]) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, [png.toString("base64"), quality]);
  const file = path.join(FOLDER, `${name}.webp`);
  fs.writeFileSync(file, Buffer.from(webp));
  console.log(`${file}: ${(webp.length / 1000).toFixed(0)} kB`);
}

async function confirmed(page) {
  const dialog = page.locator("dialog");
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Accept" }).click();
  await over(page);
}

async function pictures(aBrowser, url, theme) {
  const { page, context } = await open(aBrowser, url, { viewport: { width: 1200, height: 720 }, colorScheme: theme });
  // What writes the files is a page without a policy.
  const writer = await (await aBrowser.newContext()).newPage();
  const shoot = async (name, locator) => write(writer, `${name}-${theme}`, await (locator ?? page).screenshot({ animations: "disabled", caret: "hide" }));
  // Something to be seen: one product is sold out.
  for (const [product, quantity] of [["Wedding cake", 1], ["Croissant", 3]]) {
    await call(page, "buy_product", { product_name: product, quantity });
    await confirmed(page);
  }
  for (const [tool, name] of [["show_product_catalog", "cards"], ["show_inventory_chart", "chart"]]) {
    await call(page, tool);
    await over(page);
    await app(page).locator('article, [role="img"]').first().waitFor();
    await page.locator("#show-wire").click();
    // When the frame has its height.
    await page.waitForTimeout(500);
    await shoot(name, page.locator(`${PANEL} .app:not(.leaving) iframe`));
    await page.locator("#show-wire").click();
    await page.waitForTimeout(300);
  }
  await page.locator(".notice").last().waitFor({ state: "detached" });
  await page.mouse.move(0, 0);
  await shoot("play");
  await call(page, "buy_product", { product_name: "Croissant", quantity: 2 });
  await page.locator("dialog").waitFor();
  await page.waitForTimeout(300);
  await shoot("ask", page.locator("dialog"));
  await page.keyboard.press("Escape");
  await context.close();
}

/** What a user sees of the realm: where to log in, and what to agree to. */
async function login(aBrowser, url, theme) {
  const { page, context } = await open(aBrowser, url, { connects: false, colorScheme: theme });
  const writer = await (await aBrowser.newContext()).newPage();
  const shoot = async (name, from) => {
    await from.setViewportSize({ width: 560, height: 400 });
    await from.mouse.move(0, 0);
    await write(writer, `${name}-${theme}`, await from.screenshot({ animations: "disabled", caret: "hide", fullPage: true }));
  };
  const realm = await window(page, () => page.locator("#banner").getByRole("button", { name: "Sign in" }).click());
  await realm.locator('input[name="username"]').waitFor();
  await shoot("login", realm);
  await fillIn(realm, "alice");
  await realm.locator('[name="accept"]').waitFor();
  await shoot("consent", realm);
  await context.close();
}

/** A recorded output of the book, as it is on a page: README.md cannot show HTML in colors. */
async function terminal(aBrowser, name, theme) {
  const [, , html] = fs.readFileSync(`book/outputs/${name}.snap`, "utf8").split(/^---\n/m);
  const css = fs.readFileSync("book/workshop.css", "utf8");
  const options = { viewport: { width: 1000, height: 600 }, deviceScaleFactor: 2 };
  const page = await (await aBrowser.newContext(options)).newPage();
  await page.setContent(`
    <html class="js ${theme === "dark" ? "navy" : "light"}">
      <style>${css}
        body { margin: 0; font-size: 16px; --mono-font: "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        pre.terminal { display: inline-block; margin: 0; white-space: pre; }
      </style>
      <pre class="terminal">${html.trimEnd()}</pre>`);
  await write(page, `terminal-${theme}`, await page.locator("pre").screenshot({ omitBackground: true }), 0.9);
}

(async () => {
  fs.mkdirSync(FOLDER, { recursive: true });
  const aBrowser = await browser(BROWSER);
  try {
    for (const theme of ["light", "dark"]) {
      await terminal(aBrowser, "zero-is-sold", theme);
      // The same stock in both.
      const { url, stop } = await play(CHECKER, ["ex4", "--solution"]);
      await pictures(aBrowser, url, theme);
      await stop();
      const store = await play(CHECKER, ["ex5", "--solution"]);
      await login(aBrowser, store.url, theme);
      await store.stop();
    }
  } finally {
    await aBrowser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
