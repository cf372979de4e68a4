/** Calls to the tokenizer. */

import { Failure, isRecord, nameOf } from "../protocol.js";
import { BASE } from "./host.js";

/** Longer than the tokenizer lets any answer take. */
const LONGEST_ANSWER = 60_000;

/**
 * @typedef {object} Answer
 * @property {Record<string, unknown>} data
 * @property {Headers} headers
 */

/**
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>}
 */
export async function post(path, body, headers) {
  return answered(await send(path, { method: "POST", body: JSON.stringify(body) }, headers));
}

/**
 * Asks again when no answer came: only for what counts once, however often it comes.
 *
 * @template Outcome
 * @param {() => Promise<Outcome>} ask
 * @returns {Promise<Outcome>}
 */
export async function onceMore(ask) {
  try {
    return await ask();
  } catch (error) {
    if (nameOf(error) !== "network") throw error;
    return ask();
  }
}

/**
 * Says whether the browser has the page's session here.
 *
 * @param {Record<string, string>} headers
 * @returns {Promise<"good" | "none" | "mismatch">}
 */
export async function verify(headers) {
  const response = await send("session/verify", { method: "GET" }, headers);
  if (response.status === 401) {
    return (await errorOf(response)).name === "sessionMismatch" ? "mismatch" : "none";
  }
  const answer = await json(response);
  if (!response.ok) throw failure(response.status);
  return answer.success === true ? "good" : "none";
}

/**
 * The bytes at a signed URL.
 *
 * @param {string} url
 * @param {number} most
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function download(url, most = Number.POSITIVE_INFINITY) {
  const stop = new AbortController();
  const watch = stopWatch(() => stop.abort());
  try {
    const response = await request(url, { credentials: "omit", signal: stop.signal });
    if (!response.ok) throw failure(response.status);
    const chunks = [];
    let size = 0;
    const reader = response.body?.getReader();
    for (let next = await reader?.read(); next?.value; next = await reader?.read()) {
      watch.moves();
      chunks.push(next.value);
      size += next.value.length;
      if (size > most) throw new Failure("too-large");
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  } catch (error) {
    throw error instanceof Failure ? error : new Failure("network");
  } finally {
    watch.end();
    stop.abort();
  }
}

/**
 * Sends bytes to a signed URL. `fetch` knows no progress of what is sent.
 *
 * @param {string} url
 * @param {Blob} value
 * @param {(percent: number) => void} progress
 * @returns {Promise<void>}
 */
export function upload(url, value, progress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    const watch = stopWatch(() => call.abort());
    let steps = 0;
    call.open("PUT", url);
    call.setRequestHeader("content-type", "application/octet-stream");
    call.upload.onprogress = ({ loaded, total }) => {
      watch.moves();
      const reached = Math.floor((20 * loaded) / total);
      if (reached > steps) progress(5 * reached);
      steps = Math.max(steps, reached);
    };
    call.onload = () => (call.status === 200 ? resolve() : reject(failure(call.status)));
    call.onerror = () => reject(new Failure("network"));
    call.onabort = call.onerror;
    call.onloadend = watch.end;
    call.send(value);
  });
}

/**
 * Stops what does not move any more. How long all of it takes depends on the size and the line.
 *
 * @param {() => void} stop
 */
function stopWatch(stop) {
  let late = setTimeout(stop, LONGEST_ANSWER);
  return {
    moves() {
      clearTimeout(late);
      late = setTimeout(stop, LONGEST_ANSWER);
    },
    end: () => clearTimeout(late),
  };
}

/** @param {string} path @param {RequestInit} init @param {Record<string, string>} [more] */
function send(path, init, more) {
  const headers = { ...(init.body ? { "content-type": "application/json" } : {}), ...more };
  return request(BASE + path, { ...init, headers, credentials: "same-origin" });
}

/** @param {string} url @param {RequestInit} init */
async function request(url, init) {
  try {
    const signal = init.signal ?? AbortSignal.timeout(LONGEST_ANSWER);
    return await fetch(url, { ...init, signal, cache: "no-store", redirect: "error" });
  } catch {
    throw new Failure("network");
  }
}

/** @param {Response} response @returns {Promise<Answer>} */
async function answered(response) {
  if (!response.ok) throw failure(response.status, await errorOf(response));
  const { data } = await json(response);
  return { data: isRecord(data) ? data : {}, headers: response.headers };
}

/** @param {Response} response @returns {Promise<Record<string, unknown>>} */
async function json(response) {
  try {
    const found = await response.json();
    if (isRecord(found)) return found;
  } catch {
    // Said below.
  }
  throw new Failure("unavailable");
}

/** @param {Response} response */
async function errorOf(response) {
  const { error } = await json(response);
  const text = (/** @type {string} */ name) => {
    const found = isRecord(error) ? error[name] : undefined;
    return typeof found === "string" ? found : "";
  };
  return { name: text("name"), message: text("message") };
}

/** @param {number} status @param {{name: string, message: string}} [error] */
function failure(status, error = { name: "", message: "" }) {
  return new Failure(failureName(status, error.name), { status, ...error });
}

/** @param {number} status @param {string} name */
function failureName(status, name) {
  if (name === "sessionMismatch") return "session-changed";
  switch (status) {
    case 401:
      return "not-logged-in";
    case 400:
    case 403:
    case 404:
      return "refused";
    case 413:
      return "too-large";
    default:
      return "unavailable";
  }
}
