/** `SecureInput` and `SecureTextArea`: fields whose value becomes a token when the page asks for it. */

import { DOTS, make, set } from "../frame/dom.js";
import { Field } from "../frame/field.js";
import { dress } from "./attributes.js";
import { storeValue } from "./calls.js";
import { notify } from "./page.js";
import { given } from "./shown.js";

/** @import { Attributes } from "./attributes.js" */
/** @import { Component } from "./main.js" */

/** Between a validation and a submit: so long the page takes for the first. */
const BEFORE_SUBMIT = 50;

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

  const field = new Field(box, {
    // What nobody has changed is not empty, though it may not be shown.
    empty: () => field.isDirty && box.value === "",
    // What is wrong, the application refuses by itself.
    valid: () => true,
    wipe: () => {
      box.value = "";
    },
    hold: (committing) => {
      box.readOnly = committing;
    },
    store: (customFields) => storeValue(new Blob([box.value]), { dataType: "string", customFields }),
  });
  const value = given({
    draw: (text) => {
      box.value = text;
    },
    wipe: () => {
      // What somebody has typed is not what the tokenizer allowed to be shown.
      if (!field.isDirty) box.value = "";
    },
    begin: (token) => field.stands(token),
  });

  box.addEventListener("input", () => {
    words();
    value.hide();
  });
  box.addEventListener("blur", () => {
    notify("NotifyOnBlur");
    validate();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    field.enter();
    validate();
    setTimeout(() => notify("NotifyOnSubmit"), BEFORE_SUBMIT);
  });

  function words() {
    const placeholder = now?.placeholder ?? "";
    set(box, {
      // There is a value, though it is not shown, or not any more.
      placeholder: placeholder || (value.token && !field.isDirty ? DOTS : ""),
      "aria-label": placeholder || "Secure field",
    });
  }

  function validate() {
    if (now?.validator) notify("NotifyOnValidate", { isValid: now.validator(box.value) });
  }

  return {
    async change(attributes) {
      now = attributes;
      dress(box, attributes);
      const shown = value.change(attributes);
      words();
      await shown;
    },
    async commit() {
      value.token = await field.commit(now?.customMetadata);
      words();
      return value.token;
    },
  };
}
