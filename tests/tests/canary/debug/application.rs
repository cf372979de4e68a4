//! HTTP, the client, the facade and its configuration.

use super::{CANARY, Shown, base};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lunadefend::{LunaDefend, secrets::FixedEnvironment};
use lunadefend_client::{Client, SessionIdKey, SessionIds};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient, Request, Response};
use lunadefend_tests::{World, provider, signing_key};
use lunadefend_tokenizer::AuthProviders;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use tokio::time::Instant;

pub(super) fn http(shown: &mut Shown) {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(CANARY))]);
    shown.add(&Request {
        method: Method::POST,
        url: format!("http://t/{CANARY}").into(),
        headers: headers.clone(),
        body: CANARY.into(),
        max_response: 1,
        deadline: Instant::now(),
    });
    shown.add(&Response {
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

pub(super) async fn client_and_facade(world: &World, shown: &mut Shown) {
    let keyed = SessionIds::keyed(format!("{CANARY}{CANARY}{CANARY}").as_bytes()).unwrap();
    shown.add(&keyed);
    shown.add(&SessionIdKey::new(CANARY.repeat(3).as_bytes()));
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

pub(super) async fn configuration(shown: &mut Shown) {
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
        let environment = FixedEnvironment::from_iter(variables);
        let built = LunaDefend::configuration()
            .environment(environment)
            .build()
            .await;
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
        let built = LunaDefend::configuration().toml(toml).build().await;
        shown.add(&built.unwrap_err());
    }
}
