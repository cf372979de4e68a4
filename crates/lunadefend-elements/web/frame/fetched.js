/** Fetching a value that is to be shown or saved. */

import { Failure, isRecord } from "../protocol.js";
import { download } from "./api.js";
import { harmlessName } from "./files.js";
import { call } from "./session.js";

/**
 * @typedef {object} Leave To show a value, from the tokenizer.
 * @property {string} url
 * @property {number} until When it ends, as `performance.now()` says the time.
 */

/** @param {unknown} token @param {typeof call} [ask] @returns {Promise<Leave>} */
export async function leave(token, ask = call) {
  if (typeof token !== "string" || token === "") throw new Failure("refused");
  const { data, headers } = await ask("detokenize", { tokenId: token });
  const until = Number(headers.get("lunadefend-expires-at"));
  if (typeof data.downloadUrl !== "string" || !(until > 0)) throw new Failure("unavailable");
  return { url: data.downloadUrl, until: performance.now() + left(until, headers.get("date")) };
}

/**
 * How many milliseconds are left, by the clock of the tokenizer: that of the browser may be wrong by hours.
 *
 * What ends in the past has just been allowed: then the date is of another clock, as that of a proxy, and the
 * tokenizer alone knows the end. It is asked each minute in any case.
 *
 * @param {number} until
 * @param {string | null} date
 */
export function left(until, date) {
  const milliseconds = until - (Date.parse(date ?? "") || Date.now());
  return milliseconds > 0 ? milliseconds : Number.POSITIVE_INFINITY;
}

/** @param {unknown} token @param {typeof call} [ask] */
export async function bytes(token, ask) {
  return download((await leave(token, ask)).url);
}

/**
 * The name that a file had, made harmless. What was stored as text has none.
 *
 * @param {unknown} token
 * @param {typeof call} [ask]
 * @returns {Promise<string | undefined>}
 */
export async function fileName(token, ask = call) {
  const { data } = await ask("metadata/get", { tokenId: token });
  const info = isRecord(data.metadata) ? data.metadata.fileinfo : undefined;
  return isRecord(info) ? harmlessName(info.filename) : undefined;
}
