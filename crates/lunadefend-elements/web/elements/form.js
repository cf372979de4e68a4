/**
 * Sending a form with secure fields: first every field becomes a token, then the form is sent.
 *
 * Nobody outside a frame knows whether something is typed there, so that every field is asked each time.
 */

import { LunaField } from "./field.js";

/** Forms on the way. @type {WeakSet<HTMLFormElement>} */
const running = new WeakSet();
/** Forms of which all values are tokens. @type {WeakSet<HTMLFormElement>} */
const passing = new WeakSet();

/** @param {HTMLFormElement} form @returns {LunaField[]} */
function fieldsOf(form) {
  const all = /** @type {Element[]} */ ([...form.elements]);
  return all
    .filter((element) => element instanceof LunaField && element.frame?.connected)
    .map((element) => /** @type {LunaField} */ (element));
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function send(form, submitter) {
  if (running.has(form)) return;
  running.add(form);
  const fields = fieldsOf(form);
  try {
    const checked = !form.noValidate && !(/** @type {any} */ (submitter)?.formNoValidate);
    if (checked && !LunaField.lenient(fields, () => form.reportValidity())) return;
    for (const field of fields) field.hold(true);
    const outcomes = await Promise.allSettled(fields.map((field) => field.commit()));
    const failed = outcomes.findIndex(({ status }) => status === "rejected");
    if (failed !== -1) {
      fields[failed].reportValidity();
      return;
    }
    // A page may have taken the form or its button away in the meantime.
    if (!form.isConnected) return;
    const by = submitter?.isConnected ? submitter : null;
    passing.add(form);
    HTMLFormElement.prototype.requestSubmit.call(form, by);
  } finally {
    passing.delete(form);
    running.delete(form);
    for (const field of fields) field.hold(false);
  }
}

/** @param {HTMLFormElement} form */
function press(form) {
  const button = [...form.elements].find(isSubmitter);
  if (!button) send(form, null);
  else if (!(/** @type {HTMLButtonElement} */ (button).disabled)) {
    /** @type {HTMLElement} */ (button).click();
  }
}

/** @param {Element | null} element */
function isSubmitter(element) {
  return (
    (element instanceof HTMLButtonElement && element.type === "submit") ||
    (element instanceof HTMLInputElement && ["submit", "image"].includes(element.type))
  );
}

export function watchForms() {
  LunaField.press = press;
  // After every other listener: one that has stopped the click has stopped the form.
  window.addEventListener("click", (event) => {
    const target = event.composedPath()[0];
    const near = target instanceof Element ? target.closest("button, input") : null;
    const button = /** @type {HTMLButtonElement | null} */ (isSubmitter(near) ? near : null);
    const form = button?.form;
    if (event.defaultPrevented || !form || button.disabled || fieldsOf(form).length === 0) return;
    event.preventDefault();
    send(form, button);
  });
  // Before every other listener: none may send a form with a field that is no token yet.
  window.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || passing.has(form)) return;
      if (fieldsOf(form).length === 0) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      send(form, event.submitter);
    },
    true,
  );
  // The focus went into a frame.
  const entered = () => {
    const { activeElement } = document;
    if (activeElement instanceof LunaField) activeElement.entered();
  };
  window.addEventListener("focusin", entered, true);
  window.addEventListener("blur", () => {
    entered();
    setTimeout(entered);
  });
}
