//! What a person does with secure elements, in real browsers.

use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, never_came, pages, photo};
use thirtyfour::Key;

journeys![
    a_person_saves_a_value_and_reads_it_again,
    a_value_is_revealed_by_a_click_and_hidden_again,
    two_fields_and_a_file_in_one_form,
    enter_sends_the_form,
    a_field_that_nobody_touched_keeps_its_token,
    a_changed_value_gets_another_token,
    reset_forgets_what_was_typed,
    what_is_required_or_wrong_is_said_and_not_sent,
    a_disabled_field_is_not_sent,
    a_label_gives_the_focus_and_the_name,
    who_is_not_logged_in_is_told,
    a_file_comes_back_as_it_was,
    a_page_script_gets_a_token_and_never_the_value,
];

async fn a_person_saves_a_value_and_reads_it_again(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    assert!(journey.app().ssn_of("ann").unwrap().starts_with("lunasec-"));
    tab.driver.refresh().await.unwrap();
    assert_eq!(tab.shown("#value").await, SECRET);
    never_came(journey, SECRET);
}

async fn a_value_is_revealed_by_a_click_and_hidden_again(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    let value = "<luna-value id=value reveal=click token={ssn} session={session}></luna-value>";
    journey.app().set_page("show", &format!("{SCRIPT}{value}"));
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    tab.open("/p/show").await;
    tab.hidden("#value:state(ready)").await;
    tab.click_in("#value", "#toggle").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    tab.click_in("#value", "#toggle").await;
    tab.hidden("#value").await;
}

async fn two_fields_and_a_file_in_one_form(journey: &Journey) {
    let tab = &journey.tab;
    pages(
        journey,
        r#"<form method="post" action="/save">
          <luna-input id="ssn" name="ssn_token" kind="ssn" session="{session}"></luna-input>
          <luna-input id="card" name="card_token" kind="card-number" session="{session}"></luna-input>
          <luna-file id="photo" name="photo_token" session="{session}"></luna-file>
          <input name="note" value="hello">
          <button id="save">Save</button>
        </form>"#,
    );
    let file = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
    std::fs::write(file.path(), vec![b'x'; 300_000]).unwrap();
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.type_into("#card", "4111 1111 1111 1111").await;
    tab.type_into("#photo", &file.path().display().to_string())
        .await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let saved = journey.app().recorded();
    let saved = saved.iter().find(|one| one.line == "POST /save").unwrap();
    let body = String::from_utf8_lossy(&saved.bytes);
    for name in ["ssn_token", "card_token", "photo_token"] {
        assert!(body.contains(&format!("{name}=lunasec-")), "{body}");
    }
    assert_eq!(journey.app().note_of("ann").unwrap(), "hello");
    never_came(journey, SECRET);
    never_came(journey, "4111 1111 1111 1111");
    never_came(journey, "xxxxxxxx");
}

