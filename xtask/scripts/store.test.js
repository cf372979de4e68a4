// What a field sends to be stored.

import assert from "node:assert/strict";
import { test } from "node:test";

const WEB = "../../crates/lunadefend-elements/web/";
/** @type {any} */
const realm = globalThis;
realm.location = { href: "https://tokenizer.example.com/frame" };
const settings = JSON.stringify({ origins: [], nested: false, maxValue: 20_000 });
realm.document = { querySelector: () => ({ getAttribute: () => settings }) };
/** @type {[string, string][]} */
const uploads = [];
realm.XMLHttpRequest = class {
  upload = {};
  status = 200;
  open(/** @type {string} */ method, /** @type {string} */ url) {
    uploads.push([method, url]);
  }
  setRequestHeader() {}
  send() {
    /** @type {any} */ (this).onload();
    /** @type {any} */ (this).onloadend();
  }
};

const { store } = await import(`${WEB}frame/store.js`);
const { Failure } = await import(`${WEB}protocol.js`);
const METADATA = { dataType: "string" };

/** A tokenizer that loses the first answers. @param {object} data @param {number} [lost] */
function tokenizer(data, lost = 0) {
  /** @type {[string, any, any][]} */
  const asked = [];
  const ask = async (/** @type {string} */ path, /** @type {any} */ body, /** @type {any} */ headers) => {
    asked.push([path, body, headers]);
    if (asked.length <= lost) throw new Failure("network");
    return { data, headers: new Headers() };
  };
  return { asked, ask };
}

test("a text goes with its kind, in one request", async () => {
  const { asked, ask } = tokenizer({ tokenId: "lunasec-x" });
  const token = await store(new Blob(["12ü"]), "card-cvc", METADATA, { row: 1 }, () => {}, ask);
  assert.equal(token, "lunasec-x");
  assert.equal(asked.length, 1);
  const [path, body, headers] = asked[0];
  assert.equal(path, "v2/tokenize");
  const metadata = { ...METADATA, customFields: { row: 1 } };
  assert.deepEqual(body, { value: Buffer.from("12ü").toString("base64"), kind: "card-cvc", metadata });
  assert.match(headers["idempotency-key"], /^[\w-]{21}[AQgw]$/);
  assert.deepEqual(uploads, []);
});

test("when the answer is lost the same request goes once more", async () => {
  const { asked, ask } = tokenizer({ tokenId: "lunasec-x" }, 1);
  assert.equal(await store(new Blob(["1"]), "text", METADATA, undefined, () => {}, ask), "lunasec-x");
  assert.equal(asked.length, 2);
  assert.deepEqual(asked[0], asked[1]);
  const gone = tokenizer({}, 2);
  await assert.rejects(
    store(new Blob(["1"]), "text", METADATA, undefined, () => {}, gone.ask),
    {
      name: "network",
    },
  );
  assert.equal(gone.asked.length, 2);
  assert.notEqual(gone.asked[0][2]["idempotency-key"], asked[0][2]["idempotency-key"]);
});

test("files and long texts go to the URL that the token comes with", async () => {
  const data = { tokenId: "lunasec-x", upload: { url: "u", headers: {} } };
  for (const [length, kind, isUploaded] of /** @type {[number, string, boolean][]} */ ([
    [16_384, "textarea", false],
    [16_385, "textarea", true],
    [1, "file", true],
  ])) {
    const { asked, ask } = tokenizer(data);
    await store(new Blob(["x".repeat(length)]), kind, METADATA, undefined, () => {}, ask);
    assert.equal(asked[0][1].value === undefined, isUploaded, `${kind} of ${length}`);
    assert.equal(asked[0][1].kind, kind);
    assert.deepEqual(uploads.splice(0), isUploaded ? [["PUT", "u"]] : []);
  }
});

test("what is too large, and an answer of another shape, give no token", async () => {
  const { asked, ask } = tokenizer({});
  await assert.rejects(
    store(new Blob(["x".repeat(20_001)]), "file", METADATA, undefined, () => {}, ask),
    {
      name: "too-large",
    },
  );
  assert.deepEqual(asked, []);
  for (const data of [{}, { tokenId: 1 }, { tokenId: "lunasec-x" }, { tokenId: "lunasec-x", upload: {} }]) {
    const other = tokenizer(data);
    await assert.rejects(
      store(new Blob(["x"]), "file", METADATA, undefined, () => {}, other.ask),
      {
        name: "unavailable",
      },
    );
  }
});
