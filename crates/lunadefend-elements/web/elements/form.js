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
    .filter(
      (element) => element instanceof LunaField && element.frame?.connected && !element.matches(":disabled"),
    )
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
    for (const field of fields) field.hold(false);
    const failed = outcomes.findIndex(({ status }) => status === "rejected");
    if (failed !== -1) {
      fields[failed].reportValidity();
      return;
    }
    // A page may have taken the form or its button away in the meantime.
    if (!form.isConnected) return;
    const stays = submitter?.isConnected && /** @type {HTMLButtonElement} */ (submitter).form === form;
    passing.add(form);
    HTMLFormElement.prototype.requestSubmit.call(form, stays ? submitter : null);
  } finally {
    passing.delete(form);
    running.delete(form);
    // After Enter the focus is still in the field, and somebody may go on typing there.
    LunaField.look();
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

/**
 * Takes each attempt to send a form with a secure field, before every other listener: none may send one that is
 * no token yet.
 *
 * @param {Event} event
 */
function submitted(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || passing.has(form) || fieldsOf(form).length === 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  send(form, /** @type {SubmitEvent} */ (event).submitter);
}

/**
 * A click would have the browser check the form, and say of each field that it is no token yet. Comes after every
 * other listener: one that has stopped the click has stopped the form.
 *
 * @param {MouseEvent} event
 */
function clicked(event) {
  const target = event.composedPath()[0];
  const near = target instanceof Element ? target.closest("button, input") : null;
  const button = /** @type {HTMLButtonElement | null} */ (isSubmitter(near) ? near : null);
  const form = button?.form;
  if (event.defaultPrevented || !form || button.disabled || fieldsOf(form).length === 0) return;
  event.preventDefault();
  send(form, button);
}

export function watchForms() {
  const roots = new WeakSet();
  LunaField.press = press;
  LunaField.watch = (root) => {
    // What is submitted in a shadow tree is not heard outside.
    if (roots.has(root) || !(root instanceof ShadowRoot)) return;
    roots.add(root);
    root.addEventListener("submit", submitted, true);
  };
  window.addEventListener("submit", submitted, true);
  window.addEventListener("click", clicked);
  const looking = () => {
    LunaField.look();
    setTimeout(LunaField.look);
  };
  for (const type of ["focusin", "focusout", "focus", "blur"]) window.addEventListener(type, looking, true);
}
