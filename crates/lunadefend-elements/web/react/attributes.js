/** What the page says of its element: read shape by shape. */

import { isPlain } from "../frame/style.js";
import { isRecord } from "../protocol.js";
import { VALIDATORS } from "./validators.js";

/**
 * @typedef {object} Attributes
 * @property {Record<string, unknown>} style
 * @property {string} placeholder
 * @property {((text: string) => boolean) | undefined} validator
 * @property {unknown} customMetadata What the application wants to be stored beside a value.
 * @property {string | undefined} token One that is new since the last time.
 * @property {string[]} fileTokens
 */

/** More than anybody reads. */
const LONGEST_TEXT = 500;
const MOST_FILES = 100;

/** The box and the text in it, of all that the SDK sends of its twin: nothing that moves, covers or measures. */
const PROPERTIES = [
  /^(?:color|color-scheme|background-color|opacity|direction|white-space|line-height)$/,
  /^(?:accent|caret)-color$/,
  /^(?:font|letter|word)-[a-z-]{1,30}$/,
  /^text-(?:align|decoration|shadow|transform)[a-z-]{0,20}$/,
  /^(?:border|outline|padding)-[a-z-]{1,30}$/,
];

/** @param {Record<string, unknown>} data @returns {Attributes} */
export function attributes(data) {
  const { placeholder, validator, customMetadata, token, fileTokens } = data;
  return {
    style: styleOf(data.style),
    placeholder: isText(placeholder) ? placeholder.slice(0, LONGEST_TEXT) : "",
    validator: isText(validator) && Object.hasOwn(VALIDATORS, validator) ? VALIDATORS[validator] : undefined,
    customMetadata,
    token: isText(token) ? token : undefined,
    fileTokens: Array.isArray(fileTokens) ? fileTokens.filter(isText).slice(0, MOST_FILES) : [],
  };
}

/** @param {unknown} value @returns {value is string} */
function isText(value) {
  return typeof value === "string";
}

/** @param {unknown} style JSON in JSON, as the SDK sends it. @returns {Record<string, unknown>} */
function styleOf(style) {
  try {
    const found = JSON.parse(isText(style) ? style : "");
    return isRecord(found.style) ? found.style : {};
  } catch {
    return {};
  }
}

/**
 * Whether the page may set this.
 *
 * @param {string} property
 * @param {unknown} value
 * @returns {value is string}
 */
export function isAllowedOfTwin(property, value) {
  return isText(value) && PROPERTIES.some((pattern) => pattern.test(property)) && isPlain(value);
}

/**
 * Gives an element the style of the page's twin, in place of the one that it had.
 *
 * @param {HTMLElement} element
 * @param {Attributes} attributes
 */
export function dress(element, { style }) {
  element.removeAttribute("style");
  for (const [property, value] of Object.entries(style)) {
    if (isAllowedOfTwin(property, value)) element.style.setProperty(property, value);
  }
}
