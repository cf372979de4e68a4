// A frame that the page's policy refuses.

import assert from "node:assert/strict";
import { test } from "node:test";

const WEB = "../../crates/lunadefend-elements/web/";
const TOKENIZER = "https://tokenizer.example.com";

/** @type {any} */
const realm = globalThis;
realm.location = { origin: "https://app.example.com" };
realm.window = new EventTarget();
realm.document = Object.assign(new EventTarget(), {
  scripts: [{ src: new URL(`${WEB}elements/tokenizer.js`, import.meta.url).href, dataset: {} }],
  createElement: () => Object.assign(new EventTarget(), { setAttribute() {}, remove() {} }),
});

const { Frame } = await import(`${WEB}elements/frame.js`);
const { ORIGIN } = await import(`${WEB}elements/tokenizer.js`);

const REFUSED = { disposition: "enforce", effectiveDirective: "frame-src", blockedURI: `${ORIGIN}/frame` };

/**
 * What a frame has come to after a word of the browser about the page's policy.
 *
 * @param {typeof REFUSED} violation
 * @returns {Promise<string>}
 */
async function after(violation) {
  const frame = new Frame({ download: false, copy: false, note: () => {}, reloaded: () => {} });
  const loaded = frame.loaded().then(
    () => "loaded",
    (/** @type {Error} */ error) => error.name,
  );
  realm.document.dispatchEvent(Object.assign(new Event("securitypolicyviolation"), violation));
  const outcome = await Promise.race([loaded, new Promise((resolve) => setImmediate(resolve, "waits"))]);
  frame.close();
  return outcome;
}

test("a policy that refuses the frame is said at once", async () => {
  assert.equal(await after(REFUSED), "unreachable");
});

test("what a policy only reports, or refuses elsewhere, is not the frame's", async () => {
  assert.equal(await after({ ...REFUSED, disposition: "report" }), "waits");
  assert.equal(await after({ ...REFUSED, effectiveDirective: "img-src" }), "waits");
  assert.equal(await after({ ...REFUSED, blockedURI: `${TOKENIZER}/frame` }), "waits");
});
