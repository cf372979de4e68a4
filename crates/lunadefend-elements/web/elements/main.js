/** The element module: what an application's page loads. */

import { watchTheme } from "./element.js";
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

// A page may load the module twice, by two of its addresses.
if (!customElements.get("luna-input")) {
  watchForms();
  watchTheme();
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
}
