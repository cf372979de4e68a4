/** What the browser says of a form control, in the person's language. */

/**
 * The browser's own message, in its own language.
 *
 * @param {{required?: boolean, pattern?: string, value?: string}} like
 */
function native(like) {
  const input = document.createElement("input");
  return Object.assign(/** @type {{validationMessage: string}} */ (input), like).validationMessage;
}

export const MISSING = native({ required: true });
export const MISMATCH = native({ pattern: "a", value: "b" });
