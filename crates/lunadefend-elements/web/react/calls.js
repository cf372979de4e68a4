/** Calls to the tokenizer in the browser's session, whichever page is around. They are those of LunaSec's wire. */

import { download, post, upload } from "../frame/api.js";
import { fileName, left } from "../frame/fetched.js";
import { SETTINGS } from "../frame/host.js";
import { save } from "../frame/saving.js";
import { Failure } from "../protocol.js";
import { LunaSecFailure } from "./errors.js";

/** @import { Answer } from "../frame/api.js" */
/** @import { Found } from "../frame/fetched.js" */
/** @import { Metadata } from "../frame/store.js" */

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

/** Stores a value: a token first, then the value. @param {Blob} value @param {Metadata} metadata */
export async function storeValue(value, metadata) {
  if (value.size > SETTINGS.maxValue) throw new Failure("too-large");
  const { data } = await ask("tokenize", { metadata });
  if (typeof data.tokenId !== "string" || typeof data.uploadUrl !== "string") {
    throw new Failure("unavailable");
  }
  await upload(data.uploadUrl, value, () => {});
  return data.tokenId;
}

/** Leave to show a value, and until when. @param {unknown} token */
export async function leave(token) {
  if (typeof token !== "string" || token === "") throw new Failure("refused");
  const { data, headers } = await ask("detokenize", { tokenId: token });
  const until = Number(headers.get("lunadefend-expires-at"));
  if (typeof data.downloadUrl !== "string" || !(until > 0)) throw new Failure("unavailable");
  return { url: data.downloadUrl, until: performance.now() + left(until, headers.get("date")) };
}

/** @param {unknown} token @param {number} [most] @returns {Promise<Found>} */
export async function readValue(token, most) {
  const { url, until } = await leave(token);
  return { value: await download(url, most), until };
}

/** The name of a stored file, made harmless. @param {string} token */
export async function nameOfFile(token) {
  const name = await fileName(token, ask);
  if (name === undefined) throw new LunaSecFailure("wrongMetaDataType", "the token is not that of a file");
  return name;
}

/** Saves a stored file. Its URL lives for a minute, and so is asked for now. @param {string} token @param {string} name */
export async function saveFile(token, name) {
  save(name, (await readValue(token)).value);
}
