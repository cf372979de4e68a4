/** Bytes as text. */

/** @param {Uint8Array} bytes Few enough to be arguments of a function. */
export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** @param {string} text */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** 16 random bytes in base64url: by them the tokenizer knows a repeated request. */
export function identifier() {
  const text = base64(crypto.getRandomValues(new Uint8Array(16)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
