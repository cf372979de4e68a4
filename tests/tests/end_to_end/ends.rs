//! The end of grants and of tokens: at once, and for everybody.

use super::refused;
use lunadefend::{
    ErrorKind, JwtProfile, LunaDefend, Metadata, SessionId, UntrustedToken, VerifiedToken,
};
use lunadefend_tests::{Settings, World, signing_key};

async fn verify(
    luna: &LunaDefend,
    session: &SessionId,
    token: &VerifiedToken,
) -> Result<(), ErrorKind> {
    let token = UntrustedToken::parse(token.expose_id()).unwrap();
    match luna.grants().verify(session, token).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.kind()),
    }
}

#[tokio::test]
async fn revoked_and_deleted_is_seen_at_once_by_another_client() {
    for (raw_session_ids, wire) in [
        (false, JwtProfile::Hardened),
        // With LunaSec's JWTs, those that destroy are still ours.
        (true, JwtProfile::LunaSec),
    ] {
        let world = World::with(Settings {
            raw_session_ids,
            wire,
            ..Settings::default()
        })
        .await;
        let (luna, other) = (world.luna(), world.luna_with(signing_key()).await);
        let (ann, bob) = (
            world.application.log_in("ann"),
            world.application.log_in("bob"),
        );
        let (api, text) = (luna.tokenizer(), Metadata::string());
        let token = api.tokenize_text(&ann, "x", &text).await.unwrap();
        luna.grants().grant(&bob, &token, None).await.unwrap();

        luna.grants().revoke(&ann, &token).await.unwrap();
        assert_eq!(
            verify(&other, &ann, &token).await,
            Err(ErrorKind::InvalidGrant)
        );
        assert_eq!(
            refused(api.detokenize(&ann, &token).await),
            ErrorKind::TokenizerRejected
        );
        assert_eq!(verify(&other, &bob, &token).await, Ok(()));
        luna.grants().grant(&ann, &token, None).await.unwrap();
        assert_eq!(verify(&other, &ann, &token).await, Ok(()));

        luna.grants().revoke_all(&token).await.unwrap();
        for session in [&ann, &bob] {
            assert_eq!(
                verify(&other, session, &token).await,
                Err(ErrorKind::InvalidGrant)
            );
        }
        luna.grants().grant(&bob, &token, None).await.unwrap();
        let value = api.detokenize(&bob, &token).await.unwrap();
        assert_eq!(value.expose_secret(), b"x");

        let kept = api.tokenize_text(&bob, "kept", &text).await.unwrap();
        for _ in 0..2 {
            let gone = [token.clone()];
            luna.tokenizer().delete(&gone).await.unwrap();
            assert_eq!(
                verify(&other, &bob, &token).await,
                Err(ErrorKind::InvalidGrant)
            );
            for kind in [
                refused(api.detokenize(&bob, &token).await),
                refused(api.metadata(&bob, &token).await),
            ] {
                assert_eq!(kind, ErrorKind::TokenizerRejected);
            }
        }
        let value = other.tokenizer().detokenize(&bob, &kept).await.unwrap();
        assert_eq!(value.expose_secret(), b"kept");
    }
}

#[tokio::test]
async fn a_tokenizer_that_does_not_delete_says_so() {
    let world = World::with(Settings {
        tokenizer: |config| config.delete(false),
        ..Settings::default()
    })
    .await;
    let luna = world.luna();
    let ann = world.application.log_in("ann");
    let text = Metadata::string();
    let token = luna.tokenizer().tokenize_text(&ann, "x", &text).await;
    let token = [token.unwrap()];
    let error = luna.tokenizer().delete(&token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerRejected);
    assert!(error.message().contains("LUNADEFEND_DELETE is off"));
    assert_eq!(verify(&luna, &ann, &token[0]).await, Ok(()));
}
