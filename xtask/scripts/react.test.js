// The frame inside an element of LunaSec's React SDK: its validators, and what the page says of the element.

import assert from "node:assert/strict";
import { test } from "node:test";
import { applyTwin, attributes } from "../../crates/lunadefend-elements/web/react/attributes.js";
import { VALIDATORS } from "../../crates/lunadefend-elements/web/react/validators.js";

// By campus, as the IRS lists them ("How EINs are assigned and valid EIN prefixes"), read apart from the expression.
const PREFIXES = `
  10 12 60 67 50 53
  01 02 03 04 05 06 11 13 14 16 21 22 23 25 34 51 52 54 55 56 57 58 59 65
  30 32 35 36 37 38 61 15 24 40 44 94 95 80 90
  33 39 41 42 43 46 48 62 63 64 66 68 71 72 73 74 75 76 77 81 82 83 84 85 86 87 88 91 92 93 98 99
  20 26 27 45 46 47 31`;

test("an EIN begins with a prefix that the IRS gives out", () => {
  const known = new Set(PREFIXES.trim().split(/\s+/));
  assert.equal(known.size, 83);
  for (let number = 0; number < 100; number += 1) {
    const prefix = String(number).padStart(2, "0");
    for (const separator of ["", "-", " "]) {
      assert.equal(VALIDATORS.EIN(`${prefix}${separator}1234567`), known.has(prefix), prefix);
    }
  }
  for (const text of [
    "",
    "12-345678",
    "12-34567890",
    "1-23456789",
    "12--3456789",
    " 12-3456789",
    "12-3456789\n",
  ]) {
    assert.ok(!VALIDATORS.EIN(text), text);
  }
});

test("an SSN has one separator, or none", () => {
  for (const text of ["078-05-1120", "078 05 1120", "078051120", "900-12-3456"]) {
    assert.ok(VALIDATORS.SSN(text), text);
    assert.ok(VALIDATORS.SSN_EIN(text), text);
  }
  for (const text of [
    "",
    "000-05-1120",
    "666-05-1120",
    "078-00-1120",
    "078-05-0000",
    "078-05 1120",
    "07805-1120",
    " 078-05-1120",
    "078-05-11200",
    "078-05-112",
  ]) {
    assert.ok(!VALIDATORS.SSN(text), text);
  }
  assert.ok(VALIDATORS.SSN_EIN("12-3456789"));
  assert.ok(!VALIDATORS.SSN_EIN("07-3456789"));
});

test("an e-mail address is taken as typed", () => {
  assert.ok(VALIDATORS.Email("ann@example.com"));
  for (const text of ["", "ann", "ann@example", "@example.com", " ann@example.com", "ann@example.com "]) {
    assert.ok(!VALIDATORS.Email(text), text);
  }
});

test("attributes are read shape by shape", () => {
  const all = attributes({
    placeholder: "x".repeat(600),
    validator: "SSN",
    token: "lunasec-1",
    fileTokens: ["lunasec-2", 3, "", null],
    customMetadata: { a: 1 },
  });
  assert.equal(all.placeholder.length, 500);
  assert.equal(all.validator, VALIDATORS.SSN);
  assert.equal(all.token, "lunasec-1");
  assert.deepEqual(all.fileTokens, ["lunasec-2"]);
  assert.deepEqual(all.metadata, { a: 1 });
  for (const validator of ["constructor", "toString", "__proto__", "ssn", 1, undefined]) {
    assert.equal(attributes({ validator }).validator, undefined);
  }
  const none = attributes({ token: 1, fileTokens: "lunasec-1", placeholder: {} });
  assert.deepEqual([none.token, none.fileTokens, none.placeholder], [undefined, [], ""]);
});

/** @param {unknown} style */
function applied(style) {
  /** @type {Record<string, string>} */
  const set = {};
  const setProperty = (/** @type {string} */ name, /** @type {string} */ value) => {
    set[name] = value;
  };
  applyTwin(/** @type {any} */ ({ style: { setProperty } }), style);
  return set;
}

test("of the twin's style the box and the text are taken", () => {
  const taken = {
    color: "rgb(1, 2, 3)",
    "background-color": "rgba(0, 0, 0, 0)",
    "border-top-left-radius": "4px",
    "font-family": '"Fira Sans", sans-serif',
    "padding-left": "2px",
  };
  const refused = {
    "background-image": "url(https://evil.example/)",
    "border-image-source": "url(https://evil.example/)",
    "caret-color": "red !important",
    position: "fixed",
    content: '"x"',
    width: "1px",
    "-webkit-text-security": "none",
    "font-size": 3,
  };
  assert.deepEqual(applied(JSON.stringify({ style: { ...taken, ...refused }, pseudo: {} })), taken);
  for (const style of [undefined, 1, "", "{", "null", "[]", '{"style":1}', { style: taken }]) {
    assert.deepEqual(applied(style), {});
  }
});
