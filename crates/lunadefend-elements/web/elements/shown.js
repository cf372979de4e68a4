/** `luna-value`, `luna-download` and `luna-image`: what shows a stored value or saves it. */

import { nameOf } from "../protocol.js";
import { LunaElement } from "./element.js";

/** @import { Role } from "../protocol.js" */

class LunaShown extends LunaElement {
  /** The frame that has a session. @type {LunaElement["frame"]} */
  #ready;

  /** Shows the value of the element's token. */
  async show() {
    const { frame } = this;
    try {
      await frame?.ask("show", { token: this.token });
    } catch (error) {
      if (this.frame === frame) this.fail(nameOf(error));
    }
  }

  async hide() {
    await this.frame?.ask("hide").catch(() => {});
  }

  async started() {
    this.#ready = this.frame;
    if (this.onClick) await this.configure();
    else if (this.token) await this.show();
  }

  get onClick() {
    return this.getAttribute("reveal") === "click";
  }

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    super.attributeChangedCallback(name, before, after);
    if (name !== "token" || before === after || !this.frame?.connected) return;
    if (this.onClick || !after) this.hide();
    else this.show();
  }

  configuration() {
    return { click: this.onClick, ready: this.frame !== undefined && this.frame === this.#ready };
  }
}

export class LunaValue extends LunaShown {
  /** @type {Role} */
  frameRole = "value";
}

export class LunaImage extends LunaShown {
  /** @type {Role} */
  frameRole = "image";

  get label() {
    return this.getAttribute("alt") ?? super.label;
  }
}

export class LunaDownload extends LunaElement {
  /** @type {Role} */
  frameRole = "download";

  /** The words between its tags are those of the button. */
  get label() {
    return (this.textContent ?? "").trim() || super.label;
  }
}
