//! `{:?}` of every public type that can hold a secret, or something that came from outside.

use crate::Canaries;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lunadefend::{
    AuthPlugin, Error, GrantRequest, Handles, LunaDefend, Metadata, SecretError, SecretValue,
    SecretVersions, SessionId, SessionTransfer, TokenId, UntrustedToken, Unverified, VerifiedToken,
    WireLevel, secrets,
};
use lunadefend_client::{Client, KeyRing, KeyService, SessionIds, SessionKey};
use lunadefend_core::{GrantCollector, TransferState, TransferUrl, Verify, VerifyCollector, wire};
use lunadefend_crypto::{AeadKey, HmacKey, PublicKey, SigningKey};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient, Request};
use lunadefend_jwt::{JwtPolicy, JwtSigner, KeySet, ParsedJwt, jwks_document};
use lunadefend_tests::{TestClock, World, decode, provider, signing_key};
use lunadefend_tokenizer::{
    AuthProviders, JwksSource, SessionKeys, Tokenizer, TokenizerConfig,
    store::{BlobId, Row, RowKey, Table, Write},
    vault::{MasterKey, UrlGrant, Vault},
};
use secrecy::ExposeSecret;
use std::{collections::BTreeMap, fmt::Debug, sync::Arc};
use tokio::time::Instant;

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
    core(&world, &mut shown).await;
    of_the_wire(&mut shown);
    keys_and_jwts(&mut shown, &mut canaries).await;
    http(&mut shown);
    secret_providers(&mut shown).await;
    client_and_facade(&world, &mut shown).await;
    vault(&world.tokenizer.vault, &mut shown, &mut canaries).await;
    tokenizer(&world.tokenizer.vault, &mut shown);
    assert!(shown.0.len() > 100, "{}", shown.0.len());
    canaries.assert_absent(shown.0.iter().map(|(name, text)| (*name, text.as_str())));
}

async fn core(world: &World, shown: &mut Shown) {
    let luna = world.luna();
    let untrusted = || UntrustedToken::parse(TOKEN).unwrap();
    shown.add(&TokenId::parse(TOKEN));
    shown.add(&TokenId::parse(CANARY));
    shown.add(&untrusted());
    shown.add(&token());
    shown.add(&vec![Some(token())]);
    let granted = luna.grants().create(&session(), token(), None).await;
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
    lunadefend::Grant::collect(&token(), &mut collector);
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
    shown.add(&AuthPlugin::new(luna.client().clone()));
    shown.add(&Handles::from(&luna));
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

fn of_the_wire(shown: &mut Shown) {
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
    shown.add(&wire::Answer(wire::Tokenized {
        token_id: token_id(),
        upload_url: url(),
        headers: headers(),
    }));
    shown.add(&wire::Answer(wire::Detokenized {
        download_url: url(),
        headers: headers(),
    }));
    shown.add(&wire::MetadataFound {
        metadata: metadata(),
    });
    let read = wire::from_slice::<wire::GrantVerify>(CANARY.as_bytes(), wire::REQUEST);
    shown.add(&read.map(drop));
    let mistyped = format!(r#"{{"sessionId":["{CANARY}"],"tokenId":"{CANARY}"}}"#);
    let read = wire::from_slice::<wire::GrantVerify>(mistyped.as_bytes(), wire::REQUEST);
    shown.add(&read.map(drop));
}

async fn keys_and_jwts(shown: &mut Shown, canaries: &mut Canaries) {
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
    let now = lunadefend::Clock::now(&*clock);
    let signer = JwtSigner::new(generated.key.clone(), WireLevel::default(), "http://t");
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
    let ring = KeyRing::new(generated.key.clone());
    shown.add(&ring);
    let service = KeyService::new(ring, WireLevel::V1, "http://t", clock);
    shown.add(&service.application().await.unwrap());
    shown.add(&service);
}

fn http(shown: &mut Shown) {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(CANARY))]);
    shown.add(&Request {
        method: Method::POST,
        url: format!("http://t/{CANARY}"),
        headers: headers.clone(),
        body: CANARY.into(),
        max_answer: 1,
        deadline: Instant::now(),
    });
    shown.add(&lunadefend_http::Answer {
        status: StatusCode::OK,
        headers,
        body: CANARY.into(),
    });
    shown.add(&HttpClient::builder());
    shown.add(&HttpClient::builder().tls(false).build().unwrap());
    for wrong in [
        format!("https://user:{CANARY}@t"),
        format!("https://t/?{CANARY}"),
        format!("https://t/#{CANARY}"),
        format!("http://{CANARY}.example"),
        CANARY.to_owned(),
        format!("https://[{CANARY}"),
    ] {
        shown.add(&BaseUrl::parse(&wrong, "TEST_URL", Cleartext::LoopbackOnly));
        shown.add(&AuthProviders::parse(
            &wrong,
            "AUTH_PROVIDERS",
            Cleartext::LoopbackOnly,
        ));
    }
}

