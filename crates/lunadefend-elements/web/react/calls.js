/** Calls to the tokenizer in the browser's session, whichever page is around. */

import { post } from "../frame/api.js";
import { bytes, fileName } from "../frame/fetched.js";
import { save } from "../frame/saving.js";
import { LunaSecFailure } from "./errors.js";

/** @import { Answer } from "../frame/api.js" */

const HASH = "lunasec-session-hash";

/** Of the session that this frame began with: the tokenizer refuses it in any other. */
let session = "";

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<Answer>}
 */
export async function ask(path, body) {
  /** @type {Record<string, string>} */
  const headers = session ? { [HASH]: session } : {};
  const answer = await post(path, body, headers);
  session ||= answer.headers.get(HASH) ?? "";
  if (session === "") {
    throw new LunaSecFailure(
      "detokenizationiFrameSessionBinding",
      "the tokenizer does not say whose session it is",
    );
  }
  return answer;
}

/** The name of a stored file, made harmless. @param {string} token */
export async function nameOfFile(token) {
  const name = await fileName(token, ask);
  if (name === undefined) throw new LunaSecFailure("wrongMetaDataType", "the token is not that of a file");
  return name;
}

/** Saves a stored file. Its URL lives for a minute, and so is asked for now. @param {string} token @param {string} name */
export async function saveFile(token, name) {
  save(name, await bytes(token, ask));
}
