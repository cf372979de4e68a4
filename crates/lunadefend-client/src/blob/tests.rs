use super::*;

fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn only_what_storage_needs_is_sent() {
    let permitted = permitted_headers(&headers(&[
        ("host", "bucket.example"),
        ("Host", "bucket.example"),
        ("authorization", "canary"),
        ("cookie", "canary"),
        ("content-length", "99"),
        ("transfer-encoding", "chunked"),
        ("x-forwarded-for", "127.0.0.1"),
        ("Metadata-Flavor", "Google"),
        ("Content-Type", "text/csv"),
        ("X-Amz-Server-Side-Encryption-Customer-Key", "canary="),
    ]))
    .unwrap();
    let names: Vec<_> = permitted.keys().map(HeaderName::as_str).collect();
    assert_eq!(permitted.len(), 2, "{names:?}");
    assert_eq!(permitted["content-type"], "text/csv");
    assert_eq!(
        permitted["x-amz-server-side-encryption-customer-key"],
        "canary="
    );
    assert!(!format!("{permitted:?}").contains("canary"));
}

#[test]
fn headers_that_cannot_be_sent_are_refused() {
    for bad in [
        headers(&[("x-amz-meta-a", "b\r\nauthorization: c")]),
        headers(&[("x-amz-meta a", "b")]),
        headers(&[("x-amz-meta-a\n", "b")]),
        // Which of the two would count?
        headers(&[("x-amz-meta-a", "b"), ("X-Amz-Meta-A", "c")]),
    ] {
        let error = permitted_headers(&bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
    }
}

#[test]
fn what_the_answers_of_storage_mean() {
    for (status, kind) in [
        (204, ErrorKind::BadTokenizerResponse),
        (301, ErrorKind::BadTokenizerResponse),
        (400, ErrorKind::TokenizerRejected),
        (403, ErrorKind::TokenizerRejected),
        (404, ErrorKind::TokenizerRejected),
        (409, ErrorKind::TokenizerRejected),
        (413, ErrorKind::PayloadTooLarge),
        (429, ErrorKind::TokenizerUnavailable),
        (500, ErrorKind::TokenizerUnavailable),
        (503, ErrorKind::TokenizerUnavailable),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(refused(status, b"").kind(), kind, "{status}");
    }
}
