//! The frame's document in a place that is not its own.

use super::scene::{attack, set_hostile_page};
use axum::{Router, response::Html};
use lunadefend_browser_tests::{Engine, Journey, Tab};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

attacks![
    no_page_of_another_origin_has_the_frame,
    no_page_inside_a_page_has_the_frame,
    no_window_object_or_embed_has_the_frame,
    the_elements_frame_may_do_nothing_else,
];

/// A page that has the frame in it and tells the window around it all whether the frame said a word.
const INNER: &str = r#"
    <body><script>
    const heard = [];
    addEventListener("message", ({ data }) => heard.push(data?.type));
    const embed = (hash, sandbox) => new Promise((done) => {
        const frame = document.createElement("iframe");
        if (sandbox) frame.sandbox = sandbox;
        frame.onload = frame.onerror = done;
        frame.src = `TOKENIZER/frame#${encodeURIComponent(hash)}`;
        document.body.append(frame);
    });
    const ready = () => heard.filter((type) => type === "lunadefend-ready").length;
    onload = async () => {
        await Promise.all([embed("APPLICATION"), embed(location.origin), embed("null"), embed("APPLICATION", "allow-scripts")]);
        // What these said is here before another one has come after them, or the page knows better.
        await embed("APPLICATION", "allow-scripts");
        while (ready() < EXPECTED) await new Promise(requestAnimationFrame);
        top.postMessage({ inner: name, heard: ready() }, "*");
    };
    </script>"#;

/// Waits until that many frames have said that they are ready.
fn inner(journey: &Journey, expected: usize) -> String {
    INNER
        .replace("EXPECTED", &expected.to_string())
        .replace("TOKENIZER", &journey.world.tokenizer.url)
        .replace("APPLICATION", &journey.app().url)
}

/// What the outermost page heard of the pages inside.
const OUTER: &str = r#"<script>
    window.results = {};
    addEventListener("message", ({ data }) => { if (data?.inner) window.results[data.inner] = data.heard; });
</script>"#;

async fn results(tab: &Tab, number: usize) -> serde_json::Value {
    attack(
        tab,
        &format!(
            "while (Object.keys(window.results).length < {number}) await new Promise(requestAnimationFrame); \
             return window.results"
        ),
    )
    .await
}

