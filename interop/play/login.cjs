/*
 * Signing in with `cargo checker play`, as a person does it: at the login page and the consent page of the
 * realm, stand-in or Keycloak.
 */
"use strict";

const { connected } = require("./host.cjs");

/** The page to which the realm's window goes, once `press` opens it. */
async function window(page, press) {
  const opened = page.context().waitForEvent("page");
  await press();
  const login = await opened;
  login.setDefaultTimeout(20_000);
  return login;
}

/** Fills in the login page, and presses its button. */
async function fillIn(login, name, password = name) {
  await login.locator('input[name="username"]').fill(name);
  await login.locator('input[name="password"]').fill(password);
  await login.locator('form [name="login"]').click();
}

/** Agrees where the realm asks; it does so once for each client. */
async function agree(login) {
  const done = login.getByText("You can close this page");
  const consent = login.locator('[name="accept"]');
  await done.or(consent).first().waitFor();
  const asked = await consent.isVisible();
  if (asked) await consent.click();
  await done.waitFor();
  return asked;
}

/** Signs in on a page of `play` that asks for it. */
async function signIn(page, name) {
  const login = await window(page, () => page.locator("#banner").getByRole("button", { name: "Sign in" }).click());
  await fillIn(login, name);
  await agree(login);
  await login.close();
  await connected(page);
}

/** Becomes another user. */
async function becomeSomebodyElse(page, name) {
  const login = await window(page, () => page.locator("#user").getByRole("button", { name: "Somebody else" }).click());
  await fillIn(login, name);
  await agree(login);
  await login.close();
  await page.locator("#user strong", { hasText: name }).waitFor();
  await connected(page);
}

module.exports = { agree, becomeSomebodyElse, fillIn, signIn, window };
