//! How secure elements look: they follow the page, and nothing jumps when they become ready.

use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, pages, save};
use serde_json::Value;

journeys![
    nothing_jumps_when_fields_become_ready,
    the_height_does_not_depend_on_the_value,
    text_follows_the_pages_style_sheet,
    right_to_left_follows_the_page,
    larger_text_shows_in_the_whole_field,
    a_zoomed_page_shows_the_whole_field,
];

/// A style sheet may come from script only: the page's policy allows no other.
const STYLE: &str = "const sheet = new CSSStyleSheet(); sheet.replaceSync(arguments_); \
     document.adoptedStyleSheets = [sheet]";

async fn style(journey: &Journey, css: &str) {
    let css = Value::from(css).to_string();
    journey.tab.run(&STYLE.replace("arguments_", &css)).await;
}

/// A computed property of an element inside a frame.
async fn inside(journey: &Journey, element: &str, css: &str, property: &str) -> String {
    let tab = &journey.tab;
    tab.enter(element).await;
    tab.find(css).await;
    let script = format!(
        "return getComputedStyle(document.querySelector('{css}')).getPropertyValue('{property}')"
    );
    let value = tab.run(&script).await;
    tab.leave().await;
    value.as_str().unwrap().to_owned()
}

/// Waits until it is that.
async fn becomes(journey: &Journey, element: &str, css: &str, property: &str, wanted: &str) {
    let tab = &journey.tab;
    tab.enter(element).await;
    let script = format!(
        "const done = arguments[0]; const look = () => \
         getComputedStyle(document.querySelector('{css}')).getPropertyValue('{property}') === '{wanted}' \
         ? done(true) : setTimeout(look, 20); look()"
    );
    assert_eq!(tab.run_async(&script).await, true);
    tab.leave().await;
}

const RECTS: &str = "return JSON.stringify([...document.querySelectorAll('luna-input, luna-file, luna-value, \
     luna-image, luna-download, hr')].map(one => { const {x, y, width, height} = one.getBoundingClientRect(); \
     return [one.localName, x, y, width, height] }))";

async fn nothing_jumps_when_fields_become_ready(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    let page = "<luna-input id=a session={session} aria-label=a></luna-input>\
         <luna-input id=b kind=textarea rows=4 session={session} aria-label=b></luna-input>\
         <luna-file id=c session={session} aria-label=c></luna-file>\
         <luna-value id=d token={ssn} session={session}></luna-value>\
         <luna-download id=e token={ssn} session={session}>Save</luna-download><hr>";
    journey.app().set_page("all", &format!("{SCRIPT}{page}"));
    // The frames get no answer: the elements are there, and not ready.
    journey.world.front_of_tokenizer().cut();
    tab.open("/p/form").await;
    journey.world.front_of_tokenizer().mend();
    tab.open("/p/all").await;
    let before = "const done = arguments[0]; customElements.whenDefined('luna-download').then(() => \
         requestAnimationFrame(() => done((() => { RECTS })())))";
    let before = tab.run_async(&before.replace("RECTS", RECTS)).await;
    for id in ["a", "b", "c", "d", "e"] {
        tab.find(&format!("#{id}:state(ready)")).await;
    }
    assert_eq!(tab.shown("#d").await, SECRET);
    assert_eq!(tab.run(RECTS).await, before);
}

async fn the_height_does_not_depend_on_the_value(journey: &Journey) {
    let tab = &journey.tab;
    let form = FORM
        .replace("kind=\"ssn\"", "kind=\"textarea\"")
        .replace("<button", "<hr><button");
    pages(journey, &form);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    let before = tab.run(RECTS).await;
    tab.type_into("#ssn", "line\n".repeat(40)).await;
    assert_eq!(tab.run(RECTS).await, before);
    tab.click("#save").await;
    tab.find("#value:defined").await;
    let empty = tab
        .run("return document.querySelector('#value').getBoundingClientRect().height")
        .await;
    tab.shown("#value").await;
    let full = tab
        .run("return document.querySelector('#value').getBoundingClientRect().height")
        .await;
    assert_eq!(empty, full);
}

async fn text_follows_the_pages_style_sheet(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    style(
        journey,
        "luna-input { color: rgb(1, 2, 3); font-size: 21px; letter-spacing: 2px; \
           --luna-placeholder-color: rgb(4, 5, 6); background-image: url(/never) } \
         .dark { color-scheme: dark } .dark luna-input { color: rgb(7, 8, 9) }",
    )
    .await;
    tab.run("document.querySelector('#ssn').className = 'styled'")
        .await;
    becomes(journey, "#ssn", "#field", "color", "rgb(1, 2, 3)").await;
    assert_eq!(inside(journey, "#ssn", "#field", "font-size").await, "21px");
    assert_eq!(
        inside(journey, "#ssn", "#field", "letter-spacing").await,
        "2px"
    );
    assert_eq!(
        inside(journey, "#ssn", "#field", "background-image").await,
        "none"
    );
    // A page that becomes dark.
    tab.run("document.documentElement.className = 'dark'").await;
    becomes(journey, "#ssn", "#field", "color", "rgb(7, 8, 9)").await;
    assert_eq!(
        inside(journey, "#ssn", "html", "color-scheme").await,
        "dark"
    );
}

async fn right_to_left_follows_the_page(journey: &Journey) {
    let tab = &journey.tab;
    // Numbers are written from left to right in every language.
    let form = FORM.replace("kind=\"ssn\"", "kind=\"text\"");
    pages(journey, &format!("<div dir=rtl lang=ar>{form}</div>"));
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    assert_eq!(inside(journey, "#ssn", "#field", "direction").await, "rtl");
    tab.enter("#ssn").await;
    assert_eq!(tab.run("return document.documentElement.lang").await, "ar");
    tab.leave().await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

async fn larger_text_shows_in_the_whole_field(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    style(
        journey,
        "html { font-size: 200% } luna-input { font-size: 1rem }",
    )
    .await;
    tab.run("document.querySelector('#ssn').className = 'zoomed'")
        .await;
    becomes(journey, "#ssn", "#field", "font-size", "32px").await;
    assert_usable(journey).await;
}

async fn a_zoomed_page_shows_the_whole_field(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    let before = tab.run("return devicePixelRatio").await.as_f64().unwrap();
    journey.zoom(2).await;
    let zoomed = format!(
        "const done = arguments[0]; const look = () => devicePixelRatio === {} ? done(true) \
         : setTimeout(look, 20); look()",
        2.0 * before
    );
    assert_eq!(tab.run_async(&zoomed).await, true);
    let wide = "return document.documentElement.scrollWidth > innerWidth";
    assert_eq!(tab.run(wide).await, false, "nothing is beside the window");
    assert_usable(journey).await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

/// The field is whole, and takes a value that is saved.
async fn assert_usable(journey: &Journey) {
    let tab = &journey.tab;
    tab.enter("#ssn").await;
    assert_eq!(tab.run(FITS).await, true);
    tab.leave().await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
}

/// Whether all of a field, and a line of its text, is inside its frame.
const FITS: &str = "const box = document.querySelector('#field').getBoundingClientRect(); \
     const line = parseFloat(getComputedStyle(document.querySelector('#field')).fontSize); \
     return box.top >= 0 && box.bottom <= innerHeight + 0.5 && innerHeight >= line";
