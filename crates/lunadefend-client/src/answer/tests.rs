use super::*;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use lunadefend_core::wire::{Detokenized, Empty};
use lunadefend_http::Cleartext;

fn read_answer(route: Route, status: u16, body: &str) -> ErrorKind {
    error_of(route, status, body).kind()
}

fn error_of(route: Route, status: u16, body: &str) -> Error {
    let json = HeaderValue::from_static("application/json");
    let outcome = Ok(Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
        body: Bytes::copy_from_slice(body.as_bytes()),
    });
    match route {
        Route::Detokenize => read::<Detokenized>(route, outcome).map(drop),
        _ => read::<Empty>(route, outcome).map(drop),
    }
    .unwrap_err()
}

fn failure(message: &str) -> String {
    format!(
        r#"{{"success":false,"error":{{"errorName":"TokenizerError","errorMessage":"{message}"}}}}"#
    )
}

#[test]
fn each_route_has_its_own_url() {
    let tokenizer = BaseUrl::parse("https://t.test/prod", "URL", Cleartext::LoopbackOnly).unwrap();
    let routes = Routes::below(&tokenizer);
    for (place, route) in Route::ALL.into_iter().enumerate() {
        assert_eq!(route as usize, place, "{route:?}");
    }
    assert_eq!(routes.0.len(), Route::TokensDelete as usize + 1);
}

#[test]
fn complaints_about_the_duration() {
    for text in [
        "Grant duration parse failed, please use a supported duration format like 30m or 1h20m10s",
        "Grant duration set longer than configured maximum time",
        "grant duration must be at least 1s",
    ] {
        for status in [400, 500] {
            assert_eq!(
                read_answer(Route::GrantSet, status, &failure(text)),
                ErrorKind::GrantDuration
            );
        }
        // No caller requested one there.
        assert_eq!(
            read_answer(Route::GrantVerify, 400, &failure(text)),
            ErrorKind::TokenizerRejected
        );
        assert_eq!(
            read_answer(Route::GrantSet, 503, &failure(text)),
            ErrorKind::TokenizerUnavailable
        );
    }
    assert_eq!(
        read_answer(Route::GrantSet, 500, &failure("db down")),
        ErrorKind::TokenizerUnavailable
    );
}

#[test]
fn a_missing_value_is_not_a_missing_route() {
    let gone = failure("unable to locate data for token");
    assert_eq!(
        read_answer(Route::Detokenize, 404, &gone),
        ErrorKind::TokenizerRejected
    );
    assert_eq!(
        read_answer(Route::Detokenize, 404, "404 page not found"),
        ErrorKind::TokenizerNotFound
    );
    assert_eq!(
        read_answer(Route::GrantVerify, 404, &gone),
        ErrorKind::TokenizerNotFound
    );
}

#[test]
fn mistakes_of_ours_are_not_the_tokenizers() {
    for (error, kind) in [
        (HttpError::Url, ErrorKind::Internal),
        (HttpError::TlsDisabled, ErrorKind::Internal),
        (HttpError::Timeout, ErrorKind::TokenizerUnavailable),
    ] {
        let error = read::<Empty>(Route::GrantSet, Err(error)).unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

/// The kinds stay those of the table; only the words tell who is to blame.
#[test]
fn refusals_of_what_is_in_between_do_not_blame_the_signing_key() {
    let page = "\r\n<html><body>Request blocked: canary</body></html>";
    let renamed = failure("Unauthorized: the JWT is for another tokenizer, by the name in it");
    for (status, body, kind, words) in [
        (
            403,
            page,
            ErrorKind::TokenizerUnauthorized,
            "is not the tokenizer: something in between",
        ),
        (
            401,
            page,
            ErrorKind::TokenizerUnauthorized,
            "is not the tokenizer: something in between",
        ),
        (
            403,
            "Forbidden",
            ErrorKind::TokenizerUnauthorized,
            "does not accept this application's signing key",
        ),
        (
            401,
            "Unauthorized\n",
            ErrorKind::TokenizerUnauthorized,
            "does not accept this application's signing key",
        ),
        (
            401,
            &*failure("Unauthorized"),
            ErrorKind::TokenizerUnauthorized,
            "does not accept this application's signing key",
        ),
        (
            401,
            &*renamed,
            ErrorKind::TokenizerUnauthorized,
            "calls itself by another URL",
        ),
        (413, page, ErrorKind::TokenizerNotFound, "too large"),
        (
            413,
            &*failure("the body of the request is too large"),
            ErrorKind::TokenizerNotFound,
            "too large",
        ),
        (
            431,
            "",
            ErrorKind::TokenizerNotFound,
            "large_client_header_buffers",
        ),
        (
            405,
            page,
            ErrorKind::TokenizerNotFound,
            "does not let POST through",
        ),
        (407, "", ErrorKind::TokenizerNotFound, "wants a log-in"),
        (404, page, ErrorKind::TokenizerNotFound, "has no such route"),
    ] {
        for route in [Route::GrantSet, Route::GrantVerify, Route::Tokenize] {
            let error = error_of(route, status, body);
            assert_eq!(error.kind(), kind, "{status} {body}");
            let text = error.to_string();
            assert!(text.contains(words), "{status} {body}: {text}");
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
