/** What the page says about the frame: read shape by shape, with a default for each thing it leaves out. */

import { isRecord } from "../protocol.js";

/** @import { Configuration, Role } from "../protocol.js" */

const ROLE_NAMES = ["input", "file", "value", "download", "image"];
/**
 * What a page may have browsers fill in, and so write to disk: only where it is that. An SSN must not become
 * somebody's e-mail address in the list of a browser.
 *
 * @type {Record<string, RegExp>}
 */
const AUTOCOMPLETE = {
  email: /^email$/,
  tel: /^tel$/,
  text: /^cc-(?:name|given-name|additional-name|family-name|type)$/,
  "card-number": /^cc-number$/,
  "card-expiry": /^cc-exp$/,
  "card-cvc": /^cc-csc$/,
};
const LANGUAGE = /^[a-z\d-]{2,35}$/i;
/** Of a text: it is shown, never run; no page needs more. */
const LONGEST_TEXT = 500;

/**
 * @param {Record<string, unknown>} message
 * @param {Configuration | undefined} before What stays as it was said first.
 * @returns {Configuration}
 */
export function configuration(message, before) {
  const text = (/** @type {string} */ name) => short(message[name]);
  const flag = (/** @type {string} */ name) => message[name] === true;
  const role = text("role");
  const kind = before ? before.kind : text("kind");
  return {
    role: before ? before.role : ROLE_NAMES.includes(role) ? /** @type {Role} */ (role) : "input",
    kind,
    session: before ? before.session : text("session"),
    label: text("label"),
    placeholder: text("placeholder"),
    autocomplete: autocomplete(kind || "text", text("autocomplete")),
    accept: text("accept"),
    lang: LANGUAGE.test(text("lang")) ? text("lang") : "",
    dir: text("dir") === "rtl" ? "rtl" : "ltr",
    rows: number(message.rows, 1, 100, 1),
    // Nobody looks over a shoulder at what must never be kept.
    masked: flag("masked") || kind === "card-cvc",
    required: flag("required"),
    readonly: flag("readonly"),
    disabled: flag("disabled"),
    stored: flag("stored"),
    copy: flag("copy"),
    click: flag("click"),
    ready: flag("ready"),
    hideAfter: number(message.hideAfter, 0, 86400, 0),
    token: text("token"),
    texts: texts(message.texts),
    style: texts(message.style),
  };
}

/** @param {string} kind @param {string} wanted */
function autocomplete(kind, wanted) {
  return Object.hasOwn(AUTOCOMPLETE, kind) && AUTOCOMPLETE[kind].test(wanted) ? wanted : "off";
}

/** @param {unknown} value */
function short(value) {
  return typeof value === "string" ? value.slice(0, LONGEST_TEXT) : "";
}

/** @param {unknown} value @param {number} min @param {number} max @param {number} otherwise */
function number(value, min, max, otherwise) {
  return typeof value === "number" && value >= min && value <= max ? value : otherwise;
}

/** @param {unknown} value @returns {Record<string, string>} */
function texts(value) {
  if (!isRecord(value)) return {};
  const pairs = Object.entries(value).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(pairs.slice(0, 64).map(([name, text]) => [name, short(text)]));
}
