//! The port between page and frame: who gets it, and what it is good for.

use super::scene::{MODULE, attack, is_safe, secret, set_hostile_page, store};
use lunadefend_browser_tests::{Engine, Journey};
use serde_json::json;

attacks![
    only_the_window_around_gets_the_port,
    only_a_page_of_the_named_origin_gets_the_port,
    a_false_ready_gets_no_port,
    a_false_parent_learns_what_the_true_one_may_know,
    a_frame_stays_what_it_was_first,
];

/// A window beside the frame, of the application's own origin, is quicker than the page; then the page comes twice.
async fn only_the_window_around_gets_the_port(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(
        journey,
        "page",
        r#"<iframe id=beside srcdoc="<script>
            window.go = (frame, port) => frame.postMessage({ type: 'lunadefend-connect' }, '*', [port]);
        </script>"></iframe>"#,
    );
    journey.open_as("ann", "page").await;
    let first = attack(
        tab,
        r#"
        const beside = new MessageChannel();
        let sent = 0;
        window.addEventListener("message", ({ source, data }) => {
            if (data?.type !== "lunadefend-ready") return;
            // Before the spy's own listener, and by a script of the other window.
            sent += 1;
            window[0].go(source, beside.port2);
        }, true);
        const frame = await spy.frame();
        const answer = await Promise.race([
            spy.ask({ port: beside.port1 }, "cookies").then(() => "beside"),
            spy.ask(frame, "cookies").then(() => "around"),
        ]);
        window.frame = frame;
        return [sent, answer];
        "#,
    )
    .await;
    assert_eq!(first, json!([1, "around"]));
    let second = attack(
        tab,
        r#"
        const again = spy.connect(window.frame.iframe);
        // A message to a window may come later than one to a port, but not than a whole other frame.
        await spy.frame();
        return Promise.race([
            spy.ask(again, "cookies").then(() => "second"),
            spy.ask(window.frame, "cookies").then(() => "first"),
        ]);
        "#,
    )
    .await;
    assert_eq!(second, "first");
}

/// Messages that no browser makes while the frame's policy holds: as from a page of another origin around.
async fn only_a_page_of_the_named_origin_gets_the_port(journey: &Journey) {
    let tab = &journey.tab;
    if journey.engine == Engine::Firefox {
        // Its driver's scripts cannot make a message from the window around.
        return;
    }
    let frame = "<iframe id=frame src='{tokenizer}/frame#ORIGIN'></iframe>";
    let app = journey.app();
    app.set_page_with("page", &frame.replace("ORIGIN", &app.url), None);
    journey.open_as("ann", "page").await;
    tab.find("#frame").await.enter_frame().await.unwrap();
    let answers = attack(
        tab,
        &r#"
        const heard = [];
        let answered;
        const answer = new Promise((done) => { answered = done; });
        const offer = (name, more, ports = 1, type = "lunadefend-connect") => {
            const channels = Array.from({ length: ports }, () => new MessageChannel());
            for (const { port1 } of channels) {
                port1.onmessage = () => { heard.push(name); answered(); };
                port1.postMessage({ ask: "cookies", id: 1 });
            }
            const data = { type };
            window.dispatchEvent(new MessageEvent("message",
                { data, ports: channels.map(({ port2 }) => port2), ...more }));
        };
        const origin = "ORIGIN";
        const source = window.parent;
        offer("other origin", { source, origin: "http://app.shop.localhost" });
        offer("opaque origin", { source, origin: "null" });
        offer("no origin", { source });
        offer("own origin", { source, origin: location.origin });
        offer("no source", { origin });
        offer("own window", { source: window, origin });
        offer("two ports", { source, origin }, 2);
        offer("no port", { source, origin }, 0);
        offer("other type", { source, origin }, 1, "lunadefend-ready");
        offer("right", { source, origin });
        await answer;
        offer("too late", { source, origin });
        const { port1, port2 } = new MessageChannel();
        await new Promise((done) => { port1.onmessage = done; port2.postMessage(0); });
        return heard;
        "#
        .replace("ORIGIN", &app.url),
    )
    .await;
    assert_eq!(answers, json!(["right"]));
}

/// Messages that look like a frame's, right after an element has made its frame.
async fn a_false_ready_gets_no_port(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(
        journey,
        "page",
        &format!(
            r#"<script>
            spy.counts = [];
            const prepend = DocumentFragment.prototype.prepend;
            DocumentFragment.prototype.prepend = function (iframe) {{
                prepend.call(this, iframe);
                const origin = new URL(spy.tokenizer).origin;
                const source = iframe.contentWindow;
                const data = {{ type: "lunadefend-ready" }};
                for (const more of [
                    {{ data, origin, source: window }},
                    {{ data, origin, source: null }},
                    {{ data, source, origin: location.origin }},
                    {{ data, source, origin: "null" }},
                    {{ data, source }},
                    {{ data: {{ type: "lunadefend-connect" }}, source, origin }},
                    {{ data: "lunadefend-ready", source, origin }},
                    {{ data: null, source, origin }},
                ]) {{
                    window.dispatchEvent(new MessageEvent("message", more));
                    spy.counts.push(spy.ports.length);
                }}
            }};
            </script>{MODULE}<luna-input id=field session={{session}}></luna-input>"#
        ),
    );
    journey.open_as("ann", "page").await;
    let counts = attack(
        tab,
        "while (spy.counts.length < 8) await new Promise(requestAnimationFrame); return spy.counts",
    )
    .await;
    assert_eq!(counts, json!([0, 0, 0, 0, 0, 0, 0, 0]));
    // And the true one gets its own.
    tab.find("#field:state(ready)").await;
    assert_eq!(tab.run("return spy.ports.length").await, 1);
}

