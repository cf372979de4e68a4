//! The session at the tokenizer, in real browsers: how it comes, ends and changes, wherever the tokenizer is and
//! whatever the browser does with its cookies.

use lunadefend_browser_tests::{
    Engine, FORM, Journey, SCRIPT, SECRET, ThirdPartyCookies, never_came, pages, run_with, save,
    settings,
};
use lunadefend_tests::{Hosts, Settings};
use lunadefend_tokenizer::CookiePolicy;
use std::{collections::BTreeMap, time::Duration};

/// Where the tokenizer is, whether browsers come by https, what its cookies say, and what browsers do with those of
/// other sites.
struct Regime(Hosts, bool, CookiePolicy, ThirdPartyCookies);

/// Declares journeys in one regime. Both browsers take the same one in turn, as few of them run at once.
macro_rules! regime {
    ($regime:ident: $hosts:ident, $https:literal, $cookies:ident, $browser:ident; $($name:ident),+ $(,)?) => {
        mod $regime {
            use super::*;

            const REGIME: Regime = Regime(
                Hosts::$hosts,
                $https,
                CookiePolicy::$cookies,
                ThirdPartyCookies::$browser,
            );

            $(mod $name {
                use super::*;

                const NAME: &str = concat!(stringify!($regime), "-", stringify!($name));

                #[tokio::test(flavor = "multi_thread")]
                async fn chromium() {
                    REGIME.run(NAME, Engine::Chromium, super::super::$name).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn firefox() {
                    REGIME.run(NAME, Engine::Firefox, super::super::$name).await;
                }
            })+
        }
    };
}

impl Regime {
    async fn run(self, name: &str, engine: Engine, test: impl AsyncFnOnce(&Journey)) {
        let Self(hosts, https, cookies, browser) = self;
        let settings = Settings {
            hosts,
            https,
            tokenizer: match cookies {
                CookiePolicy::SameSite => |config| config.cookie_policy(CookiePolicy::SameSite),
                CookiePolicy::CrossSite => |config| config.cookie_policy(CookiePolicy::CrossSite),
            },
            ..settings()
        };
        run_with(name, engine, settings, browser, test).await;
    }
}

regime![http_same_site: SameSiteLocalhost, false, SameSite, Default;
    people_take_turns_and_each_sees_their_own,
    a_session_that_expires_while_somebody_types_comes_again,
    a_log_out_ends_what_is_shown_in_every_tab,
    ten_fields_make_one_check_and_one_transfer,
    five_tabs_at_once,
];
regime![http_same_site_lax: SameSiteLocalhost, false, CrossSite, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![http_other_site: CrossSiteLocalhost, false, CrossSite, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![http_third_party_blocked: CrossSiteLocalhost, false, CrossSite, Partitioned;
    people_take_turns_and_each_sees_their_own,
];
regime![https_same_site: SameSiteLocalhost, true, SameSite, Default;
    people_take_turns_and_each_sees_their_own,
    a_session_that_expires_while_somebody_types_comes_again,
];
regime![https_same_site_partitioned: SameSiteLocalhost, true, CrossSite, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![https_other_site: CrossSiteLocalhost, true, CrossSite, Default;
    people_take_turns_and_each_sees_their_own,
];
regime![https_third_party_blocked: CrossSiteLocalhost, true, CrossSite, Partitioned;
    people_take_turns_and_each_sees_their_own,
    a_session_that_expires_while_somebody_types_comes_again,
    a_log_out_ends_what_is_shown_in_every_tab,
    ten_fields_make_one_check_and_one_transfer,
    five_tabs_at_once,
];

/// Firefox alone can keep no cookie at all for a frame of another site.
mod no_cookies {
    use super::*;

    async fn run(name: &str, https: bool) {
        let blocked = ThirdPartyCookies::Blocked;
        let regime = Regime(
            Hosts::CrossSiteLocalhost,
            https,
            CookiePolicy::CrossSite,
            blocked,
        );
        let test = blocked_cookies_are_said_in_words;
        regime.run(name, Engine::Firefox, test).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn firefox_http() {
        run("no-cookies-http", false).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn firefox_https() {
        run("no-cookies-https", true).await;
    }
}

const OTHER_SECRET: &str = "219-09-9999";
/// How long a session lasts at the tokenizer.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// How many transfers have begun, at the tokenizer and at the application.
fn transfers(journey: &Journey) -> (usize, usize) {
    let front = journey.world.front_of_tokenizer();
    let states = front.count("POST /session/state");
    (states, journey.app().count("GET /.lunasec/secure-frame"))
}

/// What is shown goes, and people are told why.
async fn goes(journey: &Journey, why: &str) {
    let tab = &journey.tab;
    tab.find("#value:state(failed)").await;
    tab.hidden("#value").await;
    let said = tab.within("#value", "[part=error]", "textContent").await;
    assert_eq!(said, why);
}

/// The browser complains of nothing. Who is quick sends a form before the session is there, and it asks in vain once.
async fn assert_quiet(journey: &Journey) {
    let console = journey.console().await;
    let quick = |line: &&String| line.contains("/tokenize");
    let console: Vec<_> = console.iter().filter(|line| !quick(line)).collect();
    assert!(console.is_empty(), "on the console: {console:#?}");
}

async fn people_take_turns_and_each_sees_their_own(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    assert_eq!(tab.shown("#value").await, SECRET);
    assert_eq!(transfers(journey), (1, 1));
    // Another tab has the session already.
    let first = tab.open_beside("/p/saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    assert_eq!(transfers(journey), (1, 1));
    tab.return_to(first).await;

    tab.open("/logout").await;
    save(journey, "bob", OTHER_SECRET).await;
    assert_eq!(tab.shown("#value").await, OTHER_SECRET);
    assert_eq!(transfers(journey), (2, 2));
    assert_ne!(journey.app().ssn_of("ann"), journey.app().ssn_of("bob"));
    assert_quiet(journey).await;

    // In a second tab, while the first still shows what was the other's.
    let first = tab.open_beside("/logout").await;
    journey.open_as("ann", "saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    tab.return_to(first).await;
    let why = "You are now logged in as somebody else. Reload the page.";
    goes(journey, why).await;
    tab.driver.refresh().await.unwrap();
    assert_eq!(tab.shown("#value").await, SECRET);
    for secret in [SECRET, OTHER_SECRET] {
        never_came(journey, secret);
    }
}

async fn a_session_that_expires_while_somebody_types_comes_again(journey: &Journey) {
    let tab = &journey.tab;
    let value = "<luna-value id=value token={ssn} session={session}></luna-value>";
    pages(journey, &format!("{FORM}{value}"));
    save(journey, "ann", SECRET).await;
    tab.open("/p/form").await;
    // There is a session, and the page has found it.
    assert_eq!(tab.shown("#value").await, SECRET);
    assert_eq!(transfers(journey), (1, 1));
    let (first, second) = OTHER_SECRET.split_at(4);
    tab.type_into("#ssn", first).await;
    journey.world.clock.advance(LIFETIME);
    tab.type_into("#ssn", second).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, OTHER_SECRET);
    assert_eq!(transfers(journey), (2, 2));
}

async fn a_log_out_ends_what_is_shown_in_every_tab(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    assert_eq!(tab.shown("#value").await, SECRET);
    let first = tab.open_beside("/p/saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    let second = tab.open_beside("/logout").await;
    for before in [second, first] {
        tab.return_to(before).await;
        goes(journey, "You are not logged in. Log in and try again.").await;
    }
    never_came(journey, SECRET);
}

async fn ten_fields_make_one_check_and_one_transfer(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    let fields: String = (0..10)
        .map(|n| format!("<luna-input id=f{n} aria-label=f session={{session}}></luna-input>"))
        .collect();
    let value = "<luna-value id=value token={ssn} session={session}></luna-value>";
    let page = format!("{SCRIPT}{fields}{value}");
    journey.app().set_page("many", &page);
    save(journey, "ann", SECRET).await;
    // Before this the page may still be looking for its session.
    assert_eq!(tab.shown("#value").await, SECRET);
    let front = journey.world.front_of_tokenizer();
    let checks = || front.count("GET /session/verify");
    let look = async || {
        let (checked, (states, requests)) = (checks(), transfers(journey));
        tab.open("/p/many").await;
        for n in 0..10 {
            tab.find(&format!("#f{n}:state(ready)")).await;
        }
        assert_eq!(tab.shown("#value").await, SECRET);
        // Whatever else they would ask came before this.
        tab.type_into("#f9", "x").await;
        let commit = "const done = arguments[0]; \
             document.querySelector('#f9').commit().then(done, error => done(String(error)))";
        let token = tab.run_async(commit).await;
        assert!(token.as_str().unwrap().starts_with("lunasec-"), "{token}");
        let after = transfers(journey);
        (checks() - checked, (after.0 - states, after.1 - requests))
    };
    assert_eq!(look().await, (1, (0, 0)), "the session is there");
    tab.open("/logout").await;
    tab.open("/login/ann").await;
    // It looks again whether the transfer has worked.
    assert_eq!(look().await, (2, (1, 1)), "there is none");
}

/// Open before anything is typed, all typed before anything is saved, all saved before anything is read.
async fn five_tabs_at_once(journey: &Journey) {
    const TABS: usize = 5;
    let tab = &journey.tab;
    let value = |number: usize| format!("219-09-{:04}", 1000 + number);
    for number in 0..TABS {
        let note = format!("<input type=hidden name=note value=tab{number}><button");
        let form = FORM.replace("<button", &note);
        let page = format!("{SCRIPT}{form}");
        journey.app().set_page(&format!("form{number}"), &page);
    }
    pages(journey, FORM);
    tab.open("/login/ann").await;
    let first = tab.driver.window().await.unwrap();
    let mut windows = Vec::new();
    for number in 0..TABS {
        tab.run(&format!("window.open('/p/form{number}', '_blank')"))
            .await;
        let mut all = tab.driver.windows().await.unwrap();
        all.retain(|window| *window != first && !windows.contains(window));
        assert_eq!(all.len(), 1);
        windows.append(&mut all);
    }
    for (number, window) in windows.iter().enumerate() {
        tab.driver.switch_to_window(window.clone()).await.unwrap();
        tab.type_into("#ssn", value(number)).await;
    }
    for window in &windows {
        tab.driver.switch_to_window(window.clone()).await.unwrap();
        tab.click("#save").await;
    }
    for window in &windows {
        tab.driver.switch_to_window(window.clone()).await.unwrap();
        tab.find("#saved").await;
    }
    let tokens = saved(journey);
    for number in 0..TABS {
        let token = &tokens[&format!("tab{number}")];
        let page =
            format!("{SCRIPT}<luna-value id=value token={token} session={{session}}></luna-value>");
        journey.app().set_page(&format!("read{number}"), &page);
    }
    for (number, window) in windows.iter().enumerate() {
        tab.driver.switch_to_window(window.clone()).await.unwrap();
        tab.open(&format!("/p/read{number}")).await;
    }
    for (number, window) in windows.iter().enumerate() {
        tab.driver.switch_to_window(window.clone()).await.unwrap();
        assert_eq!(tab.shown("#value").await, value(number));
        never_came(journey, &value(number));
    }
}

/// What came with the forms: the note, and the token.
fn saved(journey: &Journey) -> BTreeMap<String, String> {
    let all = journey.app().recorded();
    let forms = all.iter().filter(|one| one.line == "POST /save");
    forms
        .map(|form| {
            let text = String::from_utf8_lossy(&form.bytes);
            let body = text.lines().last().unwrap();
            let member = |name: &str| {
                let mut pairs = body.split('&');
                let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                value.unwrap().to_owned()
            };
            (member("note"), member("ssn_token"))
        })
        .collect()
}

async fn blocked_cookies_are_said_in_words(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(failed)").await;
    let said = tab.within("#ssn", "[part=error]", "textContent").await;
    let why = "Your browser blocks the cookies of the secure service on this page.";
    assert_eq!(said, why);
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#ssn:state(failed)").await;
    assert_eq!(tab.typed("#ssn").await, SECRET, "nothing typed is lost");
    assert_eq!(journey.app().count("POST /save"), 0);
}
