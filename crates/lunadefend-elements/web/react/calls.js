/** Calls to the tokenizer in the browser's session, whichever page is around. */

import { post } from "../frame/api.js";

/** @import { Answer } from "../frame/api.js" */

/** The hash of the session that this frame began with. */
let session = "";

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<Answer>}
 */
export async function ask(path, body) {
  /** @type {Record<string, string>} */
  const headers = session ? { "lunasec-session-hash": session } : {};
  const answer = await post(path, body, headers);
  // From now on the tokenizer refuses the frame in the session of another user.
  session ||= answer.headers.get("lunasec-session-hash") ?? "";
  return answer;
}
