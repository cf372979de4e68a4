// How long a value is shown: the minutes of its frame are those of the test.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const WEB = "../../crates/lunadefend-elements/web/";
const APPLICATION = "https://app.example.com";
const MINUTE = 60_000;
/** What is waited for takes a few. */
const MOST_TURNS = 20_000;
/** By the tokenizer's clock. */
const DATE = "Thu, 26 Nov 2026 20:00:00 GMT";
const NOW = Date.parse(DATE);

/** @type {any} */
const realm = globalThis;
realm.location = { href: "https://tokenizer.example.com/frame" };
realm.document = Object.assign(new EventTarget(), { querySelector: () => null, hidden: false });
realm.window = Object.assign(new EventTarget(), { parent: { postMessage() {} } });

/** What the tokenizer is asked. @type {string[]} */
let asked = [];
/** What the page hears. @type {any[]} */
let notes = [];
/** The status of an answer to the question whether the value may be shown; 0 is none. */
let status = 200;
/** Whether there is a live grant. */
let allowed = true;
/** How long it may be shown. */
let lasts = 10 * MINUTE;

realm.fetch = async (/** @type {string} */ url, /** @type {any} */ { body: sent }) => {
  asked.push(url.slice(url.lastIndexOf("/") + 1));
  if (status === 0) throw new TypeError("no network");
  const headers = new Headers({ date: DATE });
  const [tokenId] = JSON.parse(sent).tokenIds;
  const known = url.endsWith("describe")
    ? { description: {} }
    : { value: btoa("secret"), expiresAt: NOW + lasts };
  const data = { items: [allowed ? { tokenId, ...known } : { tokenId }] };
  const body = status === 200 ? { data } : { error: { name: "sessionInvalid" } };
  return { ok: status === 200, status, headers, json: async () => body };
};

const { listen } = await import(`${WEB}frame/port.js`);
const { listenForSession } = await import(`${WEB}frame/session.js`);
const { Shown } = await import(`${WEB}frame/shown.js`);

/** The page's end of the port. @type {any} */
const port = {
  postMessage(/** @type {any} */ message) {
    if (message.note) notes.push(message.note === "shown" ? message.shown : (message.name ?? message.note));
  },
};
listenForSession();
listen(APPLICATION);
const connect = { source: realm.window.parent, origin: APPLICATION, data: { type: "lunadefend-connect" } };
realm.window.dispatchEvent(Object.assign(new Event("message"), connect, { ports: [port] }));

/** @type {InstanceType<typeof Shown>} */
let shown;
/** What stands on the screen. */
let text = "";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => 0);
  [asked, notes, status, allowed, lasts] = [[], [], 200, true, 10 * MINUTE];
  shown = new Shown({
    most: 100,
    draw: (/** @type {Uint8Array} */ value) => {
      text = new TextDecoder().decode(value);
    },
    wipe: () => {
      text = "";
    },
  });
});

afterEach(() => {
  shown.hide();
  mock.timers.reset();
  mock.restoreAll();
});

async function show() {
  await shown.show("lunasec-x");
  assert.equal(text, "secret");
  assert.deepEqual(asked, ["detokenize"]);
  asked = [];
}

/** Waits for what no timer holds up. @param {() => boolean} condition */
async function until(condition) {
  for (let turn = 0; !condition(); turn += 1) {
    assert.ok(turn < MOST_TURNS, "it does not come");
    await settle();
  }
}

/** Lets everything run that waits for an answer: each is there at once. */
const settle = () => new Promise(setImmediate);

/** The page's answer that nobody is logged in. */
const refuse = () => port.onmessage({ data: { ask: "session", id: 1, failed: "not-logged-in" } });

/** @param {boolean} hidden */
function look(hidden) {
  realm.document.hidden = hidden;
  realm.document.dispatchEvent(new Event("visibilitychange"));
}

test("what is shown is asked for again each minute, and stays for as long as it may", async () => {
  await show();
  for (let minute = 1; minute <= 3; minute += 1) {
    mock.timers.tick(MINUTE - 1);
    await settle();
    assert.equal(asked.length, minute - 1);
    mock.timers.tick(1);
    await settle();
    assert.equal(asked.length, minute);
  }
  assert.equal(text, "secret");
  // None of them is a read.
  assert.deepEqual(asked, ["describe", "describe", "describe"]);
  assert.deepEqual(notes, [true]);
});

test("after a log-out elsewhere it goes with the next question, and the page is told why", async () => {
  await show();
  status = 401;
  mock.timers.tick(MINUTE);
  await until(() => notes.includes("session-needed"));
  assert.equal(text, "");
  refuse();
  await until(() => notes.length === 4);
  assert.deepEqual(notes, [true, false, "session-needed", "not-logged-in"]);
  // And nobody asks any more.
  asked = [];
  mock.timers.tick(2 * MINUTE);
  await settle();
  assert.deepEqual(asked, []);
});

test("so it does when somebody looks at the page again", async () => {
  await show();
  status = 401;
  look(true);
  await settle();
  assert.deepEqual(asked, []);
  look(false);
  await until(() => notes.includes("session-needed"));
  assert.equal(text, "");
  refuse();
  await until(() => notes.includes("not-logged-in"));
  // Where nothing is shown there is nothing to ask.
  const before = notes.length;
  look(false);
  await settle();
  assert.equal(notes.length, before);
});

test("so it does when nobody can say", async () => {
  await show();
  status = 0;
  mock.timers.tick(MINUTE);
  await until(() => notes.includes("network"));
  assert.equal(text, "");
  assert.deepEqual(notes, [true, false, "network"]);
});

test("a session that came back shows it again", async () => {
  await show();
  status = 401;
  mock.timers.tick(MINUTE);
  await until(() => notes.includes("session-needed"));
  assert.equal(text, "");
  status = 200;
  port.onmessage({ data: { ask: "session", id: 1 } });
  await until(() => text !== "");
  await until(() => notes.length === 4);
  assert.deepEqual(notes, [true, false, "session-needed", true]);
});

test("when its grant has ended, or the value is gone, it goes and is not read anew", async () => {
  await show();
  allowed = false;
  mock.timers.tick(MINUTE);
  await until(() => notes.includes("refused"));
  assert.equal(text, "");
  assert.deepEqual(notes, [true, false, "refused"]);
  assert.deepEqual(asked, ["describe"]);
});

test("it goes at its end", async () => {
  lasts = 90_000;
  await show();
  mock.timers.tick(MINUTE);
  await settle();
  mock.timers.tick(29_999);
  assert.equal(text, "secret");
  mock.timers.tick(1);
  assert.equal(text, "");
  assert.deepEqual(notes, [true, false, "expired"]);
});

test("what has no end that a timer could keep stays", async () => {
  lasts = 1e12;
  await show();
  mock.timers.tick(1);
  assert.equal(text, "secret");
});

test("it hides after the time that the page wants", async () => {
  shown.hideAfter = 5;
  await show();
  mock.timers.tick(4_999);
  assert.equal(text, "secret");
  mock.timers.tick(1);
  assert.equal(text, "");
  assert.deepEqual(notes, [true, false]);
});
