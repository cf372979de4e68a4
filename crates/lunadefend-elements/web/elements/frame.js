/** A frame of the tokenizer, seen from the page. */

import { CONNECT, Failure, isRecord, READY } from "../protocol.js";
import { FRAME, ORIGIN } from "./tokenizer.js";

/** @import { Ask, Configuration } from "../protocol.js" */

/** How long the frame may take to load, and to answer when it does not tell of progress. */
const PATIENCE = 60_000;

/** @typedef {{resolve: (value: Record<string, unknown>) => void, reject: (failure: Failure) => void, late: number}} Asked */

export class Frame {
  #iframe = document.createElement("iframe");
  /** @type {Map<number, Asked>} */
  #asked = new Map();
  #last = 0;
  #closed = new AbortController();
  /** @type {Promise<MessagePort>} */
  #port;
  /** Whether the frame has taken its port. */
  connected = false;

  /**
   * @param {object} options
   * @param {boolean} options.download Whether it may save files.
   * @param {boolean} options.copy Whether it may write to the clipboard.
   * @param {(note: Record<string, unknown>) => void} options.note What hears the frame.
   */
  constructor({ download, copy, note }) {
    const iframe = this.#iframe;
    // The least that works. The frame keeps its own origin, which is never this page's.
    iframe.setAttribute("sandbox", `allow-scripts allow-same-origin${download ? " allow-downloads" : ""}`);
    iframe.setAttribute("allow", copy ? `clipboard-write ${ORIGIN}` : "");
    iframe.referrerPolicy = "no-referrer";
    iframe.src = `${FRAME}#${encodeURIComponent(location.origin)}`;
    this.#port = this.#connect(note);
    // Whoever asks hears of it.
    this.#port.catch(() => {});
  }

  get element() {
    return this.#iframe;
  }

  /** @param {(note: Record<string, unknown>) => void} note @returns {Promise<MessagePort>} */
  #connect(note) {
    return new Promise((resolve, reject) => {
      const { signal } = this.#closed;
      const fail = () => reject(new Failure("unreachable"));
      const late = setTimeout(fail, PATIENCE);
      signal.addEventListener("abort", fail);
      /** @param {MessageEvent} event */
      const ready = ({ source, origin, data }) => {
        if (source === null || source !== this.#iframe.contentWindow || origin !== ORIGIN) return;
        if (!isRecord(data) || data.type !== READY || this.connected) return;
        this.connected = true;
        clearTimeout(late);
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = (message) => isRecord(message.data) && this.#take(message.data, note);
        this.#iframe.contentWindow?.postMessage({ type: CONNECT }, ORIGIN, [port2]);
        resolve(port1);
      };
      window.addEventListener("message", ready, { signal });
    });
  }

  /** @param {Record<string, unknown>} data @param {(note: Record<string, unknown>) => void} note */
  #take(data, note) {
    if (typeof data.note === "string") {
      if (data.note === "progress") for (const id of this.#asked.keys()) this.#wait(id);
      note(data);
      return;
    }
    const id = /** @type {number} */ (data.id);
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
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
    }, PATIENCE);
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
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject, late: 0 });
      this.#wait(id);
      port.postMessage({ ...more, ask, id });
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
