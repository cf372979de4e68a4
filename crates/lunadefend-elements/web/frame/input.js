/** `luna-input`: a field for text. */

import { DOTS, make, set, word } from "./dom.js";
import { Field } from "./field.js";
import { kindOf } from "./kinds.js";
import { store } from "./store.js";

/** @import { Configuration } from "../protocol.js" */

const MASK = "-webkit-text-security";

/**
 * @param {Configuration} first
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function input(first) {
  const kind = kindOf(first.kind);
  const box = first.kind === "textarea" ? make("textarea") : make("input");
  const note = make("output", { id: "note" });
  let held = false;
  let configured = first;
  set(box, {
    id: "field",
    type: first.kind === "textarea" ? "" : (kind.type ?? "text"),
    inputmode: kind.mode ?? "",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
    "aria-describedby": "note",
    // Digits in groups would change places in a line that goes from right to left.
    dir: kind.ltr ? "ltr" : "",
  });
  document.body.append(box, note);

  const wrong = () => box.value !== "" && (box.validity.badInput || !kind.valid(box.value));
  const field = new Field(box, {
    empty: () => box.value === "" && !box.validity.badInput,
    valid: () => !wrong(),
    wipe: () => {
      box.value = "";
      say();
    },
    hold: (committing) => {
      held = committing;
      box.readOnly = held || configured.readonly;
    },
    store: (fields) => {
      const text = kind.normal ? kind.normal(box.value) : box.value;
      return store(new Blob([text]), first.kind || "text", { dataType: "string" }, fields, () => {});
    },
  });

  function say() {
    const isWrong = wrong();
    set(box, { "aria-invalid": isWrong ? "true" : "" });
    note.textContent = isWrong ? word(configured, "invalid", kind.wrong) : (kind.note?.(box.value) ?? "");
  }

  box.addEventListener("blur", say);
  box.addEventListener("input", () => {
    // While somebody types it would be wrong until the last key.
    set(box, { "aria-invalid": "" });
    note.textContent = (kind.note && !wrong() && kind.note(box.value)) || "";
  });
  box.addEventListener("keydown", (event) => {
    const { key, isComposing } = /** @type {KeyboardEvent} */ (event);
    if (key !== "Enter" || isComposing || box instanceof HTMLTextAreaElement) return;
    event.preventDefault();
    say();
    field.enter();
  });
  return (configuration) => {
    configured = configuration;
    const { label, placeholder, autocomplete, required, disabled, masked, stored } = configuration;
    set(box, {
      "aria-label": label || "Secure field",
      placeholder: placeholder || (stored ? DOTS : ""),
      autocomplete,
      "aria-required": required ? "true" : "",
    });
    box.disabled = disabled;
    box.readOnly = held || configuration.readonly;
    if (CSS.supports(MASK, "disc")) box.style.setProperty(MASK, masked ? "disc" : "none");
    else if (masked && box instanceof HTMLInputElement) box.type = "password";
  };
}
