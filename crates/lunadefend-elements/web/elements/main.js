/** The element module: what an application's page loads. */

import { watchPage } from "./element.js";
import { LunaFile, LunaInput } from "./field.js";
import { watchForms } from "./form.js";
import { LunaDownload, LunaImage, LunaValue } from "./shown.js";

const ELEMENTS = {
  "luna-input": LunaInput,
  "luna-file": LunaFile,
  "luna-value": LunaValue,
  "luna-download": LunaDownload,
  "luna-image": LunaImage,
};

// Nothing here is kept from the page's own script, which may have replaced every built-in before: the value is
// never in this realm, a token is of no use without a grant to the session, and a state without its cookie. The
// checks on this side keep other frames away from the page; those that keep the page away are in the frame.

// A page may load the module twice, by two of its addresses.
if (!customElements.get("luna-input")) {
  watchForms();
  watchPage();
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
}
