/** The validators of LunaSec's React SDK, on the text as typed. */

import { kindOf } from "../frame/kinds.js";

/** The prefixes that the IRS gives out ("How EINs are assigned and valid EIN prefixes"). */
const EIN = /^(?:0[1-6]|1[0-6]|2[0-7]|3\d|4[0-8]|5\d|6[0-8]|7[1-7]|8[0-8]|9[0-589])[- ]?\d{7}$/;
/** As the SDK has it: individual taxpayer numbers, which begin with 9, pass too. */
const SSN = /^(?!000|666)\d{3}([ -]?)(?!00)\d\d\1(?!0000)\d{4}$/;

/** By the names that the SDK has. @type {Record<string, (text: string) => boolean>} */
export const VALIDATORS = {
  Email: (text) => text === text.trim() && kindOf("email").valid(text),
  SSN: (text) => SSN.test(text),
  EIN: (text) => EIN.test(text),
  SSN_EIN: (text) => SSN.test(text) || EIN.test(text),
};
