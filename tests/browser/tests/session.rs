//! The session at the tokenizer, in real browsers: how it comes, ends and changes, wherever the tokenizer is and
//! whatever the browser does with its cookies.

#![expect(
    clippy::unwrap_used,
    reason = "the lint knows test functions, not the helpers of an integration test"
)]

use lunadefend_browser_tests::{Engine, Journey, ThirdPartyCookies, run_with, settings};
use lunadefend_tests::{Hosts, Settings};
use lunadefend_tokenizer::{CookiePolicy, TokenizerConfigBuilder};
use std::time::Duration;

type Cookies = fn(TokenizerConfigBuilder) -> TokenizerConfigBuilder;

const STRICT: Cookies = |config| config.cookie_policy(CookiePolicy::SameSite);
const ANY_SITE: Cookies = |config| config.cookie_policy(CookiePolicy::CrossSite);

/// Declares journeys in one regime, for both engines: where the tokenizer is, whether browsers come by https, what
/// its cookies say, and what the browser does with those of other sites.
macro_rules! regime {
    ($regime:ident: $hosts:ident, $https:literal, $cookies:ident, $browser:ident; $($name:ident),+ $(,)?) => {
        mod $regime {
            regime!(@engine chromium Chromium $regime $hosts $https $cookies $browser $($name)+);
            regime!(@engine firefox Firefox $regime $hosts $https $cookies $browser $($name)+);
        }
    };
    (@engine $module:ident $engine:ident $regime:ident $hosts:ident $https:literal $cookies:ident $browser:ident
        $($name:ident)+) => {
        mod $module {
            use super::super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let settings = Settings {
                    hosts: Hosts::$hosts,
                    https: $https,
                    tokenizer: $cookies,
                    ..settings()
                };
                let name = concat!(stringify!($regime), "-", stringify!($name));
                let browser = ThirdPartyCookies::$browser;
                run_with(name, Engine::$engine, settings, browser, super::super::$name).await;
            })+
        }
    };
}

