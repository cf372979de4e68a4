// What in the frame needs no browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { configuration } from "../../crates/lunadefend-elements/web/frame/configuration.js";
import { harmlessName, imageType } from "../../crates/lunadefend-elements/web/frame/files.js";
import { brand, isExpiry, kindOf } from "../../crates/lunadefend-elements/web/frame/kinds.js";
import { isAllowedStyle } from "../../crates/lunadefend-elements/web/frame/style.js";

test("styles are numbers, colours, keywords and names of fonts", () => {
  for (const [property, value] of [
    ["color", "rgb(1, 2, 3)"],
    ["color", "rgba(1, 2, 3, 0.5)"],
    ["color", "oklch(0.5 0.1 20 / 50%)"],
    ["color", "#aabbcc"],
    ["color", "rebeccapurple"],
    ["color-scheme", "light dark"],
    ["font-family", '"Helvetica Neue", Arial, sans-serif'],
    ["font-size", "16px"],
    ["line-height", "1.5"],
    ["letter-spacing", "-0.5px"],
    ["font-size", "calc(1rem + 2px)"],
    ["text-shadow", "rgb(0, 0, 0) 1px 1px 2px"],
    ["--luna-placeholder-color", "gray"],
  ]) {
    assert.ok(isAllowedStyle(property, value), `${property}: ${value}`);
  }
  for (const [property, value] of [
    ["background-image", "none"],
    ["background", "red"],
    ["position", "fixed"],
    ["content", '"x"'],
    ["-webkit-text-security", "none"],
    ["opacity", "0"],
    ["--other", "1"],
    ["constructor", "red"],
    ["color", "url(https://evil.example/)"],
    ["color", "URL(//evil.example)"],
    ["color", "var(--x)"],
    ["color", "attr(value)"],
    ["color", "env(x)"],
    ["color", "image-set('x' 1x)"],
    ["color", "src('x')"],
    ["font-family", "x; background: url(x)"],
    ["font-family", '"\\75rl(x)"'],
    ["font-family", '"a'],
    ["font-size", "calc(1px + url(x))"],
    ["color", "rgb(calc(1px), url(x), 1)"],
    ["color", "u\\72l(x)"],
    ["color", "red !important"],
    ["color", "/**/red"],
    ["color", ""],
    ["color", "a".repeat(400)],
    ["font-family", "a ".repeat(140)],
  ]) {
    assert.ok(!isAllowedStyle(property, value), `${property}: ${value}`);
  }
});

test("the grammar of styles takes no time for what it refuses", () => {
  for (const value of [
    `${"1 ".repeat(149)}!`,
    `${"a,".repeat(149)}!`,
    `${"a-".repeat(149)}!`,
    `calc(${"1+".repeat(140)}!`,
  ]) {
    assert.ok(!isAllowedStyle("color", value));
  }
});

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

test("browsers fill in only what does not write secrets to disk", () => {
  const of = (/** @type {string} */ autocomplete) => configuration({ autocomplete }, undefined).autocomplete;
  for (const allowed of ["email", "tel", "cc-number", "cc-exp-month"]) assert.equal(of(allowed), allowed);
  for (const other of ["on", "", "current-password", "name", "cc-", "email tel"])
    assert.equal(of(other), "off");
});

test("kinds know what is valid and how it is stored", () => {
  for (const [name, valid, stored, invalid] of [
    ["email", " ann@example.com ", "ann@example.com", "ann@example"],
    ["tel", "+49 (30) 901820", "+49 (30) 901820", "12ab45"],
    ["ssn", "123456789", "123-45-6789", "000-12-3456"],
    ["ssn", "123-45-6789", "123-45-6789", "123-45 6789"],
    ["ssn", "899-99-9999", "899-99-9999", "900-12-3456"],
    ["ssn", "665 01 0001", "665-01-0001", "123-00-4567"],
    ["iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000", "DE88370400440532013000"],
    ["card-number", "4111 1111 1111 1111", "4111111111111111", "4111 1111 1111 1112"],
    ["card-number", "378282246310005", "378282246310005", "0000000000000000"],
    ["text", " 1.10 ", " 1.10 ", undefined],
    ["constructor", "x", "x", undefined],
  ]) {
    const kind = kindOf(/** @type {string} */ (name));
    assert.ok(kind.valid(/** @type {string} */ (valid)), `${name}: ${valid}`);
    const normal = kind.normal ?? ((/** @type {string} */ text) => text);
    assert.equal(normal(/** @type {string} */ (valid)), stored);
    if (invalid !== undefined) assert.ok(!kind.valid(invalid), `${name}: ${invalid}`);
  }
});

test("brands go by the first digits", () => {
  for (const [digits, name] of [
    ["4", "Visa"],
    ["55", "Mastercard"],
    ["2221", "Mastercard"],
    ["2720", "Mastercard"],
    ["2220", ""],
    ["2721", ""],
    ["37", "American Express"],
    ["6011", "Discover"],
    ["3528", "JCB"],
    ["36", "Diners Club"],
    ["9", ""],
  ]) {
    assert.equal(brand(digits), name, digits);
  }
});

test("a card is good to the end of its month", () => {
  const now = new Date(2026, 10, 30);
  for (const good of ["11/26", "11/2026", "1/27", " 12 / 26 "]) assert.ok(isExpiry(good, now), good);
  for (const bad of ["10/26", "13/27", "00/27", "11/1926", "11-26", "", "11/99"]) {
    assert.ok(!isExpiry(bad, now), bad);
  }
  assert.equal(kindOf("card-expiry").normal?.("1/2027"), "01/27");
});

test("names of files are harmless", () => {
  for (const [name, harmless] of [
    ["passport.png", "passport.png"],
    ["../../etc/passwd.pdf", "passwd.pdf"],
    ["C:\\x\\run.exe", "run.exe.bin"],
    ["page.html", "page.html.bin"],
    ["a.svg", "a.svg.bin"],
    ["photo\u202egnp.exe", "photognp.exe.bin"],
    ["a\u0000b\n.txt", "ab.txt"],
    ["...", "download.bin"],
    ["", "download.bin"],
    [undefined, "download.bin"],
    ["Führerschein (1).jpeg", "Führerschein (1).jpeg"],
  ]) {
    assert.equal(harmlessName(name), harmless);
  }
  assert.equal(harmlessName(`${"a".repeat(300)}.pdf`).length, 100);
});

test("pictures are known by their first bytes", () => {
  const type = (/** @type {string} */ start) =>
    imageType(Uint8Array.from(start, (character) => character.charCodeAt(0)));
  assert.equal(type("\x89PNG\r\n\x1a\n...."), "image/png");
  assert.equal(type("\xff\xd8\xff\xe0"), "image/jpeg");
  assert.equal(type("GIF89a"), "image/gif");
  assert.equal(type("RIFF\0\n\0\0WEBPVP8 "), "image/webp");
  for (const other of [
    "",
    "<svg xmlns=",
    "<!doctype html>",
    "GIF90a",
    "RIFF....WAVE",
    " \x89PNG\r\n\x1a\n",
    "BM",
  ]) {
    assert.equal(type(other), undefined, other);
  }
});
