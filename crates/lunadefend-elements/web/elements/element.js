/** What all elements have in common: a frame for as long as they are in the document. */

import { isRecord, nameOf } from "../protocol.js";
import { Frame } from "./frame.js";
import { answer, begin } from "./session.js";
import { SHEET, styleOf } from "./style.js";
import { ORIGIN } from "./tokenizer.js";
import { forDevelopers, forPeople } from "./words.js";

/** @import { Note, Role } from "../protocol.js" */

/** Fixed for the life of a frame: another value needs another frame. */
const FIXED = ["session", "kind", "copy"];
/** Of which a change is told to the frame. `class` and `style` change how it looks. */
const CHANGING = [
  ...["token", "placeholder", "autocomplete", "accept", "rows", "masked", "readonly", "required"],
  ...["lang", "dir", "texts", "label", "aria-label", "alt", "hide-after", "reveal", "class", "style"],
];
/** More rows than anybody can see. */
const MOST_ROWS = 100;

/** Elements in the document. @type {Set<LunaElement>} */
export const live = new Set();

/** Sees to frames when the page as a whole changes. */
export function watchPage() {
  // After the back button all is new: what was typed could be had again from a field's memory of its edits, and
  // whether a value may be shown is to be asked.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) for (const element of [...live]) element.restart();
  });
  // The text in frames follows when the page changes its theme.
  const restyle = () => {
    for (const element of live) element.refresh();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  const observer = new MutationObserver(restyle);
  for (const root of [document.documentElement, document.body]) {
    if (root) observer.observe(root, { attributes: true });
  }
}

export class LunaElement extends HTMLElement {
  static observedAttributes = [...FIXED, ...CHANGING];

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
    live.add(this);
    this.clearError();
    const refusal = this.#refusal();
    if (refusal) {
      this.fail(refusal);
      return;
    }
    const frame = new Frame({
      download: this.frameRole === "download",
      copy: this.hasAttribute("copy"),
      note: (note) => this.hear(note),
      reloaded: () => this.restart(),
    });
    this.frame = frame;
    this.#setRows();
    frame.element.title = this.label || "Secure field";
    this.shadowRoot?.prepend(frame.element);
    this.#start(frame);
  }

  disconnectedCallback() {
    live.delete(this);
    this.frame?.close();
    this.frame = undefined;
    this.internals.states.delete("ready");
    this.internals.states.delete("shown");
  }

  /** `moveBefore()` keeps the frame, and all that is in it. */
  connectedMoveCallback() {}

  /** @param {string} name @param {string | null} before @param {string | null} after */
  attributeChangedCallback(name, before, after) {
    if (before === after || !live.has(this)) return;
    if (FIXED.includes(name)) this.restart();
    else this.refresh();
  }

  /** Another frame in place of the present one. What was typed there is gone. */
  restart() {
    this.disconnectedCallback();
    this.connectedCallback();
  }

  /** Why there can be no frame here. */
  #refusal() {
    // A page at the tokenizer's own origin could read every frame.
    if (location.origin === ORIGIN) return "same-origin";
    if (/** @type {any} */ (window).credentialless === true) return "credentialless";
    // Who wants no check of the page's session says so: `none`.
    return this.session ? "" : "no-session";
  }

  /** @param {Frame} frame */
  async #start(frame) {
    try {
      await this.configure();
      if (this.frame !== frame) return;
      this.internals.states.add("ready");
      await begin(frame, this.session);
      if (this.frame === frame) await this.started();
    } catch (error) {
      if (this.frame === frame) this.fail(nameOf(error));
    }
  }

  /** Runs when there is a frame with a session. */
  async started() {}

  get session() {
    return this.getAttribute("session") ?? "";
  }

  get token() {
    return this.getAttribute("token") ?? "";
  }

  get label() {
    return this.getAttribute("aria-label") ?? this.getAttribute("label") ?? "";
  }

  /** Tells the frame again; whether that works is seen by what it is for. */
  refresh() {
    this.#setRows();
    this.configure().catch(() => {});
  }

  #setRows() {
    this.frame?.element.style.setProperty("--rows", String(this.#rows));
  }

  get #rows() {
    const rows = Number.parseInt(this.getAttribute("rows") ?? "", 10) || this.rows;
    return Math.min(Math.max(1, rows), MOST_ROWS);
  }

  async configure() {
    const { frame } = this;
    if (!frame) return;
    // Labels and style sheets may come while it loads. Afterwards nothing waits, so that the order stays.
    if (!frame.connected) await frame.loaded();
    if (this.frame !== frame) return;
    const attribute = (/** @type {string} */ name) => this.getAttribute(name) ?? "";
    frame.element.title = this.label || "Secure field";
    const closest = this.closest("[lang]");
    await frame.ask("configure", {
      role: this.frameRole,
      kind: attribute("kind"),
      session: this.session,
      label: this.label,
      placeholder: attribute("placeholder"),
      autocomplete: attribute("autocomplete"),
      accept: attribute("accept"),
      lang: closest?.getAttribute("lang") ?? "",
      dir: getComputedStyle(this).direction,
      rows: this.#rows,
      masked: this.hasAttribute("masked"),
      required: this.hasAttribute("required"),
      copy: this.hasAttribute("copy"),
      hideAfter: Number.parseFloat(attribute("hide-after")) || 0,
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

  /** Words of the page in place of ours; the frame drops what is no text. @returns {Record<string, string>} */
  #texts() {
    try {
      const texts = JSON.parse(this.getAttribute("texts") ?? "{}");
      return isRecord(texts) ? /** @type {Record<string, string>} */ (texts) : {};
    } catch {
      return {};
    }
  }

  /** @param {Note} note */
  hear(note) {
    if (note.note === "session-needed" && this.frame) answer(this.frame, this.session);
    else if (note.note === "failed") this.fail(note.name);
    else if (note.note === "shown") {
      if (note.shown) this.clearError();
      this.internals.states[note.shown ? "add" : "delete"]("shown");
      this.tell(note.shown ? "luna-shown" : "luna-hidden");
    }
  }

  /** What is said to people. @param {string} name */
  words(name) {
    const own = this.#texts();
    const text = Object.hasOwn(own, name) ? own[name] : undefined;
    return typeof text === "string" && text ? text : forPeople(name);
  }

  /** @param {string} name */
  say(name) {
    this.#error.textContent = this.words(name);
  }

  /** @param {string} name */
  fail(name) {
    const message = this.words(name);
    this.say(name);
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

  /** Ends this browser's session at the tokenizer, and hides what is shown in this page. */
  async endSession() {
    await this.frame?.ask("end");
    for (const { frame } of live) frame?.ask("hide").catch(() => {});
  }
}
