/** Fetching a value that is to be shown or saved. */

import { Failure, isRecord } from "../protocol.js";
import { download, onceMore } from "./api.js";
import { fromBase64, identifier } from "./bytes.js";
import { harmlessName } from "./files.js";
import { call, callOnce } from "./session.js";

/**
 * @typedef {object} Found A value that may be shown.
 * @property {Uint8Array<ArrayBuffer>} value
 * @property {number} until When that ends, as `performance.now()` says the time.
 */

/**
 * Reads a value. One that may be read only so often has one read less then.
 *
 * @param {unknown} token
 * @param {number} [most] How many bytes it may have.
 * @param {typeof call} [ask]
 * @returns {Promise<Found>}
 */
export async function read(token, most, ask = call) {
  // With the same id a repeated request is no second read.
  const body = { tokenIds: [named(token)], readId: identifier() };
  const { data, headers } = await onceMore(() => ask("v2/detokenize", body));
  const { value, download: long, expiresAt } = item(data, token);
  if (value === undefined && long === undefined) throw new Failure("refused");
  const url = isRecord(long) ? long.url : undefined;
  if (typeof expiresAt !== "number" || (typeof value !== "string" && typeof url !== "string")) {
    throw new Failure("unavailable");
  }
  const until = performance.now() + left(expiresAt, headers.get("date"));
  return { value: typeof value === "string" ? fromBase64(value) : await download(String(url), most), until };
}

/**
 * What the tokenizer knows about a token that the session holds a live grant for. It reads no value: one that may be
 * read once may be asked about again and again.
 *
 * @param {unknown} token
 * @param {typeof call} [ask]
 * @returns {Promise<Record<string, unknown>>}
 */
export async function describe(token, ask = callOnce) {
  const { data } = await ask("v2/tokens/describe", { tokenIds: [named(token)] });
  const { description } = item(data, token);
  if (!isRecord(description)) throw new Failure("refused");
  return description;
}

/** @param {unknown} token */
function named(token) {
  if (typeof token !== "string" || token === "") throw new Failure("refused");
  return token;
}

/**
 * The one item of an answer.
 *
 * @param {Record<string, unknown>} data
 * @param {unknown} token
 */
function item({ items }, token) {
  const first = Array.isArray(items) && items.length === 1 ? items[0] : undefined;
  if (!isRecord(first) || first.tokenId !== token) throw new Failure("unavailable");
  return first;
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
