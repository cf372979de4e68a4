// Leave to show a value, and how long it lasts.

import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {any} */
const realm = globalThis;
realm.location = { href: "https://tokenizer.example.com/frame" };
realm.document = { querySelector: () => null };

const { Failure } = await import("../../crates/lunadefend-elements/web/protocol.js");
const { describe, left, read } = await import("../../crates/lunadefend-elements/web/frame/fetched.js");

const DATE = "Thu, 26 Nov 2026 20:00:00 GMT";
const NOW = Date.parse(DATE);

test("what is left goes by the tokenizer's clock", () => {
  assert.equal(left(NOW + 5_000, DATE), 5_000);
  // Just allowed, and yet over: the date is of another clock.
  assert.equal(left(NOW - 5_000, DATE), Number.POSITIVE_INFINITY);
  const withoutDate = left(Date.now() + 60_000, null);
  assert.ok(withoutDate > 0 && withoutDate <= 60_000);
});

/** @param {object} data @param {Record<string, string>} [headers] */
const answer = (data, headers = { date: DATE }) => ({ data, headers: new Headers(headers) });
/** @param {object} item */
const one = (item) => async () => answer({ items: [{ tokenId: "lunasec-x", ...item }] });
const good = { value: btoa("\0secret\xff"), expiresAt: NOW + 1 };

test("a value comes with its end", async () => {
  const { value, until } = await read("lunasec-x", 10, one(good));
  assert.deepEqual([...value], [0, ...Buffer.from("secret"), 255]);
  assert.ok(until > 0 && Number.isFinite(until));
});

test("a longer value is downloaded", async () => {
  realm.fetch = async (/** @type {string} */ url) => new Response(`from ${url}`);
  const { value } = await read("lunasec-x", 10, one({ download: { url: "u" }, expiresAt: NOW + 1 }));
  assert.equal(new TextDecoder().decode(value), "from u");
  await assert.rejects(read("lunasec-x", 3, one({ download: { url: "u" }, expiresAt: NOW + 1 })), {
    name: "too-large",
  });
});

test("no value is a refusal, and an answer of another shape is none", async () => {
  await assert.rejects(read("lunasec-x", 10, one({})), { name: "refused" });
  for (const data of [
    {},
    { items: {} },
    { items: [] },
    { items: [{ tokenId: "lunasec-y", ...good }] },
    { items: [{ tokenId: "lunasec-x", ...good }, good] },
    { items: [{ tokenId: "lunasec-x", value: 1, expiresAt: NOW }] },
    { items: [{ tokenId: "lunasec-x", value: "" }] },
    { items: [{ tokenId: "lunasec-x", download: { url: 1 }, expiresAt: NOW }] },
  ]) {
    await assert.rejects(
      read("lunasec-x", 10, async () => answer(data)),
      { name: "unavailable" },
    );
  }
  for (const token of ["", undefined, 1, {}]) {
    await assert.rejects(read(token, 10, one(good)), { name: "refused" });
    await assert.rejects(describe(token, one({ description: {} })), { name: "refused" });
  }
});

test("a read whose answer is lost is asked for once more, by the same id", async () => {
  /** @type {any[]} */
  const bodies = [];
  /** @param {string} _path @param {any} body */
  const ask = async (_path, body) => {
    bodies.push(body);
    if (bodies.length === 1) throw new Failure("network");
    return one(good)();
  };
  await read("lunasec-x", 10, ask);
  assert.equal(bodies.length, 2);
  assert.match(bodies[0].readId, /^[\w-]{21}[AQgw]$/);
  assert.deepEqual(bodies[0], bodies[1]);
  await read("lunasec-x", 10, ask);
  assert.notEqual(bodies[2].readId, bodies[0].readId);
  // A refusal is an answer.
  let asked = 0;
  const refusing = async () => {
    asked += 1;
    throw new Failure("not-logged-in");
  };
  await assert.rejects(read("lunasec-x", 10, refusing), { name: "not-logged-in" });
  assert.equal(asked, 1);
});

test("what may not be known about is refused", async () => {
  const mask = "Visa •••• 1111";
  assert.deepEqual(await describe("lunasec-x", one({ description: { mask } })), { mask });
  await assert.rejects(describe("lunasec-x", one({})), { name: "refused" });
});
