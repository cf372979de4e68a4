// What stands for a hidden value.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const WEB = "../../crates/lunadefend-elements/web/";
const MASK = "Visa •••• 1111";
const DOTS = "••••••••";
const MINUTE = 60_000;

/** @type {any} */
const realm = globalThis;
realm.location = { href: "https://tokenizer.example.com/frame" };
realm.document = Object.assign(new EventTarget(), { querySelector: () => null, hidden: false });
realm.window = new EventTarget();

let asked = 0;
/** What is known about a token; none is a failed request. @type {object | undefined} */
let known;
realm.fetch = async (/** @type {string} */ _url, /** @type {any} */ { body }) => {
  asked += 1;
  if (!known) throw new TypeError("no network");
  const [tokenId] = JSON.parse(body).tokenIds;
  return Response.json({ data: { items: [{ tokenId, ...known }] } });
};

const { Mask } = await import(`${WEB}frame/mask.js`);

/** @type {InstanceType<typeof Mask>} */
let hint;
/** @type {string[]} */
let stood = [];

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  [asked, known, stood] = [0, { description: { mask: MASK } }, []];
  hint = new Mask(() => stood.push(hint.text));
});

afterEach(() => {
  hint.of("");
  mock.timers.reset();
});

/** Lets everything run that waits for an answer. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

async function stands() {
  hint.of("lunasec-x");
  await settle();
  assert.equal(hint.text, MASK);
}

test("dots until it is known, and then the mask; the same token is asked about once", async () => {
  await stands();
  assert.deepEqual(stood, [DOTS, MASK]);
  hint.of("lunasec-x");
  await settle();
  assert.equal(asked, 1);
  hint.of("");
  assert.equal(hint.text, DOTS);
  await settle();
  assert.equal(asked, 1);
});

test("dots where there is no mask, no grant or no answer", async () => {
  for (const other of [{ description: {} }, { description: { mask: 1 } }, {}, undefined]) {
    known = other;
    hint.of("lunasec-x");
    await settle();
    assert.equal(hint.text, DOTS);
    hint.of("");
  }
});

test("a late answer does not stand for another token", async () => {
  hint.of("lunasec-x");
  hint.of("");
  await settle();
  assert.equal(hint.text, DOTS);
});

test("it goes with the next question after a log-out", async () => {
  await stands();
  known = {};
  mock.timers.tick(MINUTE - 1);
  await settle();
  assert.equal(hint.text, MASK);
  mock.timers.tick(1);
  await settle();
  assert.equal(hint.text, DOTS);
  known = { description: { mask: MASK } };
  hint.of("");
  await stands();
  known = undefined;
  realm.document.dispatchEvent(new Event("visibilitychange"));
  await settle();
  assert.equal(hint.text, DOTS);
});

test("the back button does not bring it back", async () => {
  await stands();
  realm.window.dispatchEvent(new Event("pagehide"));
  assert.equal(hint.text, DOTS);
  hint.of("lunasec-x");
  await settle();
  assert.equal(hint.text, DOTS);
  assert.equal(asked, 1);
  realm.window.dispatchEvent(new Event("pageshow"));
  await stands();
});
