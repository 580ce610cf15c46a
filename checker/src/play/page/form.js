/*
 * A form for a JSON Schema, with raw JSON as the way out. What the schema does not allow is said,
 * and can be sent anyway: a workshop wants to see what the server makes of it.
 *
 * A field is `{ element, read(), write(value), focus() }`. `read` gives `{ value, problems }`, without
 * `value` where the field is left out.
 */
import { freshId, h } from "./dom.js";
import { bounds, choices, kindOf, nullable, wrongWith } from "./schema.js";

/** Nested deeper than this, a schema is shown as raw JSON. */
const DEEPEST = 6;

/** A form for the object that `schema` describes. */
export class Form {
  constructor(schema) {
    this.schema = typeof schema === "object" && schema !== null ? schema : {};
    this.isRaw = false;
    const properties = this.schema.properties;
    const isEmpty = kindOf(this.schema) !== "raw" ? Object.keys(properties ?? {}).length === 0 : properties === undefined && (this.schema.type === "object" || this.schema.type === undefined);
    this.fields = isEmpty && !this.schema.additionalProperties
      ? nothing()
      : object({ ...this.schema, type: "object", properties: properties ?? undefined }, { root: this.schema, isRequired: true, depth: 0, isTop: true });
    this.raw = rawField({ label: "Arguments as JSON", isRequired: true, rows: 8 });
    this.raw.element.hidden = true;
    this.toggle = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => this.setRaw(!this.isRaw) }, "Raw JSON");
    this.element = h("div", { class: "form" }, this.fields.element, this.raw.element);
  }

  setRaw(isRaw) {
    if (isRaw === this.isRaw) return;
    if (isRaw) {
      this.raw.write(this.fields.read().value ?? {});
    } else {
      const { value, problems } = this.raw.read();
      if (problems.length === 0 && typeof value === "object" && value !== null) this.fields.write(value);
    }
    this.isRaw = isRaw;
    this.fields.element.hidden = isRaw;
    this.raw.element.hidden = !isRaw;
    this.toggle.setAttribute("aria-pressed", String(isRaw));
  }

  /** `{ value, problems }` */
  read() {
    return this.isRaw ? this.raw.read() : this.fields.read();
  }

  write(value) {
    (this.isRaw ? this.raw : this.fields).write(value);
  }

  focus() {
    (this.isRaw ? this.raw : this.fields).focus();
  }
}

function nothing() {
  return {
    element: h("p", { class: "hint" }, "It takes no arguments."),
    read: () => ({ value: {}, problems: [] }),
    write: () => {},
    focus: () => {},
  };
}

function fieldOf(name, schema, context) {
  const { root, depth } = context;
  const { schema: inner, isNullable } = nullable(schema, root);
  const label = inner.title ?? name;
  const settings = { ...context, name, label, isNullable, depth: depth + 1 };
  const kind = depth >= DEEPEST ? "raw" : kindOf(inner);
  const field = {
    object: () => object(inner, settings),
    array: () => array(inner, settings),
    choice: () => choice(inner, settings),
    boolean: () => boolean(inner, settings),
    string: () => text(inner, settings),
    integer: () => number(inner, settings),
    number: () => number(inner, settings),
    raw: () => rawField({ ...settings, schema: inner, rows: 3 }),
  }[kind]();
  if (inner.default !== undefined) field.write(inner.default);
  return field;
}

/** A label, a control, what it is about, and what is wrong with it. */
function labeled(control, { label, name, isRequired, isTop }, schema, hint, rest = []) {
  const id = freshId("field");
  control.id = id;
  const about = h("p", { class: "hint", id: `${id}-about` });
  const words = [schema?.description, hint].filter(Boolean).join(" · ");
  about.textContent = words;
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, hidden: true });
  const described = [words ? about.id : "", wrong.id].filter(Boolean).join(" ");
  control.setAttribute("aria-describedby", described);
  if (isRequired) control.setAttribute("aria-required", "true");
  const isOwnName = label === name || name === undefined;
  const head = h("div", { class: "label" },
    h("label", { for: id }, label),
    isOwnName ? null : h("code", {}, name),
    isRequired ? null : h("span", { class: "optional" }, "optional"));
  const isCheck = control.type === "checkbox";
  const element = h("div", { class: isCheck ? "field check" : "field" }, head, isCheck ? null : control, ...rest, words ? about : null, wrong);
  if (isCheck) head.prepend(control);
  return {
    element,
    say(problem) {
      wrong.textContent = problem;
      wrong.hidden = problem === "";
      if (problem) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
      return problem === "" ? [] : [`${label}: ${problem}`];
    },
  };
}

