/** Saving a value as the file that it was. */

import { isRecord } from "../protocol.js";
import { make } from "./dom.js";
import { harmlessName } from "./files.js";
import { call } from "./session.js";

/** How long a browser may take to begin with what it saves. */
const SAVING = 60_000;

/**
 * The name that a file had, made harmless.
 *
 * @param {unknown} token
 * @param {typeof call} [ask]
 */
export async function fileOf(token, ask = call) {
  const { data } = await ask("metadata/get", { tokenId: token });
  const info = isRecord(data.metadata) ? data.metadata.fileinfo : undefined;
  return harmlessName(isRecord(info) ? info.filename : undefined);
}

/** @param {string} name @param {Uint8Array<ArrayBuffer>} content */
export function save(name, content) {
  // No type that a browser would open: on this origin it would be a page of the tokenizer.
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), SAVING);
}
