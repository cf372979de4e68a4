//! `SecureInput`, `SecureTextArea` and `SecureParagraph`.

use super::scene::{
    commit, empty, enter, heard, hears, is_well, leave_field, page, set_page, set_pages, text,
    token, type_into, value,
};
use lunadefend_browser_tests::{Journey, SECRET};
use serde_json::json;
use thirtyfour::Key;

in_browsers![
    a_person_saves_values_and_reads_them_again,
    values_keep_their_text,
    what_nobody_changed_keeps_its_token,
    the_back_button_brings_back_nothing_typed,
    the_page_hears_of_a_field_that_is_left,
    enter_sends_the_form,
    a_page_gets_no_token_of_a_prefix,
    the_look_is_that_of_the_page_and_loads_nothing,
    only_the_page_around_is_answered,
];

async fn a_person_saves_values_and_reads_them_again(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", SECRET).await;
    type_into(tab, "card", "two\nlines").await;
    assert_eq!(value(tab, "card").await, "two\nlines");
    tab.click("#save").await;
    tab.find("#saved").await;
    assert!(journey.app().ssn_of("ann").unwrap().starts_with("lunasec-"));
    for _ in 0..2 {
        assert_eq!(text(tab, "ssn").await, SECRET);
        assert_eq!(text(tab, "card").await, "two\nlines");
        assert_eq!(value(tab, "again").await, SECRET);
        is_well(journey, &[SECRET, "two\nlines"]).await;
        tab.driver.refresh().await.unwrap();
    }
    assert_eq!(heard(tab, "ssn", "NotifyOnError").await, 0);
    assert!(page(tab, "return sdk.refused").await.is_null());
}

async fn values_keep_their_text(journey: &Journey) {
    let tab = &journey.tab;
    set_page(
        journey,
        "form",
        "<h1>Form</h1><div id=field data-component=TextArea></div><div id=shown data-component=Paragraph></div>",
    );
    journey.open_as("ann", "form").await;
    for typed in [
        "1.10",
        "12345678901234567890",
        "1e5",
        "\"quoted\"",
        "{\"a\":1}",
        "0",
        "null",
        " spaces ",
        "<b>Ünïcode</b> ✓",
    ] {
        empty(tab, "field").await;
        type_into(tab, "field", typed).await;
        leave_field(tab).await;
        let token = token(tab, "field").await;
        page(
            tab,
            &format!("await sdk.update('shown', {{token: '{token}'}})"),
        )
        .await;
        enter(tab, "shown").await;
        // It is there once it is other than before.
        let shown = "const look = (done, text) => document.querySelector('#value').textContent === text \
            ? done(true) : setTimeout(look, 20, done, text); look(arguments[1], arguments[0])";
        let arguments = vec![json!(typed)];
        tab.driver.execute_async(shown, arguments).await.unwrap();
        tab.leave().await;
    }
    is_well(journey, &["quoted", "Ünïcode"]).await;
}

