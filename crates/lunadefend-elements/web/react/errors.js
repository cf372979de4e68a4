/** What the page's `errorHandler` hears of a failure: three texts, as LunaSec's frame has them. */

import { Failure, nameOf } from "../protocol.js";
import { notify } from "./page.js";

/** Failures without an answer of the tokenizer, or with none that says more. @type {Record<string, string>} */
const MESSAGES = {
  "not-logged-in": "Unauthorized",
  "session-changed": "Unauthorized",
  "too-large": "the value is too large",
  expired: "the value may not be shown any longer: it needs a new grant",
  focused: "a field gives a token only after it has been left, or when Enter was pressed in it",
  network: "Network Error",
  refused: "the tokenizer refused the request",
};
/** Statuses of what the frame finds out itself; of anything else it is 500. @type {Record<string, number>} */
const STATUSES = { "too-large": 413, expired: 400, focused: 400, wrongMetaDataType: 400 };

/** A failure that the SDK has a name for. */
export class LunaSecFailure extends Failure {
  /** @param {string} name @param {string} text */
  constructor(name, text) {
    super(name);
    this.text = text;
  }
}

/**
 * @param {unknown} error
 * @returns {{name: string, message: string, code: string}}
 */
export function described(error) {
  const failure = nameOf(error);
  const refusal = error instanceof Failure ? error.refusal : undefined;
  const own = error instanceof LunaSecFailure ? error : undefined;
  return {
    name: own?.name ?? (refusal?.status === 401 ? "Unauthorized" : refusal?.name || "TokenizerError"),
    message: own?.text ?? (refusal?.message || MESSAGES[failure] || "the tokenizer is not available"),
    code: String(refusal?.status ?? STATUSES[failure] ?? 500),
  };
}

/** @param {unknown} error */
export function notifyError(error) {
  notify("NotifyOnError", described(error));
}
