//! Questions about a value that the page asks by the look and the state of an element.

use super::scene::{MODULE, attack, is_safe, secret, set_hostile_page};
use lunadefend_browser_tests::Journey;
use serde_json::{Value, json};

attacks![
    nothing_that_can_be_measured_depends_on_what_is_typed,
    a_style_loads_nothing_and_covers_nothing,
];

/// All that can be measured of the elements from outside.
const MEASURE: &str = r#"
    return [...document.querySelectorAll("luna-input")].map((element) => {
        const frame = element.shadowRoot.querySelector("iframe");
        const rect = ({ x, y, width, height }) => [x, y, width, height];
        const style = getComputedStyle(frame);
        // The driver's own mark.
        const markup = (text) => text.replace(/ cd_frame_id_="[^"]*"/, "");
        return [rect(element.getBoundingClientRect()), rect(frame.getBoundingClientRect()), element.offsetHeight,
            element.scrollWidth, element.scrollHeight, frame.clientWidth, style.height, style.width,
            element.value, element.validity.valid, element.validationMessage, element.matches(":state(invalid)"),
            element.attributes.length, markup(frame.outerHTML), markup(element.shadowRoot.innerHTML),
            document.documentElement.scrollHeight, window.length];
    });
"#;

async fn nothing_that_can_be_measured_depends_on_what_is_typed(journey: &Journey) {
    let tab = &journey.tab;
    let marker = secret();
    let kinds = ["text", "textarea", "card-number", "email", "iban"];
    let fields: String = kinds
        .iter()
        .map(|kind| {
            format!("<p><luna-input id={kind} kind={kind} session={{session}}></luna-input></p>")
        })
        .collect();
    set_hostile_page(journey, "page", &format!("{MODULE}{fields}"));
    journey.open_as("ann", "page").await;
    // Short and long, valid ones of each kind, and left again.
    let rounds: [[&str; 5]; 3] = [
        [
            "a",
            "a",
            "4111111111111111",
            "a@b.cd",
            "DE89370400440532013000",
        ],
        [
            &marker,
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14",
            "378282246310005",
            &format!("{marker}@{marker}.example"),
            "MT84MALT011000012345MTLCAST001S",
        ],
        [
            &marker.repeat(12),
            &marker.repeat(40),
            "6011111111111117",
            "someone@example.org",
            "NO9386011117947",
        ],
    ];
    let mut measured: Vec<Value> = Vec::new();
    for texts in rounds {
        for (kind, text) in kinds.iter().zip(texts) {
            let id = format!("#{kind}");
            tab.enter(&id).await;
            let field = tab.find("#field").await;
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
            tab.leave().await;
        }
        tab.run("document.activeElement.blur()").await;
        // What the frames said is heard by now.
        attack(
            tab,
            "await Promise.all(spy.ports.map((port) => spy.ask(port, 'verify')))",
        )
        .await;
        measured.push(tab.run(MEASURE).await);
    }
    assert_eq!(measured[0], measured[1]);
    assert_eq!(measured[1], measured[2]);
    // It does tell of what it may tell of.
    tab.type_into("#email", " not an address").await;
    tab.run("document.activeElement.blur()").await;
    tab.find("#email:state(invalid)").await;
    assert_ne!(measured[0], tab.run(MEASURE).await);
    is_safe(journey, &marker).await;
}

