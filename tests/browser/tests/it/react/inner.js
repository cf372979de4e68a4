// A frame of the application itself, beside the secure one: it asks in the place of the page.
const message = JSON.stringify({ command: "CommitToken", correlationToken: "stolen", data: {} });
for (let at = 0; at < parent.frames.length; at += 1) {
  if (parent.frames[at] !== window) parent.frames[at].postMessage(message, "*");
}
document.body.className = "asked";
