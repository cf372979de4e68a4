/** `SecureInput` and `SecureTextArea`: fields whose value becomes a token when the page asks for it. */

import { DOTS, make, set } from "../frame/dom.js";
import { Shown } from "../frame/shown.js";
import { store } from "../frame/store.js";
import { Failure } from "../protocol.js";
import { dress } from "./attributes.js";
import { ask, LONGEST_SHOWN } from "./calls.js";
import { notifyError } from "./errors.js";
import { notify } from "./page.js";

/** @import { Attributes } from "./attributes.js" */
/** @import { Component } from "./main.js" */

/** Between a validation and a submit: so long the page takes for the first. */
const BEFORE_SUBMIT = 50;
/** How long a commit waits for the field to be left: the page hears of the click before this frame does. */
const LEAVING = 3_000;

/**
 * @param {"input" | "textarea"} name
 * @returns {Component}
 */
export function text(name) {
  const box = make(name, { id: "field", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const form = make("form", {}, box);
  document.body.append(form);
  /** @type {Attributes | undefined} */
  let now;
  /** Of the value that the field had before anybody typed. */
  let token = "";
  /** What the field held then. */
  let original = "";
  let typed = false;
  let entered = false;
  /** @type {Promise<string> | undefined} */
  let committing;

  const shown = new Shown({
    most: LONGEST_SHOWN,
    draw: (value) => {
      // While it came, somebody may have begun to type.
      if (!isTyped()) fill(new TextDecoder().decode(value));
    },
    wipe: () => {
      if (!isTyped()) fill("");
    },
    ask,
    failed: notifyError,
  });

  box.addEventListener("input", () => {
    typed = true;
    entered = false;
    words();
    // It is no longer what the tokenizer allowed to be shown, but what a person has typed.
    shown.hide();
  });
  box.addEventListener("blur", () => {
    notify("NotifyOnBlur");
    validate();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    entered = true;
    validate();
    setTimeout(() => notify("NotifyOnSubmit"), BEFORE_SUBMIT);
  });
  // What was typed must not be there again when somebody else presses the back button.
  window.addEventListener("pagehide", () => fill(""));
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && token) shown.press(token);
  });

  /** @param {string} value That nobody has typed. */
  function fill(value) {
    typed = false;
    box.value = value;
    // As the field spells it: a line has no breaks.
    original = box.value;
  }

  /** Not every change is an event; but what was typed stays that, even if it is the same again. */
  function isTyped() {
    return typed || box.value !== original;
  }

  function words() {
    const placeholder = now?.placeholder ?? "";
    set(box, {
      // There is a value, though it is not shown, or not any more.
      placeholder: placeholder || (token && !isTyped() ? DOTS : ""),
      "aria-label": placeholder || "Secure field",
    });
  }

  function validate() {
    if (now?.validator) notify("NotifyOnValidate", { isValid: now.validator(box.value) });
  }

  /** Else a page could ask for a token of each prefix, and learn from their times and number. @returns {Promise<void>} */
  function left() {
    return new Promise((resolve, reject) => {
      if (entered || document.activeElement !== box || !document.hasFocus()) return resolve();
      const late = setTimeout(() => reject(new Failure("focused")), LEAVING);
      const go = () => {
        clearTimeout(late);
        resolve();
      };
      box.addEventListener("blur", go, { once: true });
    });
  }

  async function commit() {
    await left();
    // What nobody has changed has its token already.
    if (!isTyped()) return token;
    box.readOnly = true;
    try {
      const metadata = { dataType: "string", customFields: now?.customMetadata };
      token = box.value && (await store(new Blob([box.value]), metadata, undefined, () => {}, ask));
      fill(box.value);
      return token;
    } finally {
      box.readOnly = false;
    }
  }

  return {
    async change(attributes) {
      now = attributes;
      dress(box, attributes);
      if (attributes.token === undefined || attributes.token === token) return words();
      token = attributes.token;
      fill("");
      words();
      if (token === "") shown.hide();
      else await shown.press(token);
    },
    commit() {
      committing ??= commit().finally(() => {
        committing = undefined;
      });
      return committing;
    },
  };
}
