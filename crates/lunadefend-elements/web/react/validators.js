/** The validators of LunaSec's React SDK, on the text as typed. */

/** What validator.js 13 takes for an address, but for local parts in quotes. */
const LOCAL = /^[a-z\d!#$%&'*+\-/=?^_`{|}~\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]+$/i;
const LABEL = /^(?!-)[a-z\d\u00a1-\uff00\uff5f-\uffff-]{1,63}(?<!-)$/i;
const TOP = /^(?:[a-z\u00a1-\u00a8\u00aa-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]{2,}|xn[a-z\d-]{2,})$/i;
const LONGEST_ADDRESS = 254;
const LONGEST_LOCAL = 64;

/** The prefixes that the IRS gives out. */
const EIN = /^(?:0[1-6]|1[0-6]|2[0-7]|3\d|4[0-8]|5\d|6[0-8]|7[1-7]|8[0-8]|9[0-589])[ -]?\d{7}$/;
/** Unlike our own kind, the SDK takes numbers from 900 on. */
const SSN = /^(?!000|666)\d{3}([ -]?)(?!00)\d\d\1(?!0000)\d{4}$/;

/** By the names that the SDK has. @type {Record<string, (text: string) => boolean>} */
export const VALIDATORS = {
  Email: isEmail,
  SSN: (text) => SSN.test(text),
  EIN: (text) => EIN.test(text),
  SSN_EIN: (text) => SSN.test(text) || EIN.test(text),
};

/** @param {string} text */
function isEmail(text) {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  const labels = domain.split(".");
  return (
    at > 0 &&
    text.length <= LONGEST_ADDRESS &&
    new TextEncoder().encode(local).length <= LONGEST_LOCAL &&
    local.split(".").every((part) => LOCAL.test(part)) &&
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    TOP.test(labels[labels.length - 1])
  );
}
