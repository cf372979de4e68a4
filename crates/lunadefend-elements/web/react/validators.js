/** The validators of LunaSec's React SDK, on the text as typed. */

import { kindOf } from "../frame/kinds.js";

/** Campuses that give out employer identification numbers (IRS, "How EINs are assigned and valid EIN prefixes"). */
const EIN =
  /^(?:0[1-6]|1[0-6]|2[0-7]|3[0-9]|4[0-8]|5[0-9]|6[0-8]|7[1-7]|8[0-8]|9[0-589])-?\d{7}$|^9[0-589]-?\d{7}$/;

/** @param {string} text */
function isSsn(text) {
  return /^(?!000|666)\d{3}([ -]?)(?!00)\d\d\1(?!0000)\d{4}$/.test(text);
}

/** @param {string} text */
function isEin(text) {
  return EIN.test(text);
}

/** By the names that the SDK has. @type {Record<string, (text: string) => boolean>} */
export const VALIDATORS = {
  Email: (text) => kindOf("email").valid(text),
  SSN: isSsn,
  EIN: isEin,
  SSN_EIN: (text) => isSsn(text) || isEin(text),
};
