/** `luna-file`: a field for a file, which is uploaded when the form is sent. */

import { make, set, size, word } from "./dom.js";
import { Field } from "./field.js";
import { SETTINGS } from "./host.js";
import { tell } from "./port.js";
import { ofFile, store } from "./store.js";

/** @import { Configuration } from "../protocol.js" */

/**
 * @param {Configuration} first
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function file(first) {
  const box = make("input", { id: "field", type: "file", "aria-describedby": "note" });
  const bar = make("progress", { max: "100", hidden: "hidden", "aria-label": "Upload" });
  const note = make("output", { id: "note" });
  document.body.append(box, note, bar);
  let configured = first;
  let held = false;
  const most = SETTINGS.maxValue;

  const chosen = () => box.files?.[0];
  const locked = () => box.disabled || held || configured.readonly;
  new Field(box, {
    empty: () => !chosen(),
    valid: () => (chosen()?.size ?? 0) <= most,
    wipe: () => {
      box.value = "";
      say();
    },
    hold: (committing) => {
      held = committing;
      bar.hidden = !committing;
      bar.value = 0;
    },
    store: (fields) => {
      const found = /** @type {File} */ (chosen());
      return store(found, "file", ofFile(found), fields, (percent) => {
        bar.value = percent;
        tell({ note: "progress", percent });
      });
    },
  });

  function say() {
    const found = chosen();
    const tooLarge = found !== undefined && found.size > most;
    set(box, { "aria-invalid": tooLarge ? "true" : "" });
    const limit = word(configured, "at-most").replace("{size}", size(most));
    note.textContent = tooLarge ? limit : found ? size(found.size) : `≤ ${size(most)}`;
  }

  box.addEventListener("change", say);
  // A file input has no `readonly`.
  box.addEventListener("click", (event) => locked() && event.preventDefault());
  return (configuration) => {
    configured = configuration;
    const { label, accept, required, disabled } = configuration;
    set(box, {
      "aria-label": label || "Secure file",
      accept,
      "aria-required": required ? "true" : "",
    });
    box.disabled = disabled;
    say();
  };
}
