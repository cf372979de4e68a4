//! The table of routes: wire levels 1 and 2, values, and the operator's routes.
//!
//! A new route is a row here and a handler in `routes/`. `route.rs` defines the rows.

mod assets;
mod backup;
mod batches;
mod blobs;
mod discovery;
mod grants;
mod health;
mod keys;
mod metrics;
mod probes;
mod session;
mod sessions;
mod status;
mod tokens;
mod values;

use crate::{
    headers::RESOURCE_POLICY,
    operation::{bytes, data, document, done},
    route::{Audience, Readers, Route},
};
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, SET_COOKIE, VARY,
};
use lunadefend_audit::Act;
use lunadefend_core::wire::{
    self, BatchAnswer, Destroys, Discovery, Empty, GrantVerified, GrantedItem, GrantsRevoke,
    RewrapDone, TokensDelete, TokensDescribed, VerifiedItem, WrappingKeyNumber, WrappingKeys,
};

/// For verdicts and values: nothing on the way may answer in the tokenizer's place, nor change what it said.
const NEVER_KEPT_NOR_CHANGED: &str = "no-store, no-transform";

/// Returns all routes.
pub(crate) fn table() -> Vec<Route> {
    use Audience::{
        Anyone, Application, Destroyer, Frame, FrameOrJwt, Operator, Page, Scraper, SignedUrl,
        Transfer,
    };
    vec![
        Route::new("/grant/set", Application)
            .post(grants::about_set(), grants::set)
            .audited(Act::Grant),
        Route::new("/grant/verify", Application).post(
            data::<GrantVerified>("Says whether a session holds a live grant for a token.")
                .then("/v2/grants/revoke", grants::TOKEN_OF_SESSION),
            grants::verify,
        ),
        Route::new("/v2/sessions/revoke", Application)
            .post(
                data::<Empty>("Ends a session for good, with all its grants."),
                sessions::revoke,
            )
            .audited(Act::EndSession),
        Route::new("/v2/grants/set", Application)
            .post_within(
                wire::BATCH,
                data::<BatchAnswer<GrantedItem>>(
                    "Grants up to 100 tokens. The answers are in the order of the items.",
                ),
                batches::set,
            )
            .audited(Act::Grant)
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        Route::new("/v2/grants/verify", Application)
            .post_within(
                wire::BATCH,
                data::<BatchAnswer<VerifiedItem>>(
                    "Says of up to 100 tokens whether a session holds a live grant.",
                ),
                batches::verify,
            )
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        Route::new(GrantsRevoke::ROUTE, Destroyer)
            .post(
                data::<Empty>("Ends the grant of one session, or of all without `sessionId`.")
                    .then("/grant/verify", r#"{"tokenId":"$request.body#/tokenId"}"#),
                grants::revoke,
            )
            .audited(Act::Revoke),
        Route::new(TokensDelete::ROUTE, Destroyer)
            .post(tokens::about_delete(), tokens::delete)
            .audited(Act::Delete),
        Route::new("/tokenize", FrameOrJwt)
            .post(tokens::about_tokenize(), tokens::tokenize)
            .audited(Act::Tokenize),
        Route::new("/detokenize", FrameOrJwt)
            .post(tokens::about_detokenize(), tokens::detokenize)
            .audited(Act::Detokenize),
        Route::new("/metadata/get", FrameOrJwt)
            .post(tokens::about_metadata(), tokens::metadata)
            .audited(Act::Describe),
        Route::new("/metadata/set", FrameOrJwt)
            .post(tokens::about_set_metadata(), tokens::set_metadata)
            .audited(Act::SetMetadata),
        Route::new("/v2/tokenize", FrameOrJwt)
            .post(values::about_tokenize(), values::tokenize)
            .audited(Act::Tokenize)
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        Route::new("/v2/detokenize", FrameOrJwt)
            .post(values::about_detokenize(), values::detokenize)
            .audited(Act::Detokenize)
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        Route::new("/v2/tokens/describe", FrameOrJwt)
            .post(values::about_describe(), values::describe)
            .audited(Act::Describe)
            .header(CACHE_CONTROL, NEVER_KEPT_NOR_CHANGED),
        // Else a browser turns a response into a network error, and the page's own code fails with it.
        // Pages get there by `no-cors` requests, which can read nothing of it.
        Route::new(session::ENSURE, Transfer)
            .get_and_head(session::about_ensure(), session::ensure)
            .header(RESOURCE_POLICY, "cross-origin"),
        // HEAD would use up the state.
        Route::new("/session/create", Transfer)
            .get(session::about_create(), session::create)
            .header(RESOURCE_POLICY, "cross-origin"),
        Route::new("/session/verify", Page)
            .get(
                done("Says whether the browser has a session. \"No\" has status 200 too.")
                    .or_failure(),
                session::verify,
            )
            .readers(Readers::Application),
        Route::new("/session/state", Frame).post(session::about_state(), session::state),
        Route::new("/session/end", Frame).post(
            done("Ends the session of this browser. A missing session is no error.")
                .may_send(SET_COOKIE, "The deletion of the session."),
            session::end,
        ),
        Route::new(blobs::PATH, SignedUrl)
            .label("/blob")
            .put_value(blobs::about_upload(), blobs::upload)
            .audited(Act::Upload)
            .get_and_head(blobs::about_download(), blobs::download)
            .audited(Act::Download)
            .readers(Readers::Frame)
            .header(
                CONTENT_SECURITY_POLICY,
                "sandbox; default-src 'none'; frame-ancestors 'none'",
            ),
        Route::new("/elements/{name}", Anyone)
            .label("/elements")
            .get_and_head(assets::about_elements(), assets::elements)
            // The module is the same for everyone; a page may load it with an integrity hash only by CORS.
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(RESOURCE_POLICY, "cross-origin"),
        Route::new("/frame", Anyone)
            .get_and_head(assets::about_frame(), assets::frame)
            // Also of its refusals: no cache may give a frame what a page of its own got, or the reverse.
            .header(VARY, "Sec-Fetch-Dest"),
        Route::new("/frame/{name}", Anyone)
            .label("/frame/file")
            .get_and_head(assets::about_frame_file(), assets::frame_file),
        Route::new(wire::DISCOVERY_PATH, Anyone).get_and_head(
            document::<Discovery>("Returns the wire level, limits and features.")
                .sends(CACHE_CONTROL, "`max-age=300`."),
            discovery::document,
        ),
        Route::new("/health", Anyone)
            .probe()
            .get_and_head(health::about_check(), health::check),
        Route::new("/live", Anyone)
            .probe()
            .get_and_head(probes::about_live(), probes::live),
        Route::new("/ready", Anyone)
            .probe()
            .get_and_head(probes::about_ready(), probes::ready),
        Route::new("/metrics", Scraper)
            .probe()
            .get(metrics::about_show(), metrics::show),
        Route::new("/status", Operator).probe().get(
            bytes("application/json", "Returns the status of the tokenizer."),
            status::show,
        ),
        Route::new("/tokens/describe", Operator)
            .post(
                data::<TokensDescribed>("Returns what is known about tokens without their values."),
                values::describe_for_operator,
            )
            .audited(Act::Describe),
        Route::new("/tokens/delete", Operator)
            .post(tokens::about_delete(), tokens::delete_for_operator)
            .audited(Act::Delete),
        Route::new("/sessions/revoke", Operator)
            .post(
                data::<Empty>("Ends a session for good, with all its grants."),
                sessions::revoke_for_operator,
            )
            .audited(Act::EndSession),
        Route::new("/backup", Operator)
            .get(backup::about_backup(), backup::stream_all)
            .audited(Act::Backup),
        Route::new("/keys", Operator).get(
            data::<WrappingKeys>("Returns the versions of the wrapping key."),
            keys::list,
        ),
        Route::new("/keys/add", Operator)
            .post(
                data::<WrappingKeyNumber>("Adds a version of the wrapping key."),
                keys::add,
            )
            .audited(Act::AddKey),
        Route::new("/keys/master", Operator)
            .post(
                data::<Empty>("Seals the key ring with the next master key."),
                keys::rotate_master,
            )
            .audited(Act::RotateMaster),
        Route::new("/keys/rewrap", Operator).post(
            data::<RewrapDone>("Seals up to 100 rows again, under the present wrapping key."),
            keys::rewrap,
        ),
        Route::new("/keys/retire", Operator)
            .post_at_length(
                data::<Empty>("Deletes a version of the wrapping key that seals no row."),
                keys::retire,
            )
            .audited(Act::RetireKey),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever adds a route decides whether its requests are acts.
    #[test]
    fn what_a_known_caller_does_has_a_line_in_the_audit_log() {
        // They tell the application and the operator what is, and let out nothing of a value; sealing rows again changes
        // nothing that anybody reads.
        const NO_ACTS: [&str; 5] = [
            "/grant/verify",
            "/v2/grants/verify",
            "/status",
            "/keys",
            "/keys/rewrap",
        ];
        for row in table() {
            let is_known = !matches!(
                row.audience,
                Audience::Anyone
                    | Audience::Frame
                    | Audience::Page
                    | Audience::Scraper
                    | Audience::Transfer
            );
            for endpoint in &row.endpoints {
                let expected = is_known && !NO_ACTS.contains(&row.path);
                assert_eq!(endpoint.audit.is_some(), expected, "{}", row.path);
            }
        }
    }

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
