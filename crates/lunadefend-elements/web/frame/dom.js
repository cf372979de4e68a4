/** Small parts of the document. Text goes in as text only; trusted types would refuse anything else. */

/** @import { Configuration } from "../protocol.js" */

/** What stands for a hidden value, whatever its length. */
export const DOTS = "••••••••";

/** @type {Record<string, string>} */
const WORDS = {
  show: "Show",
  hide: "Hide",
  hidden: "hidden value",
  value: "Secure value",
  copy: "Copy",
  copied: "Copied",
  download: "Download",
  loading: "Loading…",
  "at-most": "too large: at most {size}",
};

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} attributes
 * @param {(string | Node)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** @param {Element} element @param {Record<string, string | boolean>} attributes */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === "" || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/**
 * A word of the frame, in the page's language when the page has it.
 *
 * @param {Configuration} configuration
 * @param {string} name
 * @param {string} [otherwise]
 */
export function word(configuration, name, otherwise) {
  const { texts } = configuration;
  return (Object.hasOwn(texts, name) && texts[name]) || (otherwise ?? WORDS[name] ?? name);
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let at = 0;
  let value = bytes;
  for (; value >= 1024 && at < units.length - 1; at += 1) value /= 1024;
  return `${Number(value.toFixed(1))} ${units[at]}`;
}
