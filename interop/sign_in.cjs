/*
 * Somebody in front of a realm's pages: signs in and agrees, until the browser is sent back to the client.
 *
 *   node sign_in.cjs BROWSER ADDRESS
 *
 * SIGN_IN_AS says who it is: alice, unless it is there.
 */
"use strict";

const { browser } = require("./play/host.cjs");
const { fillIn } = require("./play/login.cjs");

const [, , BROWSER, ADDRESS] = process.argv;
const NAME = process.env.SIGN_IN_AS ?? "alice";

(async () => {
  const aBrowser = await browser(BROWSER);
  try {
    const page = await aBrowser.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(ADDRESS);
    const { host } = new URL(page.url());
    await fillIn(page, NAME);
    const back = page.waitForURL((url) => url.host !== host, { waitUntil: "commit" });
    const agreed = page.locator('[name="accept"]').click().catch(() => {});
    await back;
    await agreed;
    // The client reads the address, and answers with a page.
    await page.waitForLoadState();
  } finally {
    await aBrowser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
