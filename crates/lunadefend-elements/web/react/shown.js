/** `SecureParagraph` and `SecureDownload`: a value as text, and as a file. */

import { make, set } from "../frame/dom.js";
import { Shown } from "../frame/shown.js";
import { dress } from "./attributes.js";
import { ask, LONGEST_SHOWN, nameOfFile, saveFile } from "./calls.js";
import { notifyError } from "./errors.js";

/** @import { Component } from "./main.js" */

/** @returns {Component} */
export function paragraph() {
  const text = make("p", { id: "value", draggable: "false" });
  document.body.append(text);
  let token = "";
  const shown = new Shown({
    most: LONGEST_SHOWN,
    draw: (value) => {
      // Text stays the text that it is: `1.10` is no number.
      text.textContent = new TextDecoder().decode(value);
    },
    wipe: () => {
      text.textContent = "";
    },
    ask,
    failed: notifyError,
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && token) shown.press(token);
  });

  return {
    async change(attributes) {
      dress(text, attributes);
      if (attributes.token === undefined || attributes.token === token) return;
      token = attributes.token;
      if (token === "") shown.hide();
      else await shown.press(token);
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
