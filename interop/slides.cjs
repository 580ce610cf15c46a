/*
 * The deck as a room sees it, in a real browser. Prints a line of JSON for each check,
 * `{"sentence", "seen"}` or `{"sentence", "wrong"}`.
 *
 *   node slides.cjs FOLDER BROWSER [WORDS…]
 *
 * With words, only the checks whose sentence has one of them.
 */
"use strict";

const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const [, , FOLDER, BROWSER, ...WORDS] = process.argv;
const AXE = require.resolve("axe-core/axe.min.js");
const RULES = ["color-contrast", "image-alt", "svg-img-alt", "link-name", "button-name", "duplicate-id-aria"];
/** The smallest words of a diagram that are read from the last row, in pixels. */
const SMALLEST = 16;
const SCREENS = { "16:9": { width: 1280, height: 720 }, "4:3": { width: 1024, height: 768 } };

/** The deck, from its file: it must need no server. */
const address = (file, query = "") => `${pathToFileURL(path.join(FOLDER, file))}${query}`;

async function check(sentence, doing) {
  if (WORDS.length > 0 && !WORDS.some((words) => sentence.includes(words))) return;
  try {
    console.log(JSON.stringify({ sentence, seen: await doing() }));
  } catch (error) {
    console.log(JSON.stringify({ sentence, wrong: String(error?.message ?? error).slice(0, 3000) }));
  }
}

function must(is, words) {
  if (!is) throw new Error(words);
}

/** Fails with a line for each slide that is wrong. */
function none(wrong) {
  must(wrong.length === 0, wrong.join("\n"));
}

/** A page of the deck, with what it logged and whom it asked. */
async function open(browser, file, query = "", viewport = SCREENS["16:9"]) {
  const page = await browser.newPage({ viewport, reducedMotion: "reduce" });
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => /^(file|data|blob|about):/.test(request.url()) || wrong.push(`asked for ${request.url()}`));
  page.on("requestfailed", (request) => wrong.push(`no ${request.url()}`));
  await page.goto(address(file, query));
  await page.evaluate(() => document.fonts.ready);
  if (file === "index.html") await page.waitForFunction(() => window.Reveal?.isReady());
  return { page, wrong };
}

/** Goes through all slides with everything shown, and gives what `look` says of each. */
async function through(page, look) {
  const count = await page.evaluate(() => Reveal.getSlides().length);
  const told = [];
  for (let number = 0; number < count; number++) {
    const id = await page.evaluate((number) => {
      const slide = Reveal.getSlides()[number];
      const { h, v } = Reveal.getIndices(slide);
      Reveal.slide(h, v);
      while (Reveal.availableFragments().next) Reveal.nextFragment();
      return slide.id;
    }, number);
    told.push(...(await look(id)).map((words) => `${id}: ${words}`));
  }
  return { count, told };
}

/** What of the slide that is shown does not fit: in its frame, and code in its box. And words of a diagram that
 *  are too small on a screen of 1280 pixels. */
