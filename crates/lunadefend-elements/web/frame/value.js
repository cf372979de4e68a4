/** `luna-value`: shows a value as text. */

import { DOTS, make, set, word } from "./dom.js";
import { Mask } from "./mask.js";
import { tell } from "./port.js";
import { LONGEST_SHOWN, Shown } from "./shown.js";

/** @import { Configuration } from "../protocol.js" */

/**
 * @param {Configuration} first
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function value(first) {
  // It can always be reached by Tab: if only what is longer than its box could, Tab would tell that it is.
  const text = make(
    "span",
    { id: "value", dir: "auto", draggable: "false", tabindex: "0", "aria-live": "polite" },
    DOTS,
  );
  const toggle = make("button", { type: "button", id: "toggle" });
  const copy = make("button", { type: "button", id: "copy" });
  document.body.append(text, toggle, copy);
  let configured = first;

  const mask = new Mask(rest);
  const shown = new Shown({
    most: LONGEST_SHOWN,
    draw: (bytes) => {
      mask.of("");
      text.textContent = new TextDecoder().decode(bytes);
      words(true);
    },
    wipe: stand,
  });

  /** What stands there while the value is hidden. */
  function stand() {
    const { click, ready, token } = configured;
    mask.of(click && ready ? token : "");
    rest();
  }

  function rest() {
    text.textContent = mask.text;
    words(false);
  }

  /** @param {boolean} isShown */
  function words(isShown) {
    const { label, click, token } = configured;
    toggle.textContent = word(configured, isShown ? "hide" : "show");
    toggle.hidden = !click || (!isShown && !token);
    copy.textContent = word(configured, "copy");
    copy.hidden = !configured.copy || !isShown;
    const hint = mask.text === DOTS ? word(configured, "hidden") : mask.text;
    const name = isShown ? label : `${label} ${hint}`.trim();
    set(text, { role: isShown ? "group" : "img", "aria-label": name || word(configured, "value") });
  }

  toggle.addEventListener("click", () => (shown.isShown ? shown.hide() : shown.press(configured.token)));
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      copy.textContent = word(configured, "copied");
    } catch {
      tell({ note: "failed", name: "copy-refused" });
    }
  });

  return (configuration) => {
    const isOther = configured.token !== configuration.token;
    configured = configuration;
    if (isOther) shown.hide();
    shown.hideAfter = configuration.hideAfter;
    if (shown.isShown) words(true);
    else stand();
  };
}
