/** `luna-input` and `luna-file`: fields of a form, whose value is a token. */

import { Failure, nameOf } from "../protocol.js";
import { LunaElement } from "./element.js";
import { forPeople } from "./words.js";

/** @import { Role } from "../protocol.js" */

/**
 * The browser's own message, in its own language.
 *
 * @param {{required?: boolean, pattern?: string, value?: string}} like
 */
function native(like) {
  const input = document.createElement("input");
  return Object.assign(/** @type {{validationMessage: string}} */ (input), like).validationMessage;
}

const MISSING = native({ required: true });
const MISMATCH = native({ pattern: "a", value: "b" });
const OPEN = "The value of this field has not been secured yet. Send the form again.";

export class LunaField extends LunaElement {
  static formAssociated = true;

  /** @type {Role} */
  frameRole = "input";
  /** A token that came of what was typed; `undefined` while the row's own counts. @type {string | undefined} */
  #token;
  /** Whether something may be typed that no token stands for. */
  #open = false;
  #valid = true;
  #failed = "";
  #disabled = false;
  #held = false;
  /** Whether Enter was pressed in the frame, which gives a token while the focus is still there. */
  #entering = false;
  /** Does what Enter in a field of the form does. @type {(form: HTMLFormElement) => void} */
  static press = () => {};

  connectedCallback() {
    this.#update();
    super.connectedCallback();
    this.addEventListener("click", () => this.focus());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    // What was typed went with the frame.
    if (this.#open) this.#settle(this.#untouched);
  }

  formResetCallback() {
    this.#settle(undefined);
    this.frame?.ask("clear").catch(() => {});
  }

  /** @param {boolean} disabled */
  formDisabledCallback(disabled) {
    this.#disabled = disabled;
    this.#tellFrame();
  }

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    super.attributeChangedCallback(name, before, after);
    this.#update();
  }

  get form() {
    return this.internals.form;
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  /** The token, or nothing. */
  get value() {
    return this.#open ? "" : (this.#token ?? this.token);
  }

  get validity() {
    return this.internals.validity;
  }

  get validationMessage() {
    return this.internals.validationMessage;
  }

  get willValidate() {
    return this.internals.willValidate;
  }

  get labels() {
    return this.internals.labels;
  }

  checkValidity() {
    return this.internals.checkValidity();
  }

  reportValidity() {
    return this.internals.reportValidity();
  }

  get label() {
    const texts = [...this.internals.labels].map((label) => label.textContent ?? "");
    return super.label || texts.join(" ").replace(/\s+/g, " ").trim();
  }

  get rows() {
    return this.getAttribute("kind") === "textarea" ? 3 : 1;
  }

  configuration() {
    return {
      readonly: this.hasAttribute("readonly") || this.#held,
      disabled: this.#disabled,
      stored: this.value !== "",
    };
  }

  focus() {
    this.frame?.element.focus();
    this.frame?.ask("focus").catch(() => {});
  }

  /** Forgets what was typed, and the row's token too. */
  clear() {
    this.#settle("");
    this.frame?.ask("clear").catch(() => {});
    this.#tellFrame();
  }

  /**
   * Stores what was typed and gives its token; the row's own when nothing was.
   *
   * @param {Record<string, unknown>} [metadata] What is to be stored beside it.
   * @returns {Promise<string>}
   */
  async commit(metadata) {
    const frame = this.frame;
    if (!frame?.connected) return this.value;
    if (document.activeElement === this && !this.#entering) frame.element.blur();
    this.#entering = false;
    try {
      const { token } = await frame.ask("commit", { metadata });
      if (typeof token !== "string") throw new Failure("unavailable");
      const changed = token !== "" && token !== this.#token;
      this.#settle(token === "" ? this.#untouched : token);
      if (changed) this.tell("luna-token", { token });
      return this.value;
    } catch (error) {
      const name = nameOf(error);
      this.#open = true;
      if (name === "invalid") this.#valid = false;
      else this.fail(name);
      this.#update();
      throw error;
    }
  }

  /** @param {string} name */
  fail(name) {
    this.#failed = name;
    super.fail(name);
    this.#update();
  }

  /** The value when nothing is typed: none, after `clear()`, or the row's own. */
  get #untouched() {
    return this.#token === "" ? "" : undefined;
  }

  /** Whether somebody may change the value while the form is being sent. @param {boolean} held */
  hold(held) {
    this.#held = held;
    this.#tellFrame();
  }

  /** The focus is in the frame: from now on nobody outside knows what is typed there. */
  entered() {
    if (this.#open || this.#disabled) return;
    this.#open = true;
    this.#update();
  }

  /**
   * Runs something as if what is typed were a token already, so that the browser says what else is missing.
   *
   * @template T
   * @param {LunaField[]} fields
   * @param {() => T} run
   * @returns {T}
   */
  static lenient(fields, run) {
    for (const field of fields) field.internals.setValidity({});
    const result = run();
    for (const field of fields) field.#update();
    return result;
  }

  /** @param {Record<string, unknown>} note */
  hear(note) {
    if (note.note === "state") this.#hearState(note);
    else if (note.note === "submit") this.#enter();
    else if (note.note === "progress") this.tell("luna-progress", { percent: note.percent });
    else super.hear(note);
  }

  #enter() {
    if (!this.form) return;
    this.#entering = true;
    LunaField.press(this.form);
  }

  /** @param {Record<string, unknown>} state */
  #hearState({ empty, valid, focused }) {
    this.#failed = "";
    this.clearError();
    this.#valid = valid === true;
    if (empty !== true) this.#open = true;
    else if (focused !== true) {
      this.#open = false;
      this.#token = this.#untouched;
    }
    this.#update();
    this.tell("luna-state", { empty: empty === true, valid: this.#valid });
  }

  /** @param {string | undefined} token */
  #settle(token) {
    this.#token = token;
    this.#open = false;
    this.#valid = true;
    this.#failed = "";
    this.clearError();
    this.#update();
  }

  #tellFrame() {
    if (this.frame) this.configure().catch(() => {});
  }

  #update() {
    const { internals } = this;
    const value = this.value;
    internals.setFormValue(value === "" ? null : value);
    internals.states[this.#valid ? "delete" : "add"]("invalid");
    const anchor = this.frame?.element;
    const set = (/** @type {ValidityStateFlags} */ flags, /** @type {string} */ message) =>
      internals.setValidity(flags, message, anchor);
    if (this.#failed) set({ customError: true }, forPeople(this.#failed));
    else if (!this.#valid) set({ patternMismatch: true }, MISMATCH);
    else if (this.#open) set({ customError: true }, OPEN);
    else if (value === "" && this.hasAttribute("required")) set({ valueMissing: true }, MISSING);
    else internals.setValidity({});
  }
}

export class LunaInput extends LunaField {}

export class LunaFile extends LunaField {
  /** @type {Role} */
  frameRole = "file";
}
