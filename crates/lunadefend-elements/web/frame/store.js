/** Storing a value: a token first, then the value to the URL that came with it. */

import { Failure, isRecord } from "../protocol.js";
import { upload } from "./api.js";
import { SETTINGS } from "./host.js";
import { call } from "./session.js";

/** @typedef {{dataType: string, fileinfo?: object, customFields?: unknown}} Metadata */

const LONGEST_NAME = 255;

/** @param {File} file @returns {Metadata} */
export function ofFile({ name, type, lastModified }) {
  return { dataType: "file", fileinfo: { filename: name.slice(0, LONGEST_NAME), type, lastModified } };
}

/**
 * @param {Blob} value
 * @param {Metadata} metadata
 * @param {unknown} fields What the page wants to be stored beside the value.
 * @param {(percent: number) => void} progress
 * @param {typeof call} [ask]
 * @returns {Promise<string>} The token.
 */
export async function store(value, metadata, fields, progress, ask = call) {
  if (value.size > SETTINGS.maxValue) throw new Failure("too-large");
  const customFields = isRecord(fields) ? { customFields: fields } : {};
  const { data } = await ask("tokenize", { metadata: { ...metadata, ...customFields } });
  if (typeof data.tokenId !== "string" || typeof data.uploadUrl !== "string") {
    throw new Failure("unavailable");
  }
  await upload(data.uploadUrl, value, progress);
  return data.tokenId;
}
