/** Storing a value: a short text with its token, all else to the URL that comes with the token. */

import { Failure, isRecord } from "../protocol.js";
import { onceMore, upload } from "./api.js";
import { base64, identifier } from "./bytes.js";
import { SETTINGS } from "./host.js";
import { call } from "./session.js";

/** @typedef {{dataType: string, fileinfo?: object, customFields?: unknown}} Metadata */

const LONGEST_NAME = 255;
/** The longest value that a request has inside (`lunadefend_core::wire::MAX_INLINE`). */
const LONGEST_INLINE = 16 * 1024;

/** @param {File} file @returns {Metadata} */
export function ofFile({ name, type, lastModified }) {
  return { dataType: "file", fileinfo: { filename: name.slice(0, LONGEST_NAME), type, lastModified } };
}

/**
 * @param {Blob} value
 * @param {string} kind As the wire names it.
 * @param {Metadata} metadata
 * @param {unknown} fields What the page wants to be stored beside the value.
 * @param {(percent: number) => void} progress
 * @param {typeof call} [ask]
 * @returns {Promise<string>} The token.
 */
export async function store(value, kind, metadata, fields, progress, ask = call) {
  if (value.size > SETTINGS.maxValue) throw new Failure("too-large");
  const customFields = isRecord(fields) ? { customFields: fields } : {};
  const isInline = kind !== "file" && value.size <= LONGEST_INLINE;
  const inline = isInline ? { value: base64(new Uint8Array(await value.arrayBuffer())) } : {};
  const body = { ...inline, kind, metadata: { ...metadata, ...customFields } };
  // With the same key a repeated request makes no second token.
  const key = { "idempotency-key": identifier() };
  const { data } = await onceMore(() => ask("v2/tokenize", body, key));
  if (typeof data.tokenId !== "string") throw new Failure("unavailable");
  if (!isInline) {
    if (!isRecord(data.upload) || typeof data.upload.url !== "string") throw new Failure("unavailable");
    await upload(data.upload.url, value, progress);
  }
  return data.tokenId;
}
