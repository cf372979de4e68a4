/**
 * What page and frame say to each other. Whatever is not of these shapes is dropped.
 *
 * The frame says `ready` to its parent; the page answers `connect` with a port, and all else goes over it.
 *
 * Page to frame are requests: `{ask, id, ..}`, each answered by `{id, ..}` or `{id, failed}`.
 * Frame to page are notes: `{note, ..}`. `working` is one without meaning, so that the page goes on waiting.
 *
 * @typedef {"input" | "file" | "value" | "download" | "image"} Role
 *
 * @typedef {object} Configuration
 * @property {Role} role Fixed by the first configuration.
 * @property {string} kind Of an input. Fixed by the first configuration.
 * @property {string} session For which session the page was made, or `none`. Fixed by the first configuration.
 * @property {string} label
 * @property {string} placeholder
 * @property {string} autocomplete
 * @property {string} accept Of a file: as in HTML.
 * @property {string} lang
 * @property {string} dir
 * @property {number} rows
 * @property {boolean} masked
 * @property {boolean} required
 * @property {boolean} readonly
 * @property {boolean} disabled
 * @property {boolean} stored Whether there is a stored value, which the field does not load.
 * @property {boolean} copy Whether a shown value has a button that copies it.
 * @property {boolean} click Whether a value is shown only when its button is pressed.
 * @property {boolean} ready Whether the page has looked for the session.
 * @property {number} hideAfter Seconds after which a shown value is hidden; 0 is never.
 * @property {string} token Of a value: what its button shows.
 * @property {Record<string, string>} texts Words for the buttons, in place of the English ones.
 * @property {Record<string, string>} style CSS properties.
 *
 * @typedef {"configure" | "focus" | "clear" | "commit" | "show" | "hide" | "verify" | "transfer" | "end"
 *   | "session" | "cookies"} Ask
 *
 * @typedef {{ask: Ask, id: number} & Record<string, unknown>} Request
 *
 * @typedef {{note: "state", empty: boolean, valid: boolean, focused: boolean}
 *   | {note: "focused"} | {note: "submit"} | {note: "session-needed"} | {note: "progress", percent: number}
 *   | {note: "shown", shown: boolean} | {note: "failed", name: string} | {note: "working"}} Note
 */

export const READY = "lunadefend-ready";
export const CONNECT = "lunadefend-connect";

/** What a page may say of the look of a frame: properties of text. */
export const STYLE = [
  "accent-color",
  "caret-color",
  "color",
  "color-scheme",
  "font-family",
  "font-feature-settings",
  "font-kerning",
  "font-size",
  "font-stretch",
  "font-style",
  "font-variant-caps",
  "font-variant-numeric",
  "font-weight",
  "letter-spacing",
  "line-height",
  "text-align",
  "text-shadow",
  "text-transform",
  "word-spacing",
  "--luna-button-background",
  "--luna-button-color",
  "--luna-focus-color",
  "--luna-invalid-color",
  "--luna-note-color",
  "--luna-placeholder-color",
];

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The tokenizer's own words for a refusal. They repeat nothing of the request.
 *
 * @typedef {{status: number, name: string, message: string}} Refusal
 */

/** What went wrong, by a name that a page can act on. */
export class Failure extends Error {
  /** @param {string} name @param {Refusal} [refusal] */
  constructor(name, refusal) {
    super(name);
    this.name = name;
    this.refusal = refusal;
  }
}

/**
 * The name of whatever was thrown; never its text, which may hold anything.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function nameOf(error) {
  return error instanceof Failure ? error.name : "unexpected";
}
