/** Saving a file for the person in front of the browser. */

import { make } from "./dom.js";

/** How long a browser may take to begin with what it saves. */
const SAVING = 60_000;

/** @param {string} name Made harmless. @param {Uint8Array<ArrayBuffer>} content */
export function save(name, content) {
  // No type that a browser would open: on this origin it would be a page of the tokenizer.
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), SAVING);
}
