//! Where a session transfer led: the redirect to the tokenizer has a JWT of the user in it.

use super::scene::{MODULE, attack, is_safe, loot, never_came, secret, set_hostile_page, store};
use lunadefend_browser_tests::{Journey, Tab};
use serde_json::json;

attacks![
    no_page_reads_where_a_transfer_led,
    no_report_of_a_policy_says_where_a_transfer_led,
    a_service_worker_of_the_application_sees_only_the_page,
];

/// The parameter of the redirect that has the JWT, and the beginning of every JWT's second part: its claims.
const TRACES: [&str; 2] = ["openid_token", ".eyJ"];

/// A frame of the script's own, and a new state for each attempt.
const STATES: &str = r#"
    window.frame ??= await spy.frame();
    await spy.ask(window.frame, "configure", { role: "value", session: "none" });
    window.session = async () => (await spy.ask(window.frame, "verify")).session;
    window.start = async () => {
        const { state } = await spy.ask(window.frame, "transfer");
        return `/.lunasec/secure-frame?state=${encodeURIComponent(state)}`;
    };
    window.ensure = async () => `${spy.tokenizer}/session/ensure`;
"#;

async fn has_no_trace(journey: &Journey, tab: &Tab) {
    for (place, text) in loot(tab).await {
        for trace in TRACES {
            assert!(
                !text.contains(trace),
                "{trace} in {place}: {}",
                around(&text, trace)
            );
        }
    }
    for request in journey.app().recorded() {
        let bytes = String::from_utf8_lossy(&request.bytes);
        assert!(!bytes.contains("openid_token"), "{}", request.line);
    }
}

fn around<'a>(text: &'a str, found: &str) -> &'a str {
    let at = text.find(found).unwrap_or_default();
    let from = text.floor_char_boundary(at.saturating_sub(200));
    let to = text.ceil_char_boundary((at + 200).min(text.len()));
    &text[from..to]
}

