// What a page may say of the look of a frame.

import assert from "node:assert/strict";
import { test } from "node:test";
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
