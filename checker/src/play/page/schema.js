/*
 * What of JSON Schema a form can show: https://json-schema.org/draft/2020-12
 */

/** A schema without `$ref`: what it refers to, within the same document. */
function resolved(schema, root, depth = 0) {
  if (schema === true || typeof schema !== "object" || schema === null) return {};
  if (typeof schema.$ref !== "string" || depth > 20) return schema;
  const { $ref, ...rest } = schema;
  if (!$ref.startsWith("#")) return { ...rest, unsupported: true };
  let target = root;
  for (const part of decodeURIComponent($ref.slice(1)).split("/").filter(Boolean)) {
    target = target?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  if (target === undefined) return { ...rest, unsupported: true };
  return { ...resolved(target, root, depth + 1), ...rest };
}

/** A schema for a value or null, as the schema of the value and whether null will do. */
export function nullable(schema, root) {
  const whole = resolved(schema, root);
  if (Array.isArray(whole.type)) {
    const types = whole.type.filter((type) => type !== "null");
    const type = types.length === 1 ? types[0] : types;
    return { schema: { ...whole, type }, isNullable: types.length < whole.type.length };
  }
  const several = whole.anyOf ?? whole.oneOf;
  if (Array.isArray(several)) {
    const others = several.filter((one) => resolved(one, root).type !== "null");
    if (others.length < several.length && others.length === 1) {
      const { anyOf, oneOf, ...rest } = whole;
      return { schema: { ...resolved(others[0], root), ...rest }, isNullable: true };
    }
  }
  return { schema: whole, isNullable: false };
}

/** The values that a schema lists, each as `{ value, title }`. */
export function choices(schema) {
  if (Array.isArray(schema.enum)) {
    return schema.enum.map((value, number) => ({ value, title: schema.enumNames?.[number] ?? shown(value) }));
  }
  if ("const" in schema) return [{ value: schema.const, title: shown(schema.const) }];
  const several = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(several) && several.length > 0 && several.every((one) => typeof one === "object" && one !== null && "const" in one)) {
    return several.map((one) => ({ value: one.const, title: one.title ?? one.description ?? shown(one.const) }));
  }
  return null;
}

function shown(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a form shows a schema as. */
export function kindOf(schema) {
  if (schema.unsupported) return "raw";
  if (choices(schema)) return "choice";
  if (schema.anyOf || schema.oneOf || schema.allOf || schema.not) return "raw";
  switch (schema.type) {
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return schema.type;
    case "array":
      return schema.items !== undefined && schema.items !== false && !schema.prefixItems ? "array" : "raw";
    case "object":
      return schema.properties ? "object" : "raw";
    default:
      return schema.type === undefined && schema.properties ? "object" : "raw";
  }
}

/** What is wrong with a value that is not an object or an array, in words; nothing if all is well. */
export function wrongWith(value, schema) {
  if (schema.type === "integer" || schema.type === "number") {
    if (typeof value !== "number") return "This is not a number.";
    if (schema.type === "integer" && !Number.isInteger(value)) return "This is not a whole number.";
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
    if (value < minimum) return `The minimum is ${minimum}.`;
    if (value > maximum) return `The maximum is ${maximum}.`;
    if (value <= exclusiveMinimum) return `It must be more than ${exclusiveMinimum}.`;
    if (value >= exclusiveMaximum) return `It must be less than ${exclusiveMaximum}.`;
    if (multipleOf > 0 && Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9) return `It must be a multiple of ${multipleOf}.`;
  }
  if (schema.type === "string") {
    const length = [...String(value)].length;
    if (length < schema.minLength) return `At least ${schema.minLength} characters, please.`;
    if (length > schema.maxLength) return `At most ${schema.maxLength} characters, please.`;
    if (typeof schema.pattern === "string" && !fits(schema.pattern, value)) return `It must match ${schema.pattern}.`;
  }
  return "";
}

function fits(pattern, value) {
  try {
    // A pattern of a stranger on a long text could take for ever.
    return value.length > 1000 || new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

/** The bounds of a number, in words. */
export function bounds({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }) {
  const said = [];
  if (type === "integer") said.push("a whole number");
  if (minimum !== undefined && maximum !== undefined) said.push(`from ${minimum} to ${maximum}`);
  else if (minimum !== undefined) said.push(`${minimum} or more`);
  else if (maximum !== undefined) said.push(`${maximum} or less`);
  if (exclusiveMinimum !== undefined) said.push(`more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined) said.push(`less than ${exclusiveMaximum}`);
  if (multipleOf !== undefined) said.push(`a multiple of ${multipleOf}`);
  return said.join(", ");
}
