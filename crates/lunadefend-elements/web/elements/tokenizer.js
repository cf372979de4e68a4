/** Where this module came from: the tokenizer, and how the page's script tag calls it. */

/** The directory of the tokenizer's routes: a public URL may have a path. */
const BASE = new URL("..", import.meta.url);

export const ORIGIN = BASE.origin;
export const FRAME = new URL("frame", BASE).href;

const tag = [...document.scripts].find(({ src }) => src === import.meta.url);

/** Where the application has its auth plugin, when that is not at the root. */
const PLUGIN = (tag?.dataset.pluginBase ?? "").replace(/^\/+|\/+$/g, "");

/** Which auth provider the tokenizer knows the application by, when there are several. */
export const PROVIDER = tag?.dataset.authProvider ?? "";

/**
 * An address of this page's own origin, whatever `<base>` says.
 *
 * @param {string} state
 */
export function transferUrl(state) {
  const path = `${PLUGIN}/.lunasec/secure-frame`.replace(/^\//, "");
  return `${location.origin}/${path}?state=${encodeURIComponent(state)}`;
}
