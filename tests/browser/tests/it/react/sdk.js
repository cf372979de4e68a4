// The page's side of LunaSec's React SDK 1.0.7 without React: its requests, its frames and its messages.
//
// Each `<div id=.. data-component=..>` of the page is an element of the SDK; its other `data-` attributes are what the
// application says of it. A form around has its fields committed when it is submitted, as a SecureForm.

const base = `${document.currentScript.dataset.tokenizer}/`;
const withSession = document.currentScript.dataset.session !== "no";
const REPLIES = { Attributes: "ReceiveAttributesConfirmation", CommitToken: "ReceiveCommittedToken" };
const NOTIFICATIONS = ["Start", "FullyLoaded", "Blur", "Validate", "Submit", "Token", "Error"];
const TWINS = { Input: "input", TextArea: "textarea", Paragraph: "p", Downloader: "a", Uploader: "input" };
const STYLE = ["color", "background-color", "font-size", "font-family", "padding-left", "border-top-width", "text-align"];

const elements = new Map();
const replies = new Map();
const hex = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("");

class Element {
  constructor(host) {
    const { component, ...attributes } = host.dataset;
    this.host = host;
    this.component = component;
    this.attributes = attributes;
    this.nonce = hex();
    this.heard = [];
    this.waiting = [];
    this.twin = document.createElement(TWINS[component]);
    this.twin.name = host.getAttribute("name") ?? "";
    this.twin.className = "twin";
    this.twin.style.visibility = "hidden";
    this.twin.style.color = "rgb(1, 2, 3)";
    this.frame = document.createElement("iframe");
    this.frame.id = `${host.id}-frame`;
    this.frame.className = "hidden";
    const origin = encodeURIComponent(attributes.origin ?? location.origin);
    this.frame.src = `${base}frame?n=${this.nonce}&origin=${origin}&component=${component}`;
    host.append(this.twin, this.frame);
  }

  notified(command, data) {
    if (command === "NotifyOnStart") {
      this.started = true;
      this.send();
    }
    if (command === "NotifyOnFullyLoaded") this.frame.className = "loaded";
    if (command === "NotifyOnSubmit") this.host.closest("form")?.requestSubmit();
    this.heard.push({ command, data });
    for (const look of this.waiting.splice(0)) look();
  }

  // After each update of the element.
  send() {
    const { token, files, metadata, origin, ...rest } = this.attributes;
    const computed = getComputedStyle(this.twin);
    const style = Object.fromEntries(STYLE.map((name) => [name, computed.getPropertyValue(name)]));
    for (const name of ["background-image", "border-image-source"]) {
      style[name] = `url(${location.origin}/s/stolen.png)`;
    }
    const data = { id: this.nonce, component: this.component, ...rest, style: JSON.stringify({ style, pseudo: {} }) };
    if (metadata) data.customMetadata = JSON.parse(metadata);
    if (files !== undefined) data.fileTokens = files.split(" ").filter(Boolean);
    if (token && token !== this.sent) data.token = token;
    this.sent = token;
    return this.request("Attributes", data);
  }

  async request(command, data) {
    const correlationToken = hex();
    this.frame.contentWindow.postMessage(JSON.stringify({ command, correlationToken, data }), base);
    for (const start = performance.now(); performance.now() - start < 30_000; ) {
      const reply = replies.get(correlationToken);
      if (reply?.command === REPLIES[command]) return reply.data;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`no reply to ${command}`);
  }
}

window.addEventListener("message", ({ data, origin, source }) => {
  if (origin !== new URL(base).origin) return;
  if (typeof data !== "string") throw new Error("a message that is no text");
  const message = JSON.parse(data);
  if (message.correlationToken !== undefined) {
    if (replies.has(message.correlationToken)) throw new Error("a second reply");
    replies.set(message.correlationToken, message);
    return;
  }
  const element = elements.get(message.frameNonce);
  if (element === undefined || source !== element.frame.contentWindow) throw new Error("a notification of nobody");
  if (!NOTIFICATIONS.includes(message.command.replace(/^NotifyOn/, ""))) throw new Error(message.command);
  element.notified(message.command, message.data);
});

const of = (id) => [...elements.values()].find((element) => element.host.id === id);

window.sdk = {
  base,
  rendered: new Promise((resolve) => document.addEventListener("rendered", resolve, { once: true })),
  broken: [],
  replies,
  of,
  heard: (id, command) => of(id).heard.filter((one) => one.command === command).map((one) => one.data),

  // The n-th notification of a kind, which may still have to come.
  async hears(id, command, n = 1) {
    for (;;) {
      const found = sdk.heard(id, command);
      if (found.length >= n) return found[n - 1];
      await new Promise((resolve) => of(id).waiting.push(resolve));
    }
  },

  commit: (id) => of(id).request("CommitToken", {}),

  update(id, attributes) {
    Object.assign(of(id).attributes, attributes);
    return of(id).send();
  },

  // A session at the tokenizer, and what the SDK's handlers hear when there is none.
  async ensure(provider = "") {
    const query = provider && `?auth_provider=${provider}`;
    await fetch(`${base}session/ensure${query}`, { credentials: "include", mode: "no-cors" });
    const response = await fetch(`${base}session/verify`, { credentials: "include", mode: "cors" });
    const answer = await response.json();
    if (response.status !== 200) return { name: "authError", code: String(response.status) };
    return answer.success ? undefined : { name: "authError", code: "400", message: answer.error };
  },

  async submit(form) {
    const fields = [...elements.values()].filter(({ host, component }) => form.contains(host) && component !== "Uploader");
    await Promise.all(
      fields.map(async (element) => {
        const reply = await element.request("CommitToken", {});
        if (reply.success) element.twin.value = reply.token;
      }),
    );
    for (const { host, heard, component, twin } of elements.values()) {
      if (!form.contains(host)) continue;
      const hidden = document.createElement("input");
      const files = heard.findLast(({ command }) => command === "NotifyOnToken")?.data.token ?? [];
      Object.assign(hidden, { type: "hidden", name: twin.name, value: component === "Uploader" ? files[0] : twin.value });
      twin.removeAttribute("name");
      if (hidden.value) form.append(hidden);
    }
    form.submit();
  },
};

window.addEventListener("error", ({ message }) => sdk.broken.push(message));
window.addEventListener("unhandledrejection", ({ reason }) => sdk.broken.push(String(reason)));
document.addEventListener("submit", (event) => {
  event.preventDefault();
  sdk.submit(event.target);
});
document.addEventListener("DOMContentLoaded", async () => {
  sdk.refused = withSession ? await sdk.ensure() : undefined;
  for (const host of document.querySelectorAll("[data-component]")) {
    const element = new Element(host);
    elements.set(element.nonce, element);
  }
  document.body.className = "rendered";
  document.dispatchEvent(new Event("rendered"));
});
