/** The port to the page: who gets it, and what goes over it. */

import { CONNECT, Failure, isRecord, nameOf, READY } from "../protocol.js";

/** @import { Note } from "../protocol.js" */
/** @typedef {(message: Record<string, unknown>) => unknown} Handler */

/** How often the page hears that something is going on. How long it takes says nothing about the value. */
const SIGN_OF_LIFE = 15_000;

/** @type {MessagePort | undefined} */
let port;

/** @type {Record<string, Handler>} */
const handlers = Object.create(null);

/**
 * Says what answers a request of the page.
 *
 * @param {string} ask
 * @param {Handler} handler
 */
export function on(ask, handler) {
  handlers[ask] = handler;
}

/**
 * Tells the page.
 *
 * @param {Note} note
 */
export function tell(note) {
  port?.postMessage(note);
}

/**
 * Offers itself to the page around, and takes the first port that it sends.
 *
 * @param {string} origin
 */
export function listen(origin) {
  /** @param {MessageEvent} event */
  const connect = (event) => {
    if (event.source !== window.parent || event.origin !== origin) return;
    if (!isRecord(event.data) || event.data.type !== CONNECT || event.ports.length !== 1) return;
    window.removeEventListener("message", connect);
    port = event.ports[0];
    port.onmessage = ({ data }) => {
      if (isRecord(data) && typeof data.ask === "string" && Number.isSafeInteger(data.id)) {
        answer(data.ask, data);
      }
    };
  };
  window.addEventListener("message", connect);
  window.parent.postMessage({ type: READY }, origin);
}

/**
 * @param {string} ask
 * @param {Record<string, unknown>} message
 */
async function answer(ask, message) {
  const { id } = message;
  const working = setInterval(() => tell({ note: "working" }), SIGN_OF_LIFE);
  let result;
  try {
    const handler = handlers[ask];
    if (!handler) throw new Failure("unsupported");
    result = { id, .../** @type {object} */ (await handler(message)) };
  } catch (error) {
    result = { id, failed: nameOf(error) };
  }
  clearInterval(working);
  port?.postMessage(result);
}
