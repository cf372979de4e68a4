/** What is said of a failure: to people in the page, and to the developer on the console. */

/** @type {Record<string, string>} */
const PEOPLE = {
  unreachable: "This secure field could not be loaded. Reload the page to try again.",
  network: "The secure service could not be reached. Check your connection and try again.",
  unavailable: "The secure service is not available at the moment. Try again in a minute.",
  "not-logged-in": "You are not logged in. Log in and try again.",
  "cookies-blocked": "Your browser blocks the cookies of the secure service on this page.",
  "session-changed": "You are now logged in as somebody else. Reload the page.",
  "too-large": "This is too large.",
  open: "The value of this field has not been secured yet. Send the form again.",
  secured: "This field is ready now. Send the form.",
  focused: "Leave the field and try again.",
  "not-an-image": "This is not a picture that can be shown.",
  "copy-refused": "Your browser did not allow copying.",
  refused: "You may not see this at the moment.",
  expired: "This is no longer shown. Reload the page to see it again.",
  unsupported: "This secure field is not set up correctly.",
  "no-session": "This secure field is not set up correctly.",
  "same-origin": "This secure field is not set up correctly.",
  credentialless: "This secure field does not work on this page.",
};

/** @type {Record<string, string>} */
const DEVELOPERS = {
  unreachable:
    "the frame did not answer: is the page's origin in the tokenizer's APPLICATION_FRONT_END, the tokenizer in the page's CSP frame-src, and the page itself not in a frame?",
  "not-logged-in":
    "the tokenizer has no session of this browser: does /.lunasec/secure-frame know the user by the request's cookie, is the tokenizer in the page's CSP connect-src, and does the page send no Cross-Origin-Embedder-Policy: credentialless?",
  "cookies-blocked":
    "the browser keeps no cookie for the tokenizer: put it on a sub-domain of the application's site",
  "session-changed": "the session is not the one in the element's `session` attribute",
  refused: "the token is not granted to this session, or the tokenizer refused the request",
  unsupported: "the tokenizer does not know such a `kind`, `session` or element",
  "no-session": "the attribute `session` is missing: print the page session there, or `none`",
  "same-origin": "a page of the tokenizer's own origin could read every frame",
  credentialless: "a page in a credentialless frame has no cookies",
};

/** @param {string} name */
export function forPeople(name) {
  return (Object.hasOwn(PEOPLE, name) && PEOPLE[name]) || "Something went wrong. Try again.";
}

/** @param {string} element @param {string} name */
export function forDevelopers(element, name) {
  const advice = Object.hasOwn(DEVELOPERS, name) && DEVELOPERS[name];
  if (advice) console.warn(`<${element}>: ${advice} (${name})`);
}
