/** Calls to the tokenizer in the browser's session, whichever page is around. */

import { post } from "../frame/api.js";

/** @import { Answer } from "../frame/api.js" */

/** The most bytes of text that is shown. */
export const LONGEST_SHOWN = 256 * 1024;

/** The hash of the session that this frame began with. */
let sessionHash = "";

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<Answer>}
 */
export async function ask(path, body) {
  /** @type {Record<string, string>} */
  const headers = sessionHash ? { "lunasec-session-hash": sessionHash } : {};
  const answer = await post(path, body, headers);
  // From now on the tokenizer refuses the frame in the session of another user.
  sessionHash ||= answer.headers.get("lunasec-session-hash") ?? "";
  return answer;
}

/** What is going on. @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Does one thing after the other: what the page says later counts, however long the earlier takes.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function inTurn(work) {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}
