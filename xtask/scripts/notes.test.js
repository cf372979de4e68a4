// What an element takes from its frame.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isNote } from "../../crates/lunadefend-elements/web/elements/notes.js";
import { Failure, nameOf } from "../../crates/lunadefend-elements/web/protocol.js";

test("what a frame says has a shape, or is not heard", () => {
  for (const note of [
    { note: "state", empty: false, valid: true, focused: false },
    { note: "focused" },
    { note: "submit" },
    { note: "session-needed" },
    { note: "progress", percent: 5 },
    { note: "shown", shown: false },
    { note: "failed", name: "network" },
    { note: "working" },
  ]) {
    assert.ok(isNote(note), note.note);
  }
  for (const other of [
    undefined,
    null,
    "submit",
    [],
    {},
    { note: 1 },
    { note: "state" },
    { note: "state", empty: 0, valid: true, focused: false },
    { note: "progress", percent: "5" },
    { note: "failed", name: {} },
    { note: "shown" },
    { note: "constructor" },
    { note: "__proto__" },
    { note: "value", value: "x" },
  ]) {
    assert.ok(!isNote(other), JSON.stringify(other));
  }
});

test("of what was thrown the name is told, and never the text", () => {
  assert.equal(nameOf(new Failure("network")), "network");
  assert.equal(nameOf(new Error("078-05-1120")), "unexpected");
  assert.equal(nameOf("078-05-1120"), "unexpected");
  assert.equal(nameOf({ name: "network" }), "unexpected");
});
