/** Fetching a value that is to be shown or saved. */

import { Failure, isRecord } from "../protocol.js";
import { download } from "./api.js";
import { harmlessName } from "./files.js";
import { call } from "./session.js";

/**
 * @typedef {object} Leave To show a value, from the tokenizer.
 * @property {string} url
 * @property {number} milliseconds For how long, at most.
 */

/** @param {unknown} token @returns {Promise<Leave>} */
export async function leave(token) {
  if (typeof token !== "string" || token === "") throw new Failure("refused");
  const { data, headers } = await call("detokenize", { tokenId: token });
  if (typeof data.downloadUrl !== "string") throw new Failure("unavailable");
  const until = Number(headers.get("lunadefend-expires-at"));
  // By the clock of the tokenizer: that of the browser may be wrong by hours.
  const now = Date.parse(headers.get("date") ?? "");
  return { url: data.downloadUrl, milliseconds: until > 0 && now > 0 ? until - now : 0 };
}

/** @param {unknown} token @param {number} [most] */
export async function bytes(token, most) {
  return download((await leave(token)).url, most);
}

/**
 * The name that a file had, made harmless.
 *
 * @param {unknown} token
 */
export async function fileName(token) {
  const { data } = await call("metadata/get", { tokenId: token });
  const info = isRecord(data.metadata) ? data.metadata.fileinfo : undefined;
  return harmlessName(isRecord(info) ? info.filename : undefined);
}
