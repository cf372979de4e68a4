/** What the tokenizer wrote into the page of the frame, and who is around it. */

import { isRecord } from "../protocol.js";

/** The directory of the tokenizer's routes: a public URL may have a path. */
export const BASE = new URL(".", location.href).href;

/** @type {{origins: string[], nested: boolean, maxValue: number}} */
export const SETTINGS = settings();

function settings() {
  const meta = document.querySelector("meta[name=lunadefend]");
  const found = JSON.parse(meta?.getAttribute("content") ?? "{}");
  return isRecord(found) && Array.isArray(found.origins)
    ? { origins: found.origins, nested: found.nested === true, maxValue: Number(found.maxValue) }
    : { origins: [], nested: false, maxValue: 0 };
}

/**
 * The origin of the page around, when it is one that may have frames. Nothing is sent to any other.
 *
 * The page says it, and the browser holds it to that: a message goes to this origin or to nobody.
 *
 * @param {string | null} said
 * @returns {string | undefined}
 */
export function parentOrigin(said) {
  // As a page of its own it would be a form on the tokenizer's domain; two levels deep, one within a page
  // that the application's page knows nothing of.
  if (window.parent === window || (window.parent !== window.top && !SETTINGS.nested)) return undefined;
  return SETTINGS.origins.find((origin) => origin === said);
}