function text(schema, settings) {
  const isLong = schema.maxLength > 120 || schema.format === "multiline" || schema.contentMediaType !== undefined;
  const types = { date: "date", email: "email", uri: "url" };
  const control = isLong
    ? h("textarea", { rows: 4, spellcheck: "false" })
    : h("input", { type: types[schema.format] === "date" ? "date" : "text", inputmode: types[schema.format] ?? false, autocomplete: "off", spellcheck: "false" });
  if (!settings.isRequired) control.placeholder = settings.isNullable ? "null, or left out" : "left out";
  if (Array.isArray(schema.examples) && settings.isRequired) control.placeholder = `for example ${String(schema.examples[0])}`;
  const shown = labeled(control, settings, schema, schema.format && schema.format !== "multiline" ? `as ${schema.format}` : "");
  return {
    element: shown.element,
    control,
    read() {
      const value = control.value;
      if (value === "" && !settings.isRequired) return { problems: shown.say("") };
      const problem = value === "" && !(schema.minLength === 0) ? "This is empty." : wrongWith(value, schema);
      return { value, problems: shown.say(problem) };
    },
    write(value) { control.value = value ?? ""; },
    focus: () => control.focus(),
  };
}

function number(schema, settings) {
  // Not of type "number", which keeps from the page what is none.
  const control = h("input", { type: "text", inputmode: schema.type === "integer" ? "numeric" : "decimal", autocomplete: "off", class: "number" });
  if (!settings.isRequired) control.placeholder = settings.isNullable ? "null, or left out" : "left out";
  control.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const now = Number(control.value || (schema.minimum ?? 0)) || 0;
    const next = control.value === "" ? now : now + step * (schema.multipleOf ?? 1);
    control.value = Math.min(schema.maximum ?? Infinity, Math.max(schema.minimum ?? -Infinity, next));
  });
  const shown = labeled(control, settings, schema, bounds(schema));
  return {
    element: shown.element,
    read() {
      const typed = control.value.trim();
      if (typed === "") return { problems: shown.say(settings.isRequired ? "This is empty." : "") };
      // What is no number goes as it was typed.
      const value = Number.isNaN(Number(typed)) ? typed : Number(typed);
      return { value, problems: shown.say(wrongWith(value, schema)) };
    },
    write(value) { control.value = value ?? ""; },
    focus: () => control.focus(),
  };
}

function boolean(schema, settings) {
  if (!settings.isRequired && schema.default === undefined) {
    return choice({ ...schema, enum: [true, false], enumNames: ["yes", "no"] }, settings);
  }
  const control = h("input", { type: "checkbox" });
  const shown = labeled(control, settings, schema, "");
  return {
    element: shown.element,
    read: () => ({ value: control.checked, problems: shown.say("") }),
    write(value) { control.checked = value === true; },
    focus: () => control.focus(),
  };
}

function choice(schema, settings) {
  const all = choices(schema);
  const control = h("select");
  const isOpen = !settings.isRequired || schema.default === undefined;
  if (isOpen) control.append(h("option", { value: "" }, settings.isRequired ? "choose one" : "left out"));
  all.forEach(({ title }, number) => control.append(h("option", { value: String(number) }, title)));
  if (settings.isNullable) control.append(h("option", { value: "null" }, "null"));
  const shown = labeled(control, settings, schema, "");
  return {
    element: shown.element,
    read() {
      if (control.value === "") return { problems: shown.say(settings.isRequired ? "Choose one." : "") };
      const value = control.value === "null" ? null : all[Number(control.value)].value;
      return { value, problems: shown.say("") };
    },
    write(value) {
      const place = all.findIndex((one) => JSON.stringify(one.value) === JSON.stringify(value));
      control.value = place >= 0 ? String(place) : value === null && settings.isNullable ? "null" : "";
    },
    focus: () => control.focus(),
  };
}

function object(schema, settings) {
  const { root, depth, isTop, isRequired, label } = settings;
  if (schema.properties === undefined) return rawField({ ...settings, label: label ?? "Arguments as JSON", schema, rows: 5 });
  const required = Array.isArray(schema.required) ? schema.required : [];
  // What is needed comes first, in the order in which the schema names it.
  const place = ([name]) => (required.includes(name) ? required.indexOf(name) : required.length);
  const names = Object.entries(schema.properties).sort((one, other) => place(one) - place(other));
  const fields = names.map(([name, inner]) => {
    const context = { root, depth, isRequired: required.includes(name) };
    return [name, fieldOf(name, inner, context)];
  });
  const inside = h("div", { class: "fields" }, fields.map(([, field]) => field.element));
  const include = h("input", { type: "checkbox" });
  const isIncluded = () => isTop || isRequired || include.checked;
  let element = inside;
  if (!isTop) {
    const legend = h("legend", {}, isRequired ? label : h("label", {}, include, ` ${label}`), isRequired ? null : h("span", { class: "optional" }, "optional"));
    element = h("fieldset", {}, legend, schema.description ? h("p", { class: "hint" }, schema.description) : null, inside);
    const show = () => { inside.hidden = !isIncluded(); };
    include.addEventListener("change", show);
    show();
  }
  return {
    element,
    byName: new Map(fields),
    read() {
      if (!isIncluded()) return { problems: [] };
      const value = {};
      const problems = [];
      for (const [name, field] of fields) {
        const inner = field.read();
        if ("value" in inner) value[name] = inner.value;
        problems.push(...inner.problems);
      }
      return { value, problems };
    },
    write(value) {
      include.checked = value !== undefined && value !== null;
      if (!isTop) inside.hidden = !isIncluded();
      for (const [name, field] of fields) {
        if (value !== null && typeof value === "object" && name in value) field.write(value[name]);
      }
    },
    focus: () => fields[0]?.[1].focus(),
  };
}

