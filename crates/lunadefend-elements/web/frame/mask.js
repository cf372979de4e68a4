/** The mask of a hidden value, such as `Visa •••• 1111`. It stands in the frame only: the page never hears of it. */

import { DOTS } from "./dom.js";
import { describe } from "./fetched.js";

/** How often the tokenizer is asked whether it may still stand there. */
const EVERY_MASK = 60_000;

export class Mask {
  #changed;
  /** Of what is hidden. */
  #token = "";
  /** Grows with each change, so that an answer that comes late changes nothing. */
  #turn = 0;
  /** Whether the page was left. */
  #left = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What stands for the value: dots where there is no mask. */
  text = DOTS;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    // What stood there must not be there again when somebody else presses the back button.
    window.addEventListener("pagehide", () => {
      this.of("");
      this.#left = true;
    });
    window.addEventListener("pageshow", () => {
      this.#left = false;
    });
    document.addEventListener("visibilitychange", () => document.hidden || this.#ask());
  }

  /** Stands for this token until another one comes. @param {string} token No text for none. */
  of(token) {
    if (token === this.#token || this.#left) return;
    this.#token = token;
    this.#stand(DOTS);
    this.#ask();
  }

  /** @param {string} text */
  #stand(text) {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.text = text;
    this.#changed();
  }

  /** Without an answer it is dots: whoever wants the value hears why it may not be shown. */
  async #ask() {
    if (this.#token === "") return;
    const turn = this.#turn;
    try {
      const { mask } = await describe(this.#token);
      if (turn !== this.#turn) return;
      this.#stand(typeof mask === "string" && mask ? mask : DOTS);
      if (this.text !== DOTS) this.#timer = setTimeout(() => this.#ask(), EVERY_MASK);
    } catch {
      if (turn === this.#turn) this.#stand(DOTS);
    }
  }
}
