/**
 * The messages of LunaSec's React SDK 1.0.7: texts of JSON, between the page's window and this one.
 *
 * A request of the page has a `correlationToken`, which its reply repeats. A notification to the page has the nonce
 * of its element.
 */

import { parentOrigin } from "../frame/host.js";
import { Failure, isRecord } from "../protocol.js";

/** @typedef {(data: Record<string, unknown>) => Promise<Record<string, unknown>>} Answers */

/** What the page calls a request, and its reply. @type {Record<string, string>} */
const REPLIES = { Attributes: "ReceiveAttributesConfirmation", CommitToken: "ReceiveCommittedToken" };
/** Of a message: styles and metadata of an application. */
const LONGEST_MESSAGE = 256 * 1024;

const parameters = new URLSearchParams(location.search);

export const COMPONENT = parameters.get("component") ?? "";

/** The element of this frame. Not a secret: it only says which element is meant. */
const NONCE = parameters.get("n") ?? "";

/** The page around, when it may have frames, and says of itself what the SDK always says. */
export const PAGE = /^[\da-f]{1,64}$/i.test(NONCE) ? parentOrigin(parameters.get("origin") ?? "") : undefined;

/** @param {Record<string, unknown>} message */
function sendToPage(message) {
  if (PAGE !== undefined) window.parent.postMessage(JSON.stringify(message), PAGE);
}

/**
 * Tells the page.
 *
 * @param {string} command
 * @param {Record<string, unknown>} [data]
 */
export function notify(command, data = {}) {
  sendToPage({ command, frameNonce: NONCE, data });
}

/** The names by which the SDK's error handlers know what the tokenizer refuses. @type {Record<string, string[]>} */
const ERRORS = {
  "not-logged-in": ["Unauthorized", "you are not logged in", "401"],
  "session-changed": ["Unauthorized", "another user is logged in now", "401"],
  refused: ["TokenizerError", "the tokenizer refused the request", "400"],
  "too-large": ["TokenizerError", "the value is too large", "413"],
  network: ["TokenizerError", "the tokenizer cannot be reached", "500"],
};
const UNAVAILABLE = ["TokenizerError", "the tokenizer is not available", "500"];

/**
 * Tells the page of a failure, once. Its text is one of a few: what was thrown may hold anything.
 *
 * @param {unknown} error
 */
export function notifyError(error) {
  const known =
    error instanceof Failure && Object.hasOwn(ERRORS, error.name) ? ERRORS[error.name] : UNAVAILABLE;
  const [name, message, code] = known;
  notify("NotifyOnError", { name, message, code });
}

/**
 * Answers the page's requests.
 *
 * @param {Record<string, Answers>} answers By command.
 */
export function answerPage(answers) {
  window.addEventListener("message", async ({ source, origin, data }) => {
    if (source !== window.parent || origin !== PAGE) return;
    const message = parsed(data);
    if (!message) return;
    const { command, correlationToken } = message;
    if (typeof command !== "string" || typeof correlationToken !== "string") return;
    if (!Object.hasOwn(answers, command)) return;
    const reply = await answers[command](isRecord(message.data) ? message.data : {});
    sendToPage({ command: REPLIES[command], correlationToken, data: reply });
  });
}

/** @param {unknown} text @returns {Record<string, unknown> | undefined} */
function parsed(text) {
  if (typeof text !== "string" || text.length > LONGEST_MESSAGE) return undefined;
  try {
    const found = JSON.parse(text);
    return isRecord(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
