//! What a person does with the pages of an example, which are the same in each.

use crate::{Example, photo};

const SSN: &str = "078-05-1120";
const CARD: &str = "4111 1111 1111 1111";
/// As it is stored.
const CARD_NUMBER: &str = "4111111111111111";

/// Declares the journeys through the pages of an example, once for each browser: in a test of the example, whose
/// program is this one.
#[macro_export]
macro_rules! example_journeys {
    ($program:expr, $start:expr, $($name:ident),+ $(,)?) => {
        mod chromium {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::run_example(stringify!($name), $crate::Engine::Chromium, ($program, $start), $crate::story::$name).await;
            })+
        }
        mod firefox {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::run_example(stringify!($name), $crate::Engine::Firefox, ($program, $start), $crate::story::$name).await;
            })+
        }
    };
}

/// All of them, one after the other, in one browser.
pub async fn the_whole_story(example: &Example) {
    a_person_stores_three_secrets_and_sees_them_again(example).await;
    example.log_out().await;
    what_is_changed_is_changed_and_the_rest_stays(example).await;
    example.log_out().await;
    what_is_removed_is_gone(example).await;
    example.log_out().await;
    another_person_sees_their_own(example).await;
    example.log_out().await;
    the_support_sees_the_row_and_nothing_in_it(example).await;
    example.log_out().await;
    every_page_is_accessible(example).await;
}

/// Type, save, look, and look again after a reload.
pub async fn a_person_stores_three_secrets_and_sees_them_again(example: &Example) {
    let tab = &example.tab;
    example.log_in("ann").await;
    example.edit().await;
    store_all(example).await;
    for reload in [false, true] {
        if reload {
            tab.driver.refresh().await.unwrap();
        }
        tab.hidden("#ssn").await;
        assert_eq!(example.reveal("#ssn").await, SSN);
        assert_eq!(example.reveal("#card").await, CARD_NUMBER);
        tab.find("#photo:state(shown)").await;
        tab.enter("#photo").await;
        let picture = tab.find("#image").await;
        assert_eq!(picture.prop("naturalWidth").await.unwrap().unwrap(), "1");
        tab.leave().await;
    }
    let page = tab.driver.source().await.unwrap();
    for secret in [SSN, CARD, CARD_NUMBER] {
        assert!(!page.contains(secret));
    }
    example.never_printed(&[SSN, CARD, CARD_NUMBER]);
}

/// Fills in the form, and saves it.
async fn store_all(example: &Example) {
    let tab = &example.tab;
    tab.type_into("#ssn", SSN).await;
    tab.type_into("#card", CARD).await;
    let file = photo();
    tab.type_into("#photo", file.path().display().to_string())
        .await;
    example.save().await;
}

/// One field is typed anew; the others send their own tokens back.
pub async fn what_is_changed_is_changed_and_the_rest_stays(example: &Example) {
    let tab = &example.tab;
    example.log_in("carl").await;
    example.edit().await;
    tab.type_into("#ssn", SSN).await;
    tab.type_into("#card", CARD).await;
    example.save().await;
    let (ssn, card) = (example.token("#ssn").await, example.token("#card").await);
    example.edit().await;
    assert_eq!(tab.typed("#ssn").await, "", "the field never loads a value");
    tab.type_into("#ssn", "219-09-9999").await;
    example.save().await;
    assert_ne!(example.token("#ssn").await, ssn);
    assert_eq!(example.token("#card").await, card);
    assert_eq!(example.reveal("#ssn").await, "219-09-9999");
    assert_eq!(example.reveal("#card").await, CARD_NUMBER);
    // And a form that nobody touched changes nothing.
    let ssn = example.token("#ssn").await;
    example.edit().await;
    example.save().await;
    assert_eq!(example.token("#ssn").await, ssn);
}

/// A button removes a value; a wrong one is not sent.
pub async fn what_is_removed_is_gone(example: &Example) {
    let tab = &example.tab;
    example.log_in("dora").await;
    example.edit().await;
    tab.type_into("#ssn", "000-12-3456").await;
    tab.click("main button").await;
    tab.find("#ssn:state(invalid)").await;
    tab.enter("#ssn").await;
    tab.find("#field").await.clear().await.unwrap();
    tab.leave().await;
    tab.type_into("#ssn", SSN).await;
    tab.type_into("#card", CARD).await;
    example.save().await;
    tab.click("button[name='field'][value='ssn']").await;
    tab.gone("#ssn").await;
    assert_eq!(example.reveal("#card").await, CARD_NUMBER);
    tab.driver.refresh().await.unwrap();
    tab.find("#card:state(ready)").await;
    assert_eq!(
        tab.run("return document.querySelector('#ssn')").await,
        serde_json::Value::Null
    );
}

/// Log out, and in as another in the same tab.
pub async fn another_person_sees_their_own(example: &Example) {
    let tab = &example.tab;
    for (user, value) in [("emma", SSN), ("fred", "219-09-9999")] {
        example.log_in(user).await;
        tab.find(".none").await;
        example.edit().await;
        tab.type_into("#ssn", value).await;
        example.save().await;
        assert_eq!(example.reveal("#ssn").await, value);
        example.log_out().await;
    }
    example.log_in("emma").await;
    assert_eq!(example.reveal("#ssn").await, SSN);
}

/// The tokens are in the support's page, and the frame shows nothing for them.
pub async fn the_support_sees_the_row_and_nothing_in_it(example: &Example) {
    let tab = &example.tab;
    example.log_in("gina").await;
    example.edit().await;
    tab.type_into("#ssn", SSN).await;
    let file = photo();
    tab.type_into("#photo", file.path().display().to_string())
        .await;
    example.save().await;
    let token = example.token("#ssn").await;
    example.log_out().await;

    example.log_in("support").await;
    tab.click("a[href='/people']").await;
    tab.click("a[href='/people/gina']").await;
    tab.find("#download:state(ready)").await;
    assert_eq!(example.token("#ssn").await, token);
    // The element tells of the refusal.
    example.provoke("(refused)");
    tab.click_in("#ssn", "#toggle").await;
    tab.find("#ssn:state(failed)").await;
    tab.hidden("#ssn").await;
    tab.click_in("#download", "#download").await;
    tab.find("#download:state(failed)").await;
    let said = tab.within("#ssn", "[part=error]", "textContent").await;
    assert_eq!(said, "You may not see this at the moment.");
}

/// axe finds nothing in any page, nor in any frame.
pub async fn every_page_is_accessible(example: &Example) {
    let tab = &example.tab;
    tab.open("/").await;
    tab.find("#user").await;
    example.assert_accessible().await;
    example.log_in("helen").await;
    example.assert_accessible().await;
    example.edit().await;
    example.assert_accessible().await;
    store_all(example).await;
    example.reveal("#ssn").await;
    tab.find("#photo:state(shown)").await;
    example.assert_accessible().await;
    example.edit().await;
    tab.type_into("#ssn", "000-12-3456").await;
    tab.click("main button").await;
    tab.find("#ssn:state(invalid)").await;
    example.assert_accessible().await;
    tab.open("/").await;
    example.log_out().await;
    example.log_in("support").await;
    for page in ["/people", "/people/helen"] {
        tab.open(page).await;
        tab.find("h1").await;
        example.assert_accessible().await;
    }
}
