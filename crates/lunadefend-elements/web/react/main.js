/** The document of the tokenizer inside an element of LunaSec's React SDK 1.0.7. */

import { attributes } from "./attributes.js";
import { inTurn } from "./calls.js";
import { answerPage, COMPONENT, notify, PAGE } from "./page.js";
import { downloader, paragraph } from "./shown.js";
import { text } from "./text.js";
import { uploader } from "./uploader.js";

/** @import { Attributes } from "./attributes.js" */

/** @type {Record<string, () => (attributes: Attributes, style: unknown) => Promise<void>>} */
const COMPONENTS = {
  Input: () => text("input"),
  TextArea: () => text("textarea"),
  Paragraph: paragraph,
  Downloader: downloader,
  Uploader: uploader,
};

if (PAGE === undefined || !Object.hasOwn(COMPONENTS, COMPONENT)) {
  document.body.append("This page works only inside a page of the application that it belongs to.");
} else {
  document.body.className = COMPONENT;
  const change = COMPONENTS[COMPONENT]();
  let ready = false;
  answerPage({
    // The page waits 30 s for the reply, and a value may take longer: so the reply goes out first.
    Attributes: async (data) => {
      if (data.component !== COMPONENT) return { success: false };
      inTurn(async () => {
        await change(attributes(data), data.style);
        if (!ready) notify("NotifyOnFullyLoaded");
        ready = true;
      });
      return { success: true };
    },
  });
  notify("NotifyOnStart");
}
