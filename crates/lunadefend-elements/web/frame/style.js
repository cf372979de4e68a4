/**
 * How the frame looks: what the page may say of it.
 *
 * Nothing that loads, moves, covers or measures: some properties of text, with values that are numbers,
 * colours, keywords and names of fonts.
 */

import { STYLE } from "../protocol.js";

const NUMBER = "[+-]?(?:\\d{1,9}(?:\\.\\d{0,9})?|\\.\\d{1,9})(?:[a-z]{1,5}|%)?";
const FUNCTION = "(?:rgba?|hsla?|oklch|calc)\\([-+*/%.,\\w\\s]{0,80}\\)";
const WORD = "-?[a-z][a-z\\d-]{0,40}";
const QUOTED = "\"[^\"\\\\<>\\n]{1,60}\"|'[^'\\\\<>\\n]{1,60}'";
const PART = `(?:${NUMBER}|#[\\da-f]{3,8}|${FUNCTION}|${WORD}|${QUOTED})`;
const VALUE = new RegExp(`^${PART}(?:(?:\\s*,\\s*|\\s+/\\s+|\\s+)${PART}){0,24}$`, "i");
const LONGEST_STYLE = 300;

/**
 * Whether a value is of this grammar. Such a one loads nothing.
 *
 * @param {string} value
 */
export function isPlain(value) {
  return value.length <= LONGEST_STYLE && VALUE.test(value);
}

/**
 * Whether the page may set this.
 *
 * @param {string} property
 * @param {string} value
 */
export function isAllowedStyle(property, value) {
  return STYLE.includes(property) && isPlain(value);
}

/** @param {Record<string, string>} style */
export function applyStyle(style) {
  const root = document.documentElement.style;
  for (const property of STYLE) {
    const value = (style[property] ?? "").trim();
    if (isAllowedStyle(property, value)) root.setProperty(property, value);
    else root.removeProperty(property);
  }
}
