//! How [`Grants`] treats a service's responses, and what a proof permits.

use super::*;
use crate::{GrantedToken, UntrustedToken, VerifiedToken};
use std::sync::Mutex;

/// Gives the verdicts that it was told, and keeps how many tokens each call had.
#[derive(Debug, Default)]
struct Fake {
    verdicts: Vec<Verdict>,
    calls: Mutex<Vec<usize>>,
}

impl Fake {
    fn saying(verdicts: &[Verdict]) -> Arc<Self> {
        Arc::new(Self {
            verdicts: verdicts.to_vec(),
            calls: Mutex::default(),
        })
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().clone()
    }
}

impl GrantService for Fake {
    fn verify_all<'a>(
        &'a self,
        _: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        self.calls.lock().unwrap().push(tokens.len());
        Box::pin(async { Ok(self.verdicts.clone()) })
    }

    fn grant_all<'a>(
        &'a self,
        _: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.calls.lock().unwrap().push(grants.len());
        Box::pin(async { Ok(()) })
    }
}

fn id(n: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{n:012x}")
}

fn untrusted(count: usize) -> Vec<UntrustedToken> {
    (0..count)
        .map(|n| UntrustedToken::parse(&id(n)).unwrap())
        .collect()
}

fn verified(count: usize) -> Vec<VerifiedToken> {
    (0..count)
        .map(|n| VerifiedToken::assertion(&id(n)).unwrap())
        .collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn ann() -> SessionId {
    SessionId::new("ann").unwrap()
}

fn verify<T: Verify>(service: &Arc<Fake>, value: T) -> Result<T::Verified, Error> {
    run(Grants::new(Arc::clone(service)).verify(&ann(), value))
}

fn create<T: Grant>(service: &Arc<Fake>, value: T) -> Result<T::Granted, Error> {
    run(Grants::new(Arc::clone(service)).grant(&ann(), value, None))
}

#[test]
fn too_few_or_too_many_verdicts_verify_nothing() {
    for count in [0, 1, 2, 4, 7] {
        let service = Fake::saying(&vec![Verdict::Valid; count]);
        let error = verify(&service, untrusted(3)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{count}");
    }
    let service = Fake::saying(&[Verdict::Valid; 3]);
    assert_eq!(verify(&service, untrusted(3)).unwrap(), verified(3));
}

#[test]
fn one_invalid_verdict_anywhere_verifies_nothing() {
    for place in 0..5 {
        let mut verdicts = [Verdict::Valid; 5];
        verdicts[place] = Verdict::Invalid;
        let error = verify(&Fake::saying(&verdicts), untrusted(5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidGrant, "{place}");
    }
}

/// A type whose author forgot one of its two tokens in `collect`.
struct Forgetful<T> {
    named: T,
    forgotten: T,
}

impl Verify for Forgetful<UntrustedToken> {
    type Verified = Forgetful<VerifiedToken>;

    fn collect(&self, tokens: &mut VerifyCollector) {
        self.named.collect(tokens);
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<Self::Verified, Error> {
        Ok(Forgetful {
            named: self.named.upgrade(proof)?,
            forgotten: self.forgotten.upgrade(proof)?,
        })
    }
}

impl Grant for Forgetful<VerifiedToken> {
    type Granted = Forgetful<GrantedToken>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.named.collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        Ok(Forgetful {
            named: self.named.upgrade(proof)?,
            forgotten: self.forgotten.upgrade(proof)?,
        })
    }
}

fn forgetful<T>(mut tokens: Vec<T>) -> Forgetful<T> {
    let forgotten = tokens.pop().unwrap();
    let named = tokens.pop().unwrap();
    Forgetful { named, forgotten }
}

#[test]
fn the_proof_refuses_a_token_that_nobody_asked_about() {
    let service = Fake::saying(&[Verdict::Valid]);
    let error = verify(&service, forgetful(untrusted(2))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidGrant);

    let error = create(&service, forgetful(verified(2))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::GrantCreation);
    assert_eq!(service.calls(), [1, 1]);
}

#[test]
fn the_proof_covers_a_token_that_was_asked_about_once_for_two_places() {
    let twice = || {
        let mut tokens = untrusted(1);
        tokens.extend(untrusted(1));
        tokens
    };
    let service = Fake::saying(&[Verdict::Valid]);
    assert!(verify(&service, forgetful(twice())).is_ok());
    let twice = verified(1).into_iter().chain(verified(1)).collect();
    assert!(create(&service, forgetful(twice)).is_ok());
    assert_eq!(service.calls(), [1, 1]);
}

#[test]
fn one_token_too_many_is_refused_before_anything_is_asked() {
    let service = Fake::saying(&[Verdict::Valid; 500]);
    assert_eq!(verify(&service, untrusted(500)).unwrap().len(), 500);
    assert_eq!(create(&service, verified(500)).unwrap().len(), 500);
    assert_eq!(service.calls(), [500, 500]);

    let came_in = verify(&service, untrusted(501)).unwrap_err();
    let goes_out = create(&service, verified(501)).unwrap_err();
    for error in [came_in, goes_out] {
        assert_eq!(error.kind(), ErrorKind::TooManyTokens);
        assert_eq!(error.status(), 413);
        assert!(error.message().contains("500"), "{error}");
    }
    assert_eq!(service.calls(), [500, 500], "nothing more was asked");
}

#[test]
fn the_limit_is_on_different_tokens() {
    let service = Fake::saying(&[Verdict::Valid; 2]);
    let two = NonZeroUsize::new(2).unwrap();
    let grants = Grants::new(Arc::clone(&service)).with_max_tokens(two);
    let mut tokens = untrusted(2);
    tokens.extend(untrusted(2));
    assert_eq!(run(grants.verify(&ann(), tokens)).unwrap().len(), 4);
    let error = run(grants.verify(&ann(), untrusted(3))).unwrap_err();
    assert!(error.message().contains("more than 2 "), "{error}");
}

/// What wraps the handle gets no further than it does.
#[test]
fn the_limit_holds_for_the_handle_as_a_service() {
    let service = Fake::saying(&[Verdict::Valid; 3]);
    let two = NonZeroUsize::new(2).unwrap();
    let grants = Grants::new(Arc::clone(&service)).with_max_tokens(two);
    let ids: Vec<_> = (0..3).map(|n| TokenId::parse(&id(n)).unwrap()).collect();
    let requests = ids.iter().map(|id| GrantRequest::new(id.clone(), None));
    let requests: Vec<_> = requests.collect();
    let came_in = run(grants.verify_all(&ann(), &ids)).unwrap_err();
    let goes_out = run(grants.grant_all(&ann(), &requests)).unwrap_err();
    for error in [came_in, goes_out] {
        assert_eq!(error.kind(), ErrorKind::TooManyTokens);
    }
    assert!(service.calls().is_empty());
    run(grants.grant_all(&ann(), &requests[..2])).unwrap();
    assert_eq!(service.calls(), [2]);
}
