//! The three parts of a session transfer, which must match: a JWT, a state, and the browser's cookie.

use crate::{
    auth::{self, AuthError},
    config::Provider,
    cookies::Cookies,
    error::ApiError,
    state::Shared,
};
use http::HeaderMap;
use lunadefend_core::{SessionId, provider::UnixMillis};
use lunadefend_crypto::{base64url, constant_time_eq, sha256};
use lunadefend_jwt::{Claims, JwtKind, ParsedJwt, Subject};
use lunadefend_vault::StateClaims;
use std::time::{Duration, SystemTime};

/// A JWT for a user's session, which may be used once.
pub(super) struct TransferJwt {
    pub(super) session: SessionId,
    /// Its unambiguous id, to be remembered: its `jti`, or a hash when it has none.
    pub(super) id: Vec<u8>,
    /// The time until which it must be remembered.
    pub(super) spent_until: UnixMillis,
    /// The time of its signature, for one without `jti`: all JWTs signed for a session in the same second are
    /// identical.
    pub(super) shared_since: Option<SystemTime>,
    nonce: Option<String>,
}

impl TransferJwt {
    pub(super) async fn verify(compact: &str, shared: &Shared) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::bad_request(
                "unable to verify openid_token: it must be a transfer JWT for this tokenizer that has not expired",
            )
        };
        let claims =
            auth::verify(compact, shared)
                .await
                .map_err(|unidentified| match unidentified {
                    AuthError::Refused(error) => error,
                    AuthError::Unauthenticated | AuthError::Invalid | AuthError::OtherTokenizer => {
                        invalid()
                    }
                })?;
        let nonce = match (claims.kind, &claims.nonce) {
            (JwtKind::Plain, _) => None,
            (JwtKind::Transfer, Some(nonce)) => Some(nonce.clone()),
            (JwtKind::Transfer, None) | (JwtKind::Destroy, _) => return Err(invalid()),
        };
        let (id, shared_since) = match &claims.jti {
            Some(jti) => ([b"jti:", jti.as_bytes()].concat(), None),
            None => {
                let jwt = ParsedJwt::parse(compact).map_err(|_| invalid())?;
                let hash = jwt.signing_input_sha256();
                ([b"jws:", hash.as_slice()].concat(), Some(claims.issued_at))
            }
        };
        let spent_until = UnixMillis::from(claims.expires_at)
            + shared.config.jwt.leeway
            + Duration::from_millis(1);
        let session = user_session(claims).ok_or_else(invalid)?;
        Ok(Self {
            session,
            id,
            spent_until,
            shared_since,
            nonce,
        })
    }
}

fn user_session(claims: Claims) -> Option<SessionId> {
    match claims.subject {
        Subject::User => claims.session,
        Subject::Application | Subject::Developer => None,
    }
}

/// Returns the time until the application signs another JWT than the one of `signed`: until the next second
/// begins. When the clocks differ too much to tell, a whole second.
pub(super) fn until_next_second(signed: SystemTime, now: SystemTime) -> Duration {
    const SECOND: Duration = Duration::from_secs(1);
    let subsecond = signed
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |age| age.subsec_nanos());
    (signed + SECOND - Duration::from_nanos(subsecond.into()))
        .duration_since(now)
        .ok()
        .filter(|wait| *wait <= SECOND)
        .unwrap_or(SECOND)
}

/// A state of this tokenizer that matches the browser and the JWT. The vault decides whether it has been
/// used.
pub(super) struct CheckedState<'a> {
    pub(super) text: &'a str,
    pub(super) claims: StateClaims,
    /// The provider that the state was made for.
    pub(super) provider: &'a Provider,
}

impl<'a> CheckedState<'a> {
    pub(super) fn check(
        shared: &'a Shared,
        headers: &HeaderMap,
        state: Option<&'a str>,
        jwt: &TransferJwt,
    ) -> Result<Self, ApiError> {
        let text = state.ok_or_else(|| ApiError::bad_request("missing state in request"))?;
        let cookie = Cookies::read(headers, &shared.config.cookies.state(text))?
            .ok_or_else(|| ApiError::bad_request("unable to get state cookie in request"))?;
        let not_ours = || {
            ApiError::bad_request(
                "state is not ours or has expired: start again at /session/ensure",
            )
        };
        let claims = shared.vault.check_state(text).map_err(|_| not_ours())?;
        if !claims.is_of_cookie(cookie) {
            return Err(ApiError::bad_request(
                "state token query parameter and state token cookie do not match",
            ));
        }
        let expected = base64url(&sha256(text.as_bytes()));
        if let Some(nonce) = &jwt.nonce
            && !constant_time_eq(nonce.as_bytes(), expected.as_bytes())
        {
            return Err(ApiError::bad_request(
                "openid_token was made for another state",
            ));
        }
        let provider = shared
            .config
            .providers
            .iter()
            .find(|provider| claims.is_for(provider.name()))
            .ok_or_else(not_ours)?;
        Ok(Self {
            text,
            claims,
            provider,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_the_next_second_and_no_longer() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        for (signed, now, millis) in [
            (5000, 5000, 1000),
            (5000, 5250, 750),
            (5000, 5999, 1),
            (5400, 5500, 500),
            // Clocks that differ.
            (5000, 6000, 0),
            (5000, 6001, 1000),
            (5000, 9000, 1000),
            (9000, 5000, 1000),
        ] {
            let expected = Duration::from_millis(millis);
            assert_eq!(
                until_next_second(at(signed), at(now)),
                expected,
                "{signed} {now}"
            );
        }
    }
}
