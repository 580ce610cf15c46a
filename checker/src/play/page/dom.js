/*
 * Making elements. A server's text gets into the page only here, and only as text.
 */

/**
 * An element: `h("button", { class: "primary", onclick: call }, "Call")`. What begins with `on` is a
 * listener, `dataset` an object, and an attribute that is `false`, `null` or `undefined` is left out.
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let ids = 0;

/** An id that no other element has. */
export function freshId(what) {
  return `${what}-${++ids}`;
}

/** A text that is cut where it grows too long to be drawn. */
export function bounded(text, most = 100_000) {
  const whole = String(text);
  if (whole.length <= most) return whole;
  return `${whole.slice(0, most)}\n… and ${size(whole.length - most)} more, which are not drawn. The wire shows all of it.`;
}

/** A number of bytes, for people. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A time span in milliseconds, for people. */
export function span(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON, pretty and with colors; plain where there is much of it. */
export function json(value) {
  const text = bounded(JSON.stringify(value, null, 2) ?? "nothing");
  const view = h("pre", { class: "json", tabindex: "0" });
  if (text.length > 20_000) {
    view.textContent = text;
    return view;
  }
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match;
    view.append(text.slice(end, match.index));
    const kind = string === undefined ? "literal" : colon === undefined ? "string" : "key";
    view.append(h("span", { class: kind }, string ?? whole), colon ?? "");
    end = match.index + whole.length;
  }
  view.append(text.slice(end));
  return view;
}

/** Says something to those who hear the page. */
export function announce(text) {
  document.querySelector("#said").textContent = text;
}
