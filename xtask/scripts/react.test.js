// What of the React SDK's frame needs no browser.

import assert from "node:assert/strict";
import { test } from "node:test";

const WEB = "../../crates/lunadefend-elements/web/";
/** @type {any} */
const realm = globalThis;
realm.location = {
  href: "https://tokenizer.example.com/frame",
  search: "",
  origin: "https://tokenizer.example.com",
};
realm.document = { querySelector: () => null };
realm.window = realm;
realm.parent = realm;

const { attributes, isAllowedOfTwin } = await import(`${WEB}react/attributes.js`);
const { VALIDATORS } = await import(`${WEB}react/validators.js`);
const { described, LunaSecFailure } = await import(`${WEB}react/errors.js`);
const { Failure } = await import(`${WEB}protocol.js`);

/** @param {string} name @param {string[]} good @param {string[]} bad */
function validates(name, good, bad) {
  for (const text of good) assert.ok(VALIDATORS[name](text), `${name}: ${text}`);
  for (const text of bad) assert.ok(!VALIDATORS[name](text), `${name}: ${text}`);
}

test("SSN: three, two and four digits with one separator", () => {
  const good = ["078-05-1120", "078051120", "078 05 1120", "899-99-9999", "900-12-3456"];
  const bad = ["", "000-12-3456", "666-12-3456", "078-00-1120", "078-05-0000", "078-051120", "078-05 1120"];
  const more = [" 078-05-1120", "078-05-1120\n", "78-05-1120", "078-05-11201", "078/05/1120", "٠٧٨-05-1120"];
  validates("SSN", good, [...bad, ...more]);
});

test("EIN: the prefixes that the IRS has given to a campus", () => {
  // IRS, "Valid EIN prefixes".
  const campuses = [
    "10 12 60 67 50 53",
    "01 02 03 04 05 06 11 13 14 16 21 22 23 25 34 51 52 54 55 56 57 58 59 65",
    "30 32 35 36 37 38 61 15 24 40 44 94 95 80 90",
    "33 39 41 42 43 46 48 62 63 64 66 68 71 72 73 74 75 76 77 81 82 83 84 85 86 87 88 91 92 93 98 99",
    "20 26 27 45 46 47 31",
  ];
  const given = new Set(campuses.join(" ").split(" "));
  for (let prefix = 0; prefix < 100; prefix += 1) {
    const digits = String(prefix).padStart(2, "0");
    assert.equal(VALIDATORS.EIN(`${digits}-1234567`), given.has(digits), digits);
  }
  validates(
    "EIN",
    ["121234567", "12 1234567"],
    ["", "12-123456", "12-12345678", "12--1234567", "1-21234567"],
  );
});

test("SSN_EIN: either", () => {
  validates("SSN_EIN", ["078-05-1120", "12-1234567", "121234567"], ["", "000-12-3456", "07-1234567"]);
});

test("Email: what validator.js says of its own examples", () => {
  const good = [
    "foo@bar.com",
    "x@x.au",
    "foo@bar.com.au",
    "foo+bar@bar.com",
    "hans.m端ller@test.com",
    "hans@m端ller.com",
    "test|123@m端ller.com",
    "some.name.midd.leNa.me+extension@GoogleMail.com",
    "test@1337.com",
    `${"a".repeat(64)}@${"a".repeat(63)}.com`,
    "a@b.xn--p1ai",
  ];
  const bad = [
    "",
    "invalidemail@",
    "invalid.com",
    "@invalid.com",
    "foo@bar.com.",
    "foo@_bar.com",
    "somename@ｇｍａｉｌ.com",
    "z@co.c",
    `${"a".repeat(64)}@${"a".repeat(251)}.com`,
    `${"a".repeat(65)}@${"a".repeat(63)}.com`,
    "test1@invalid.co m",
    "test..dots@x.com",
    ".x@x.com",
    "x.@x.com",
    "a b@x.com",
    "a@b",
    "a@-b.com",
    "a@b-.com",
    "a@b..com",
    "a@127.0.0.1",
    "a@b.123",
    "a@b@c.com",
  ];
  validates("Email", good, bad);
});

test("a validator that the SDK has not is none", () => {
  for (const validator of ["", "ssn", "constructor", "toString", 1, {}, null]) {
    assert.equal(attributes({ validator }).validator, undefined);
  }
  assert.ok(attributes({ validator: "SSN" }).validator("078-05-1120"));
});

