// The search for a session, for all frames of a page.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const WEB = "../../crates/lunadefend-elements/web/";
const TOKENIZER = new URL(`${WEB}elements/tokenizer.js`, import.meta.url).href;

/** @type {string[]} */
let fetched = [];
/** @type {any} */
const realm = globalThis;
realm.location = { origin: "https://app.example.com" };
realm.document = { scripts: [{ src: TOKENIZER, dataset: { pluginBase: "/auth/", authProvider: "two" } }] };
realm.fetch = async (/** @type {string} */ url) => {
  fetched.push(url);
};

const { begin, renew, answer } = await import(`${WEB}elements/session.js`);
const { Failure } = await import(`${WEB}protocol.js`);

let sessions = 0;
let session = "";

beforeEach(() => {
  fetched = [];
  sessions += 1;
  session = `s${sessions}`;
});

/**
 * A frame that answers `verify` by what is there when it is asked.
 *
 * @param {string[]} verified
 * @param {Record<string, unknown>} [more]
 */
function frame(verified, more = {}) {
  /** @type {[string, any][]} */
  const asked = [];
  return {
    asked,
    async ask(/** @type {string} */ name, /** @type {unknown} */ message) {
      asked.push([name, message]);
      if (Object.hasOwn(more, name)) {
        if (more[name] instanceof Failure) throw more[name];
        return more[name];
      }
      return name === "verify" ? { session: verified.shift() } : { state: "S/1" };
    },
  };
}

const names = (/** @type {{asked: [string, unknown][]}[]} */ frames) =>
  frames.flatMap(({ asked }) => asked.map(([name]) => name));

test("ten frames look once and transfer once", async () => {
  const frames = Array.from({ length: 10 }, () => frame(["none", "good"]));
  await Promise.all(frames.map((one) => begin(one, session)));
  assert.deepEqual(names(frames), ["verify", "transfer", "verify"]);
  assert.deepEqual(fetched, ["https://app.example.com/auth/.lunasec/secure-frame?state=S%2F1"]);
  assert.deepEqual(frames[0].asked[1], ["transfer", { provider: "two" }]);
  // One that comes later has nothing to do.
  await begin(frame([]), session);
});

test("where there is a session nothing is transferred", async () => {
  await begin(frame(["good"]), session);
  assert.deepEqual(fetched, []);
});

test("a second mismatch is the end, and so is nobody there", async () => {
  await assert.rejects(begin(frame(["mismatch", "mismatch"]), session), { name: "session-changed" });
  const cookies = (/** @type {boolean} */ kept) => frame(["none", "none"], { cookies: { kept } });
  await assert.rejects(renew(cookies(true), session), { name: "not-logged-in" });
  await assert.rejects(renew(cookies(false), session), { name: "cookies-blocked" });
  await assert.rejects(renew(frame(["none"], { transfer: { state: 1 } }), session), { name: "unavailable" });
});

test("the frames of one page load share a refusal", async () => {
  const first = frame(["none", "none"], { cookies: { kept: true } });
  const second = frame([]);
  await assert.rejects(begin(first, session), { name: "not-logged-in" });
  await assert.rejects(begin(second, session), { name: "not-logged-in" });
  assert.equal(fetched.length, 1);
  assert.deepEqual(second.asked, []);
});

test("when the frame that looks goes, another looks", async () => {
  const gone = frame([], { verify: new Failure("unreachable") });
  const others = [frame(["none", "good"]), frame(["good"])];
  const outcomes = await Promise.allSettled([gone, ...others].map((one) => begin(one, session)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "fulfilled", "fulfilled"],
  );
  assert.equal(fetched.length, 1);
});

test("a frame that needs a session is told the outcome", async () => {
  const good = frame(["none", "good"], { session: {} });
  await answer(good, session);
  assert.deepEqual(good.asked.at(-1), ["session", { failed: undefined }]);
  const refused = frame(["none", "none"], { cookies: { kept: true }, session: {} });
  await answer(refused, session);
  assert.deepEqual(refused.asked.at(-1), ["session", { failed: "not-logged-in" }]);
});
