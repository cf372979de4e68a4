/** What the page says of its element: read shape by shape. */

import { isPlain } from "../frame/style.js";
import { isRecord } from "../protocol.js";
import { VALIDATORS } from "./validators.js";

/**
 * @typedef {object} Attributes
 * @property {string} placeholder
 * @property {((text: string) => boolean) | undefined} validator
 * @property {unknown} metadata What the application wants to be stored beside a value.
 * @property {string | undefined} token One that is new since the last time.
 * @property {string[]} fileTokens
 */

/** More than anybody reads. */
const LONGEST_TEXT = 500;
const MOST_FILES = 100;

/** What the SDK sends of its hidden twin's style, and what is taken of it: the box and the text. */
const TWIN_STYLE =
  /^(?:color|background-color|opacity|(?:font|letter|word|line|text|caret|accent|outline|padding|border)(?:-[a-z]+){0,4}|line-height|direction|white-space)$/;

/** @param {Record<string, unknown>} data @returns {Attributes} */
export function attributes(data) {
  const text = (/** @type {unknown} */ value) =>
    typeof value === "string" ? value.slice(0, LONGEST_TEXT) : "";
  const { validator, token, fileTokens } = data;
  const name = text(validator);
  return {
    placeholder: text(data.placeholder),
    validator: Object.hasOwn(VALIDATORS, name) ? VALIDATORS[name] : undefined,
    metadata: data.customMetadata,
    token: typeof token === "string" ? token : undefined,
    fileTokens: Array.isArray(fileTokens)
      ? fileTokens.filter((one) => typeof one === "string" && one !== "").slice(0, MOST_FILES)
      : [],
  };
}

/**
 * Applies the style of the page's twin to the element: what loads, moves or covers is left out.
 *
 * @param {HTMLElement} element
 * @param {unknown} style JSON, as the SDK sends it.
 */
export function applyTwin(element, style) {
  if (typeof style !== "string") return;
  let found;
  try {
    found = JSON.parse(style);
  } catch {
    return;
  }
  if (!isRecord(found) || !isRecord(found.style)) return;
  for (const [property, value] of Object.entries(found.style)) {
    if (typeof value === "string" && TWIN_STYLE.test(property) && isPlain(value)) {
      element.style.setProperty(property, value);
    }
  }
}