/// The script takes the port of the element's own frame, before the element does, and asks whatever it likes.
async fn a_false_parent_learns_what_the_true_one_may_know(journey: &Journey) {
    let tab = &journey.tab;
    let (stored, typed) = (secret(), secret());
    store(journey, "ann", &stored).await;
    set_hostile_page(
        journey,
        "page",
        &format!(
            r#"<script>
            spy.taken = [];
            window.addEventListener("message", ({{ source, data }}) => {{
                if (data?.type !== "lunadefend-ready") return;
                const field = document.querySelector("luna-input").shadowRoot.querySelector("iframe");
                const at = field.contentWindow === source ? 0 : 1;
                spy.taken[at] = spy.connect({{ contentWindow: source }});
            }}, true);
            </script>{MODULE}<luna-input id=field session={{session}}></luna-input>
            <luna-value id=value session={{session}}></luna-value>
            <script>window.token = "{{ssn}}"; window.session = "{{session}}";</script>"#
        ),
    );
    tab.open("/p/page").await;
    let configured = attack(
        tab,
        r#"
        while (!spy.taken[0] || !spy.taken[1]) await new Promise(requestAnimationFrame);
        const all = [];
        for (const [at, role] of ["input", "value"].entries()) {
            all.push(await spy.ask(spy.taken[at], "configure", { role, session: window.session }));
        }
        return all.map((answer) => "failed" in answer);
        "#,
    )
    .await;
    assert_eq!(configured, json!([false, false]));
    // The element waits for its own port in vain, so that it never says that it is ready.
    tab.enter_at_once("#field").await;
    let field = tab.find("#field").await;
    field.send_keys(typed.as_str()).await.unwrap();
    tab.leave().await;
    let asked = attack(
        tab,
        r#"
        const shown = await spy.ask(spy.taken[1], "show", { token: window.token });
        let unknown = 0;
        for (const frame of spy.taken) {
            for (const ask of ["value", "get", "read", "eval", "text", "length", "constructor", "__proto__", "toString",
                "state", "copy", "mask", "describe", "detokenize", "download", "tokenize", "upload", ""]) {
                const { failed } = await spy.ask(frame, ask, { token: window.token, path: "detokenize", code: "1" });
                unknown += failed === "unsupported";
            }
            for (const odd of [null, 1, "x", [], { ask: 1, id: 1 }, { ask: "commit" }, { ask: "commit", id: "1" }]) {
                frame.port.postMessage(odd);
            }
            for (const ask of ["verify", "transfer", "session", "cookies", "focus", "hide", "clear-not"]) {
                await spy.ask(frame, ask, { failed: 1, provider: {} });
            }
        }
        return [shown.failed ?? "shown", unknown];
        "#,
    )
    .await;
    assert_eq!(asked, json!(["shown", 36]));
    is_safe(journey, &typed).await;
    is_safe(journey, &stored).await;
}

/// Another role or kind later would be a question about what is typed.
async fn a_frame_stays_what_it_was_first(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(journey, "page", "<p>page</p>");
    journey.open_as("ann", "page").await;
    attack(
        tab,
        "window.frame = await spy.frame(); window.frame.iframe.id = 'frame'; \
         await spy.ask(window.frame, 'configure', { role: 'input', kind: 'ssn', session: 'none' })",
    )
    .await;
    tab.find("#frame").await.enter_frame().await.unwrap();
    tab.find("#field")
        .await
        .send_keys("4111 1111 1111 1111")
        .await
        .unwrap();
    tab.leave().await;
    let states = attack(
        tab,
        r#"
        document.activeElement.blur();
        const kinds = ["card-number", "text", "iban", "email", "textarea", ""];
        const more = { pattern: ".*", minLength: 3, maxLength: 4, min: 1, max: 2, step: 3 };
        for (const kind of kinds) {
            await spy.ask(window.frame, "configure", { role: "input", kind, ...more });
            await spy.ask(window.frame, "commit");
        }
        for (const role of ["value", "file", "image", "download"]) {
            await spy.ask(window.frame, "configure", { role, kind: "text", token: "x" });
            await spy.ask(window.frame, "commit");
        }
        return window.frame.heard.filter(({ note, failed }) => note === "state" || failed);
        "#,
    )
    .await;
    let states = states.as_array().unwrap();
    assert!(states.len() > 20, "{states:?}");
    for state in states {
        assert!(
            state["valid"] == false || state["failed"] == "invalid",
            "{state}"
        );
    }
    tab.find("#frame").await.enter_frame().await.unwrap();
    let there = "const field = document.querySelectorAll('#field'); return [field.length, field[0].localName, \
        field[0].type, field[0].maxLength, field[0].pattern, document.body.className, \
        document.querySelector('#value') === null]";
    let there = tab.run(there).await;
    assert_eq!(there, json!([1, "input", "text", -1, "", "input", true]));
}
