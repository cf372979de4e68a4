/** The document of the tokenizer inside the application's page. */

import { Failure, isRecord } from "../protocol.js";
import { configuration } from "./configuration.js";
import { set } from "./dom.js";
import { file } from "./file.js";
import { parentOrigin } from "./host.js";
import { input } from "./input.js";
import { listen, on } from "./port.js";
import { image, saved } from "./saved.js";
import { listenForSession, useSession } from "./session.js";
import { applyStyle } from "./style.js";
import { value } from "./value.js";

/** @import { Configuration } from "../protocol.js" */

const ROLES = { input, file, value, download: saved, image };

/** @type {Configuration | undefined} */
let configured;
/** @type {((configuration: Configuration) => void) | undefined} */
let change;

/** @param {Record<string, unknown>} message */
function configure(message) {
  if (!isRecord(message)) throw new Failure("refused");
  configured = configuration(message, configured);
  const { role, session, style, lang, dir, label } = configured;
  if (!change) {
    useSession(session);
    document.body.className = role;
    change = ROLES[role](configured);
  }
  set(document.documentElement, { lang: lang || "en", dir });
  document.title = label || "LunaDefend";
  applyStyle(style);
  change(configured);
}

const origin = parentOrigin();
if (origin === undefined) {
  document.body.append("This page works only inside a page of the application that it belongs to.");
} else {
  on("configure", configure);
  listenForSession();
  listen(origin);
}