regime![same_site_http: SameSiteLocalhost, false, STRICT, Default;
    people_take_turns_and_each_sees_their_own,
    a_session_that_expires_while_somebody_types_comes_again,
    what_is_shown_goes_when_the_person_logs_out_elsewhere,
    ten_fields_make_one_check_and_one_transfer,
];
regime![same_site_https: SameSiteLocalhost, true, STRICT, Default;
    people_take_turns_and_each_sees_their_own,
    a_session_that_expires_while_somebody_types_comes_again,
];
regime![same_site_any_cookies_https: SameSiteLocalhost, true, ANY_SITE, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![cross_site_http: CrossSiteLocalhost, false, ANY_SITE, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![cross_site_https: CrossSiteLocalhost, true, ANY_SITE, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![partitioned_http: CrossSiteLocalhost, false, ANY_SITE, Partitioned;
    people_take_turns_and_each_sees_their_own,
];
regime![partitioned_https: CrossSiteLocalhost, true, ANY_SITE, Partitioned;
    people_take_turns_and_each_sees_their_own,
    a_session_that_expires_while_somebody_types_comes_again,
    what_is_shown_goes_when_the_person_logs_out_elsewhere,
    ten_fields_make_one_check_and_one_transfer,
];

/// Firefox alone can keep no cookie at all for a frame of another site.
mod blocked {
    use super::*;

    async fn run(https: bool, name: &str) {
        let settings = Settings {
            hosts: Hosts::CrossSiteLocalhost,
            https,
            tokenizer: ANY_SITE,
            ..settings()
        };
        let cookies = ThirdPartyCookies::Blocked;
        run_with(
            name,
            Engine::Firefox,
            settings,
            cookies,
            blocked_cookies_are_said_in_words,
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn firefox_http() {
        run(false, "blocked-http").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn firefox_https() {
        run(true, "blocked-https").await;
    }
}

const SECRET: &str = "078-05-1120";
const OTHER_SECRET: &str = "219-09-9999";
const SCRIPT: &str = "<script type=module src={tokenizer}/elements/v1.js crossorigin></script>";
const FORM: &str = r#"
    <form method="post" action="/save">
      <luna-input id="ssn" name="ssn_token" kind="ssn" aria-label="SSN" session="{session}"></luna-input>
      <button id="save">Save</button>
    </form>"#;
const SAVED: &str = "<h1 id=saved>Saved</h1>
    <luna-value id=value token={ssn} aria-label=SSN session={session}></luna-value>";

fn pages(journey: &Journey) {
    journey.app().set_page("form", &format!("{SCRIPT}{FORM}"));
    journey.app().set_page("saved", &format!("{SCRIPT}{SAVED}"));
}

async fn save(journey: &Journey, value: &str) {
    journey.tab.type_into("#ssn", value).await;
    send(journey, value).await;
}

/// Sends the form, and reads what was typed.
async fn send(journey: &Journey, value: &str) {
    let tab = &journey.tab;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, value);
}

/// How many transfers have begun, at the tokenizer and at the application.
fn transfers(journey: &Journey) -> (usize, usize) {
    (
        journey
            .world
            .front_of_tokenizer()
            .count("POST /session/state"),
        journey.app().count("GET /.lunasec/secure-frame"),
    )
}

async fn people_take_turns_and_each_sees_their_own(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey);
    journey.open_as("ann", "form").await;
    save(journey, SECRET).await;
    assert_eq!(transfers(journey), (1, 1));
    // Another tab has the session already.
    let first = tab.open_beside("/p/saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    assert_eq!(transfers(journey), (1, 1));
    tab.return_to(first).await;

    tab.open("/logout").await;
    journey.open_as("bob", "form").await;
    save(journey, OTHER_SECRET).await;
    assert_eq!(transfers(journey), (2, 2));

    tab.open("/logout").await;
    journey.open_as("ann", "saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    assert_ne!(journey.app().ssn_of("ann"), journey.app().ssn_of("bob"));
    journey.assert_quiet().await;
}

async fn a_session_that_expires_while_somebody_types_comes_again(journey: &Journey) {
    pages(journey);
    journey.open_as("ann", "form").await;
    let tab = &journey.tab;
    tab.find("#ssn:state(ready)").await;
    tab.type_into("#ssn", &SECRET[..4]).await;
    assert_eq!(transfers(journey), (1, 1));
    let lifetime = Duration::from_secs(15 * 60);
    journey.world.clock.advance(lifetime);
    tab.type_into("#ssn", &SECRET[4..]).await;
    send(journey, SECRET).await;
    assert_eq!(transfers(journey), (2, 2));
}

async fn what_is_shown_goes_when_the_person_logs_out_elsewhere(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey);
    journey.open_as("ann", "form").await;
    save(journey, SECRET).await;
    let first = tab.open_beside("/logout").await;
    tab.return_to(first).await;
    tab.hidden("#value").await;
    let message = "return document.querySelector('#value').shadowRoot.querySelector('[part=error]').textContent";
    tab.find("#value:state(failed)").await;
    assert_eq!(
        tab.run(message).await,
        "You are not logged in. Log in and try again."
    );
}

async fn ten_fields_make_one_check_and_one_transfer(journey: &Journey) {
    let tab = &journey.tab;
    let fields: String = (0..10)
        .map(|n| format!("<luna-input id=f{n} aria-label=f session={{session}}></luna-input>"))
        .collect();
    journey.app().set_page("form", &format!("{SCRIPT}{fields}"));
    journey.open_as("ann", "form").await;
    // Without a session there is one check before the transfer, and one after it.
    for (checks, round) in [(2, "first"), (3, "again")] {
        for n in 0..10 {
            tab.find(&format!("#f{n}:state(ready)")).await;
        }
        // A token proves that all is done.
        tab.type_into("#f9", "x").await;
        let commit = "const done = arguments[0]; document.querySelector('#f9').commit().then(done, e => done(String(e)))";
        let token = tab.run_async(commit).await;
        assert!(token.as_str().unwrap().starts_with("lunasec-"), "{token}");
        let front = journey.world.front_of_tokenizer();
        assert_eq!(front.count("GET /session/verify"), checks, "{round}");
        assert_eq!(transfers(journey), (1, 1), "{round}");
        tab.driver.refresh().await.unwrap();
    }
    journey.assert_quiet().await;
}

async fn blocked_cookies_are_said_in_words(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(failed)").await;
    let message = "return document.querySelector('#ssn').shadowRoot.querySelector('[part=error]').textContent";
    assert_eq!(
        tab.run(message).await,
        "Your browser blocks the cookies of the secure service on this page."
    );
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#ssn:state(failed)").await;
    assert_eq!(tab.typed("#ssn").await, SECRET, "nothing typed is lost");
    assert_eq!(journey.app().count("POST /save"), 0);
}
