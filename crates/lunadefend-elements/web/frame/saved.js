/** `luna-download` and `luna-image`: a value as a file, and as a picture. */

import { Failure, nameOf } from "../protocol.js";
import { make, set, word } from "./dom.js";
import { bytes, fileName } from "./fetched.js";
import { imageType } from "./files.js";
import { on, tell } from "./port.js";

/** @import { Configuration } from "../protocol.js" */

/** How long a browser may take to begin with what it saves. */
const SAVING = 60_000;

/**
 * A button that saves the file.
 *
 * @param {Configuration} first
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function saved(first) {
  const button = make("button", { type: "button", id: "download" });
  document.body.append(button);
  let configured = first;
  const words = () => {
    const loading = button.disabled && !configured.disabled;
    button.textContent = loading
      ? word(configured, "loading")
      : configured.label || word(configured, "download");
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    words();
    try {
      const token = configured.token;
      const [name, content] = await Promise.all([fileName(token), bytes(token)]);
      save(name, content);
    } catch (error) {
      tell({ note: "failed", name: nameOf(error) });
    }
    button.disabled = configured.disabled;
    words();
  });
  on("focus", () => button.focus());

  return (configuration) => {
    configured = configuration;
    button.disabled = configuration.disabled;
    words();
  };
}

/** @param {string} name @param {Uint8Array<ArrayBuffer>} content */
function save(name, content) {
  // No type that a browser would open: on this origin it would be a page of the tokenizer.
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), SAVING);
}

/**
 * A picture.
 *
 * @returns {(configuration: Configuration) => void} What a later configuration changes.
 */
export function image() {
  const picture = make("img", { id: "image", draggable: "false", hidden: "hidden" });
  document.body.append(picture);
  let turn = 0;

  function hide() {
    turn += 1;
    picture.hidden = true;
    picture.removeAttribute("src");
  }

  on("hide", hide);
  on("show", async ({ token }) => {
    hide();
    const mine = turn;
    const content = await bytes(token);
    const type = imageType(content);
    if (!type) throw new Failure("not-an-image");
    if (mine !== turn) return;
    const url = URL.createObjectURL(new Blob([content], { type }));
    try {
      picture.src = url;
      await picture.decode();
    } catch {
      if (mine === turn) hide();
      throw new Failure("not-an-image");
    } finally {
      URL.revokeObjectURL(url);
    }
    if (mine !== turn) return;
    picture.hidden = false;
    tell({ note: "shown", shown: true });
  });
  window.addEventListener("pagehide", hide);

  return ({ label }) => set(picture, { alt: label || " " });
}
