// What files may be called, and what they are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { harmlessName, imageType } from "../../crates/lunadefend-elements/web/frame/files.js";

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
