//! Requests of the page with the user's cookies at the tokenizer.

use super::scene::{MODULE, attack, is_safe, loot, secret, sees, set_hostile_page, store};
use lunadefend_browser_tests::Journey;
use serde_json::json;

attacks![
    no_request_of_the_page_counts_as_the_frames,
    a_download_is_neither_page_nor_script,
];

async fn no_request_of_the_page_counts_as_the_frames(journey: &Journey) {
    let tab = &journey.tab;
    let stored = secret();
    store(journey, "ann", &stored).await;
    let transfers = journey.app().count("GET /.lunasec/secure-frame");
    set_hostile_page(
        journey,
        "page",
        "<iframe name=target></iframe><iframe name=opaque sandbox='allow-scripts allow-forms' srcdoc='<p>'></iframe>\
         <script>window.token = '{ssn}'; window.session = '{session}';</script>",
    );
    tab.open("/p/page").await;
    let tried = attack(
        tab,
        r#"
        const seen = [];
        const keep = (...all) => { seen.push(all[0]); spy.keep(...all); };
        const body = JSON.stringify({ tokenId: window.token, tokenIds: [window.token], readId: "AAECAwQFBgcICQoLDA0ODw",
            value: "MQ==", metadata: { dataType: "string" } });
        const routes = ["detokenize", "tokenize", "metadata/get", "metadata/set", "session/end", "session/state",
            "session/verify", "grant/set", "grant/verify", "v2/sessions/revoke", "v2/grants/set", "v2/grants/verify",
            "v2/grants/revoke", "v2/tokens/delete", "v2/tokenize", "v2/detokenize", "v2/tokens/describe", "status", "frame"];
        for (const route of routes) {
            const url = `${spy.tokenizer}/${route}`;
            for (const mode of ["cors", "no-cors", "same-origin"]) {
                for (const [method, type, session] of [["POST", "application/json", true], ["POST", "text/plain", false],
                    ["POST", "application/json", false], ["GET", "", false], ["PUT", "text/plain", false]]) {
                    const headers = { ...(type && { "content-type": type }),
                        ...(session && { "lunadefend-page-session": window.session }) };
                    try {
                        const answer = await fetch(url, { method, mode, headers, credentials: "include",
                            body: method === "GET" ? undefined : body, redirect: mode === "no-cors" ? "follow" : "manual" });
                        keep(`${answer.type} ${answer.type === "cors" ? route : ""}`, route, mode, answer.status, [...answer.headers], await answer.text());
                    } catch (error) { keep(error.name, route, mode, error.message, error.stack); }
                }
            }
            await new Promise((done) => {
                const request = new XMLHttpRequest();
                request.open("POST", url);
                request.withCredentials = true;
                request.setRequestHeader("content-type", "text/plain");
                request.onloadend = () => { keep("xhr", route, request.status, request.responseText); done(); };
                request.send(body);
            });
            keep("beacon", navigator.sendBeacon(url, new Blob([body], { type: "text/plain" })));
            await new Promise((done) => {
                const image = new Image();
                image.onload = image.onerror = () => { keep("image", image.naturalWidth); done(); };
                image.src = url;
            });
            for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
                const form = document.createElement("form");
                Object.assign(form, { method: "post", action: url, target: "target", enctype });
                const field = document.createElement("input");
                // With `text/plain` the body is JSON.
                Object.assign(field, { name: body.slice(0, -1) + ',"x":"', value: '"}' });
                form.append(field);
                document.body.append(form);
                const loaded = new Promise((done) => {
                    document.querySelector("iframe").addEventListener("load", done, { once: true });
                });
                form.submit();
                await loaded;
                try { keep("form", window[0].document.documentElement.outerHTML); } catch ({ name }) { keep(name); }
            }
        }
        const count = (what) => seen.filter((one) => one === what).length;
        return [count("TypeError") > 120, count("SecurityError") > 30,
            seen.filter((one) => one.startsWith("cors ")), count("xhr"), count("beacon"), count("image")];
        "#,
    )
    .await;
    // The one answer that a page may read says that there is no such method, or asks for the page's session.
    let readable = "cors session/verify";
    let readable = [readable, readable, readable];
    assert_eq!(tried, json!([true, true, readable, 19, 19, 19]));
    for (place, text) in loot(tab).await {
        assert!(!text.contains("downloadUrl"), "{place}");
        assert!(!text.contains("uploadUrl"), "{place}");
    }
    is_safe(journey, &stored).await;
    // Nothing has ended, and nothing was changed.
    sees(journey, &stored).await;
    assert_eq!(journey.app().count("GET /.lunasec/secure-frame"), transfers);
}

