/**
 * The browser's session at the tokenizer: looked for once for the whole page, and transferred once when it
 * is not there.
 *
 * The transfer is a request of the page to its own origin, so that the application sees its own cookie in
 * every browser; what comes of it is opaque here, and the frame asks the tokenizer whether it worked. The
 * state in its address is no secret from the page: without the cookie of the tokenizer it opens nothing.
 */

import { Failure, nameOf } from "../protocol.js";
import { PROVIDER, transferUrl } from "./tokenizer.js";

/** @import { Frame } from "./frame.js" */

/** How long the application and the tokenizer may take for a transfer. */
const LONGEST_TRANSFER = 30_000;
/** For how long the fields of one page load share a refusal. Later somebody may have logged in. */
const SHARED_REFUSAL = 1_000;

/** For each session that a page names, the search for it. @type {Map<string, Promise<void>>} */
const searches = new Map();
/** For each, the transfer that runs. @type {Map<string, Promise<void>>} */
const transfers = new Map();

/**
 * Does something once for all frames, each of which can do it.
 *
 * @param {Map<string, Promise<void>>} running
 * @param {string} session
 * @param {() => Promise<void>} run
 * @returns {Promise<void>}
 */
async function once(running, session, run) {
  for (let found = running.get(session); found; found = running.get(session)) {
    try {
      return await found;
    } catch (error) {
      if (nameOf(error) !== "unreachable") throw error;
      // The frame that did it for all has gone.
      if (running.get(session) === found) running.delete(session);
    }
  }
  const begun = run();
  running.set(session, begun);
  return begun;
}

/**
 * Sees to it that there is a session, for a frame that has just loaded.
 *
 * @param {Frame} frame
 * @param {string} session
 * @returns {Promise<void>}
 */
export function begin(frame, session) {
  return once(searches, session, async () => {
    try {
      await renew(frame, session);
    } catch (error) {
      setTimeout(() => searches.delete(session), SHARED_REFUSAL);
      throw error;
    }
  });
}

/**
 * The same, for a frame that was told that it has none.
 *
 * @param {Frame} frame
 * @param {string} session
 * @returns {Promise<void>}
 */
export function renew(frame, session) {
  return once(transfers, session, () => transfer(frame).finally(() => transfers.delete(session)));
}

/** @param {Frame} frame */
async function transfer(frame) {
  if ((await frame.ask("verify")).session === "good") return;
  const { state } = await frame.ask("transfer", { provider: PROVIDER });
  if (typeof state !== "string") throw new Failure("unavailable");
  try {
    const signal = AbortSignal.timeout(LONGEST_TRANSFER);
    await fetch(transferUrl(state), { mode: "no-cors", credentials: "include", cache: "no-store", signal });
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
