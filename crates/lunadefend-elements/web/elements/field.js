/** `luna-input` and `luna-file`: fields of a form, whose value is a token. */

import { Failure, nameOf } from "../protocol.js";
import { LunaElement, live } from "./element.js";
import { MISMATCH, MISSING } from "./messages.js";

/** @import { Note, Role } from "../protocol.js" */

/** What stands for a value; nothing for no value. */
const TOKEN = /^(?:lunasec-[\w-]{1,100})?$/;

export class LunaField extends LunaElement {
  static formAssociated = true;

  /** @type {Role} */
  frameRole = "input";
  /** A token that came of what was typed; `undefined` while the row's own counts. @type {string | undefined} */
  #token;
  /** One that came of what was typed in a frame that is gone, and takes the place of the row's own. */
  #kept = /** @type {string | undefined} */ (undefined);
  /** Whether something may be typed that no token stands for. */
  #open = false;
  /** Whether nothing is typed, as far as the frame has said. */
  #empty = true;
  #valid = true;
  #failed = "";
  #disabled = false;
  #held = false;
  /** Whether Enter was pressed in the frame, which gives a token while the focus is still there. */
  #entering = false;
  /** Does what Enter in a field of the form does. @type {(form: HTMLFormElement) => void} */
  static press = () => {};
  /** Sees to it that forms below a root are sent by way of us. @type {(root: Node) => void} */
  static watch = () => {};

