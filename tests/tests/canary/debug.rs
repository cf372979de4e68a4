//! `{:?}` of every public type that can hold a secret, or something that came from outside.

mod application;
mod keys;
mod tokenizer;
mod tokens;

use crate::Canaries;
use lunadefend::{SessionId, VerifiedToken};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_tests::World;
use secrecy::ExposeSecret;
use std::fmt::Debug;

const TOKEN: &str = "lunasec-ca4a21ca-ca4a-4a21-8a4a-ca4a21ca4a21";
const CANARY: &str = "canary-5d3c1f0e";

/// Both forms of `Debug`, with the name of the type.
#[derive(Default)]
struct Shown(Vec<(&'static str, String)>);

impl Shown {
    fn add<T: Debug>(&mut self, value: &T) {
        let text = format!("{value:?} {value:#?}");
        self.0.push((std::any::type_name::<T>(), text));
    }
}

fn session() -> SessionId {
    SessionId::new(CANARY).unwrap()
}

fn token() -> VerifiedToken {
    VerifiedToken::assertion(TOKEN).unwrap()
}

fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TEST_URL", Cleartext::Allowed).unwrap()
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_secret() {
    let world = World::start().await;
    let mut canaries = Canaries::default();
    canaries.add_keys();
    canaries.add_token(TOKEN);
    canaries.add("a canary", "canary");
    let canary_bytes = format!("{:?}", CANARY.as_bytes());
    canaries.add("a canary's bytes", canary_bytes.trim_matches(['[', ']']));
    canaries.add("the master key", world.tokenizer.master_key.expose_secret());

    let mut shown = Shown::default();
    tokens::core(&world, &mut shown).await;
    tokens::of_the_wire(&mut shown);
    keys::keys_and_jwts(&mut shown, &mut canaries).await;
    keys::secret_providers(&mut shown).await;
    application::http(&mut shown);
    application::client_and_facade(&world, &mut shown).await;
    application::configuration(&mut shown).await;
    tokenizer::vault(&world.tokenizer.vault, &mut shown, &mut canaries).await;
    tokenizer::http_service(&world.tokenizer.vault, &mut shown);
    assert!(shown.0.len() > 100, "{}", shown.0.len());
    canaries.assert_absent(shown.0.iter().map(|(name, text)| (*name, text.as_str())));
}