/// Every way by which script of a page can have something fetched, with all that the script then knows of it.
async fn no_page_reads_where_a_transfer_led(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(journey, "page", "<iframe name=target></iframe>");
    journey.open_as("ann", "page").await;
    attack(tab, STATES).await;
    let refused = attack(
        tab,
        r#"
        let tried = 0;
        const statuses = [];
        const keep = (...all) => { tried += 1; spy.keep(...all); };
        const look = (name, w) => {
            for (const see of [(w) => w.location.href, (w) => w.document.documentElement.outerHTML,
                (w) => w.document.referrer, (w) => w.document.baseURI, (w) => w.performance.getEntries().map(({ name }) => name),
                (w) => w.navigation?.entries().map(({ url }) => url), (w) => w.name, (w) => w.history.length]) {
                try { keep(name, see(w)); } catch (error) { keep(name, error.name, error.message); }
            }
        };
        const event = (target, ...types) => new Promise((done) => {
            for (const type of types) target.addEventListener(type, done);
        });
        for (const url of [window.start, window.ensure]) {
            const options = [];
            for (const mode of ["cors", "same-origin", "navigate"]) {
                for (const redirect of ["follow", "manual", "error"]) options.push({ mode, redirect });
            }
            options.push({ mode: "no-cors", redirect: "manual" }, { mode: "no-cors", redirect: "error" });
            for (const option of options) {
                try {
                    const answer = await fetch(await url(), { ...option, credentials: "include", cache: "no-store" });
                    keep(JSON.stringify(option), answer.url, answer.status, answer.type, answer.redirected,
                        [...answer.headers], await answer.text());
                    if (option.mode !== "no-cors") statuses.push(answer.status);
                } catch (error) {
                    keep(JSON.stringify(option), error.name, error.message, error.stack);
                }
            }
            const request = new XMLHttpRequest();
            request.open("GET", await url());
            request.withCredentials = true;
            const ended = event(request, "loadend");
            request.send();
            await ended;
            keep("xhr", request.responseURL, request.status, request.getAllResponseHeaders(), request.responseText);

            for (const [name, attribute] of [["iframe", "src"], ["img", "src"], ["script", "src"], ["object", "data"],
                ["embed", "src"], ["video", "src"], ["audio", "src"], ["link", "href"]]) {
                const element = document.createElement(name);
                if (name === "link") element.rel = "stylesheet";
                const loaded = event(element, "load", "error");
                element[attribute] = await url();
                document.body.append(element);
                // An embedded document that is refused says nothing in one of the browsers.
                if (name !== "embed" && name !== "object") await loaded;
                keep(name, element.outerHTML, element.currentSrc);
                if (element.contentWindow) look(name, element.contentWindow);
            }
            for (const [method, name] of [["get", "state"], ["post", "state"]]) {
                const form = document.createElement("form");
                const target = document.querySelector("iframe[name=target]");
                const whole = new URL(await url(), location.href);
                Object.assign(form, { method, action: whole, target: "target" });
                const field = document.createElement("input");
                field.name = name;
                field.value = whole.searchParams.get("state") ?? "";
                form.append(field);
                document.body.append(form);
                const loaded = event(target, "load");
                form.submit();
                await loaded;
                look(`form ${method}`, target.contentWindow);
            }
            const source = new EventSource(await url(), { withCredentials: true });
            await event(source, "error");
            keep("events", source.url);
            source.close();
            try { await import(await url()); } catch (error) { keep("import", error.message, error.stack); }
            try {
                const worker = new Worker(await url());
                const error = await event(worker, "error");
                keep("worker", error.message, error.filename);
            } catch (error) { keep("worker", error.message); }
            keep("beacon", navigator.sendBeacon(await url(), "x"));
        }
        return [tried > 80, statuses, await window.session()];
        "#,
    )
    .await;
    // The application answers what a script can read with a refusal, and nothing moved the session.
    assert_eq!(
        refused,
        json!([true, [403, 403, 403, 403, 403, 403], "none"])
    );
    has_no_trace(journey, tab).await;

    // The only way there is.
    let led = attack(
        tab,
        r#"
        const answer = await fetch(await window.start(), { mode: "no-cors", credentials: "include" });
        return [answer.type, answer.url, answer.status, [...answer.headers], await answer.text(), await window.session()];
        "#,
    )
    .await;
    assert_eq!(led, json!(["opaque", "", 0, [], "", "good"]));
    let more = attack(
        tab,
        r#"
        const link = document.createElement("link");
        Object.assign(link, { rel: "preload", as: "fetch", href: await window.start() });
        const loaded = new Promise((done) => { link.onload = link.onerror = done; });
        document.head.append(link);
        await loaded;
        for (const mode of ["cors", "no-cors", "same-origin"]) {
            try {
                const answer = await fetch(link.href, { mode, cache: "force-cache" });
                spy.keep(`${answer.url} ${[...answer.headers]} ${await answer.text()}`);
            } catch (error) { spy.keep(error.message); }
        }
        return performance.getEntriesByType("resource").filter(({ name }) => name.includes("secure-frame")).length;
        "#,
    )
    .await;
    assert!(more.as_u64().unwrap() > 5, "{more}");
    has_no_trace(journey, tab).await;
    assert!(journey.app().count("GET /.lunasec/secure-frame?state=") > 20);
}

/// The page's policy forbids the second half of the way, and its reports come to the script and the application.
async fn no_report_of_a_policy_says_where_a_transfer_led(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(journey, "page", "");
    let html = "<script src=/s/spy.js></script><p>page";
    let policy = "default-src * 'unsafe-inline'; connect-src 'self'; report-uri /echo";
    let app = journey.app();
    app.set_script("spy.js", &super::scene::spy(journey));
    app.set_page_with("page", html, Some(policy));
    journey.open_as("ann", "page").await;
    attack(tab, STATES).await;
    let reported = attack(
        tab,
        r#"
        const reports = [];
        document.addEventListener("securitypolicyviolation", (event) => {
            const all = {};
            for (const name in event) all[name] = String(event[name]);
            reports.push(JSON.stringify(all));
        });
        for (const mode of ["no-cors", "cors"]) {
            await fetch(await window.start(), { mode, credentials: "include" }).catch(({ stack }) => reports.push(stack));
        }
        while (!reports.some((text) => text.includes("connect-src"))) await new Promise(requestAnimationFrame);
        spy.keep(...reports);
        return [reports.length > 1, await window.session()];
        "#,
    )
    .await;
    assert_eq!(reported, json!([true, "none"]));
    has_no_trace(journey, tab).await;
    // The application's own report comes by a way of its own.
    while app.count("POST /echo") == 0 {
        attack(tab, "await new Promise(requestAnimationFrame)").await;
    }
    has_no_trace(journey, tab).await;
}

