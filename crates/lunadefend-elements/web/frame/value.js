/** `luna-value`: shows a value while the tokenizer allows it. */

import { Failure, nameOf } from "../protocol.js";
import { download } from "./api.js";
import { DOTS, make, set, word } from "./dom.js";
import { leave } from "./fetched.js";
import { on, tell } from "./port.js";

/** @import { Configuration } from "../protocol.js" */

/** Longer text is no field of a page, but a file. */
const LONGEST_SHOWN = 256 * 1024;
/** How often the tokenizer is asked whether the value may still be shown. */
const EVERY = 60_000;

/**
 * @param {Configuration} first
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function value(first) {
  const text = make("span", { id: "value", draggable: "false" }, DOTS);
  const toggle = make("button", { type: "button", id: "toggle" });
  const copy = make("button", { type: "button", id: "copy" });
  document.body.append(text, toggle, copy);
  let configured = first;
  /** @type {unknown} The token of what is shown. */
  let shown;
  /** Grows with each change, so that an answer that comes late shows nothing. */
  let turn = 0;
  /** @type {ReturnType<typeof setTimeout>[]} */
  const timers = [];

  function hide() {
    turn += 1;
    for (const timer of timers.splice(0)) clearTimeout(timer);
    if (shown === undefined) return;
    shown = undefined;
    text.textContent = DOTS;
    words();
    tell({ note: "shown", shown: false });
  }

  /** @param {unknown} token */
  async function show(token) {
    hide();
    const mine = turn;
    const allowed = await leave(token);
    const found = new TextDecoder().decode(await download(allowed.url, LONGEST_SHOWN));
    if (mine !== turn) return;
    shown = token;
    text.textContent = found;
    watch(allowed.milliseconds);
    if (configured.hideAfter > 0) timers.push(setTimeout(hide, 1000 * configured.hideAfter));
    words();
    tell({ note: "shown", shown: true });
  }

  /** @param {number} milliseconds */
  function watch(milliseconds) {
    timers.push(setTimeout(again, Math.min(Math.max(milliseconds, 1000), EVERY)));
  }

  /** A log-out anywhere, or the end of the grant, ends what is shown here. */
  async function again() {
    if (shown === undefined || document.hidden) return;
    const mine = turn;
    try {
      const allowed = await leave(shown);
      if (mine === turn) watch(allowed.milliseconds);
    } catch (error) {
      if (mine !== turn) return;
      hide();
      tell({ note: "failed", name: nameOf(error) });
    }
  }

  function words() {
    toggle.textContent = word(configured, shown === undefined ? "show" : "hide");
    toggle.hidden = !configured.click;
    copy.textContent = word(configured, "copy");
    copy.hidden = !configured.copy || shown === undefined;
    set(text, { "aria-label": shown === undefined ? word(configured, "hidden") : "" });
  }

  const press = async () => {
    try {
      if (shown === undefined) await show(configured.token);
      else hide();
    } catch (error) {
      tell({ note: "failed", name: nameOf(error) });
    }
  };
  toggle.addEventListener("click", press);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      copy.textContent = word(configured, "copied");
    } catch {
      tell({ note: "failed", name: "copy" });
    }
  });
  on("show", async ({ token }) => {
    if (typeof token !== "string") throw new Failure("refused");
    await show(token);
  });
  on("hide", hide);
  window.addEventListener("pagehide", hide);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    again();
  });

  return (configuration) => {
    if (configured.token !== configuration.token) hide();
    configured = configuration;
    words();
  };
}
