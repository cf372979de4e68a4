//! Keys, JWTs, and where keys come from.

use super::{CANARY, Shown, session};
use crate::Canaries;
use lunadefend::{
    JwtProfile, LunaDefend,
    provider::{Clock, SecretError, SecretProvider, SecretValue, SecretVersions},
    secrets,
};
use lunadefend_client::{DemoKey, KeyRotation, KeyService, SigningKeys};
use lunadefend_core::provider::TransferState;
use lunadefend_crypto::{AeadKey, HmacKey, PublicKey, SigningKey};
use lunadefend_jwt::{JwtPolicy, JwtSigner, KeySet, ParsedJwt, jwks_document};
use lunadefend_settings::{Settings, Side, table};
use lunadefend_tests::{TestClock, decode, provider, signing_key};
use secrecy::ExposeSecret;
use std::sync::Arc;

pub(super) async fn keys_and_jwts(shown: &mut Shown, canaries: &mut Canaries) {
    let generated = signing_key();
    shown.add(generated);
    shown.add(&generated.key);
    shown.add(generated.key.public_key());
    shown.add(&SigningKey::parse(CANARY.as_bytes(), "the test"));
    shown.add(&PublicKey::parse(CANARY.as_bytes(), "the test"));
    shown.add(&PublicKey::parse(
        generated.pem.expose_secret().as_bytes(),
        "the test",
    ));
    shown.add(&HmacKey::new(CANARY.as_bytes()));
    let mut key = [0; 32];
    key[..CANARY.len()].copy_from_slice(CANARY.as_bytes());
    shown.add(&AeadKey::new(&key));

    let clock = TestClock::new();
    let now = clock.now();
    let signer = JwtSigner::new(generated.key.clone(), JwtProfile::default(), "http://t");
    shown.add(&signer);
    let state = TransferState::from_query(Some("state=S")).unwrap();
    let policy = JwtPolicy::new("http://t");
    shown.add(&policy);
    for jwt in [
        signer.application(now).unwrap(),
        signer.user(&session(), now).unwrap(),
        signer.transfer(&session(), &state, now).unwrap(),
    ] {
        shown.add(&jwt);
        let parsed = ParsedJwt::parse(jwt.expose_secret()).unwrap();
        shown.add(&parsed);
        let claims = parsed.verify([generated.key.public_key()], &policy, now);
        shown.add(&claims.unwrap());
        shown.add(&parsed.verify([], &policy, now));
        for claim in ["jti", "nonce"] {
            if let Some(text) = decode(jwt.expose_secret()).claim(claim).as_str() {
                canaries.add(claim, text);
            }
        }
    }
    shown.add(&ParsedJwt::parse(CANARY));
    let published = [generated.key.public_key().clone()];
    shown.add(&KeySet::parse(&jwks_document(&published).body));
    shown.add(&KeySet::parse(CANARY.as_bytes()));
    shown.add(&SigningKeys::from(generated.key.clone()));
    let keys = SigningKeys::load(
        Arc::new(provider(generated)),
        KeyRotation::default(),
        DemoKey::Refused,
        Arc::new(clock.clone()),
    );
    let keys = keys.await.unwrap();
    shown.add(&keys);
    let service = KeyService::new(keys, JwtProfile::LunaSec, "http://t", Arc::new(clock));
    shown.add(&service.published().await.unwrap());
    shown.add(&service.application().await.unwrap());
    shown.add(&service);
}

pub(super) async fn secret_providers(shown: &mut Shown) {
    let environment = Arc::new(secrets::FixedEnvironment::from_iter([("NAME", CANARY)]));
    let inline = secrets::InlineSecret::new(SecretValue::new(CANARY), "the test");
    let variable = secrets::EnvironmentSecret::new("NAME");
    let variable = variable.with_environment(Arc::<secrets::FixedEnvironment>::clone(&environment));
    let value = SecretVersions::from(SecretValue::new(CANARY));
    let function = secrets::SecretFn::new("the test", move || {
        let value = value.clone();
        async move { Ok::<_, SecretError>(value) }
    });
    let toml = format!("blob_origins = [\"{CANARY}\"]\n[auth.secrets]\nvalue = \"{CANARY}\"");
    let here = Arc::<secrets::FixedEnvironment>::clone(&environment);
    let settings = Settings::from_environment(Side::Application, here).unwrap();
    let settings = settings.with_toml("lunadefend.toml", &toml).unwrap();
    shown.add(&settings);
    shown.add(&settings.secret(&table::SIGNING_KEY).unwrap());
    shown.add(&LunaDefend::configuration().toml(toml));
    shown.add(&secrets::StagedSecret::new(inline.clone()).next(variable.clone()));
    shown.add(&environment);
    shown.add(&inline);
    shown.add(&variable);
    shown.add(&function);
    let chain = secrets::SecretChain::first(variable).or_else(inline);
    shown.add(&chain.fetch().await);
    shown.add(&chain);
}
