/**
 * What fields for text and for a file have in common: when a value becomes a token, and what the page learns.
 *
 * The page hears when the focus comes, when it goes, and of a commit; never while somebody types. It gets
 * a token only of a valid value and only when the field is left, or when Enter was pressed in it: else a
 * page could ask for a token of each prefix, and learn from their times and number. A page that takes the focus
 * away to that end has the keys that follow, as one with a false field of its own: nothing here prevents that.
 */

import { Failure } from "../protocol.js";
import { on, tell } from "./port.js";

/** How long a commit waits for the field to be left: the page has taken the focus, and says so by another way. */
const LEAVING = 10_000;

/**
 * @typedef {object} Content
 * @property {() => boolean} empty
 * @property {() => boolean} valid
 * @property {() => void} wipe
 * @property {(committing: boolean) => void} hold
 * @property {(fields: unknown) => Promise<string>} store
 */

export class Field {
  #content;
  #dirty = false;
  #entered = false;
  /** What the present value became, for a page that asks again. */
  #token = "";
  /** @type {Promise<string> | undefined} */
  #running;
  /** @type {(() => void)[]} */
  #leaving = [];

  /** @param {HTMLElement} element @param {Content} content */
  constructor(element, content) {
    this.#content = content;
    // A browser tells the page nothing when the focus goes from one frame straight to the next.
    element.addEventListener("focus", () => tell({ note: "focused" }));
    element.addEventListener("blur", () => this.#left());
    element.addEventListener("input", () => this.#edited());
    on("commit", async ({ metadata }) => ({ token: await this.commit(metadata) }));
    on("clear", () => this.wipe());
    // The page, or a message of the browser about the form, gives the focus to the frame as a whole.
    window.addEventListener("focus", () => {
      if (document.activeElement === document.body) element.focus();
    });
    on("focus", () => element.focus());
    // What was typed must not be there again when somebody else presses the back button.
    window.addEventListener("pagehide", () => this.wipe());
    this.focused = () => document.hasFocus() && document.activeElement === element;
  }

  wipe() {
    this.#content.wipe();
    this.#entered = false;
    this.stands("");
  }

  /** Enter was pressed in the field. */
  enter() {
    this.#entered = true;
    tell({ note: "submit" });
  }

  #left() {
    this.#report();
    for (const go of this.#leaving.splice(0)) go();
  }

  #edited() {
    this.#dirty = true;
    this.#entered = false;
    // Filled in by the browser, from a field beside: nobody will leave this one.
    if (!this.focused()) this.#report();
  }

  #report() {
    const content = this.#content;
    const empty = content.empty();
    tell({ note: "state", empty, valid: empty || content.valid(), focused: this.focused() });
  }

  /** Whether somebody has changed it since it got its token. */
  get isDirty() {
    return this.#dirty;
  }

  /**
   * It stands for this token until somebody changes it.
   *
   * @param {string} token
   */
  stands(token) {
    this.#dirty = false;
    this.#token = token;
  }

  /**
   * @param {unknown} fields
   * @returns {Promise<string>} The token, or no text for nothing.
   */
  async commit(fields) {
    if (this.focused() && !this.#entered) await this.#isLeft();
    this.#running ??= this.#store(fields).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** @param {unknown} fields */
  async #store(fields) {
    const content = this.#content;
    this.#report();
    if (content.empty()) return "";
    if (!this.#dirty) return this.#token;
    if (!content.valid()) throw new Failure("invalid");
    content.hold(true);
    try {
      const token = await content.store(fields);
      this.stands(token);
      return token;
    } finally {
      content.hold(false);
    }
  }

  /** @returns {Promise<void>} */
  #isLeft() {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Failure("focused")), LEAVING);
      this.#leaving.push(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }
}
