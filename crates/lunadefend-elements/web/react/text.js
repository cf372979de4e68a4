/** `SecureInput` and `SecureTextArea`: fields whose value becomes a token when the page asks for it. */

import { download } from "../frame/api.js";
import { make, set } from "../frame/dom.js";
import { leave } from "../frame/fetched.js";
import { store } from "../frame/store.js";
import { applyTwin } from "./attributes.js";
import { ask, inTurn, LONGEST_SHOWN } from "./calls.js";
import { answerPage, notify, notifyError } from "./page.js";

/** @import { Attributes } from "./attributes.js" */

/** Between what the page hears of a validation and of the submit, as the SDK's own frame has it. */
const BEFORE_SUBMIT = 50;

/**
 * @param {"input" | "textarea"} name
 * @returns {(attributes: Attributes, style: unknown) => Promise<void>} What new attributes change.
 */
export function text(name) {
  const box = make(name, {
    id: "field",
    "aria-label": "Secure field",
    autocomplete: "off",
    spellcheck: "false",
  });
  const form = make("form", {}, box);
  document.body.append(form);
  /** @type {Attributes | undefined} */
  let now;
  /** What stands for the text of the box, and that text. */
  let stored = { token: "", text: "" };

  const validate = () => {
    if (now?.validator) notify("NotifyOnValidate", { isValid: now.validator(box.value) });
  };
  box.addEventListener("blur", () => {
    notify("NotifyOnBlur");
    validate();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    validate();
    setTimeout(() => notify("NotifyOnSubmit"), BEFORE_SUBMIT);
  });
  if (name === "input") {
    // A form without a button submits by Enter only when it has one field; and never without an action.
    box.addEventListener("keydown", (event) => {
      const { key, isComposing } = /** @type {KeyboardEvent} */ (event);
      if (key !== "Enter" || isComposing) return;
      event.preventDefault();
      form.dispatchEvent(new Event("submit", { cancelable: true }));
    });
  }
  window.addEventListener("pagehide", () => {
    box.value = "";
    stored.text = "";
  });

  async function commit() {
    const typed = box.value;
    // What nobody changed has its token already.
    if (typed === stored.text) return { success: true, token: stored.token };
    if (typed === "") return { success: true, token: "" };
    try {
      const token = await store(new Blob([typed]), { dataType: "string" }, now?.metadata, () => {}, ask);
      stored = { token, text: typed };
      return { success: true, token };
    } catch (error) {
      notifyError(error);
      return { success: false, error: "the value is not stored" };
    }
  }
  // A value that is still on its way must not be taken for an empty one.
  answerPage({ CommitToken: () => inTurn(commit) });

  /** @param {string} token */
  async function show(token) {
    const before = box.value;
    // Until it is there, and when it never comes, an empty field still stands for it.
    stored = { token, text: "" };
    try {
      const { url } = await leave(token, ask);
      const found = new TextDecoder().decode(await download(url, LONGEST_SHOWN));
      // Whoever types meanwhile wants another value.
      if (box.value !== before) return;
      box.value = found;
      // A text field has its own idea of line breaks: what it holds now is what was not changed.
      stored = { token, text: box.value };
    } catch (error) {
      notifyError(error);
    }
  }

  return async (attributes, style) => {
    now = attributes;
    applyTwin(box, style);
    set(box, { placeholder: attributes.placeholder });
    if (attributes.token && attributes.token !== stored.token) await show(attributes.token);
  };
}
