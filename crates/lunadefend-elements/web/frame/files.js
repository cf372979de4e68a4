/** What files of users may be called, and what they are. */

const EXTENSIONS = /\.(?:pdf|png|jpe?g|webp|gif|txt|csv|docx?|xlsx?|pptx?|odt|ods|zip|bin)$/i;

/**
 * A name without path, control characters and marks that turn the direction of writing around, which would
 * show another extension than there is; with an extension that nothing runs.
 *
 * @param {unknown} name
 */
export function harmlessName(name) {
  const bare = typeof name === "string" ? name.replace(/^.*[/\\]/s, "") : "";
  const plain = bare.replace(/[\p{C}\p{Zl}\p{Zp}<>:"|?*]/gu, "").replace(/^[.\s]+|[.\s]+$/g, "");
  const short = plain.length > 100 ? plain.slice(0, 80) + plain.slice(-20) : plain;
  return EXTENSIONS.test(short) ? short : `${short || "download"}.bin`;
}

/**
 * The type of a picture, by its first bytes; whatever it was called when it came. SVG is a document with
 * script, and not among them.
 *
 * @param {Uint8Array} content
 * @returns {string | undefined}
 */
export function imageType(content) {
  const start = String.fromCharCode(...content.slice(0, 12));
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (start.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^GIF8[79]a/.test(start)) return "image/gif";
  if (/^RIFF.{4}WEBP/s.test(start)) return "image/webp";
  return undefined;
}
