/** `luna-download`: a button that saves a value as a file. */

import { nameOf } from "../protocol.js";
import { make, set, word } from "./dom.js";
import { fileName, read } from "./fetched.js";
import { on, tell } from "./port.js";
import { save } from "./saving.js";

/** @import { Configuration } from "../protocol.js" */

/**
 * @param {Configuration} first
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function saved(first) {
  const button = make("button", { type: "button", id: "download" });
  document.body.append(button);
  let configured = first;
  let loading = false;

  function words() {
    const { label } = configured;
    button.textContent = loading ? word(configured, "loading") : label || word(configured, "download");
    // Not `disabled`, which would take the focus away from who pressed it.
    set(button, { "aria-disabled": loading ? "true" : "" });
  }

  button.addEventListener("click", async () => {
    if (loading) return;
    loading = true;
    words();
    try {
      const { token } = configured;
      const [name, { value }] = await Promise.all([fileName(token), read(token)]);
      save(name ?? "download.bin", value);
    } catch (error) {
      tell({ note: "failed", name: nameOf(error) });
    }
    loading = false;
    words();
  });
  on("focus", () => button.focus());

  return (configuration) => {
    configured = configuration;
    words();
  };
}
