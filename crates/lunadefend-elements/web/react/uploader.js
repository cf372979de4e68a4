/** `SecureUpload`: files, each stored at once, and the list of their tokens. */

import { make, size } from "../frame/dom.js";
import { SETTINGS } from "../frame/host.js";
import { ofFile } from "../frame/store.js";
import { dress } from "./attributes.js";
import { nameOfFile, saveFile, storeValue } from "./calls.js";
import { notifyError } from "./errors.js";
import { notify } from "./page.js";

/** @import { Component } from "./main.js" */

/** @returns {Component} */
export function uploader() {
  const box = make("input", { id: "field", type: "file", "aria-label": "Secure file" });
  const most = make("p", { id: "note" }, `≤ ${size(SETTINGS.maxValue)}`);
  const list = make("ul", { id: "files" });
  const zone = make("div", { id: "zone" }, box, most, list);
  document.body.append(zone);
  /** Of each row that has one. @type {Map<Element, string>} */
  const tokens = new Map();
  /** @type {unknown} */
  let customFields;
  let loaded = false;

  const tell = () => notify("NotifyOnToken", { token: [...tokens.values()] });

  /** @param {string} name */
  function row(name) {
    const open = make("button", { type: "button" }, name);
    const state = make("output");
    const remove = make("button", { type: "button", "aria-label": `Remove ${name}` }, "×");
    const item = make("li", {}, open, state, remove);
    list.append(item);
    const uploaded = (/** @type {string} */ token) => {
      tokens.set(item, token);
      state.textContent = "Uploaded";
    };

    remove.addEventListener("click", () => {
      item.remove();
      if (tokens.delete(item)) tell();
      box.focus();
    });
    open.addEventListener("click", async () => {
      const token = tokens.get(item);
      if (token === undefined) return;
      try {
        await saveFile(token, name);
      } catch (error) {
        notifyError(error);
      }
    });
    return { item, state, uploaded };
  }

  /** @param {File} file */
  async function upload(file) {
    const { item, state, uploaded } = row(file.name);
    state.textContent = "Uploading";
    try {
      const token = await storeValue(file, { ...ofFile(file), customFields });
      // Somebody may have removed it in the meantime.
      if (!item.isConnected) return;
      uploaded(token);
      tell();
    } catch (error) {
      state.textContent = "Error";
      notifyError(error);
    }
  }

  box.addEventListener("change", () => {
    const file = box.files?.[0];
    // The same file may be chosen again.
    box.value = "";
    if (file) upload(file);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) upload(file);
  });

  return {
    async change(attributes) {
      dress(zone, attributes);
      customFields = attributes.customMetadata;
      if (loaded) return;
      loaded = true;
      // All at once, and shown in the order of the page.
      const rows = attributes.fileTokens.map((token) => ({ token, name: nameOfFile(token) }));
      for (const { token, name } of rows) {
        try {
          row(await name).uploaded(token);
        } catch (error) {
          notifyError(error);
        }
      }
    },
  };
}
