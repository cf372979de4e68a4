/** `SecureParagraph` and `SecureDownload`: a value as text, and as a file. */

import { download } from "../frame/api.js";
import { make } from "../frame/dom.js";
import { leave } from "../frame/fetched.js";
import { fileOf, save } from "../frame/saving.js";
import { applyTwin } from "./attributes.js";
import { ask } from "./calls.js";
import { notifyError } from "./page.js";

/** @import { Attributes } from "./attributes.js" */

const LONGEST_SHOWN = 256 * 1024;

/** @returns {(attributes: Attributes, style: unknown) => Promise<void>} */
export function paragraph() {
  const text = make("p", { id: "value" });
  document.body.append(text);
  const wipe = () => {
    text.textContent = "";
  };
  window.addEventListener("pagehide", wipe);

  return async ({ token }, style) => {
    applyTwin(text, style);
    if (token === undefined) return;
    wipe();
    if (token === "") return;
    try {
      const { url } = await leave(token, ask);
      // Text stays the text that it is: `1.10` is no number.
      text.textContent = new TextDecoder().decode(await download(url, LONGEST_SHOWN));
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
