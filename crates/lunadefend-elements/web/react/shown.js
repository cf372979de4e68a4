/** `SecureParagraph` and `SecureDownload`: a value as text, and as a file. */

import { make, set } from "../frame/dom.js";
import { LONGEST_SHOWN, Shown } from "../frame/shown.js";
import { dress } from "./attributes.js";
import { leave, nameOfFile, readValue, saveFile } from "./calls.js";
import { notifyError } from "./errors.js";

/** @import { Attributes } from "./attributes.js" */
/** @import { Component } from "./main.js" */

/**
 * @typedef {object} Place Where a value is shown.
 * @property {(text: string) => void} draw
 * @property {() => void} wipe
 * @property {(token: string) => void} [begin] Before anything is fetched.
 */

/** The value of the token that the page has said last. @param {Place} place */
export function given({ draw, wipe, begin }) {
  const shown = new Shown({
    most: LONGEST_SHOWN,
    // Text stays the text that it is: `1.10` is no number.
    draw: (value) => draw(new TextDecoder().decode(value)),
    wipe,
    read: readValue,
    mayShow: leave,
    failed: notifyError,
  });
  const value = {
    token: "",
    hide: () => shown.hide(),
    /** @param {Attributes} attributes */
    async change({ token }) {
      if (token === undefined || token === value.token) return;
      value.token = token;
      await show();
    },
  };

  async function show() {
    begin?.(value.token);
    if (value.token === "") shown.hide();
    else await shown.press(value.token);
  }

  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) show();
  });
  return value;
}

/** @returns {Component} */
export function paragraph() {
  const text = make("p", { id: "value", draggable: "false" });
  document.body.append(text);
  const value = given({
    draw: (shown) => {
      text.textContent = shown;
    },
    wipe: () => {
      text.textContent = "";
    },
  });
  return {
    async change(attributes) {
      dress(text, attributes);
      await value.change(attributes);
    },
  };
}

/** @returns {Component} */
export function downloader() {
  const link = make("button", { type: "button", id: "download" });
  document.body.append(link);
  let token = "";
  let name = "";
  let loading = false;

  function words() {
    link.textContent = loading ? "Loading..." : name;
    set(link, { "aria-disabled": loading || name === "" });
  }

  link.addEventListener("click", async () => {
    if (loading || name === "") return;
    loading = true;
    words();
    try {
      await saveFile(token, name);
    } catch (error) {
      notifyError(error);
    }
    loading = false;
    words();
  });

  return {
    async change(attributes) {
      dress(link, attributes);
      if (attributes.token === undefined || attributes.token === token) return;
      const mine = attributes.token;
      token = mine;
      name = "";
      words();
      if (mine === "") return;
      try {
        const found = await nameOfFile(mine);
        // Another one may have come in the meantime.
        if (token === mine) name = found;
      } catch (error) {
        notifyError(error);
      }
      words();
    },
  };
}