async fn enter_sends_the_form(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.enter("#ssn").await;
    let field = tab.find("#field").await;
    field.send_keys(SECRET).await.unwrap();
    field.send_keys(Key::Enter + "").await.unwrap();
    tab.leave().await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

async fn a_field_that_nobody_touched_keeps_its_token(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let token = journey.app().ssn_of("ann");
    tab.open("/p/form").await;
    tab.find("#ssn:state(ready)").await;
    assert_eq!(
        tab.typed("#ssn").await,
        "",
        "the field never loads the value"
    );
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(journey.app().ssn_of("ann"), token);
    // What was typed and deleted again was not typed.
    tab.open("/p/form").await;
    tab.type_into("#ssn", "12").await;
    tab.type_into("#ssn", Key::Backspace + Key::Backspace).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(journey.app().ssn_of("ann"), token);
}

async fn a_changed_value_gets_another_token(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let token = journey.app().ssn_of("ann");
    tab.open("/p/form").await;
    tab.type_into("#ssn", "219-09-9999").await;
    // A script cannot send the old token while something else is typed.
    let value = "return new FormData(document.forms[0]).get('ssn_token')";
    assert!(tab.run(value).await.is_null());
    assert_eq!(
        tab.run("return document.forms[0].checkValidity()").await,
        false
    );
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_ne!(journey.app().ssn_of("ann"), token);
    assert_eq!(tab.shown("#value").await, "219-09-9999");
}

async fn reset_forgets_what_was_typed(journey: &Journey) {
    let tab = &journey.tab;
    let reset = FORM.replace(
        "</form>",
        "<button type=reset id=reset>Reset</button></form>",
    );
    pages(journey, &reset);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#reset").await;
    tab.enter("#ssn").await;
    let empty = tab.driver.execute("return new Promise(done => { const look = () => document.querySelector('#field').value === '' ? done(true) : setTimeout(look, 20); look(); })", Vec::new());
    assert_eq!(empty.await.unwrap().json(), true);
    tab.leave().await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert!(journey.app().ssn_of("ann").is_none());
}

async fn what_is_required_or_wrong_is_said_and_not_sent(journey: &Journey) {
    let tab = &journey.tab;
    let required = FORM.replace("session=", "required session=");
    pages(journey, &required);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    let native = "const i = document.createElement('input'); Object.assign(i, arguments_); return i.validationMessage";
    let missing = tab
        .run(&native.replace("arguments_", "{required: true}"))
        .await;
    let mismatch = tab
        .run(&native.replace("arguments_", "{pattern: 'a', value: 'b'}"))
        .await;
    let message = "return document.querySelector('#ssn').validationMessage";
    tab.click("#save").await;
    tab.find("#ssn:state(focused)").await;
    assert_eq!(
        tab.run(message).await,
        missing,
        "in the browser's own words"
    );
    tab.keys("000-12-3456").await;
    assert_eq!(tab.typed("#ssn").await, "000-12-3456");
    tab.click("#save").await;
    tab.find("#ssn:state(invalid)").await;
    assert_eq!(tab.run(message).await, mismatch);
    tab.enter("#ssn").await;
    let note = tab.find("#note:not(:empty)").await.text().await.unwrap();
    assert_eq!(note, "not a valid SSN");
    tab.find("#field[aria-invalid=true][aria-required=true]")
        .await;
    tab.leave().await;
    assert_eq!(journey.app().count("POST /save"), 0);

    tab.enter("#ssn").await;
    tab.find("#field").await.clear().await.unwrap();
    tab.leave().await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
}

async fn a_disabled_field_is_not_sent(journey: &Journey) {
    let tab = &journey.tab;
    let disabled = FORM
        .replace("<luna-input", "<fieldset disabled><luna-input")
        .replace("</luna-input>", "</luna-input></fieldset>");
    pages(journey, &disabled);
    journey.open_as("ann", "form").await;
    tab.enter("#ssn").await;
    tab.find("#field:disabled").await;
    tab.leave().await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let saved = journey.app().recorded();
    let saved = saved.iter().find(|one| one.line == "POST /save").unwrap();
    assert!(!String::from_utf8_lossy(&saved.bytes).contains("ssn_token"));
}

async fn a_label_gives_the_focus_and_the_name(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    tab.click("label").await;
    tab.find("#ssn:state(focused)").await;
    tab.keys(SECRET).await;
    tab.enter("#ssn").await;
    let field = tab.find("#field:focus").await;
    let name = field.attr("aria-label").await.unwrap();
    assert_eq!(name.unwrap(), "Social security number");
    tab.leave().await;
    assert_eq!(tab.typed("#ssn").await, SECRET);
}

async fn who_is_not_logged_in_is_told(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    tab.open("/p/form").await;
    tab.find("#ssn:state(failed)").await;
    let message = tab
        .run("return document.querySelector('#ssn').validationMessage")
        .await;
    assert_eq!(message, "You are not logged in. Log in and try again.");
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#ssn:state(failed)").await;
    assert_eq!(tab.typed("#ssn").await, SECRET, "nothing typed is lost");
    assert_eq!(journey.app().count("POST /save"), 0);
    // Logged in in another tab.
    let page = tab.driver.window().await.unwrap();
    tab.driver.new_tab().await.unwrap();
    let windows = tab.driver.windows().await.unwrap();
    let other = windows.into_iter().find(|window| *window != page).unwrap();
    tab.driver.switch_to_window(other).await.unwrap();
    tab.open("/login/ann").await;
    tab.driver.switch_to_window(page).await.unwrap();
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

async fn a_file_comes_back_as_it_was(journey: &Journey) {
    let tab = &journey.tab;
    pages(
        journey,
        r#"<form method="post" action="/save">
          <luna-file id="photo" name="photo_token" session="{session}"></luna-file>
          <button id="save">Save</button></form>"#,
    );
    let show = "<luna-image id=image alt=Passport token={photo} session={session}></luna-image>\
         <luna-download id=download token={photo} session={session}>Passport</luna-download>";
    journey.app().set_page("show", &format!("{SCRIPT}{show}"));
    let file = photo();
    journey.open_as("ann", "form").await;
    tab.type_into("#photo", &file.path().display().to_string())
        .await;
    tab.click("#save").await;
    tab.find("#saved").await;
    tab.open("/p/show").await;
    tab.find("#image:state(shown)").await;
    tab.enter("#image").await;
    let picture = tab.find("#image").await;
    assert_eq!(picture.prop("naturalWidth").await.unwrap().unwrap(), "1");
    assert_eq!(picture.attr("alt").await.unwrap().unwrap(), "Passport");
    tab.enter("#download").await;
    assert_eq!(
        tab.find("#download").await.text().await.unwrap(),
        "Passport"
    );
}

async fn a_page_script_gets_a_token_and_never_the_value(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    let commit = "const done = arguments[0]; document.querySelector('#ssn').commit().then(done, e => done(String(e)))";
    let token = tab.run_async(commit).await;
    assert!(token.as_str().unwrap().starts_with("lunasec-"), "{token}");
    assert_eq!(
        tab.run_async(commit).await,
        token,
        "the same value has one token"
    );
    let value = "return new FormData(document.forms[0]).get('ssn_token')";
    assert_eq!(tab.run(value).await, token);
    tab.run("document.querySelector('#ssn').clear()").await;
    assert!(tab.run(value).await.is_null());
}
