/** What `luna-value` and `luna-image` have in common: a value is shown for as long as the tokenizer allows it. */

import { Failure, nameOf } from "../protocol.js";
import { describe, read } from "./fetched.js";
import { on, tell } from "./port.js";

/** Longer text is no field of a page, but a file. */
export const LONGEST_SHOWN = 256 * 1024;
/** How often the tokenizer is asked whether the value may still be shown. */
const EVERY = 60_000;
/** The longest time of a timer; a longer one would run at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * @typedef {object} Display
 * @property {number} most How many bytes it can show.
 * @property {(value: Uint8Array<ArrayBuffer>) => unknown} draw
 * @property {() => void} wipe Also while it draws.
 * @property {typeof read} [read] What reads a value, where it is not as for our own elements.
 * @property {(token: unknown) => Promise<unknown>} [mayShow] Fails when it may not be shown any more, likewise.
 * @property {(error: unknown) => void} [failed] Tells the page, likewise.
 */

export class Shown {
  #display;
  /** Of what is shown. @type {unknown} */
  #token;
  /** Grows with each change, so that an answer that comes late shows nothing. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #look;
  /** Seconds after which it hides; 0 is never. */
  hideAfter = 0;

  /** @param {Display} display */
  constructor(display) {
    this.#display = display;
    on("show", ({ token }) => this.show(token));
    on("hide", () => this.hide());
    // What was shown must not be there again when somebody else presses the back button.
    window.addEventListener("pagehide", () => this.hide());
    document.addEventListener("visibilitychange", () => document.hidden || this.#again());
  }

  get isShown() {
    return this.#token !== undefined;
  }

  hide() {
    const wasShown = this.isShown;
    this.#turn += 1;
    this.#token = undefined;
    for (const timer of [...this.#timers.splice(0), this.#look]) clearTimeout(timer);
    this.#display.wipe();
    if (wasShown) tell({ note: "shown", shown: false });
  }

  /** @param {unknown} token */
  async show(token) {
    this.hide();
    const turn = this.#turn;
    const { value, until } = await (this.#display.read ?? read)(token, this.#display.most);
    if (turn !== this.#turn) return;
    try {
      await this.#display.draw(value);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.hide();
      throw error;
    }
    // Whoever hid it while it was drawn has wiped it too.
    if (turn !== this.#turn) return;
    this.#token = token;
    this.#watch();
    const lasts = Math.min(Math.max(until - performance.now(), 0), LONGEST_TIMER);
    this.#timers.push(setTimeout(() => this.#expire(), lasts));
    if (this.hideAfter > 0) this.#timers.push(setTimeout(() => this.hide(), 1000 * this.hideAfter));
    tell({ note: "shown", shown: true });
  }

  /** For a person who asked for it here. @param {unknown} token */
  async press(token) {
    try {
      await this.show(token);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#display.failed) this.#display.failed(error);
    else tell({ note: "failed", name: nameOf(error) });
  }

  /** Looks again later. */
  #watch() {
    clearTimeout(this.#look);
    this.#look = setTimeout(() => this.#again(), EVERY);
  }

  #expire() {
    this.hide();
    this.#fail(new Failure("expired"));
  }

  /**
   * A log-out anywhere ends what is shown here, and so does it when nobody can say. Whether there is another
   * session by now is looked for afterwards: it may take long. The question is no read: a value that may be read
   * once stays as long as its grant.
   */
  async #again() {
    if (!this.isShown) return;
    const turn = this.#turn;
    const token = this.#token;
    try {
      await (this.#display.mayShow ?? describe)(token);
      if (turn === this.#turn) this.#watch();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.hide();
      // The tokenizer has said no: to read it anew could only spend a read.
      if (nameOf(error) === "refused") return this.#fail(error);
      await this.press(token);
    }
  }
}
