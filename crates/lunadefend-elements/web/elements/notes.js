/** The shapes of what a frame says unasked. */

import { isRecord } from "../protocol.js";

/** @import { Note } from "../protocol.js" */

/** The types of what each note has. @type {Record<string, Record<string, string>>} */
const NOTES = {
  state: { empty: "boolean", valid: "boolean", focused: "boolean" },
  focused: {},
  submit: {},
  "session-needed": {},
  progress: { percent: "number" },
  shown: { shown: "boolean" },
  failed: { name: "string" },
  working: {},
};

/**
 * Whether it is a note, with all that belongs to it.
 *
 * @param {unknown} data
 * @returns {data is Note}
 */
export function isNote(data) {
  if (!isRecord(data) || typeof data.note !== "string" || !Object.hasOwn(NOTES, data.note)) return false;
  return Object.entries(NOTES[data.note]).every(([name, type]) => typeof data[name] === type);
}