test("attributes of other shapes are left out", () => {
  const nothing = attributes({});
  assert.deepEqual(nothing, {
    style: {},
    placeholder: "",
    validator: undefined,
    customMetadata: undefined,
    token: undefined,
    fileTokens: [],
  });
  for (const style of ["", "{", "[]", "null", "1", '"x"', '{"style":[]}', '{"style":null}', {}, 1]) {
    assert.deepEqual(attributes({ style }).style, {}, JSON.stringify(style));
  }
  const odd = attributes({
    placeholder: 1,
    token: {},
    fileTokens: ["a", 1, null, {}, "b"],
    customMetadata: [1],
  });
  assert.equal(odd.placeholder, "");
  assert.equal(odd.token, undefined);
  assert.deepEqual(odd.fileTokens, ["a", "b"]);
  assert.deepEqual(odd.customMetadata, [1]);
  const long = attributes({ placeholder: "x".repeat(9_999), fileTokens: Array(9_999).fill("t") });
  assert.equal(long.placeholder.length, 500);
  assert.equal(long.fileTokens.length, 100);
});

test("of the twin's style the box and the text are taken", () => {
  for (const [property, value] of [
    ["color", "rgb(0, 0, 0)"],
    ["background-color", "rgba(0, 0, 0, 0)"],
    ["border-top-left-radius", "4px"],
    ["border-bottom-color", "rgb(118, 118, 118)"],
    ["border-top-style", "inset"],
    ["padding-left", "2px"],
    ["padding-inline-start", "40px"],
    ["font-family", 'Arial, "Helvetica Neue", sans-serif'],
    ["font-size", "13.3333px"],
    ["letter-spacing", "normal"],
    ["line-height", "normal"],
    ["outline-offset", "0px"],
    ["text-align", "start"],
    ["text-decoration-line", "none"],
    ["text-shadow", "rgb(0, 0, 0) 1px 1px 2px"],
  ]) {
    assert.ok(isAllowedOfTwin(property, value), `${property}: ${value}`);
  }
  for (const [property, value] of [
    ["background-image", "none"],
    ["background", "red"],
    ["border-image-source", "url(https://evil.example/)"],
    ["color", "url(https://evil.example/)"],
    ["font-family", "url(x)"],
    ["color", "var(--x)"],
    ["cursor", "url(x), auto"],
    ["position", "fixed"],
    ["width", "1px"],
    ["height", "1px"],
    ["margin-left", "1px"],
    ["transform", "none"],
    ["filter", "none"],
    ["display", "none"],
    ["content", "x"],
    ["-webkit-text-security", "none"],
    ["text-indent", "-999px"],
    ["--color", "red"],
    ["constructor", "red"],
    ["color", 1],
    ["color", null],
    ["color", {}],
  ]) {
    assert.ok(!isAllowedOfTwin(property, value), `${property}: ${value}`);
  }
});

test("the page's error handler gets the tokenizer's words, and nothing that was thrown", () => {
  const refusal = { status: 403, name: "TokenizerError", message: "no grant" };
  for (const [error, expected] of [
    [new Failure("refused", refusal), ["TokenizerError", "no grant", "403"]],
    [new Failure("not-logged-in", { ...refusal, status: 401 }), ["Unauthorized", "no grant", "401"]],
    [
      new Failure("not-logged-in", { status: 401, name: "", message: "" }),
      ["Unauthorized", "Unauthorized", "401"],
    ],
    [
      new Failure("too-large", { status: 413, name: "", message: "" }),
      ["TokenizerError", "the value is too large", "413"],
    ],
    [new Failure("too-large"), ["TokenizerError", "the value is too large", "413"]],
    [
      new Failure("unavailable", { status: 503, name: "", message: "" }),
      ["TokenizerError", "the tokenizer is not available", "503"],
    ],
    [new Failure("network"), ["TokenizerError", "Network Error", "500"]],
    [new LunaSecFailure("wrongMetaDataType", "no file"), ["wrongMetaDataType", "no file", "400"]],
    [new TypeError("078-05-1120"), ["TokenizerError", "the tokenizer is not available", "500"]],
    ["078-05-1120", ["TokenizerError", "the tokenizer is not available", "500"]],
  ]) {
    const { name, message, code } = described(error);
    assert.deepEqual([name, message, code], expected);
  }
});