const WORKER: &str = r#"
    const seen = [];
    self.addEventListener("install", () => self.skipWaiting());
    self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
    self.addEventListener("message", ({ ports: [port] }) => port.postMessage(seen));
    const read = async (name, answer) => seen.push([name, answer.url, answer.type, answer.status, answer.redirected,
        [...answer.headers].join(), await answer.clone().text().catch(String)].join(" "));
    const follow = async (request) => {
        seen.push(["asked", request.url, request.mode, request.destination, request.referrer, request.redirect,
            [...request.headers].join(), await request.clone().text().catch(String)].join(" "));
        if (request.url.includes("secure-frame")) {
            for (const redirect of ["manual", "error"]) {
                await fetch(new Request(request, { redirect })).then((answer) => read(redirect, answer), ({ stack }) => seen.push(stack));
            }
            await fetch(request.url, { mode: "cors", redirect: "manual" }).then((answer) => read("cors", answer), ({ stack }) => seen.push(stack));
        }
        const answer = await fetch(request);
        await read("answer", answer);
        return answer;
    };
    self.addEventListener("fetch", (event) => event.respondWith(follow(event.request)));
"#;

/// It stands between the page and everything that the page fetches.
async fn a_service_worker_of_the_application_sees_only_the_page(journey: &Journey) {
    let tab = &journey.tab;
    let (stored, typed) = (secret(), secret());
    store(journey, "ann", &stored).await;
    journey.app().set_script("worker.js", WORKER);
    set_hostile_page(journey, "plain", "<p>plain");
    set_hostile_page(
        journey,
        "page",
        &format!(
            "{MODULE}<luna-input id=field session={{session}}></luna-input>\
             <luna-value id=value token={{ssn}} session={{session}}></luna-value>"
        ),
    );
    tab.open("/p/plain").await;
    attack(
        tab,
        "await navigator.serviceWorker.register('/s/worker.js', { scope: '/' }); \
         while (!navigator.serviceWorker.controller) await new Promise(requestAnimationFrame);",
    )
    .await;
    tab.open("/p/page").await;
    assert_eq!(tab.shown("#value").await, stored);
    // The session is transferred once more, under the eyes of the worker.
    attack(tab, "await spy.ask(spy.ports[0], 'end')").await;
    tab.type_into("#field", typed.as_str()).await;
    let token = attack(tab, "return document.querySelector('#field').commit()").await;
    assert!(token.as_str().unwrap().starts_with("lunasec-"));
    attack(tab, "await document.querySelector('#value').show()").await;
    let seen = attack(
        tab,
        r#"
        const { port1, port2 } = new MessageChannel();
        const answer = new Promise((done) => { port1.onmessage = done; });
        navigator.serviceWorker.controller.postMessage(0, [port2]);
        const { data } = await answer;
        spy.keep(...data);
        return data.join("\n");
        "#,
    )
    .await;
    let seen = seen.as_str().unwrap();
    for own in [
        "/elements/v1.js",
        "/.lunasec/secure-frame?state=",
        "opaqueredirect",
    ] {
        assert!(seen.contains(own), "{own}");
    }
    let asked: Vec<&str> = seen
        .lines()
        .filter(|line| line.starts_with("asked "))
        .collect();
    let asked = asked.join("\n");
    for others in [
        "/detokenize ",
        "/tokenize ",
        "/describe ",
        "/blob",
        "/frame#",
        "/session/",
    ] {
        assert!(!asked.contains(others), "{}", around(&asked, others));
    }
    has_no_trace(journey, tab).await;
    is_safe(journey, &stored).await;
    is_safe(journey, &typed).await;
    never_came(journey, &typed).await;
}