function array(schema, settings) {
  const { root, depth, label, isRequired } = settings;
  const items = [];
  const list = h("ol", { class: "items" });
  const add = (value) => {
    const field = fieldOf(`${label} ${items.length + 1}`, schema.items, { root, depth, isRequired: true });
    if (value !== undefined) field.write(value);
    const row = h("li", {}, field.element);
    const item = { field, row };
    row.append(h("button", {
      type: "button",
      class: "quiet",
      "aria-label": `Remove ${label} ${items.length + 1}`,
      onclick: () => {
        items.splice(items.indexOf(item), 1);
        row.remove();
        more.focus();
      },
    }, "Remove"));
    items.push(item);
    list.append(row);
    return field;
  };
  const more = h("button", { type: "button", class: "quiet", onclick: () => add().focus() }, "Add one");
  const wrong = h("p", { class: "wrong", hidden: true });
  const element = h("fieldset", {},
    h("legend", {}, label, isRequired ? null : h("span", { class: "optional" }, "optional")),
    schema.description ? h("p", { class: "hint" }, schema.description) : null,
    list, more, wrong);
  if (isRequired && (schema.minItems ?? 1) > 0) add();
  return {
    element,
    read() {
      if (items.length === 0 && !isRequired) return { problems: [] };
      const problems = [];
      const value = [];
      for (const { field } of items) {
        const inner = field.read();
        if ("value" in inner) value.push(inner.value);
        problems.push(...inner.problems);
      }
      const few = items.length < schema.minItems ? `At least ${schema.minItems}, please.` : "";
      const many = items.length > schema.maxItems ? `At most ${schema.maxItems}, please.` : "";
      wrong.textContent = few || many;
      wrong.hidden = !(few || many);
      if (few || many) problems.push(`${label}: ${few || many}`);
      return { value, problems };
    },
    write(value) {
      items.splice(0).forEach(({ row }) => row.remove());
      if (Array.isArray(value)) value.slice(0, 200).forEach((one) => add(one));
    },
    focus: () => (items[0]?.field ?? more).focus(),
  };
}

function rawField(settings) {
  const control = h("textarea", { rows: settings.rows, spellcheck: "false", class: "code", autocomplete: "off" });
  const shown = labeled(control, settings, settings.schema, "JSON");
  return {
    element: shown.element,
    read() {
      const typed = control.value.trim();
      if (typed === "") return { problems: shown.say(settings.isRequired ? "This is empty." : "") };
      try {
        return { value: JSON.parse(typed), problems: shown.say("") };
      } catch (error) {
        return { problems: shown.say(`This is not JSON: ${error.message}`), isBroken: true };
      }
    },
    write(value) { control.value = JSON.stringify(value, null, 2); },
    focus: () => control.focus(),
  };
}

/** How long somebody must have stopped typing before the server is asked. */
const PAUSE = 150;

/**
 * Offers completions for a field of text: `ask` is given what is typed and the values of the other
 * fields, and gives a promise of a list. A server that cannot complete is asked once.
 */
export function completed(form, name, ask) {
  const field = form.fields.byName?.get(name);
  if (field?.control?.tagName !== "INPUT") return;
  const { control } = field;
  const list = h("datalist", { id: freshId("completions") });
  control.setAttribute("list", list.id);
  control.after(list);
  let timer;
  let asked = 0;
  let isDeaf = false;
  const offer = () => {
    clearTimeout(timer);
    if (isDeaf) return;
    timer = setTimeout(async () => {
      const number = ++asked;
      const filled = [...form.fields.byName].filter(([other, { control }]) => other !== name && control?.value);
      const others = Object.fromEntries(filled.map(([other, { control }]) => [other, control.value]));
      try {
        const values = await ask(control.value, others);
        if (number !== asked) return;
        list.replaceChildren(...values.slice(0, 100).map((value) => h("option", { value: String(value) })));
      } catch {
        isDeaf = true;
      }
    }, PAUSE);
  };
  control.addEventListener("input", offer);
  control.addEventListener("focus", offer);
}
