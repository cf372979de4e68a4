/** Calls to the tokenizer in the browser's session, whichever page is around. */

import { download, post } from "../frame/api.js";
import { leave } from "../frame/fetched.js";
import { harmlessName } from "../frame/files.js";
import { save } from "../frame/saving.js";
import { isRecord } from "../protocol.js";
import { LunaSecFailure } from "./errors.js";

/** @import { Answer } from "../frame/api.js" */

/** Longer text is no field of a page, but a file. */
export const LONGEST_SHOWN = 256 * 1024;
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
  const { data } = await ask("metadata/get", { tokenId: token });
  const { metadata } = data;
  if (!isRecord(metadata) || metadata.dataType !== "file" || !isRecord(metadata.fileinfo)) {
    throw new LunaSecFailure("wrongMetaDataType", "the token is not that of a file");
  }
  return harmlessName(metadata.fileinfo.filename);
}

/** Saves a stored file. Its URL lives for a minute, and so is asked for now. @param {string} token @param {string} name */
export async function saveFile(token, name) {
  const { url } = await leave(token, ask);
  save(name, await download(url));
}
