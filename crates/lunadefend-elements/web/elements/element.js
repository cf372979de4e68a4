/** What all elements have in common: a frame for as long as they are in the document. */

import { nameOf } from "../protocol.js";
import { Frame } from "./frame.js";
import { answer, begin } from "./session.js";
import { SHEET, styleOf } from "./style.js";
import { ORIGIN } from "./tokenizer.js";
import { forDevelopers, forPeople } from "./words.js";

/** @import { Role } from "../protocol.js" */

/** Attributes of which a change is told to the frame. */
const CHANGING = ["placeholder", "autocomplete", "accept", "rows", "masked", "readonly", "required"];
const TEXTS = ["lang", "dir", "texts", "label", "aria-label", "alt", "hide-after", "copy", "reveal"];

/** Elements in the document. @type {Set<LunaElement>} */
const live = new Set();

/** Has the text in frames follow the page when it changes its theme. */
export function watchTheme() {
  const restyle = () => {
    for (const element of live) element.configure().catch(() => {});
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  new MutationObserver(restyle).observe(document.documentElement, { attributes: true });
}

export class LunaElement extends HTMLElement {
  static observedAttributes = ["session", "token", "kind", ...CHANGING, ...TEXTS];

  /** @type {Role} */
  frameRole = "value";
  internals = this.attachInternals();
  /** @type {Frame | undefined} */
  frame;
  #error = document.createElement("span");

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [SHEET];
    this.#error.setAttribute("part", "error");
    this.#error.setAttribute("role", "alert");
    root.append(this.#error);
  }

  connectedCallback() {
    if (location.origin === ORIGIN) {
      // A page at the tokenizer's own origin could read every frame.
      this.fail("unreachable");
      return;
    }
    const frame = new Frame({
      download: this.frameRole === "download",
      copy: this.hasAttribute("copy"),
      note: (note) => this.hear(note),
    });
    this.frame = frame;
    live.add(this);
    frame.element.title = this.label || "Secure field";
    this.shadowRoot?.prepend(frame.element);
    this.#start(frame);
  }

  disconnectedCallback() {
    live.delete(this);
    this.frame?.close();
    this.frame = undefined;
    this.internals.states.delete("ready");
  }

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    if (before === after || !this.frame) return;
    if (name === "session" || name === "kind" || name === "copy") {
      // Fixed for the life of a frame.
      this.disconnectedCallback();
      this.connectedCallback();
    } else {
      this.configure();
    }
  }

  /** @param {Frame} frame */
  async #start(frame) {
    try {
      await this.configure();
      if (this.frame !== frame) return;
      this.internals.states.add("ready");
      await begin(frame, this.session);
      this.clearError();
      if (this.frame === frame) await this.started();
    } catch (error) {
      if (this.frame === frame) this.fail(nameOf(error));
    }
  }

  /** Runs when there is a frame with a session. */
  async started() {}

  get session() {
    return this.getAttribute("session") ?? "none";
  }

  get token() {
    return this.getAttribute("token") ?? "";
  }

  get label() {
    return this.getAttribute("aria-label") ?? this.getAttribute("label") ?? "";
  }

  /** @returns {Promise<unknown>} */
  async configure() {
    const attribute = (/** @type {string} */ name) => this.getAttribute(name) ?? "";
    const rows = Math.max(1, Number.parseInt(attribute("rows"), 10) || this.rows);
    this.frame?.element.style.setProperty("--rows", String(rows));
    const closest = this.closest("[lang]");
    return this.frame?.ask("configure", {
      role: this.frameRole,
      kind: attribute("kind"),
      session: this.session,
      label: this.label,
      placeholder: attribute("placeholder"),
      autocomplete: attribute("autocomplete"),
      accept: attribute("accept"),
      lang: closest?.getAttribute("lang") ?? "",
      dir: getComputedStyle(this).direction,
      rows,
      masked: this.hasAttribute("masked"),
      required: this.hasAttribute("required"),
      copy: this.hasAttribute("copy"),
      hideAfter: Number(attribute("hide-after")) || 0,
      token: this.token,
      texts: this.#texts(),
      style: styleOf(this),
      ...this.configuration(),
    });
  }

  get rows() {
    return 1;
  }

  /** What only this element tells its frame. @returns {Record<string, unknown>} */
  configuration() {
    return {};
  }

  #texts() {
    try {
      return JSON.parse(this.getAttribute("texts") ?? "{}");
    } catch {
      return {};
    }
  }

  /** @param {Record<string, unknown>} note */
  hear(note) {
    if (note.note === "session-needed" && this.frame) answer(this.frame, this.session);
    else if (note.note === "failed") this.fail(String(note.name));
    else if (note.note === "shown") {
      if (note.shown === true) this.clearError();
      this.internals.states[note.shown === true ? "add" : "delete"]("shown");
      this.tell(note.shown === true ? "luna-shown" : "luna-hidden");
    }
  }

  /** @param {string} name */
  fail(name) {
    const message = forPeople(name);
    this.#error.textContent = message;
    this.internals.states.add("failed");
    forDevelopers(this.localName, name);
    this.tell("luna-error", { name, message });
    if (name === "session-changed") this.tell("session-changed");
  }

  clearError() {
    this.#error.textContent = "";
    this.internals.states.delete("failed");
  }

  /** @param {string} type @param {unknown} [detail] */
  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }

  /** Ends this browser's session at the tokenizer. */
  async endSession() {
    await this.frame?.ask("end");
  }
}
