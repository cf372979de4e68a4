use super::*;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use lunadefend_core::wire::{Detokenized, Empty};

fn read_answer(route: Route, status: u16, body: &str) -> ErrorKind {
    let json = HeaderValue::from_static("application/json");
    let outcome = Ok(Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
        body: Bytes::copy_from_slice(body.as_bytes()),
    });
    match route {
        Route::Detokenize => read::<Detokenized>(route, outcome).map(drop),
        _ => read::<Empty>(route, outcome).map(drop),
    }
    .unwrap_err()
    .kind()
}

fn failure(message: &str) -> String {
    format!(
        r#"{{"success":false,"error":{{"errorName":"TokenizerError","errorMessage":"{message}"}}}}"#
    )
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
        // Nobody asked for one there.
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
