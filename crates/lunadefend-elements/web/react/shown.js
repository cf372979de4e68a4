/** `SecureParagraph` and `SecureDownload`: a value as text, and as a file. */

import { download } from "../frame/api.js";
import { make } from "../frame/dom.js";
import { leave } from "../frame/fetched.js";
import { fileOf, save } from "../frame/saving.js";
import { applyTwin } from "./attributes.js";
import { ask, LONGEST_SHOWN } from "./calls.js";
import { notifyError } from "./page.js";

/** @import { Attributes } from "./attributes.js" */

/** How often the tokenizer is asked whether the text may still be shown. */
const AGAIN = 60_000;

/** @returns {(attributes: Attributes, style: unknown) => Promise<void>} */
export function paragraph() {
  const text = make("p", { id: "value" });
  document.body.append(text);
  let shown = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const wipe = () => {
    clearTimeout(timer);
    text.textContent = "";
    shown = "";
  };
  window.addEventListener("pagehide", wipe);
  document.addEventListener("visibilitychange", () => document.hidden || again());

  /** @param {number} until */
  function watch(until) {
    clearTimeout(timer);
    timer = setTimeout(again, Math.min(AGAIN, Math.max(0, until - performance.now())));
  }

  /** A log-out anywhere ends what is shown here, and so does it when nobody can say. */
  async function again() {
    const token = shown;
    if (token === "") return;
    try {
      const { until } = await leave(token, ask);
      if (shown === token) watch(until);
    } catch (error) {
      if (shown !== token) return;
      wipe();
      notifyError(error);
    }
  }

  return async ({ token }, style) => {
    applyTwin(text, style);
    if (token === undefined) return;
    wipe();
    if (token === "") return;
    try {
      const { url, until } = await leave(token, ask);
      // Text stays the text that it is: `1.10` is no number.
      text.textContent = new TextDecoder().decode(await download(url, LONGEST_SHOWN));
      shown = token;
      watch(until);
    } catch (error) {
      notifyError(error);
    }
  };
}

/** @returns {(attributes: Attributes, style: unknown) => Promise<void>} */
export function downloader() {
  const link = make("button", { type: "button", id: "download" });
  document.body.append(link);
  let token = "";
  let name = "";

  link.addEventListener("click", async () => {
    if (token === "" || link.disabled) return;
    link.disabled = true;
    link.textContent = "Loading...";
    try {
      // The URL is asked for now: it lives for a minute.
      save(name, await download((await leave(token, ask)).url));
    } catch (error) {
      notifyError(error);
    }
    link.disabled = false;
    link.textContent = name;
  });

  return async (attributes, style) => {
    applyTwin(link, style);
    if (attributes.token === undefined) return;
    token = attributes.token;
    name = "";
    link.textContent = "";
    if (token === "") return;
    try {
      name = await fileOf(token, ask);
      link.textContent = name;
    } catch (error) {
      notifyError(error);
    }
  };
}