async fn secret_providers(shown: &mut Shown) {
    let environment = Arc::new(secrets::FixedEnvironment::from_iter([("NAME", CANARY)]));
    let inline = secrets::InlineSecret::new(SecretValue::new(CANARY), "the test");
    let variable = secrets::EnvironmentSecret::new("NAME");
    let variable = variable.with_environment(Arc::<secrets::FixedEnvironment>::clone(&environment));
    let value = SecretVersions::from(SecretValue::new(CANARY));
    let function = secrets::SecretFn::new("the test", move || {
        let value = value.clone();
        async move { Ok::<_, SecretError>(value) }
    });
    shown.add(&environment);
    shown.add(&inline);
    shown.add(&variable);
    shown.add(&function);
    let chain = secrets::SecretChain::first(variable).or_else(inline);
    shown.add(&lunadefend::SecretProvider::fetch(&chain).await);
    shown.add(&chain);

    for (key, value) in [
        ("LUNASEC_SIGNING_KEY", CANARY),
        ("TOKENIZER_URL", "https://user:canary@t"),
        ("LUNADEFEND_SESSION_KEY", CANARY),
        ("LUNADEFEND_WIRE", CANARY),
        ("LUNADEFEND_DEADLINE", CANARY),
        ("LUNADEFEND_SECRETS_PROVIDER", CANARY),
    ] {
        let pem = signing_key().pem.expose_secret();
        let mut variables = BTreeMap::from([
            ("TOKENIZER_URL", "http://127.0.0.1:1"),
            ("LUNASEC_SIGNING_KEY", pem),
        ]);
        variables.insert(key, value);
        let environment = secrets::FixedEnvironment::from_iter(variables);
        let built = LunaDefend::from_environment(Arc::new(environment)).await;
        shown.add(&built.unwrap_err());
    }
    for toml in [
        format!("tokenizer_url = \"https://user:{CANARY}@t\""),
        format!("tokenizer_url = [\"{CANARY}\"]"),
        format!("max_retries = \"{CANARY}\""),
        format!("tokenizer_url = \"http://t\"\nwire = \"{CANARY}\""),
        format!("tokenizer_url = \"http://t\"\n[auth.secrets]\nprovider = \"{CANARY}\""),
        format!("[auth.secrets]\nvalue = \"{CANARY}"),
        format!("[auth.secrets]\nvalue = {{ pem = \"{CANARY}\" }}"),
        format!(
            "tokenizer_url = \"http://127.0.0.1:1\"\n[auth.secrets]\nprovider = \"inline\"\nvalue = \"{CANARY}\""
        ),
        format!("[auth.secrets]\nvalue = {CANARY}"),
    ] {
        shown.add(&LunaDefend::from_toml(&toml).await.unwrap_err());
    }
}

