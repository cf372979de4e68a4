/** How elements look: the page's own style sheet draws their box, and the text inside follows. */

import { STYLE } from "../protocol.js";

/** @param {Element} element @returns {Record<string, string>} */
export function styleOf(element) {
  const style = getComputedStyle(element);
  const pairs = STYLE.map((name) => [name, style.getPropertyValue(name).trim()]);
  return Object.fromEntries(pairs.filter(([, value]) => value));
}

// Not a `<style>`: the page's content security policy may forbid it.
export const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host { display: inline-block; box-sizing: border-box; max-inline-size: 100%; vertical-align: top; }
:host([hidden]) { display: none; }
:host(:is(luna-input, luna-file)) {
  inline-size: 22em; padding: 0.3em 0.5em; border: 1px solid GrayText; border-radius: 0.25em;
  background: Field; color: FieldText; cursor: text;
}
:host(:is(luna-input, luna-file):is(:focus-within, :state(focused))) { outline: 2px solid Highlight; }
:host(:state(failed)), :host(:state(invalid)) { border-color: #c00; }
:host(luna-value) { inline-size: 16em; }
:host(luna-download) {
  inline-size: 10em; padding: 0.3em 0.5em; border: 1px solid GrayText; border-radius: 0.25em; text-align: center;
}
:host(luna-image) { inline-size: 16em; block-size: 12em; }
iframe {
  display: block; inline-size: 100%; block-size: calc(var(--rows, 1) * 1lh); border: 0;
  background: transparent; color-scheme: inherit;
}
:host(luna-image) iframe { block-size: 100%; }
/* Until it has its colours it would flash. */
:host(:not(:state(ready))) iframe { opacity: 0; }
[part="error"]:empty { display: none; }
[part="error"] { display: block; color: light-dark(#b00020, #ff8a80); font-size: 0.875em; }
`);
