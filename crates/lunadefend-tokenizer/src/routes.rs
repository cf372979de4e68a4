//! The table of routes: wire levels 1 and 2, values, and the operator's routes.
//!
//! A new route is a row here and a handler in `routes/`. `route.rs` defines the rows.

mod assets;
mod batches;
mod blobs;
mod discovery;
mod grants;
mod health;
mod session;
mod sessions;
mod status;
mod tokens;

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY};
use lunadefend_core::wire::{self, Destroys, GrantsRevoke, TokensDelete};

use crate::{
    headers::RESOURCE_POLICY,
    route::{Audience, Readers, Route},
};

/// For verdicts: nothing on the way may answer in the tokenizer's place, nor change what it said.
const NEVER_KEPT_NOR_CHANGED: &str = "no-store, no-transform";

/// Returns all routes.
pub(crate) fn table() -> Vec<Route> {
    use Audience::{
        Anyone, Application, Destroyer, Frame, FrameOrJwt, Operator, Page, SignedUrl, Transfer,
    };
    vec![
        Route::new("/grant/set", Application).post(grants::set),
        Route::new("/grant/verify", Application).post(grants::verify),
        Route::new("/v2/sessions/revoke", Application).post(sessions::revoke),
        Route::new("/v2/grants/set", Application)
            .post_within(wire::BATCH, batches::set)
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        Route::new("/v2/grants/verify", Application)
            .post_within(wire::BATCH, batches::verify)
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        Route::new(GrantsRevoke::ROUTE, Destroyer).post(grants::revoke),
        Route::new(TokensDelete::ROUTE, Destroyer).post(tokens::delete),
        Route::new("/tokenize", FrameOrJwt).post(tokens::tokenize),
        Route::new("/detokenize", FrameOrJwt).post(tokens::detokenize),
        Route::new("/metadata/get", FrameOrJwt).post(tokens::metadata),
        // Else a browser turns a response into a network error, and the page's own code fails with it.
        // Pages get there by `no-cors` requests, which can read nothing of it.
        Route::new(session::ENSURE, Transfer)
            .get_and_head(session::ensure)
            .header(RESOURCE_POLICY, "cross-origin"),
        // HEAD would use up the state.
        Route::new("/session/create", Transfer)
            .get(session::create)
            .header(RESOURCE_POLICY, "cross-origin"),
        Route::new("/session/verify", Page)
            .get(session::verify)
            .readers(Readers::Application),
        Route::new("/session/state", Frame).post(session::state),
        Route::new("/session/end", Frame).post(session::end),
        Route::new(blobs::PATH, SignedUrl)
            .label("/blob")
            .put_value(blobs::upload)
            .get_and_head(blobs::download)
            .readers(Readers::Frame)
            .header(
                CONTENT_SECURITY_POLICY,
                "sandbox; default-src 'none'; frame-ancestors 'none'",
            ),
        Route::new("/elements/{name}", Anyone)
            .label("/elements")
            .get_and_head(assets::elements)
            // The module is the same for everyone; a page may load it with an integrity hash only by CORS.
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(RESOURCE_POLICY, "cross-origin"),
        Route::new("/frame", Anyone)
            .get_and_head(assets::frame)
            // Also of its refusals: no cache may give a frame what a page of its own got, or the reverse.
            .header(VARY, "Sec-Fetch-Dest"),
        Route::new("/frame/{name}", Anyone)
            .label("/frame/file")
            .get_and_head(assets::frame_file),
        Route::new(wire::DISCOVERY_PATH, Anyone).get_and_head(discovery::document),
        Route::new("/health", Anyone).get_and_head(health::check),
        Route::new("/status", Operator).get(status::show),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_is_one_row_and_is_in_the_readme() {
        let table = table();
        for (number, row) in table.iter().enumerate() {
            let others = table.iter().skip(number + 1);
            assert!(
                others
                    .clone()
                    .all(|other| other.path != row.path && other.label != row.label)
            );
            // A label is logged, and must hold nothing of a request.
            assert!(!row.label.contains('{'), "{}", row.label);
            let methods = row.methods.iter();
            assert!(
                methods.clone().all(|method| {
                    methods.clone().filter(|other| *other == method).count() == 1
                })
            );
            let readme = include_str!("../README.md");
            assert!(readme.contains(&format!(" {}", row.label)), "{}", row.label);
        }
    }
}