function tooBig(smallest) {
  const slide = Reveal.getCurrentSlide();
  const frame = document.querySelector(".reveal .slides").getBoundingClientRect();
  const wrong = [];
  for (const code of slide.querySelectorAll("pre code, pre.terminal")) {
    const [more, wider] = [code.scrollHeight - code.clientHeight, code.scrollWidth - code.clientWidth];
    if (code.clientHeight > 0 && (more > 1 || wider > 1)) wrong.push(`its code scrolls: ${more} px down, ${wider} px to the side`);
  }
  const scale = Reveal.getScale() / 0.97;
  for (const words of slide.querySelectorAll("svg text")) {
    const { a, b } = words.getScreenCTM();
    const size = (parseFloat(getComputedStyle(words).fontSize) * Math.hypot(a, b)) / scale;
    if (size < smallest) wrong.push(`"${words.textContent}" in its diagram is ${size.toFixed(1)} px, of at least ${smallest}`);
  }
  for (const part of slide.querySelectorAll("*:not(aside.notes, aside.notes *, svg *)")) {
    const box = part.getBoundingClientRect();
    // A step of highlighted code lies hidden on the one before.
    if (box.width === 0 || box.height === 0) continue;
    const words = (part.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    if (box.bottom > frame.bottom + 1) wrong.push(`<${part.localName}> "${words}" ends ${Math.ceil(box.bottom - frame.bottom)} px below the slide`);
    if (box.right > frame.right + 1) wrong.push(`<${part.localName}> "${words}" ends ${Math.ceil(box.right - frame.right)} px beside the slide`);
  }
  for (const code of slide.querySelectorAll("pre > code")) {
    const [outer, inner] = [code.parentElement, code].map((part) => part.getBoundingClientRect());
    const isOff = Math.abs(outer.left - inner.left) > 1 || Math.abs(outer.top - inner.top) > 1 || Math.abs(outer.height - inner.height) > 1;
    if (inner.height > 0 && isOff) wrong.push("a step through its code lies beside the code");
  }
  return wrong.slice(0, 4);
}

async function fits(browser, screen) {
  const { page, wrong } = await open(browser, "index.html", "", SCREENS[screen]);
  const { count, told } = await through(page, () => page.evaluate(tooBig, SMALLEST));
  await page.close();
  none([...told, ...wrong]);
  return `${count} slides`;
}

/** All slides at once, as they are printed: a run for each slide would take minutes. */
async function accessible(browser, theme) {
  const { page } = await open(browser, "index.html", `?print-pdf&theme=${theme}`);
  await page.waitForSelector(".pdf-page");
  await page.addScriptTag({ path: AXE });
  const { told, count, looked, unsure } = await page.evaluate(async (rules) => {
    // All slides but one are hidden from who cannot see; and the steps through code lie on each other.
    for (const slide of document.querySelectorAll("section[id]")) ["hidden", "aria-hidden"].forEach((name) => slide.removeAttribute(name));
    for (const step of document.querySelectorAll("pre code.fragment")) step.remove();
    const { violations, passes, incomplete } = await axe.run({ include: ["section"], exclude: ["aside.notes"] }, { runOnly: rules });
    const told = violations.flatMap(({ id, nodes }) => nodes.map(({ element, target, any }) => {
      const slide = (element ?? document.querySelector(target[0]))?.closest("section[id]")?.id;
      return `${slide}: ${id} at ${target}: ${any[0]?.message ?? ""}`;
    }));
    const nodes = (rules, rule) => rules.find(({ id }) => id === rule)?.nodes ?? [];
    const looked = passes.map(({ id }) => id);
    // Signs are no text for axe, and it cannot tell what lies behind the words of a diagram: they have
    // the color of the slide's words.
    const isJudged = ({ target, any }) =>
      !/too short|non-text/.test(any[0]?.message) && !document.querySelector(target.at(-1))?.closest("svg");
    const unsure = nodes(incomplete, "color-contrast").filter(isJudged)
      .map(({ target, any }) => `${target}: ${any[0]?.message}`);
    return { told, count: nodes(passes, "color-contrast").length, looked, unsure };
  }, RULES);
  await page.close();
  none(told);
  must(count > 300, `only ${count} texts were looked at`);
  must(unsure.length < count / 50, `${unsure.length} texts could not be judged: ${unsure.slice(0, 5).join("; ")}`);
  for (const rule of ["image-alt", "svg-img-alt", "link-name", "button-name"]) must(looked.includes(rule), `${rule} looked at nothing`);
  return `${count} texts`;
}

async function hasNotes(browser) {
  const { page } = await open(browser, "index.html");
  const { count, told } = await through(page, () =>
    page.evaluate(() => ((Reveal.getSlideNotes() ?? "").replace(/<[^>]*>/g, "").trim().length > 20 ? [] : ["no notes"])));
  const shown = await page.locator("aside.notes:visible").count();
  await page.close();
  none(told);
  must(shown === 0, `${shown} notes are shown to the room`);
  return `${count} slides`;
}

async function byKeyboard(browser) {
  const { page, wrong } = await open(browser, "index.html");
  const index = () => page.evaluate(() => Reveal.getSlides().indexOf(Reveal.getCurrentSlide()));
  const count = await page.evaluate(() => Reveal.getSlides().length);
  await page.keyboard.press("Home");
  let presses = 0;
  /** Presses a key until it leads no further, for longer than a slide has steps. */
  const go = async (key) => {
    let at = await index();
    for (let still = 0; still < 20; presses++) {
      await page.keyboard.press(key);
      const now = await index();
      still = now === at ? still + 1 : 0;
      at = now;
    }
    return at;
  };
  const last = await go("ArrowRight");
  must(last === count - 1, `→ stops at slide ${last + 1} of ${count}`);
  const first = await go("ArrowLeft");
  must(first === 0, `← stops at slide ${first + 1}`);
  await page.keyboard.press("o");
  must(await page.evaluate(() => Reveal.isOverview()), "O opens no overview");
  await page.keyboard.press("Escape");
  const isDark = () => page.evaluate(() => document.documentElement.classList.contains("navy"));
  const before = await isDark();
  await page.keyboard.press("d");
  must((await isDark()) !== before, "D changes no theme");
  none(wrong);
  return `${presses} presses`;
}

async function timers(browser) {
  const { page } = await open(browser, "index.html");
  const ids = await page.evaluate(() => [...document.querySelectorAll(".timer")].map((timer) => timer.closest("section").id));
  must(ids.length >= 5, `${ids.length} timers: one for each exercise and the break`);
  for (const id of ids) {
    await page.evaluate((id) => Reveal.slide(...Object.values(Reveal.getIndices(document.getElementById(id))).slice(0, 2)), id);
    const timer = page.locator(`section[id="${id}"] .timer`);
    const begin = await timer.innerText();
    await page.keyboard.press("t");
    const goes = page.waitForFunction(([id, begin]) => document.querySelector(`section[id="${id}"] .timer`).textContent !== begin, [id, begin], { timeout: 3000 });
    must(await goes.then(() => true, () => false), `the timer of ${id} does not go`);
    await page.keyboard.press("t");
    const stopped = await timer.innerText();
    await page.waitForTimeout(1200);
    must((await timer.innerText()) === stopped, `the timer of ${id} does not stop`);
  }
  await page.close();
  return `${ids.length} of them`;
}

/** The speaker sees the notes of the slide that the room sees, and leads it. */
async function speaks(browser) {
  const { page } = await open(browser, "index.html");
  const opened = page.waitForEvent("popup", { timeout: 5000 }).catch(() => null);
  await page.keyboard.press("s");
  const speaker = await opened;
  must(speaker, "S opens no speaker view");
  const notes = speaker.locator(".speaker-controls-notes .value");
  const said = () => notes.innerText();
  await speaker.waitForFunction(() => document.querySelector(".speaker-controls-notes .value")?.textContent.trim());
  const first = await said();
  await page.keyboard.press("ArrowRight");
  await speaker.waitForFunction((first) => document.querySelector(".speaker-controls-notes .value").innerText !== first, first);
  const [second, expected] = [await said(), await page.evaluate(() => Reveal.getCurrentSlide().querySelector("aside.notes").textContent)];
  const words = (text) => text.replace(/\s+/g, " ").trim();
  must(words(expected).includes(words(second).slice(0, 40)), `${second}, and the slide has ${expected}`);
  await page.close();
  return "notes, slide by slide";
}

async function prints(browser) {
  const { page } = await open(browser, "index.html", "?print-pdf");
  await page.waitForSelector(".pdf-page");
  // A slide on several pages is there several times.
  const count = await page.evaluate(() => new Set(Reveal.getSlides().map(({ id }) => id)).size);
  const pdf = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString("latin1");
  const pages = pdf.match(/\/Type\s*\/Page[^s]/g)?.length ?? 0;
  await page.close();
  must(pages === count, `${pages} pages of ${count} slides`);
  return `${pages} pages`;
}

async function handsOut(browser) {
  const { page, wrong } = await open(browser, "handout.html");
  const slides = await page.locator("section section").count();
  const notes = await page.locator("aside.notes:visible").count();
  none(wrong);
  must(slides > 0 && slides === notes, `${slides} slides, ${notes} notes`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  must(wide <= 0, `${wide} px wider than the page`);
  await page.close();
  return `${slides} slides with their notes`;
}

/** The agenda by the clock. */
async function tellsTheTime(browser) {
  const { page } = await open(browser, "index.html", "?start=09:00");
  const texts = await page.evaluate(() => [...document.querySelectorAll("[data-begins]")].map((cell) => cell.textContent));
  await page.close();
  must(texts[0] === "09:00" && texts.at(-1) === "12:30", `${texts}`);
  return `${texts[0]} to ${texts.at(-1)}`;
}

(async () => {
  // As root it refuses to run in its sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: BROWSER, args });
  for (const screen of Object.keys(SCREENS)) {
    await check(`every slide fits at ${screen}, no code scrolls, nothing is logged or asked for`, () => fits(browser, screen));
  }
  for (const theme of ["light", "dark"]) {
    await check(`in the ${theme} theme text has contrast, and pictures have words`, () => accessible(browser, theme));
  }
  await check("every slide has notes, which the room does not see", () => hasNotes(browser));
  await check("the keyboard leads through all slides, and to the overview", () => byKeyboard(browser));
  await check("the timers go and stop", () => timers(browser));
  await check("the speaker view has the notes of the slide", () => speaks(browser));
  await check("it prints one page for each slide", () => prints(browser));
  await check("the handout has each slide with its notes", () => handsOut(browser));
  await check("the agenda goes by the clock when told its start", () => tellsTheTime(browser));
  await browser.close();
})();
