/**
 * The kinds of text: when one is valid, and how it is stored.
 *
 * @typedef {object} Kind
 * @property {(text: string) => boolean} valid
 * @property {(text: string) => string} [normal] What is stored of a valid text.
 * @property {(text: string) => string} [note] What is said beside it, in the frame only.
 * @property {string} [wrong] What is said of one that is not valid.
 * @property {string} [type] Of the HTML input.
 * @property {string} [mode] Of the keyboard on a phone.
 * @property {boolean} [ltr] Whether it is written from left to right in every language.
 */

const compact = (/** @type {string} */ text) => text.replace(/[\s-]/g, "");

/** @type {Record<string, Kind>} */
const KINDS = {
  text: { valid: () => true },
  textarea: { valid: () => true },
  email: {
    valid: (text) => /^[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+$/.test(text.trim()),
    normal: (text) => text.trim(),
    wrong: "not an e-mail address",
    mode: "email",
    ltr: true,
  },
  tel: {
    valid: (text) => /^\+?[\d\s()./-]+$/.test(text.trim()) && between(text.replace(/\D/g, ""), 5, 15),
    normal: (text) => text.trim(),
    wrong: "not a phone number",
    mode: "tel",
    ltr: true,
  },
  date: { valid: (text) => /^\d{4,6}-\d\d-\d\d$/.test(text), wrong: "not a date", type: "date" },
  ssn: {
    // No area 000, 666 or above 899, no group 00, no serial 0000 (Social Security Administration).
    valid: (text) => /^(?!000|666|9)\d{3}([ -]?)(?!00)\d\d\1(?!0000)\d{4}$/.test(text.trim()),
    normal: (text) => compact(text).replace(/^(...)(..)(....)$/, "$1-$2-$3"),
    wrong: "not a valid SSN",
    mode: "numeric",
    ltr: true,
  },
  iban: {
    valid: (text) => isIban(compact(text).toUpperCase()),
    normal: (text) => compact(text).toUpperCase(),
    wrong: "not an IBAN",
    ltr: true,
  },
  "card-number": {
    valid: (text) => isCardNumber(compact(text)),
    normal: compact,
    note: (text) => brand(compact(text)),
    wrong: "not a card number",
    mode: "numeric",
    ltr: true,
  },
  "card-expiry": {
    valid: (text) => isExpiry(text, new Date()),
    normal: (text) => expiry(text)?.join("/") ?? text,
    wrong: "not a date in the future, as 09/31",
    mode: "numeric",
    ltr: true,
  },
  "card-cvc": {
    valid: (text) => /^\d{3,4}$/.test(text.trim()),
    normal: (text) => text.trim(),
    wrong: "not three or four digits",
    mode: "numeric",
    ltr: true,
  },
};

/**
 * Whether there is a kind of that name. What is not known must not pass as any text.
 *
 * @param {string} name
 */
export function isKind(name) {
  return name === "" || Object.hasOwn(KINDS, name);
}

/** @param {string} name @returns {Kind} */
export function kindOf(name) {
  return KINDS[isKind(name) ? name || "text" : "text"];
}

/** @param {string} text @param {number} least @param {number} most */
function between(text, least, most) {
  return text.length >= least && text.length <= most;
}

/**
 * ISO 13616: the number that is written with the country and the check digits at its end is 1 modulo 97.
 *
 * @param {string} text
 */
export function isIban(text) {
  if (!/^[A-Z]{2}\d\d[A-Z\d]{11,30}$/.test(text)) return false;
  let rest = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/**
 * ISO/IEC 7812: 12 to 19 digits with the check digit of Luhn.
 *
 * @param {string} digits
 */
export function isCardNumber(digits) {
  if (!/^\d{12,19}$/.test(digits) || /^0+$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    sum += at % 2 === 0 ? digit : Math.floor(digit / 5) + ((2 * digit) % 10);
  }
  return sum % 10 === 0;
}

/** @param {string} digits */
export function brand(digits) {
  if (/^4/.test(digits)) return "Visa";
  if (/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/.test(digits)) return "Mastercard";
  if (/^3[47]/.test(digits)) return "American Express";
  if (/^(?:6011|64[4-9]|65)/.test(digits)) return "Discover";
  if (/^35(?:2[89]|[3-8])/.test(digits)) return "JCB";
  if (/^3(?:0[0-5]|[689])/.test(digits)) return "Diners Club";
  return "";
}

/**
 * The month and the year of a card, with two digits each. The keyboard of a phone may have no slash.
 *
 * @param {string} text
 * @returns {[string, string] | undefined}
 */
function expiry(text) {
  const found = /^(0[1-9]|1[0-2]|[1-9](?=[/.-]))[/.-]?(?:20)?(\d\d)$/.exec(text.replace(/\s/g, ""));
  return found ? [found[1].padStart(2, "0"), found[2]] : undefined;
}

/**
 * A month that has not ended.
 *
 * @param {string} text
 * @param {Date} now
 */
export function isExpiry(text, now) {
  const found = expiry(text);
  if (!found) return false;
  const months = 12 * (2000 + Number(found[1])) + Number(found[0]) - 1;
  const current = 12 * now.getFullYear() + now.getMonth();
  return months >= current && months <= current + 12 * 30;
}
