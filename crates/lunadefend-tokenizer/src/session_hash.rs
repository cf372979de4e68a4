//! `lunasec-session-hash`: by it a frame notices that its cookie belongs to another session.

use crate::{error::ApiError, headers::SESSION_HASH};
use http::{HeaderMap, HeaderValue};
use lunadefend_core::SessionId;
use lunadefend_crypto::sha1_hex;

/// Returns the hex SHA-1 of the session id, as LunaSec computes it.
///
/// # Security
/// It identifies a session to its own browser and protects nothing.
pub(crate) fn of(session: &SessionId) -> Option<HeaderValue> {
    HeaderValue::from_str(&sha1_hex(session.expose_id().as_bytes())).ok()
}

/// Compares the request's hash with the session. If it is missing (or empty, as in LunaSec), the response
/// must carry the hash; if it is equal, it need not. If it differs, the request is refused.
pub(crate) fn check(
    headers: &HeaderMap,
    session: &SessionId,
) -> Result<Option<HeaderValue>, ApiError> {
    let own = of(session);
    let mut sent = headers.get_all(SESSION_HASH).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(own),
        (Some(value), None) if value.is_empty() => Ok(own),
        (Some(value), None) if Some(value) == own.as_ref() => Ok(None),
        _ => Err(ApiError::unauthorized()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `recordings/go-tokenizer/session_hash`.
    #[test]
    fn the_originals_cases() {
        const HASH: &str = "80b6fc677ca810df2349a68b408e393f4eb8fafa";
        let session = SessionId::new("5d3c1f0e-8a52-4a30-9f7e-0d5b6c2f1a11").unwrap();
        let check = |values: &[&'static str]| {
            let headers: HeaderMap = values
                .iter()
                .map(|value| (SESSION_HASH, HeaderValue::from_static(value)))
                .collect();
            check(&headers, &session)
        };
        assert_eq!(check(&[]).unwrap().unwrap(), HASH);
        assert_eq!(check(&[""]).unwrap().unwrap(), HASH);
        assert_eq!(check(&[HASH]).unwrap(), None);
        for other in [
            &["6fabfc6239c0e744fec0302de7ca9fb0b45a3896"][..],
            &["80B6FC677CA810DF2349A68B408E393F4EB8FAFA"],
            &[HASH, HASH],
        ] {
            assert_eq!(check(other).unwrap_err().status(), 401);
        }
    }
}
