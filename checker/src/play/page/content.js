/*
 * What servers send to be read: content blocks, resources, messages.
 */
import { bounded, h, json, size } from "./dom.js";

/** The content blocks of a result or a message. `open` is given the URI of a resource link. */
export function blocks(content, open) {
  const all = Array.isArray(content) ? content : content === undefined ? [] : [content];
  return all.slice(0, 200).map((block) => one(block, open));
}

function one(block, open) {
  switch (block?.type) {
    case "text":
      return text(block.text);
    case "image":
      return picture(block.data, block.mimeType);
    case "audio":
      return sound(block.data, block.mimeType);
    case "resource":
      return h("div", { class: "embedded" }, h("code", {}, bounded(block.resource?.uri, 500)), contents(block.resource));
    case "resource_link":
      return h("p", {}, h("button", { type: "button", class: "link", onclick: () => open?.(block.uri) }, bounded(block.title ?? block.name ?? block.uri, 300)), " ", h("code", {}, bounded(block.uri, 500)));
    default:
      return json(block);
  }
}

/** Text, as JSON where it is some. */
export function text(said) {
  const whole = String(said ?? "");
  if (/^\s*[[{]/.test(whole) && whole.length < 100_000) {
    try {
      return json(JSON.parse(whole));
    } catch {
      // Then it is text.
    }
  }
  return h("pre", { class: "text", tabindex: "0" }, bounded(whole));
}

/** The contents of a resource. */
export function contents(resource) {
  const kind = String(resource?.mimeType ?? "");
  if (typeof resource?.text === "string") {
    return kind.includes("json") ? text(resource.text) : h("pre", { class: "text", tabindex: "0" }, bounded(resource.text));
  }
  if (typeof resource?.blob === "string") {
    if (kind.startsWith("image/")) return picture(resource.blob, kind);
    if (kind.startsWith("audio/")) return sound(resource.blob, kind);
    return h("p", { class: "hint" }, `${size(Math.floor(resource.blob.length * 0.75))} of ${kind || "something"}`);
  }
  return json(resource);
}

function picture(data, kind) {
  const image = h("img", { alt: `An image from the server, ${bounded(kind, 60)}` });
  if (/^image\/[\w.+-]+$/.test(kind ?? "")) image.src = `data:${kind};base64,${data}`;
  return image;
}

function sound(data, kind) {
  const audio = h("audio", { controls: true });
  if (/^audio\/[\w.+-]+$/.test(kind ?? "")) audio.src = `data:${kind};base64,${data}`;
  return audio;
}
