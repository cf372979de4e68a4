/** The document of the tokenizer inside the application's page. */

import { Failure } from "../protocol.js";
import { configuration } from "./configuration.js";
import { set } from "./dom.js";
import { file } from "./file.js";
import { parentOrigin } from "./host.js";
import { image } from "./image.js";
import { input } from "./input.js";
import { isKind } from "./kinds.js";
import { listen, on } from "./port.js";
import { saved } from "./saved.js";
import { listenForSession, useSession } from "./session.js";
import { applyStyle } from "./style.js";
import { value } from "./value.js";

/** @import { Configuration } from "../protocol.js" */

/** The name of a page's session (`lunadefend_core::wire::PageSession`), or none in so many words. */
const SESSION = /^(?:none|[\da-f]{32})$/;
const ROLES = { input, file, value, download: saved, image };

/** @type {Configuration | undefined} */
let configured;
/** @type {((configuration: Configuration) => void) | undefined} */
let change;

/** @param {Record<string, unknown>} message */
function configure(message) {
  const next = configuration(message, configured);
  if (!SESSION.test(next.session) || (next.role === "input" && !isKind(next.kind))) {
    throw new Failure("unsupported");
  }
  configured = next;
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

// As a query, which reads what is no encoding too.
const fragment = new URLSearchParams(`origin=${location.hash.slice(1)}`);
const origin = parentOrigin(fragment.get("origin"));
if (origin === undefined) {
  document.body.append("This page works only inside a page of the application that it belongs to.");
} else {
  on("configure", configure);
  listenForSession();
  listen(origin);
}