async fn client_and_facade(world: &World, shown: &mut Shown) {
    let keyed = SessionIds::keyed(format!("{CANARY}{CANARY}{CANARY}").as_bytes()).unwrap();
    shown.add(&keyed);
    shown.add(&SessionKey::new(CANARY.repeat(3).as_bytes()));
    let builder = Client::builder(base("http://127.0.0.1:1"), signing_key().key.clone());
    let builder = builder.session_ids(keyed);
    shown.add(&builder);
    let client = builder.build().unwrap();
    shown.add(&client.tokenizer());
    shown.add(&client);
    let builder = LunaDefend::builder(format!("https://user:{CANARY}@t"))
        .signing_key(provider(signing_key()))
        .session_key(provider(signing_key()));
    shown.add(&builder);
    shown.add(&world.luna());
}

async fn vault(vault: &Vault, shown: &mut Shown, canaries: &mut Canaries) {
    let metadata = Metadata::from_json(&format!("{{\"x\":\"{CANARY}\"}}")).unwrap();
    let soon = vault.clock().unix_millis() + 60_000;
    let session = session();
    let new = vault.create_token(Some(&metadata), Some((&session, soon)));
    let new = new.await.unwrap();
    canaries.add_token(new.token.expose_id());
    shown.add(vault);
    shown.add(&new);
    let grant = UrlGrant::upload(new.upload, new.upload_expires_at, 100);
    canaries.add("a signed URL", &vault.sign_url(&grant));
    shown.add(&grant);
    let mut upload = vault.begin_upload(&new.upload, 100).await.unwrap();
    upload.write(CANARY.into()).await.unwrap();
    shown.add(&upload);
    upload.commit().await.unwrap();
    let issued = vault.issue_download(&session, &new.token, soon);
    let issued = issued.await.unwrap().unwrap();
    shown.add(&issued);
    shown.add(&UrlGrant::download(issued.download, issued.expires_at));
    let mut download = vault
        .open_download(&issued.download)
        .await
        .unwrap()
        .unwrap();
    assert!(download.next_chunk().await.unwrap().is_some());
    shown.add(&download);

    let state = vault.issue_state(CANARY).unwrap();
    canaries.add("a state", &state);
    let claims = vault.check_state(&state).unwrap();
    shown.add(&claims);
    shown.add(&vault.check_state(CANARY));
    let handle = vault.create_session(&claims, CANARY.as_bytes(), soon, &session);
    let handle = handle.await.unwrap().unwrap();
    canaries.add("a session handle", handle.expose_secret());
    shown.add(&handle);

    let (master, text) = MasterKey::generate().unwrap();
    canaries.add("a master key", text.expose_secret());
    shown.add(&master);
    shown.add(&MasterKey::from_secret(
        &SecretValue::new(CANARY),
        "the test",
    ));
    let mut bytes = [b'x'; 32];
    bytes[..CANARY.len()].copy_from_slice(CANARY.as_bytes());
    let row = || Row::lasting(Bytes::copy_from_slice(CANARY.as_bytes()));
    shown.add(&row());
    shown.add(&RowKey::new(bytes));
    shown.add(&BlobId::new(bytes));
    let (table, key) = (Table::Session, RowKey::new(bytes));
    shown.add(&Write::Put {
        table,
        key,
        row: row(),
    });
    shown.add(&Write::Replace {
        table,
        key,
        expected: row().value,
        row: row(),
    });
}

fn tokenizer(vault: &Vault, shown: &mut Shown) {
    let http = HttpClient::builder().tls(false).build().unwrap();
    let jwks = JwksSource::new(base("http://127.0.0.1:1/jwks.json"), http).unwrap();
    shown.add(&jwks);
    let providers = format!("http://127.0.0.1:1/cb?key={CANARY}");
    let providers = AuthProviders::parse(&providers, "AUTH_PROVIDERS", Cleartext::Allowed).unwrap();
    shown.add(&providers);
    let keys = SessionKeys::Jwks(jwks);
    let builder = TokenizerConfig::builder(base("http://127.0.0.1:2"), keys, providers);
    shown.add(&builder);
    let config = builder.build().unwrap();
    shown.add(&config);
    shown.add(&Tokenizer::new(config, vault.clone()));
}
