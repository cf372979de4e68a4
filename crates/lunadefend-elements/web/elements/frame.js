/** A frame of the tokenizer, seen from the page. */

import { CONNECT, Failure, isRecord, READY } from "../protocol.js";
import { isNote } from "./notes.js";
import { FRAME, ORIGIN } from "./tokenizer.js";

/** @import { Ask, Configuration, Note } from "../protocol.js" */

/** How long the frame may take to load. */
const LOADING = 60_000;
/** How long what it says may be on its way once it has loaded; a page of the browser about an error says nothing. */
const LATE = 10_000;
/** How long it may give no sign of life while something is asked. It gives one every 15 seconds. */
const SILENT = 90_000;

/** @typedef {{resolve: (value: Record<string, unknown>) => void, reject: (failure: Failure) => void, late: number}} Asked */

/**
 * @typedef {object} Options
 * @property {boolean} download Whether it may save files.
 * @property {boolean} copy Whether it may write to the clipboard.
 * @property {(note: Note) => void} note What hears the frame.
 * @property {() => void} reloaded What is done when there is another document in it.
 */

export class Frame {
  #iframe = document.createElement("iframe");
  /** @type {Map<number, Asked>} */
  #asked = new Map();
  #last = 0;
  #closed = new AbortController();
  /** The port, once the frame has loaded. @type {Promise<MessagePort>} */
  #port;
  /** Whether the frame has taken its port. */
  connected = false;

  /** @param {Options} options */
  constructor(options) {
    const iframe = this.#iframe;
    // The least that works. The frame keeps its own origin, which is never this page's.
    const saving = options.download ? " allow-downloads" : "";
    iframe.setAttribute("sandbox", `allow-scripts allow-same-origin${saving}`);
    iframe.setAttribute("allow", options.copy ? `clipboard-write ${ORIGIN}` : "");
    iframe.referrerPolicy = "no-referrer";
    iframe.src = `${FRAME}#${encodeURIComponent(location.origin)}`;
    this.#port = this.#connect(options);
    // Whoever asks hears of it.
    this.#port.catch(() => {});
  }

  get element() {
    return this.#iframe;
  }

  /** Waits until the frame has loaded. */
  async loaded() {
    await this.#port;
  }

  /** @param {Options} options @returns {Promise<MessagePort>} */
  #connect({ note, reloaded }) {
    return new Promise((resolve, reject) => {
      const { signal } = this.#closed;
      const fail = () => reject(new Failure("unreachable"));
      let late = setTimeout(fail, LOADING);
      let loads = 0;
      signal.addEventListener("abort", () => {
        clearTimeout(late);
        fail();
      });
      const load = () => {
        loads += 1;
        if (loads > 1) reloaded();
        if (this.connected) return;
        clearTimeout(late);
        late = setTimeout(fail, LATE);
      };
      /** @param {MessageEvent} event */
      const ready = ({ source, origin, data }) => {
        if (source === null || source !== this.#iframe.contentWindow || origin !== ORIGIN) return;
        if (!isRecord(data) || data.type !== READY) return;
        // A second document in the frame: a port that is in use is never given away again.
        if (this.connected) return reloaded();
        this.connected = true;
        clearTimeout(late);
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = (message) => this.#take(message.data, note);
        this.#iframe.contentWindow?.postMessage({ type: CONNECT }, ORIGIN, [port2]);
        resolve(port1);
      };
      this.#iframe.addEventListener("load", load, { signal });
      window.addEventListener("message", ready, { signal });
      // Where the page's policy refuses the frame, Firefox tells of no load.
      /** @param {SecurityPolicyViolationEvent} event */
      const refused = ({ disposition, effectiveDirective, blockedURI }) => {
        if (disposition === "enforce" && effectiveDirective === "frame-src" && blockedURI.startsWith(ORIGIN))
          fail();
      };
      document.addEventListener("securitypolicyviolation", refused, { signal });
    });
  }

  /** @param {unknown} data @param {(note: Note) => void} note */
  #take(data, note) {
    if (isNote(data)) {
      for (const id of this.#asked.keys()) this.#wait(id);
      note(data);
      return;
    }
    if (!isRecord(data) || typeof data.id !== "number") return;
    const asked = this.#asked.get(data.id);
    if (!asked) return;
    this.#asked.delete(data.id);
    clearTimeout(asked.late);
    if (typeof data.failed === "string") asked.reject(new Failure(data.failed));
    else asked.resolve(data);
  }

  /** @param {number} id */
  #wait(id) {
    const asked = this.#asked.get(id);
    if (!asked) return;
    clearTimeout(asked.late);
    asked.late = setTimeout(() => {
      this.#asked.delete(id);
      asked.reject(new Failure("network"));
    }, SILENT);
  }

  /**
   * Asks the frame.
   *
   * @param {Ask} ask
   * @param {Partial<Configuration> & Record<string, unknown>} [more]
   * @returns {Promise<Record<string, unknown>>}
   */
  async ask(ask, more = {}) {
    const port = await this.#port;
    if (this.#closed.signal.aborted) throw new Failure("unreachable");
    this.#last += 1;
    const id = this.#last;
    port.postMessage({ ...more, ask, id });
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject, late: 0 });
      this.#wait(id);
    });
  }

  close() {
    this.#closed.abort();
    for (const { reject, late } of this.#asked.values()) {
      clearTimeout(late);
      reject(new Failure("unreachable"));
    }
    this.#asked.clear();
    this.#port.then((port) => port.close()).catch(() => {});
    this.#iframe.remove();
  }
}
