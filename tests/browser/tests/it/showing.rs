//! Values, files and pictures that are shown, and when they are no longer.

use super::files::SIZE;
use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, never_came, pages, save};
use std::io::Write as _;

journeys![
    the_back_button_brings_nothing_back,
    what_is_shown_hides_after_its_time,
    a_large_file_shows_its_progress,
    another_token_shows_another_value,
    a_token_that_is_not_granted_is_refused_in_words,
    a_text_file_is_no_picture,
    a_mask_stands_for_a_hidden_value_and_never_in_the_page,
    the_code_of_a_card_is_shown_once_for_as_long_as_it_may,
];

async fn the_back_button_brings_nothing_back(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    journey.app().set_page("other", "<h1 id=other>Other</h1>");
    // What was typed.
    tab.open("/p/form").await;
    tab.type_into("#ssn", "219-09-9999").await;
    tab.open("/p/other").await;
    tab.find("#other").await;
    tab.driver.back().await.unwrap();
    assert_eq!(tab.typed("#ssn").await, "");
    // What was shown, while the session has ended.
    tab.open("/p/saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    tab.open("/logout").await;
    tab.driver.back().await.unwrap();
    tab.find("#saved").await;
    tab.enter("#value").await;
    let text = tab.find("#value").await.text().await.unwrap();
    assert!(!text.contains(SECRET), "{text}");
}

async fn what_is_shown_hides_after_its_time(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    let value = "<luna-value id=value reveal=click hide-after=0.2 token={ssn} session={session}></luna-value>";
    save(journey, "ann", SECRET).await;
    journey.app().set_page("show", &format!("{SCRIPT}{value}"));
    tab.open("/p/show").await;
    // It was there, and is not.
    let seen = "const done = arguments[0]; const value = document.querySelector('#value'); \
         let shown = 0; value.addEventListener('luna-shown', () => shown++); \
         value.addEventListener('luna-hidden', () => shown && done(shown)); \
         value.show()";
    tab.find("#value:state(ready)").await;
    assert_eq!(tab.run_async(seen).await, 1);
    tab.hidden("#value").await;
}

async fn a_large_file_shows_its_progress(journey: &Journey) {
    let tab = &journey.tab;
    let form = r#"<form method="post" action="/save">
          <luna-file id="photo" name="photo_token" aria-label="Scan" session="{session}"></luna-file>
          <button id="save">Save</button></form>"#;
    pages(journey, form);
    let mut file = tempfile::Builder::new().suffix(".pdf").tempfile().unwrap();
    file.write_all(&vec![b'x'; SIZE]).unwrap();
    journey.open_as("ann", "form").await;
    tab.type_into("#photo", file.path().display().to_string())
        .await;
    let front = journey.world.front_of_tokenizer();
    front.hold_after(SIZE / 10);
    let begun = "const done = arguments[0]; window.steps = []; \
         document.addEventListener('luna-progress', ({ detail }) => { steps.push(detail.percent); done(steps[0]); }); \
         window.sent = new Promise(sent => document.forms[0].addEventListener('submit', event => { \
           event.preventDefault(); sent(new FormData(event.target).get('photo_token')); })); \
         document.querySelector('#save').click()";
    // What the browser could not send yet it has not counted.
    let first = tab.run_async(begun).await.as_u64().unwrap();
    assert!((5..100).contains(&first), "{first}");
    front.mend();
    let done = "const done = arguments[0]; window.sent.then(token => done([steps, token]))";
    let result = tab.run_async(done).await;
    let steps: Vec<u64> = serde_json::from_value(result[0].clone()).unwrap();
    assert_eq!(steps.last(), Some(&100), "{steps:?}");
    assert!(
        steps.is_sorted() && steps.iter().all(|step| step % 5 == 0),
        "{steps:?}"
    );
    assert!(result[1].as_str().unwrap().starts_with("lunasec-"));
    // Saved again by the page, it comes back whole: see the journey of a download.
    never_came(journey, "xxxxxxxxxxxxxxxx");
}

async fn another_token_shows_another_value(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    assert_eq!(tab.shown("#value").await, SECRET);
    save(journey, "ann", "219-09-9999").await;
    let second = tab
        .run("return document.querySelector('#value').getAttribute('token')")
        .await;
    assert_eq!(tab.shown("#value").await, "219-09-9999");
    tab.run("document.querySelector('#value').removeAttribute('token')")
        .await;
    tab.hidden("#value").await;
    tab.run(&format!(
        "document.querySelector('#value').setAttribute('token', {second})"
    ))
    .await;
    assert_eq!(tab.shown("#value").await, "219-09-9999");
}

async fn a_token_that_is_not_granted_is_refused_in_words(journey: &Journey) {
    let tab = &journey.tab;
    let value = "<luna-value id=value token=lunasec-0a1b2c3d-1111-4222-8333-444455556666 session={session}></luna-value>";
    journey.app().set_page("show", &format!("{SCRIPT}{value}"));
    journey.open_as("ann", "show").await;
    tab.find("#value:state(failed)").await;
    let text = tab.within("#value", "[part=error]", "textContent").await;
    assert_eq!(text, "You may not see this at the moment.");
    let role = tab.within("#value", "[part=error]", "role").await;
    assert_eq!(role, "alert");
}

async fn a_text_file_is_no_picture(journey: &Journey) {
    let tab = &journey.tab;
    let form = r#"<form method="post" action="/save">
          <luna-file id="photo" name="photo_token" aria-label="Photo" session="{session}"></luna-file>
          <button id="save">Save</button></form>"#;
    pages(journey, form);
    let mut file = tempfile::Builder::new().suffix(".svg").tempfile().unwrap();
    file.write_all(b"<svg xmlns='http://www.w3.org/2000/svg'><script>parent.postMessage(1, '*')</script></svg>")
        .unwrap();
    journey.open_as("ann", "form").await;
    tab.type_into("#photo", file.path().display().to_string())
        .await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let image = "<luna-image id=image alt=Photo token={photo} session={session}></luna-image>";
    journey.app().set_page("show", &format!("{SCRIPT}{image}"));
    tab.open("/p/show").await;
    tab.find("#image:state(failed)").await;
    let message = "const done = arguments[0]; const image = document.querySelector('#image'); \
         image.addEventListener('luna-error', event => done(event.detail.name)); image.show()";
    assert_eq!(tab.run_async(message).await, "not-an-image");
    tab.enter("#image").await;
    tab.gone("img[src]").await;
}

async fn a_mask_stands_for_a_hidden_value_and_never_in_the_page(journey: &Journey) {
    const CARD: &str = "4111111111111111";
    let tab = &journey.tab;
    pages(
        journey,
        &FORM.replace("kind=\"ssn\"", "kind=\"card-number\""),
    );
    let front = journey.world.front_of_tokenizer();
    let described = || front.count("POST /v2/tokens/describe");
    save(journey, "ann", CARD).await;
    // What is shown at once has no use for a mask.
    assert_eq!(tab.shown("#value").await, CARD);
    assert_eq!(described(), 0);
    let value = "<luna-value id=value reveal=click aria-label=Card token={ssn} session={session}></luna-value>";
    journey.app().set_page("show", &format!("{SCRIPT}{value}"));
    tab.open("/p/show").await;
    let height = "return document.querySelector('#value').offsetHeight";
    let masked = "#value[role=img][aria-label='Card Visa •••• 1111']";
    tab.enter("#value").await;
    let text = tab.find(masked).await.text().await.unwrap();
    assert_eq!(text, "Visa •••• 1111");
    tab.leave().await;
    assert_eq!(described(), 1);
    let before = tab.run(height).await;
    let page = "const value = document.querySelector('#value'); \
         return document.documentElement.outerHTML + value.shadowRoot.innerHTML + value.innerText";
    let page = tab.run(page).await.to_string();
    assert!(!page.contains("1111") && !page.contains("Visa"), "{page}");
    tab.click_in("#value", "#toggle").await;
    assert_eq!(tab.shown("#value").await, CARD);
    assert_eq!(tab.run(height).await, before);
    tab.click_in("#value", "#toggle").await;
    tab.enter("#value").await;
    tab.find(masked).await;
    tab.leave().await;
    // After a log-out there is none.
    tab.open("/logout").await;
    tab.driver.back().await.unwrap();
    tab.enter("#value").await;
    let text = tab.find("#value").await.text().await.unwrap();
    assert!(!text.contains("1111"), "{text}");
    never_came(journey, CARD);
}

async fn the_code_of_a_card_is_shown_once_for_as_long_as_it_may(journey: &Journey) {
    const CODE: &str = "8362";
    let tab = &journey.tab;
    let form = FORM.replace("kind=\"ssn\"", "kind=\"card-cvc\" autocomplete=\"cc-csc\"");
    pages(journey, &form);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", CODE).await;
    tab.enter("#ssn").await;
    tab.find("#field[autocomplete=cc-csc]").await;
    let dots = "const field = document.querySelector('#field'); return field.type === 'password' \
         || getComputedStyle(field).getPropertyValue('-webkit-text-security') === 'disc'";
    assert_eq!(tab.run(dots).await, true);
    tab.leave().await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, CODE);
    // Whether it may stay is asked, and that is no read: none is left.
    tab.enter("#value").await;
    let asked = "const done = arguments[0]; document.dispatchEvent(new Event('visibilitychange')); \
         const look = () => performance.getEntriesByType('resource').some(({name}) => name.endsWith('/describe')) \
         ? setTimeout(() => done(document.querySelector('#value').textContent)) : setTimeout(look, 20); look()";
    assert_eq!(tab.run_async(asked).await, CODE);
    tab.leave().await;
    assert_eq!(tab.shown("#value").await, CODE);
    // The page once more would be a second read.
    tab.open("/p/saved").await;
    tab.find("#value:state(failed)").await;
    tab.hidden("#value").await;
}