/// The script even has the address, which no page gets to know; and the value is a page and a script.
async fn a_download_is_neither_page_nor_script(journey: &Journey) {
    let tab = &journey.tab;
    let marker = secret();
    let value = format!(
        "window.leak='{marker}'//<script>parent.postMessage('{marker}','*')</script><p>{marker}"
    );
    store(journey, "ann", &value).await;
    set_hostile_page(
        journey,
        "page",
        &format!(
            "{MODULE}<luna-value id=value session={{session}}></luna-value>\
            <script>window.token = '{{ssn}}'; window.session = '{{session}}';</script>"
        ),
    );
    tab.open("/p/page").await;
    let asked = tab.run("return [window.token, window.session]").await;
    tab.enter("#value").await;
    let url = attack(
        tab,
        &format!(
            "const answer = await fetch('/detokenize', {{ method: 'POST', body: JSON.stringify({{ tokenId: {} }}), \
               headers: {{ 'content-type': 'application/json', 'lunadefend-page-session': {} }} }}); \
             const {{ data }} = await answer.json(); \
             const value = await (await fetch(data.downloadUrl)).text(); \
             return [data.downloadUrl, value]",
            asked[0], asked[1]
        ),
    )
    .await;
    assert_eq!(url[1], value.as_str());
    tab.leave().await;
    let tried = attack(
        tab,
        &r#"
        const url = URL_;
        const outcomes = {};
        for (const mode of ["cors", "no-cors", "same-origin"]) {
            for (const credentials of ["include", "omit"]) {
                try {
                    const answer = await fetch(url, { mode, credentials });
                    spy.keep(await answer.text());
                    outcomes[`${mode} ${credentials}`] = answer.type;
                } catch ({ name }) { outcomes[`${mode} ${credentials}`] = name; }
            }
        }
        for (const [name, attribute] of [["iframe", "src"], ["script", "src"], ["object", "data"], ["embed", "src"],
            ["link", "href"], ["img", "src"], ["video", "src"]]) {
            for (const crossOrigin of [null, "anonymous", "use-credentials"]) {
                const element = document.createElement(name);
                if (name === "link") element.rel = "stylesheet";
                if (crossOrigin) element.crossOrigin = crossOrigin;
                if (name === "iframe" && crossOrigin) element.sandbox = "allow-scripts allow-same-origin";
                const loaded = new Promise((done) => { element.onload = element.onerror = ({ type }) => done(type); });
                element[attribute] = url;
                document.body.append(element);
                // An embedded document that is refused says nothing in one of the browsers.
                if (name !== "object" && name !== "embed") outcomes[`${name} ${crossOrigin}`] = await loaded;
            }
        }
        try { await import(url); } catch ({ name }) { outcomes.import = name; }
        try { new Worker(url); } catch ({ name }) { outcomes.worker = name; }
        try { importScripts(url); } catch ({ name }) { outcomes.importScripts = name; }
        await navigator.serviceWorker.register(url).catch(({ name }) => { outcomes.serviceWorker = name; });
        // Whatever they would say is said by now.
        await fetch("/echo?after");
        return [outcomes, window.leak ?? null, spy.messages.length];
        "#
        .replace("URL_", &url[0].to_string()),
    )
    .await;
    let outcomes = tried[0].as_object().unwrap();
    for (way, outcome) in outcomes {
        let outcome = outcome.as_str().unwrap();
        let is_frame = way.starts_with("iframe");
        let refused = ["TypeError", "SecurityError", "ReferenceError", "error"].contains(&outcome);
        // A frame that is refused has loaded, too: the browser's page that says so.
        assert!(refused || is_frame, "{way}: {outcome}");
    }
    assert!(outcomes.len() > 22, "{outcomes:?}");
    assert_eq!(tried[1], json!(null));
    is_safe(journey, &marker).await;
}