/// A server of the attacker's, which has this page.
struct Elsewhere {
    url: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl Elsewhere {
    async fn start(html: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(async move || Html(html.clone()));
        Self {
            url: format!("http://evil.other.localhost:{port}/"),
            task: tokio::spawn(async move { axum::serve(listener, router).await }),
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn no_page_of_another_origin_has_the_frame(journey: &Journey) {
    let tab = &journey.tab;
    let app = journey.app();
    app.set_page_with("inner", &inner(journey, 0), None);
    let elsewhere = Elsewhere::start(format!(
        "<!doctype html>{OUTER}<iframe name=application src={}/p/inner></iframe>{}",
        app.url,
        inner(journey, 0).replace("<script>", "<script>window.name = 'other';")
    ))
    .await;
    tab.open("/login/ann").await;
    // The same page at the application's origin does have the frame, or this test shows nothing.
    app.set_page_with(
        "outer",
        &format!(
            "{OUTER}{}",
            inner(journey, 2).replace("<script>", "<script>window.name = 'own';")
        ),
        None,
    );
    tab.open("/p/outer").await;
    // By its right name, and not in a sandbox without an origin.
    assert_eq!(results(tab, 1).await, json!({ "own": 2 }));

    tab.driver.goto(&elsewhere.url).await.unwrap();
    let heard = results(tab, 2).await;
    assert_eq!(heard, json!({ "application": 0, "other": 0 }));
    no_document(journey, "body > iframe:not([name])").await;
}

/// The first such frame has no document of the tokenizer.
async fn no_document(journey: &Journey, css: &str) {
    let tab = &journey.tab;
    let frame = tab.find(css).await;
    // Firefox lets no driver into the page of its own that it shows instead.
    if frame.enter_frame().await.is_ok() {
        let look = "return document.querySelector('meta[name=lunadefend]') === null";
        match tab.driver.execute(look, Vec::new()).await {
            Ok(found) => assert_eq!(found.json(), true),
            Err(error) => assert_eq!(journey.engine, Engine::Firefox, "{error}"),
        }
    }
    tab.leave().await;
}

async fn no_page_inside_a_page_has_the_frame(journey: &Journey) {
    let tab = &journey.tab;
    let app = journey.app();
    let source = inner(journey, 0)
        .replace('&', "&amp;")
        .replace('"', "&quot;");
    let data = inner(journey, 0)
        .bytes()
        .fold(String::new(), |url, byte| format!("{url}%{byte:02x}"));
    app.set_page_with("inner", &inner(journey, 0), None);
    app.set_page_with(
        "outer",
        &format!(
            "{OUTER}<iframe name=nested src=/p/inner></iframe>\
             <iframe name=written srcdoc=\"{source}\"></iframe>\
             <iframe name=sandboxed sandbox=allow-scripts src=/p/inner></iframe>\
             <iframe name=opaque sandbox=allow-scripts srcdoc=\"{source}\"></iframe>\
             <iframe name=data src=\"data:text/html,{data}\"></iframe>"
        ),
        None,
    );
    journey.open_as("ann", "outer").await;
    let none = json!({ "nested": 0, "written": 0, "sandboxed": 0, "opaque": 0, "data": 0 });
    assert_eq!(results(tab, 5).await, none);
    // There the document is, and says why it does nothing.
    tab.find("iframe[name=nested]")
        .await
        .enter_frame()
        .await
        .unwrap();
    tab.find("iframe").await.enter_frame().await.unwrap();
    let text = tab.find("body").await.text().await.unwrap();
    assert!(text.contains("works only inside a page"), "{text}");
    tab.leave().await;
}

async fn no_window_object_or_embed_has_the_frame(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(journey, "page", "<p>page");
    journey.open_as("ann", "page").await;
    let page = tab.driver.window().await.unwrap();
    for options in ["", "noopener", "popup,width=300,height=200"] {
        tab.run(&format!(
            "window.opened = window.open(spy.tokenizer + '/frame#' + location.origin, '_blank', '{options}')"
        ))
        .await;
        let other = loop {
            let windows = tab.driver.windows().await.unwrap();
            if let Some(other) = windows.into_iter().find(|window| *window != page) {
                break other;
            }
        };
        tab.driver.switch_to_window(other).await.unwrap();
        // A script that runs while the window leaves its first, empty page returns nothing.
        while tab.driver.current_url().await.unwrap().scheme() == "about" {}
        let refusal = attack(
            tab,
            "while (document.readyState !== 'complete' || location.protocol === 'about:') \
               await new Promise((done) => setTimeout(done, 20)); \
             return [document.querySelector('meta[name=lunadefend]') === null, document.documentElement.textContent]",
        )
        .await;
        assert_eq!(refusal[0], true);
        assert!(
            refusal[1]
                .as_str()
                .unwrap()
                .contains("works only inside a page"),
            "{refusal}"
        );
        tab.driver.close_window().await.unwrap();
        tab.driver.switch_to_window(page.clone()).await.unwrap();
    }
    let heard = attack(
        tab,
        r#"
        const elements = ["object", "embed"].map((name) => {
            const element = document.createElement(name);
            element.type = "text/html";
            element[name === "object" ? "data" : "src"] = `${spy.tokenizer}/frame#${encodeURIComponent(location.origin)}`;
            document.body.append(element);
            return element;
        });
        // Asked for after them, and here: this frame does come.
        const frame = await spy.frame();
        const { session } = await spy.ask(frame, "verify");
        return [session !== undefined, spy.messages.filter((data) => data?.type === "lunadefend-ready").length,
            elements.map(({ contentDocument }) => contentDocument?.querySelector("meta[name=lunadefend]") ?? null)];
        "#,
    )
    .await;
    assert_eq!(heard, json!([true, 1, [null, null]]));
}

/// Its sandbox holds, also for script that would run in it.
async fn the_elements_frame_may_do_nothing_else(journey: &Journey) {
    let tab = &journey.tab;
    let elements = "<luna-input id=field session={session}></luna-input>\
        <luna-value id=value session={session}></luna-value><luna-file id=file session={session}></luna-file>\
        <luna-image id=image session={session}></luna-image><luna-download id=download session={session}></luna-download>";
    set_hostile_page(
        journey,
        "page",
        &format!("{}{elements}", super::scene::MODULE),
    );
    journey.open_as("ann", "page").await;
    for (id, sandbox) in [
        ("#field", "allow-same-origin allow-scripts"),
        ("#value", "allow-same-origin allow-scripts"),
        ("#file", "allow-same-origin allow-scripts"),
        ("#image", "allow-same-origin allow-scripts"),
        (
            "#download",
            "allow-downloads allow-same-origin allow-scripts",
        ),
    ] {
        tab.find(&format!("{id}:state(ready)")).await;
        let frame = tab
            .run(&format!(
                "const f = document.querySelector('{id}').shadowRoot.querySelector('iframe'); \
                 return [[...f.sandbox].sort().join(' '), f.referrerPolicy, f.allow, f.src.includes('/frame#')]"
            ))
            .await;
        assert_eq!(frame, json!([sandbox, "no-referrer", "", true]), "{id}");
    }
    tab.enter("#field").await;
    tab.click("#field").await;
    let allowed = tab
        .run(
            "const works = (what) => { try { return what() ?? null; } catch (error) { return error.name; } }; \
             return [works(() => window.open('/health') === null), works(() => { top.location = '/health'; }), \
                 works(() => confirm('?')), document.referrer, window.origin === location.origin]",
        )
        .await;
    let refused = [json!(true), json!("InvalidAccessError")];
    assert!(refused.contains(&allowed[0]), "{allowed}");
    assert_eq!(allowed[1], "SecurityError", "{allowed}");
    assert_eq!(allowed[2], false, "{allowed}");
    assert_eq!(allowed[3], "", "{allowed}");
    assert_eq!(allowed[4], true, "{allowed}");
    tab.leave().await;
}
