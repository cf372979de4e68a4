/** The browser's session at the tokenizer, which the page has transferred when there is none. */

import { Failure, nameOf } from "../protocol.js";
import { post, verify } from "./api.js";
import { on, tell } from "./port.js";

/** @import { Answer } from "./api.js" */

/** Longer than the page takes for a transfer, whatever happens: three requests here and one of its own. */
const LONGEST_TRANSFER = 240_000;

/** What each request of the frame says of its page. @type {Record<string, string>} */
let headers = {};
/** @type {((failed: unknown) => void)[]} */
let waiting = [];

/** @param {string} session */
export function useSession(session) {
  headers = { "lunadefend-page-session": session };
}

export function listenForSession() {
  on("verify", async () => ({ session: await verify(headers) }));
  on("transfer", async ({ provider }) => {
    const body = typeof provider === "string" && provider ? { authProvider: provider } : {};
    const { data } = await post("session/state", body);
    return { state: data.state };
  });
  on("end", async () => {
    await post("session/end", {});
  });
  on("session", ({ failed }) => {
    const all = waiting;
    waiting = [];
    for (const go of all) go(failed);
  });
  on("cookies", () => ({ kept: keepsCookies() }));
}

/**
 * Calls the tokenizer in the session of the page; when there is none, once more after a transfer.
 *
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} [more] Headers.
 * @returns {Promise<Answer>}
 */
export async function call(path, body, more) {
  try {
    return await callOnce(path, body, more);
  } catch (error) {
    if (!["not-logged-in", "session-changed"].includes(nameOf(error))) throw error;
  }
  await renewed();
  return callOnce(path, body, more);
}

/**
 * Calls the tokenizer in the session of the page, if there is one.
 *
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} [more] Headers.
 * @returns {Promise<Answer>}
 */
export function callOnce(path, body, more) {
  return post(path, body, { ...more, ...headers });
}

/** @returns {Promise<void>} */
function renewed() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Failure("unavailable")), LONGEST_TRANSFER);
    waiting.push((failed) => {
      clearTimeout(late);
      if (typeof failed === "string") reject(new Failure(failed));
      else resolve();
    });
    tell({ note: "session-needed" });
  });
}

/** Whether this browser keeps a cookie for the tokenizer in this page: the session's is hidden from script. */
function keepsCookies() {
  const name = "lunadefend-probe";
  for (const attributes of ["SameSite=None; Secure; Partitioned", "SameSite=Lax"]) {
    // biome-ignore lint/suspicious/noDocumentCookie: the other way to set one is not in every browser
    document.cookie = `${name}=1; Path=/; Max-Age=60; ${attributes}`;
    const kept = document.cookie.split("; ").includes(`${name}=1`);
    // biome-ignore lint/suspicious/noDocumentCookie: as above
    document.cookie = `${name}=; Path=/; Max-Age=0; ${attributes}`;
    if (kept) return true;
  }
  return false;
}
