//! Tokens, sessions and what is on the wire.

use super::{CANARY, Shown, TOKEN, session, token};
use lunadefend::{
    Backend, Error, Metadata, UntrustedToken, Unverified, VerifiedToken,
    provider::{GrantRequest, SecretValue, SecretVersions, SessionTransfer, TokenId},
    trust::{Grant, Verify},
};
use lunadefend_core::{
    provider::{TransferState, TransferUrl},
    trust::{GrantCollector, VerifyCollector},
    wire,
};
use lunadefend_tests::World;
use std::collections::BTreeMap;

pub(super) async fn core(world: &World, shown: &mut Shown) {
    let luna = world.luna();
    let untrusted = || UntrustedToken::parse(TOKEN).unwrap();
    shown.add(&TokenId::parse(TOKEN));
    shown.add(&TokenId::parse(CANARY));
    shown.add(&untrusted());
    shown.add(&token());
    shown.add(&vec![Some(token())]);
    let granted = luna.grants().grant(&session(), token(), None).await;
    shown.add(&granted.unwrap());
    shown.add(&Unverified::<Vec<VerifiedToken>>::from_json(
        format!("[\"{TOKEN}\"]").as_bytes(),
    ));
    shown.add(&Unverified::<Vec<VerifiedToken>>::from_json(
        CANARY.as_bytes(),
    ));
    let mut collector = VerifyCollector::default();
    untrusted().collect(&mut collector);
    shown.add(&collector);
    let mut collector = GrantCollector::default();
    token().collect(&mut collector);
    shown.add(&collector);
    shown.add(&GrantRequest::new(TokenId::parse(TOKEN).unwrap(), None));
    shown.add(&session());
    shown.add(&SecretValue::new(CANARY));
    shown.add(&SecretVersions::from(SecretValue::new(CANARY)));
    let state = TransferState::from_query(Some(&format!("state={CANARY}"))).unwrap();
    shown.add(&state);
    shown.add(&luna.client().transfer(&state, &session()).await.unwrap());
    shown.add(&TransferUrl::new(format!("http://t/?{CANARY}")));
    shown.add(luna.grants());
    shown.add(&lunadefend_core::adapter::AuthPlugin::new(
        luna.client().clone(),
    ));
    shown.add(&Backend::from(&luna));
    shown.add(&Metadata::from_json(&format!("{{\"x\":\"{CANARY}\"}}")));
    shown.add(&Metadata::from_json(CANARY));
    let api = luna.tokenizer();
    let other = world.application.log_in("bob");
    shown.add(&api.detokenize(&other, &token()).await.unwrap_err());
    let (ann, metadata) = (session(), Metadata::string());
    let own = api.tokenize(&ann, CANARY.as_bytes(), &metadata).await;
    shown.add(&api.detokenize(&ann, &own.unwrap()).await.unwrap());
    shown.add(&Error::session_provider("down"));
    let parts = lunadefend_axum::Luna::new(luna, |_| async { Ok(None) });
    shown.add(&parts);
    shown.add(&lunadefend_axum::Session(session()));
    shown.add(&lunadefend_axum::Verified(token()));
}

pub(super) fn of_the_wire(shown: &mut Shown) {
    let token_id = || TokenId::parse(TOKEN).unwrap();
    let metadata = || Metadata::from_json(&format!("{{\"x\":\"{CANARY}\"}}")).unwrap();
    let url = || format!("http://t/{CANARY}");
    let headers = || BTreeMap::from([("x-amz-key".to_owned(), CANARY.to_owned())]);
    shown.add(&wire::GrantSet {
        session_id: session(),
        token_id: token_id(),
        custom_duration: None,
    });
    shown.add(&wire::GrantVerify {
        session_id: session(),
        token_id: token_id(),
    });
    shown.add(&wire::Tokenize {
        metadata: Some(metadata()),
    });
    shown.add(&wire::TokenRequest {
        token_id: token_id(),
    });
    shown.add(&wire::Success(wire::Tokenized {
        token_id: token_id(),
        upload_url: url(),
        headers: headers(),
    }));
    shown.add(&wire::Success(wire::Detokenized {
        download_url: url(),
        headers: headers(),
    }));
    shown.add(&wire::MetadataFound {
        metadata: metadata(),
    });
    shown.add(&wire::Failure {
        name: CANARY.to_owned(),
        message: CANARY.to_owned(),
    });
    let read = wire::from_slice::<wire::GrantVerify>(CANARY.as_bytes(), wire::REQUEST);
    shown.add(&read.map(drop));
    let mistyped = format!(r#"{{"sessionId":["{CANARY}"],"tokenId":"{CANARY}"}}"#);
    let read = wire::from_slice::<wire::GrantVerify>(mistyped.as_bytes(), wire::REQUEST);
    shown.add(&read.map(drop));
}
