/**
 * The browser's session at the tokenizer: looked for once for the whole page, and transferred once when it
 * is not there.
 *
 * The transfer is a request of the page to its own origin, so that the application sees its own cookie in
 * every browser; what comes of it is opaque here, and the frame asks the tokenizer whether it worked.
 */

import { Failure, nameOf } from "../protocol.js";
import { PROVIDER, transferUrl } from "./tokenizer.js";

/** @import { Frame } from "./frame.js" */

/** For each session that the page names, what became of it when it was looked for looked. @type {Map<string, Promise<void>>} */
const looked = new Map();
/** @type {Map<string, Promise<void>>} */
const transfers = new Map();

/**
 * Sees to it that there is a session, for a frame that has just loaded.
 *
 * @param {Frame} frame
 * @param {string} session
 * @returns {Promise<void>}
 */
export function begin(frame, session) {
  const found = looked.get(session);
  if (found) return found;
  const begun = renew(frame, session);
  looked.set(session, begun);
  // Another frame may have more luck.
  begun.catch(() => looked.delete(session));
  return begun;
}

/**
 * The same, for a frame that was told that it has none.
 *
 * @param {Frame} frame
 * @param {string} session
 * @returns {Promise<void>}
 */
export function renew(frame, session) {
  const found = transfers.get(session);
  if (found) return found;
  const begun = transfer(frame).finally(() => transfers.delete(session));
  transfers.set(session, begun);
  return begun;
}

/** @param {Frame} frame */
async function transfer(frame) {
  if ((await frame.ask("verify")).session === "good") return;
  const { state } = await frame.ask("transfer", { provider: PROVIDER });
  if (typeof state !== "string") throw new Failure("unavailable");
  try {
    await fetch(transferUrl(state), { mode: "no-cors", credentials: "include", cache: "no-store" });
  } catch {
    // Blocked, or nobody there: the frame says what is missing.
  }
  const { session } = await frame.ask("verify");
  if (session === "good") return;
  if (session === "mismatch") throw new Failure("session-changed");
  const { kept } = await frame.ask("cookies");
  throw new Failure(kept === true ? "not-logged-in" : "cookies-blocked");
}

/**
 * Answers a frame that needs a session.
 *
 * @param {Frame} frame
 * @param {string} session
 */
export async function answer(frame, session) {
  let failed;
  try {
    await renew(frame, session);
  } catch (error) {
    failed = nameOf(error);
  }
  await frame.ask("session", { failed }).catch(() => {});
}
