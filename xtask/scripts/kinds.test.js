// What is valid, and how it is stored. Numbers are of registries and of payment services, not of ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brand,
  isCardNumber,
  isExpiry,
  isIban,
  isKind,
  kindOf,
} from "../../crates/lunadefend-elements/web/frame/kinds.js";

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
    ["card-cvc", " 123 ", "123", "12"],
    ["card-cvc", "1234", "1234", "12345"],
    ["card-cvc", "000", "000", "1 23"],
    ["text", " 1.10 ", " 1.10 ", undefined],
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
  for (const good of ["11/26", "11/2026", "1/27", " 12 / 26 ", "1126", "112026", "0127", "12-26", "11 26"]) {
    assert.ok(isExpiry(good, now), good);
  }
  for (const bad of [
    "10/26",
    "13/27",
    "00/27",
    "11/1926",
    "",
    "11/99",
    "127",
    "1/7",
    "11//26",
    "11/26x",
    "26/11",
  ]) {
    assert.ok(!isExpiry(bad, now), bad);
  }
  for (const [typed, stored] of [
    ["1/2037", "01/37"],
    ["0137", "01/37"],
    [" 12 / 37 ", "12/37"],
  ]) {
    assert.equal(kindOf("card-expiry").normal?.(typed), stored);
  }
});

test("what is no kind is none", () => {
  for (const name of ["ssn ", "SSN", "constructor", "__proto__", "card-cvv"]) assert.ok(!isKind(name), name);
  for (const name of ["", "text", "card-expiry"]) assert.ok(isKind(name), name);
  assert.ok(kindOf("").valid("x"));
});

test("account numbers of the IBAN registry are valid, and with any digit changed they are not", () => {
  for (const iban of [
    "GB29NWBK60161331926819",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "CH9300762011623852957",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "LC55HEMM000100010012001200023015",
    "BR1800360305000010009795493C1",
    "SA0380000000608010167519",
  ]) {
    assert.ok(isIban(iban), iban);
    for (let at = 2; at < iban.length; at += 1) {
      if (!/\d/.test(iban[at])) continue;
      const other = String((Number(iban[at]) + 1) % 10);
      assert.ok(!isIban(iban.slice(0, at) + other + iban.slice(at + 1)), `${iban} at ${at}`);
    }
  }
  for (const other of ["", "DE", "de89370400440532013000", `DE89${"0".repeat(40)}`])
    assert.ok(!isIban(other));
});

test("numbers that payment services give out for tests are cards, and neighbours are not", () => {
  for (const [number, name] of [
    ["4242424242424242", "Visa"],
    ["4222222222222", "Visa"],
    ["5555555555554444", "Mastercard"],
    ["2223003122003222", "Mastercard"],
    ["378282246310005", "American Express"],
    ["6011111111111117", "Discover"],
    ["3056930009020004", "Diners Club"],
    ["36227206271667", "Diners Club"],
    ["3566002020360505", "JCB"],
    ["6205500000000000004", ""],
  ]) {
    assert.ok(isCardNumber(number), number);
    assert.equal(brand(number), name);
    const last = (Number(number.at(-1)) + 1) % 10;
    assert.ok(!isCardNumber(number.slice(0, -1) + last), number);
  }
  for (const other of ["", "4242", "42424242424242424242", "4242 4242"]) assert.ok(!isCardNumber(other));
});

test("no kind takes long for what it refuses", () => {
  for (const name of ["email", "tel", "ssn", "iban", "card-number", "card-expiry", "date"]) {
    for (const part of ["a@a.", ".", " ", "1 ", "1/", "-", "A1", "@"]) {
      // Longer than anybody pastes. What goes by the square of it would not end.
      assert.ok(!kindOf(name).valid(`${part.repeat(200_000)}!`), `${name}: ${part}`);
    }
  }
});
