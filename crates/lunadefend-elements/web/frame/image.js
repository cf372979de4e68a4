/** `luna-image`: shows a value as a picture. */

import { Failure } from "../protocol.js";
import { make } from "./dom.js";
import { imageType } from "./files.js";
import { SETTINGS } from "./host.js";
import { Shown } from "./shown.js";

/** @import { Configuration } from "../protocol.js" */

/** @returns {(configuration: Configuration) => void} What a later configuration changes. */
export function image() {
  const picture = make("img", { id: "image", draggable: "false", hidden: "hidden" });
  document.body.append(picture);

  const shown = new Shown({
    most: SETTINGS.maxValue,
    draw: async (bytes) => {
      const type = imageType(bytes);
      if (!type) throw new Failure("not-an-image");
      const url = URL.createObjectURL(new Blob([bytes], { type }));
      try {
        picture.src = url;
        await picture.decode();
      } catch {
        throw new Failure("not-an-image");
      } finally {
        URL.revokeObjectURL(url);
      }
      // Whoever hid it in the meantime has taken the source away.
      picture.hidden = !picture.src;
    },
    wipe: () => {
      picture.hidden = true;
      picture.removeAttribute("src");
    },
  });

  return ({ label, hideAfter }) => {
    picture.alt = label;
    shown.hideAfter = hideAfter;
  };
}