  constructor() {
    super();
    this.addEventListener("click", () => this.focus());
    this.addEventListener("invalid", (event) => this.#refused(event));
  }

  connectedCallback() {
    this.#update();
    super.connectedCallback();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    // What was typed went with the frame.
    if (this.#open) this.#settle(this.#untouched);
    this.#kept = this.#token || undefined;
    this.#setInside(false);
  }

  /** @param {HTMLFormElement | null} form */
  formAssociatedCallback(form) {
    if (form) LunaField.watch(form.getRootNode());
  }

  formResetCallback() {
    this.#kept = undefined;
    this.#settle(undefined);
    this.frame?.ask("clear").catch(() => {});
    this.refresh();
  }

  /** @param {boolean} disabled */
  formDisabledCallback(disabled) {
    this.#disabled = disabled;
    // What is disabled does not say that it has lost the focus.
    if (disabled) this.#setInside(false);
    this.refresh();
  }

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    super.attributeChangedCallback(name, before, after);
    if (name === "token" && before !== after && !this.#open) {
      this.#kept = undefined;
      this.#token = undefined;
    }
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
      stored: (this.#token ?? this.token) !== "",
    };
  }

  /** Whether the focus is in the frame. */
  get focused() {
    return this.frame !== undefined && this.shadowRoot?.activeElement === this.frame.element;
  }

  focus() {
    this.frame?.element.focus();
    this.frame?.ask("focus").catch(() => {});
  }

  /** Forgets what was typed, and the row's token too. */
  clear() {
    this.#settle("");
    this.frame?.ask("clear").catch(() => {});
    this.refresh();
  }

  /**
   * Stores what was typed and gives its token; the row's own when nothing was.
   *
   * @param {Record<string, unknown>} [metadata] What is to be stored beside it.
   * @returns {Promise<string>}
   */
  async commit(metadata) {
    const { frame } = this;
    if (!frame?.connected) {
      // Nothing can be typed where no frame is; but who asks for a token must hear that there is no field.
      if (this.#failed) throw new Failure(this.#failed);
      return this.value;
    }
    if (this.focused && !this.#entering) frame.element.blur();
    try {
      const { token } = await frame.ask("commit", { metadata });
      if (typeof token !== "string" || !TOKEN.test(token)) throw new Failure("unavailable");
      if (this.frame !== frame) throw new Failure("unreachable");
      const changed = token !== "" && token !== this.#token;
      this.#settle(token === "" ? this.#untouched : token);
      if (changed) this.tell("luna-token", { token });
      return this.value;
    } catch (error) {
      const name = nameOf(error);
      if (this.frame === frame) {
        this.#open = true;
        if (name === "invalid") this.#valid = false;
        else this.fail(name);
        this.#update();
      }
      throw error;
    }
  }

  /** @param {string} name */
  fail(name) {
    this.#failed = name;
    super.fail(name);
    this.#update();
  }

  clearError() {
    this.#failed = "";
    super.clearError();
    this.#update();
  }

  /** The value when nothing is typed: none after `clear()`, else what was typed before, or the row's own. */
  get #untouched() {
    return this.#token === "" ? "" : this.#kept;
  }

  /** Nobody may change the value while the form is being sent. @param {boolean} held */
  hold(held) {
    this.#held = held;
    this.refresh();
  }

  /** The focus is in the frame: from now on nobody outside knows what is typed there. */
  entered() {
    if (this.#open || this.#disabled) return;
    this.#open = true;
    this.#update();
  }

  /** Looks whether the focus went into a field, which that field's frame may say later. */
  static look() {
    for (const element of live) {
      if (element instanceof LunaField && (element.internals.states.has("focused") || element.focused)) {
        element.entered();
      }
    }
  }

  /**
   * What the frame has said of the focus. Not every browser draws where it is: a page can, by a state.
   *
   * @param {boolean} inside
   */
  #setInside(inside) {
    this.internals.states[inside ? "add" : "delete"]("focused");
    if (inside) this.entered();
  }

  /**
   * The browser refused to send the form, as the page's script sends it or hides clicks from us.
   *
   * @param {Event} event
   */
  async #refused(event) {
    const dirty = this.#open && this.#valid && !this.#failed && !this.focused;
    if (!this.#held && !dirty) return;
    // The browser would give the focus to the field, whose token waits until somebody leaves it.
    event.preventDefault();
    if (this.#held) return;
    try {
      await this.commit();
      // Nobody can tell a check of the page's script from an attempt to send, which must be made again.
      this.say("secured");
    } catch {
      // That is said already.
    }
  }

  /**
   * Runs something as if what may be typed were a token already, so that the browser says what else is missing.
   *
   * @template T
   * @param {LunaField[]} fields
   * @param {() => T} run
   * @returns {T}
   */
  static lenient(fields, run) {
    for (const field of fields) if (field.#open || field.#failed) field.internals.setValidity({});
    const result = run();
    for (const field of fields) field.#update();
    return result;
  }

  /** @param {Note} note */
  hear(note) {
    if (note.note === "state") this.#hearState(note);
    else if (note.note === "focused") this.#setInside(true);
    else if (note.note === "submit") this.#enter();
    else if (note.note === "progress") this.tell("luna-progress", { percent: note.percent });
    else super.hear(note);
  }

  #enter() {
    this.entered();
    this.#entering = true;
    this.tell("luna-enter");
    if (this.form) LunaField.press(this.form);
    this.#entering = false;
  }

  /** @param {Extract<Note, {note: "state"}>} state */
  #hearState({ empty, valid, focused }) {
    this.#valid = valid;
    this.#empty = empty;
    if (!empty) this.#open = true;
    else if (!focused) {
      this.#open = false;
      this.#token = this.#untouched;
    }
    this.clearError();
    this.#setInside(focused);
    this.tell("luna-state", { empty, valid });
  }

  /** @param {string | undefined} token */
  #settle(token) {
    this.#token = token;
    this.#open = false;
    this.#empty = !token;
    this.#valid = true;
    this.clearError();
  }

  #update() {
    const { internals } = this;
    const value = this.value;
    internals.setFormValue(value === "" ? null : value);
    internals.states[this.#valid ? "delete" : "add"]("invalid");
    const anchor = this.frame?.element;
    const set = (/** @type {ValidityStateFlags} */ flags, /** @type {string} */ message) =>
      internals.setValidity(flags, message, anchor);
    const missing = value === "" && this.#empty && this.hasAttribute("required");
    if (this.#failed) set({ customError: true }, this.words(this.#failed));
    else if (!this.#valid) set({ patternMismatch: true }, MISMATCH);
    else if (missing) set({ valueMissing: true, customError: this.#open }, MISSING);
    else if (this.#open) set({ customError: true }, this.words("open"));
    else internals.setValidity({});
  }
}

export class LunaInput extends LunaField {}

export class LunaFile extends LunaField {
  /** @type {Role} */
  frameRole = "file";
}
