// Leave to show a value, and how long it lasts.

import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {any} */
const realm = globalThis;
realm.location = { href: "https://tokenizer.example.com/frame" };
realm.document = { querySelector: () => null };

const { leave, left } = await import("../../crates/lunadefend-elements/web/frame/fetched.js");

const DATE = "Thu, 26 Nov 2026 20:00:00 GMT";
const NOW = Date.parse(DATE);

test("what is left goes by the tokenizer's clock", () => {
  assert.equal(left(NOW + 5_000, DATE), 5_000);
  // Just allowed, and yet over: the date is of another clock.
  assert.equal(left(NOW - 5_000, DATE), Number.POSITIVE_INFINITY);
  const withoutDate = left(Date.now() + 60_000, null);
  assert.ok(withoutDate > 0 && withoutDate <= 60_000);
});

test("an answer without a URL or an end is none", async () => {
  /** @param {object} data @param {Record<string, string>} headers */
  const ask = (data, headers) => async () => ({ data, headers: new Headers(headers) });
  const expires = { "lunadefend-expires-at": String(NOW + 1), date: DATE };
  const allowed = await leave("lunasec-x", ask({ downloadUrl: "u" }, expires));
  assert.equal(allowed.url, "u");
  for (const other of [
    ask({}, expires),
    ask({ downloadUrl: 1 }, expires),
    ask({ downloadUrl: "u" }, { date: DATE }),
    ask({ downloadUrl: "u" }, { "lunadefend-expires-at": "soon" }),
  ]) {
    await assert.rejects(leave("lunasec-x", other), { name: "unavailable" });
  }
  for (const token of ["", undefined, 1, {}]) {
    await assert.rejects(leave(token, ask({ downloadUrl: "u" }, expires)), { name: "refused" });
  }
});
