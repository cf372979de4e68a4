//! Where the tokenizer is: of the same site or another one, by http and by https.

use super::scene::{is_well, leave_field, page, set_pages, text, type_into, value};
use lunadefend_browser_tests::{Engine, Journey, SECRET, ThirdPartyCookies, run_with, settings};
use lunadefend_tests::{Hosts, Settings};
use lunadefend_tokenizer::CookiePolicy;
use serde_json::json;

/// Declares tests in one place for each browser.
macro_rules! place {
    ($place:ident: $hosts:ident, $https:literal; $($name:ident),+ $(,)?) => {
        mod $place {
            use super::*;

            async fn run(name: &str, engine: Engine, test: impl AsyncFnOnce(&Journey)) {
                let name = format!("{}-{name}", stringify!($place));
                run_at(&name, engine, Hosts::$hosts, $https, test).await;
            }

            lunadefend_browser_tests::in_each_browser!(super::run: $($name),+);
        }
    };
}

place![same_site_https: SameSiteLocalhost, true; values_are_saved_and_read_again];
place![cross_site_http: CrossSiteLocalhost, false;
    values_are_saved_and_read_again,
    a_lax_cookie_is_not_enough_in_every_browser,
];
place![cross_site_https: CrossSiteLocalhost, true;
    values_are_saved_and_read_again,
    a_lax_cookie_is_not_enough_in_every_browser,
];

async fn run_at(
    name: &str,
    engine: Engine,
    hosts: Hosts,
    https: bool,
    test: impl AsyncFnOnce(&Journey),
) {
    let settings = Settings {
        hosts,
        https,
        tokenizer: match hosts {
            Hosts::CrossSiteLocalhost => |builder| {
                let builder = builder.cookie_policy(CookiePolicy::CrossSite);
                builder.react_sdk(true)
            },
            _ => |builder| builder.react_sdk(true),
        },
        ..settings()
    };
    run_with(name, engine, settings, ThirdPartyCookies::Default, test).await;
}

async fn values_are_saved_and_read_again(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    tab.open("/login/ann?any-site").await;
    tab.open("/p/form").await;
    type_into(tab, "ssn", SECRET).await;
    type_into(tab, "card", "two\nlines").await;
    leave_field(tab).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(text(tab, "ssn").await, SECRET);
    assert_eq!(text(tab, "card").await, "two\nlines");
    assert_eq!(value(tab, "again").await, SECRET);
    is_well(journey, &[SECRET, "two\nlines"]).await;
    assert!(page(tab, "return sdk.refused").await.is_null());
}

/// Firefox sends no cookie that is `Lax` to the application after the detour over the tokenizer's site.
async fn a_lax_cookie_is_not_enough_in_every_browser(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    let refused = page(tab, "return sdk.refused").await;
    match journey.engine {
        Engine::Chromium => assert!(refused.is_null(), "{refused}"),
        Engine::Firefox => assert_eq!(refused["name"], json!("authError")),
    }
}