async fn what_nobody_changed_keeps_its_token(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    assert_eq!(token(tab, "ssn").await, "", "an empty field has none");
    type_into(tab, "ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let stored = journey.app().ssn_of("ann").unwrap();
    assert_eq!(value(tab, "again").await, SECRET);
    assert_eq!(token(tab, "again").await, stored);
    // What the application says again changes nothing.
    let update = format!("await sdk.update('again', {{token: '{stored}', placeholder: 'SSN'}})");
    page(tab, &update).await;
    assert_eq!(token(tab, "again").await, stored);

    type_into(tab, "again", "1").await;
    leave_field(tab).await;
    let changed = token(tab, "again").await;
    assert_ne!(changed, stored);
    assert_eq!(token(tab, "again").await, changed, "one value, one token");
    // As the application does that keeps the new token.
    page(
        tab,
        &format!("await sdk.update('again', {{token: '{changed}'}})"),
    )
    .await;
    assert_eq!(value(tab, "again").await, format!("{SECRET}1"));

    empty(tab, "again").await;
    leave_field(tab).await;
    assert_eq!(token(tab, "again").await, "", "cleared");
    is_well(journey, &[SECRET]).await;
}

async fn the_back_button_brings_back_nothing_typed(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    set_page(journey, "other", "<h1 id=other>Other</h1>");
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let stored = journey.app().ssn_of("ann").unwrap();
    assert_eq!(value(tab, "again").await, SECRET);
    type_into(tab, "again", "typed").await;
    leave_field(tab).await;
    tab.open("/p/other").await;
    tab.find("#other").await;
    tab.driver.back().await.unwrap();
    // What was shown is there again only because the tokenizer allows it anew.
    enter(tab, "again").await;
    let shown = "const done = arguments[0]; const look = () => { \
        const { value } = document.querySelector('#field'); \
        if (value === '') setTimeout(look, 20); else done(value); }; look()";
    assert_eq!(tab.run_async(shown).await, SECRET);
    assert_eq!(token(tab, "again").await, stored);
}

async fn the_page_hears_of_a_field_that_is_left(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", "078-05").await;
    leave_field(tab).await;
    hears(tab, "ssn", "NotifyOnBlur", 1).await;
    let first = hears(tab, "ssn", "NotifyOnValidate", 1).await;
    assert_eq!(first, json!({ "isValid": false }));
    type_into(tab, "ssn", "-1120").await;
    leave_field(tab).await;
    hears(tab, "ssn", "NotifyOnBlur", 2).await;
    let second = hears(tab, "ssn", "NotifyOnValidate", 2).await;
    assert_eq!(second, json!({ "isValid": true }));
    // Not while somebody types.
    assert_eq!(heard(tab, "ssn", "NotifyOnValidate").await, 2);
    // Without a validator there is nothing to say; the SDK throws at it.
    type_into(tab, "card", "x").await;
    leave_field(tab).await;
    hears(tab, "card", "NotifyOnBlur", 1).await;
    assert_eq!(token(tab, "card").await, token(tab, "card").await);
    assert_eq!(heard(tab, "card", "NotifyOnValidate").await, 0);
    assert_eq!(heard(tab, "card", "NotifyOnSubmit").await, 0);
    is_well(journey, &[]).await;
}

async fn enter_sends_the_form(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    // A wrong value too: to stop it is for the application.
    type_into(tab, "ssn", "12").await;
    type_into(tab, "ssn", Key::Enter + "").await;
    tab.find("#saved").await;
    assert_eq!(text(tab, "ssn").await, "12");
}

async fn a_page_gets_no_token_of_a_prefix(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", "078").await;
    let reply = commit(tab, "ssn").await;
    assert_eq!(reply["success"], false, "{reply}");
    let error = hears(tab, "ssn", "NotifyOnError", 1).await;
    assert_eq!(error["code"], "400");
    type_into(tab, "ssn", "-05-1120").await;
    leave_field(tab).await;
    assert!(token(tab, "ssn").await.starts_with("lunasec-"));
    assert_eq!(heard(tab, "ssn", "NotifyOnError").await, 1);
    is_well(journey, &[SECRET]).await;
}

async fn the_look_is_that_of_the_page_and_loads_nothing(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    for id in ["ssn", "card"] {
        enter(tab, id).await;
        let look = "const {color, backgroundImage, borderImageSource} = \
            getComputedStyle(document.querySelector('#field')); \
            return [color, backgroundImage, borderImageSource]";
        assert_eq!(
            tab.run(look).await,
            json!(["rgb(1, 2, 3)", "none", "none"]),
            "{id}"
        );
        let fills = "const {width, height} = document.querySelector('#field').getBoundingClientRect(); \
            const {scrollHeight, clientHeight} = document.documentElement; \
            return width === innerWidth && height === innerHeight && scrollHeight === clientHeight";
        assert_eq!(tab.run(fills).await, true, "{id}");
        tab.leave().await;
    }
    is_well(journey, &[]).await;
}

/// Neither a frame beside it nor what is of another shape.
async fn only_the_page_around_is_answered(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    let app = journey.app();
    app.set_script("inner.js", include_str!("inner.js"));
    app.set_page_with("inner", "<script src=/s/inner.js defer></script>", None);
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", SECRET).await;
    leave_field(tab).await;
    page(
        tab,
        "const inner = document.createElement('iframe'); inner.src = '/p/inner'; inner.id = 'inner'; \
         document.body.append(inner); \
         const post = (message) => sdk.of('ssn').frame.contentWindow.postMessage(message, sdk.base); \
         const correlationToken = 'junk'; const data = {}; \
         const asked = { command: 'CommitToken', correlationToken, data }; \
         for (const junk of [asked, '', '{', '[]', 'null', '1', ' '.repeat(300_000) + JSON.stringify(asked), \
            JSON.stringify({ ...asked, command: 'constructor' }), JSON.stringify({ ...asked, data: [] }), \
            JSON.stringify({ ...asked, command: 'ReceiveCommittedToken' }), \
            JSON.stringify({ command: 'CommitToken', data })]) post(junk)",
    )
    .await;
    super::scene::enter_as_it_is(tab, "#inner").await;
    tab.find("body.asked").await;
    // What came before it has been dropped when this is answered.
    let other = "return sdk.of('ssn').request('Attributes', { component: 'Paragraph' })";
    assert_eq!(page(tab, other).await["success"], false);
    assert!(token(tab, "ssn").await.starts_with("lunasec-"));
    let replies = "return [sdk.replies.has('junk'), sdk.replies.has('stolen')]";
    assert_eq!(page(tab, replies).await, json!([false, false]));
    is_well(journey, &[SECRET]).await;
}
