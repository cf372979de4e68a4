// What a frame takes from its page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { configuration } from "../../crates/lunadefend-elements/web/frame/configuration.js";

test("the first configuration fixes role, kind and session", () => {
  const first = configuration({ role: "input", kind: "ssn", session: "aa", label: "One" }, undefined);
  const second = configuration({ role: "value", kind: "text", session: "none", label: "Two" }, first);
  assert.equal(second.role, "input");
  assert.equal(second.kind, "ssn");
  assert.equal(second.session, "aa");
  assert.equal(second.label, "Two");
});

test("a configuration of other shapes is one of defaults", () => {
  const strange = configuration(
    {
      role: "constructor",
      kind: 1,
      label: {},
      rows: Number.NaN,
      texts: [1],
      style: "x",
      masked: "yes",
      hideAfter: -1,
    },
    undefined,
  );
  assert.equal(strange.role, "input");
  assert.equal(strange.kind, "");
  assert.equal(strange.label, "");
  assert.equal(strange.rows, 1);
  assert.deepEqual(strange.texts, {});
  assert.deepEqual(strange.style, {});
  assert.equal(strange.masked, false);
  assert.equal(strange.hideAfter, 0);
});

test("no page turns the writing around but by its direction, and no language is a text", () => {
  const of = (/** @type {object} */ message) => configuration({ ...message }, undefined);
  assert.equal(of({ dir: "rtl" }).dir, "rtl");
  assert.equal(of({ dir: "auto" }).dir, "ltr");
  assert.equal(of({ lang: "pt-BR" }).lang, "pt-BR");
  assert.equal(of({ lang: 'de" onload="x' }).lang, "");
});

test("texts are short, and few", () => {
  const texts = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`t${at}`, "x".repeat(1000)]));
  const found = configuration({ texts: { a: 1, ...texts } }, undefined).texts;
  assert.equal(Object.keys(found).length, 64);
  assert.ok(Object.values(found).every((text) => text.length === 500));
  assert.ok(!("a" in found));
});

test("browsers fill in only what it is, and nothing that must not be on a disk", () => {
  const of = (/** @type {string} */ kind, /** @type {string} */ autocomplete) =>
    configuration({ kind, autocomplete }, undefined).autocomplete;
  for (const [kind, allowed] of [
    ["email", "email"],
    ["tel", "tel"],
    ["card-number", "cc-number"],
    ["card-expiry", "cc-exp"],
    ["text", "cc-name"],
    ["", "cc-given-name"],
  ]) {
    assert.equal(of(kind, allowed), allowed);
  }
  for (const [kind, other] of [
    ["ssn", "email"],
    ["text", "email"],
    ["textarea", "cc-name"],
    ["ssn", "cc-number"],
    ["card-number", "cc-csc"],
    ["email", "on"],
    ["email", ""],
    ["email", "email tel"],
    ["text", "current-password"],
    ["constructor", "email"],
  ]) {
    assert.equal(of(kind, other), "off", `${kind} ${other}`);
  }
});