/// Style sheets of the page, and what script says to the frame itself.
async fn a_style_loads_nothing_and_covers_nothing(journey: &Journey) {
    let tab = &journey.tab;
    let url = &journey.app().url;
    let marker = secret();
    set_hostile_page(
        journey,
        "page",
        &format!(
            r#"<style>
            @font-face {{ font-family: leak; src: url(/echo?font-of-the-page); }}
            p {{ font-family: leak; }}
            luna-input {{
                font-family: "leak", url(/echo?in-frame-1); position: fixed; z-index: 9;
                --luna-button-background: url({url}/echo?in-frame-2);
                --luna-focus-color: image-set("{url}/echo?in-frame-3" 1x);
                --luna-note-color: var(--x, url({url}/echo?in-frame-4));
                --luna-invalid-color: element(#x); --luna-placeholder-color: env(x, red);
            }}
            </style><p>page</p>{MODULE}<luna-input id=field session={{session}}></luna-input>
            <luna-value id=value reveal=click session={{session}}></luna-value>"#
        ),
    );
    journey.open_as("ann", "page").await;
    tab.find("#value:state(ready)").await;
    tab.enter("#field").await;
    let before = tab.run(LOOK).await;
    tab.leave().await;
    attack(
        tab,
        &r#"
        const names = ["background", "background-image", "--luna-button-background", "--luna-focus-color", "content", "cursor",
            "list-style-image", "border-image", "mask", "filter", "clip-path", "src", "behavior", "-moz-binding", "font",
            "font-family", "color", "text-shadow", "position", "inset", "z-index", "transform", "inline-size", "block-size",
            "min-height", "padding", "margin", "animation", "transition", "display", "visibility", "opacity", "--x", "all",
            "pointer-events", "user-select", "overflow", "zoom", "__proto__", "cssText"];
        const values = ["url(URL/echo?in-frame)", "url('URL/echo?in-frame')", "image-set('URL/echo?in-frame' 1x)", "\\75rl(URL/echo?in-frame)",
            "-webkit-image-set(url(URL/echo?in-frame) 1x)", "cross-fade(url(URL/echo?in-frame), red)", "red url(URL/echo?in-frame)",
            "src('URL/echo?in-frame')", "red; background: url(URL/echo?in-frame)", "/**/url(URL/echo?in-frame)", "attr(x url)",
            "var(--luna-focus-color)", "fixed", "-9999px", "2147483647", "none", "hidden", "0", "1000px", "x 9s infinite",
            "linear-gradient(red, red)"];
        for (const value of values) {
            const style = Object.fromEntries(names.map((name) => [name, value]));
            for (const port of spy.ports) await spy.ask(port, "configure", { click: true, style });
            await new Promise(requestAnimationFrame);
        }
        "#
        .replace("URL", url),
    )
    .await;
    tab.type_into("#field", marker.as_str()).await;
    // The page's own style does load, and then the frame's would have.
    attack(
        tab,
        "await document.fonts.load('1em leak').catch(() => null); await fetch('/echo?after')",
    )
    .await;
    tab.enter("#field").await;
    let after = tab.run(LOOK).await;
    assert_eq!(before, after);
    // The one property that could hold a picture: the last value would be one without a request.
    tab.enter("#value").await;
    let background = "return getComputedStyle(document.querySelector('#toggle')).backgroundImage";
    assert_eq!(tab.run(background).await, "none");
    tab.leave().await;
    let recorded = journey.app().recorded();
    let lines: Vec<&str> = recorded.iter().map(|one| one.line.as_str()).collect();
    assert!(
        lines.iter().any(|line| line.contains("font-of-the-page")),
        "{lines:?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("in-frame")),
        "{lines:?}"
    );

    // However large the text is, it stays within the element's own box.
    let sizes = "const f = document.querySelector('#field'); return [f.offsetWidth, f.offsetHeight, innerWidth, \
        document.documentElement.scrollHeight]";
    let small = tab.run(sizes).await;
    for size in ["999999999px", "99999em", "1e9px", "calc(1px * 999999)"] {
        let style = json!({ "font-size": size, "line-height": size, "letter-spacing": size, "word-spacing": size });
        attack(
            tab,
            &format!(
                "for (const port of spy.ports) await spy.ask(port, 'configure', {{ role: 'input', style: {style} }})"
            ),
        )
        .await;
        assert_eq!(tab.run(sizes).await, small, "{size}");
    }
    is_safe(journey, &marker).await;
}

/// How the frame looks from within, in all that a style may not change.
const LOOK: &str = r#"
    const parts = [document.documentElement, document.body, document.querySelector("input"), document.querySelector("output")];
    const names = ["backgroundImage", "position", "zIndex", "transform", "opacity", "visibility", "display", "filter", "clipPath",
        "content", "cursor", "animationName", "transitionDuration", "paddingTop", "marginTop", "overflowX", "pointerEvents",
        "listStyleImage", "borderImageSource", "maskImage", "inset"];
    return parts.map((part) => names.map((name) => getComputedStyle(part)[name]));
"#;
