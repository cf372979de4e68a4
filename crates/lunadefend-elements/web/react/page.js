/**
 * The messages of LunaSec's React SDK 1.0.7: texts of JSON, between the page's window and this one.
 *
 * A request of the page has a `correlationToken`, which its reply repeats. A notification to the page has the nonce
 * of its element.
 */

import { parentOrigin } from "../frame/host.js";
import { isRecord } from "../protocol.js";

/** @typedef {(data: Record<string, unknown>) => unknown} Handler What it gives is the data of the reply. */

/** The SDK's own requests are a few KiB; metadata that is too large is refused by the tokenizer. */
const LONGEST_MESSAGE = 256 * 1024;
/** How the reply to a request is called. @type {Record<string, string>} */
const REPLIES = { Attributes: "ReceiveAttributesConfirmation", CommitToken: "ReceiveCommittedToken" };

/** As the tokenizer has checked them. */
const query = new URLSearchParams(location.search);

export const COMPONENT = query.get("component") ?? "";

/** Which element of the page this is. Not a secret. */
const NONCE = query.get("n");

/** The origin of the page around, when it may have frames: nothing is sent to any other. */
export const PAGE = parentOrigin(query.get("origin"));

/** @param {Record<string, unknown>} message */
function say(message) {
  if (PAGE !== undefined) window.parent.postMessage(JSON.stringify(message), PAGE);
}

/**
 * Tells the page.
 *
 * @param {string} command
 * @param {Record<string, unknown>} [data]
 */
export function notify(command, data = {}) {
  say({ command, frameNonce: NONCE, data });
}

/**
 * Answers the page's requests. What is of another shape, or of another window, has no answer.
 *
 * @param {Record<string, Handler>} handlers By command.
 */
export function serve(handlers) {
  window.addEventListener("message", async ({ source, origin, data }) => {
    if (source !== window.parent || origin !== PAGE) return;
    const { command, correlationToken, data: asked } = parsed(data);
    if (typeof command !== "string" || typeof correlationToken !== "string") return;
    if (!Object.hasOwn(handlers, command) || !isRecord(asked)) return;
    say({ command: REPLIES[command], correlationToken, data: await handlers[command](asked) });
  });
}

/** @param {unknown} text @returns {Record<string, unknown>} */
function parsed(text) {
  if (typeof text !== "string" || text.length > LONGEST_MESSAGE) return {};
  try {
    const found = JSON.parse(text);
    return isRecord(found) ? found : {};
  } catch {
    return {};
  }
}
