/** `SecureUpload`: files, each stored at once, and the list of their tokens. */

import { download } from "../frame/api.js";
import { make } from "../frame/dom.js";
import { leave } from "../frame/fetched.js";
import { SETTINGS } from "../frame/host.js";
import { fileOf, save } from "../frame/saving.js";
import { store } from "../frame/store.js";
import { Failure } from "../protocol.js";
import { applyTwin } from "./attributes.js";
import { ask } from "./calls.js";
import { notify, notifyError } from "./page.js";

/** @import { Attributes } from "./attributes.js" */

const LONGEST_NAME = 255;

/** @returns {(attributes: Attributes, style: unknown) => Promise<void>} */
export function uploader() {
  const box = make("input", { id: "field", type: "file", "aria-label": "Secure file" });
  const list = make("ul", { id: "files" });
  document.body.append(box, list);
  /** @type {Map<Element, string>} */
  const tokens = new Map();
  /** @type {unknown} */
  let metadata;
  let loaded = false;

  const tell = () => notify("NotifyOnToken", { token: [...tokens.values()] });

  /** @param {string} name */
  function row(name) {
    const show = make("button", { type: "button" }, name);
    const state = make("output");
    const remove = make("button", { type: "button", "aria-label": `Remove ${name}` }, "×");
    const item = make("li", {}, show, state, remove);
    list.append(item);
    remove.addEventListener("click", () => {
      item.remove();
      if (tokens.delete(item)) tell();
    });
    show.addEventListener("click", async () => {
      const token = tokens.get(item);
      if (!token) return;
      try {
        save(name, await download((await leave(token, ask)).url));
      } catch (error) {
        notifyError(error);
      }
    });
    return { item, state };
  }

  /** @param {File} file */
  async function upload(file) {
    const { item, state } = row(file.name);
    state.textContent = "Uploading";
    try {
      if (file.size > SETTINGS.maxValue) throw new Failure("too-large");
      const { name, type, lastModified } = file;
      const fileinfo = { filename: name.slice(0, LONGEST_NAME), type, lastModified };
      const token = await store(file, { dataType: "file", fileinfo }, metadata, () => {}, ask);
      // It may have been removed in the meantime.
      if (!item.isConnected) return;
      tokens.set(item, token);
      state.textContent = "Uploaded";
      tell();
    } catch (error) {
      state.textContent = "Error";
      notifyError(error);
    }
  }

  box.addEventListener("change", async () => {
    const file = box.files?.[0];
    if (!file) return;
    await upload(file);
    box.value = "";
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) upload(file);
  });

  return async (attributes, style) => {
    applyTwin(box, style);
    metadata = attributes.metadata;
    if (loaded) return;
    loaded = true;
    for (const token of attributes.fileTokens) {
      try {
        const { item, state } = row(await fileOf(token, ask));
        tokens.set(item, token);
        state.textContent = "Uploaded";
      } catch (error) {
        notifyError(error);
      }
    }
  };
}
