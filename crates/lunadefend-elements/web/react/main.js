/** The document of the tokenizer inside an element of LunaSec's React SDK 1.0.7. */

import { attributes } from "./attributes.js";
import { described, notifyError } from "./errors.js";
import { COMPONENT, notify, PAGE, serve } from "./page.js";
import { downloader, paragraph } from "./shown.js";
import { text } from "./text.js";
import { uploader } from "./uploader.js";

/** @import { Attributes } from "./attributes.js" */
/** @import { Handler } from "./page.js" */

/**
 * @typedef {object} Component
 * @property {(attributes: Attributes) => Promise<void>} change Ends when all is shown, or the page knows why not.
 * @property {() => Promise<string>} [commit] Gives the token of what is in the field, or no text for none.
 */

/** @type {Record<string, () => Component>} */
const COMPONENTS = {
  Input: () => text("input"),
  TextArea: () => text("textarea"),
  Paragraph: paragraph,
  Downloader: downloader,
  Uploader: uploader,
};

/** @param {Component} component */
function start({ change, commit }) {
  let ready = false;
  /** @param {Record<string, unknown>} data */
  async function show(data) {
    await change(attributes(data));
    if (!ready) notify("NotifyOnFullyLoaded");
    ready = true;
  }

  /** @type {Record<string, Handler>} */
  const handlers = {
    Attributes: (data) => {
      if (data.component !== COMPONENT) return { success: false, error: "another component" };
      // The page waits for the answer, which must not wait for the tokenizer.
      show(data).catch(notifyError);
      return { success: true };
    },
  };
  if (commit) {
    handlers.CommitToken = async () => {
      try {
        return { success: true, token: await commit() };
      } catch (error) {
        notifyError(error);
        return { success: false, error: described(error).message };
      }
    };
  }
  serve(handlers);
  notify("NotifyOnStart");
}

if (PAGE === undefined || !Object.hasOwn(COMPONENTS, COMPONENT)) {
  document.body.append("This page works only inside a page of the application that it belongs to.");
} else {
  document.body.className = COMPONENT;
  start(COMPONENTS[COMPONENT]());
}
