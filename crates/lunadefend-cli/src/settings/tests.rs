use super::*;
use lunadefend_secrets::FixedEnvironment;
use lunadefend_settings::table::SETTINGS;

const LEAST: [(&str, &str); 2] = [
    (
        "SESSION_JWKS_URL",
        "http://localhost:3000/.lunasec/jwks.json",
    ),
    ("AUTH_PROVIDERS", "http://localhost:3000"),
];

fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
    let environment = FixedEnvironment::from_iter(variables.iter().copied());
    open(Side::Tokenizer, Arc::new(environment), None)
}

async fn serving(settings: &Settings) -> Result<Serving> {
    Serving::read(settings, addr(settings)?).await
}

async fn read(more: &[(&str, &str)]) -> Result<Serving> {
    serving(&settings(&[&LEAST[..], more].concat())?).await
}

/// The same from a file, with nothing in the environment.
async fn read_file(text: &str) -> Result<Serving> {
    let settings = settings(&[])?.with_toml("tokenizer.toml", text)?;
    serving(&settings).await
}

#[tokio::test]
async fn the_least_is_enough_on_loopback() {
    let serving = read(&[]).await.unwrap();
    let addr = addr(&settings(&[]).unwrap()).unwrap();
    assert_eq!(addr.to_string(), "127.0.0.1:17766");
    assert!(serving.master_key.is_none());
}

#[tokio::test]
async fn every_wrong_setting_is_named_and_not_echoed() {
    for (name, value) in [
        ("SECUREFRAME_HTTP_ADDR", "canary"),
        ("TOKENIZER_URL", "canary"),
        ("TOKENIZER_URL", "http://tokenizer.example.com"),
        ("TOKENIZER_URL", "https://user:canary@tokenizer.example.com"),
        ("SESSION_JWKS_URL", "http://app.example.com/jwks.json"),
        ("SESSION_PUBLIC_KEY", "canary"),
        ("AUTH_PROVIDERS", "[\"canary\"]"),
        ("AUTH_PROVIDERS", "{}"),
        ("APPLICATION_FRONT_END", "*"),
        ("GRANT_DEFAULT_DURATION", "1d"),
        ("GRANT_DEFAULT_DURATION", "2h"),
        ("GRANT_MAXIMUM_DURATION", "0s"),
        ("BLOB_URL", "ftp://canary"),
        ("LUNADEFEND_TRUSTED_PROXIES", "10.0.0.0/8, canary"),
        ("LUNADEFEND_COOKIES", "canary"),
        ("LUNADEFEND_MAX_VALUE", "canary"),
        ("LUNADEFEND_MAX_VALUE", "0"),
        ("LUNADEFEND_MAX_VALUE", "16MB"),
        ("LUNADEFEND_MAX_VALUE", "2GiB"),
        ("LUNADEFEND_MAX_VALUE", "257MiB"),
        ("LUNADEFEND_SESSION_VALUES", "canary"),
        ("LUNADEFEND_SESSION_VALUES", "0"),
        ("LUNADEFEND_SESSION_VALUES", "1.5"),
        ("LUNADEFEND_SESSION_BYTES", "canary"),
        ("LUNADEFEND_SESSION_BYTES", "15MiB"),
        ("LUNADEFEND_DISK_RESERVE", "canary"),
        ("LUNADEFEND_MAX_VALUES", "canary"),
        ("LUNADEFEND_POSTGRES_URL", "canary"),
        (
            "LUNADEFEND_POSTGRES_URL",
            "postgres://user:canary@localhost/db",
        ),
        ("LUNADEFEND_POSTGRES_CONNECTIONS", "canary"),
        ("LUNADEFEND_POSTGRES_MIGRATE", "canary"),
        ("LUNADEFEND_MASTER_KEY", "canary"),
        ("LUNADEFEND_MASTER_KEY_PROVIDER", "canary"),
        ("LUNADEFEND_AUDIT_KEY", "canary"),
        ("LUNADEFEND_AUDIT_KEY_PROVIDER", "canary"),
        ("LUNADEFEND_AUDIT_REQUIRED", "canary"),
        ("LUNADEFEND_AUDIT_ROTATE", "canary"),
        ("LUNADEFEND_AUDIT_ROTATE", "1KiB"),
        ("LUNADEFEND_COOKIE", "canary"),
        ("LUNADEFEND_IDLE_TIMEOUT", "canary"),
        ("LUNADEFEND_IDLE_TIMEOUT", "0s"),
        ("LUNADEFEND_IDLE_TIMEOUT", "24h1s"),
        ("LUNADEFEND_JWKS_STALE_IF_ERROR", "canary"),
        ("LUNADEFEND_JWKS_STALE_IF_ERROR", "-1s"),
        ("LUNADEFEND_JWKS_STALE_IF_ERROR", "24h1s"),
        ("LUNADEFEND_ALLOW_CLEARTEXT", "canary"),
        ("SESSION_JWKS_URL", "canary"),
    ] {
        let error = format!("{:#}", read(&[(name, value)]).await.unwrap_err());
        assert!(error.contains(name), "{name}={value}: {error}");
        assert!(!error.contains("canary"), "{name}={value}: {error}");
    }
}

#[test]
fn the_default_port_is_no_ephemeral_one() {
    // `ip_local_port_range` of Linux; IANA's range for private use begins at 49152.
    let addr = addr(&settings(&[]).unwrap()).unwrap();
    assert!((1024..32768).contains(&addr.port()));
    assert!(serve_help().contains("[default: 127.0.0.1:17766]"));
}

#[tokio::test]
async fn roots_that_cannot_be_used_end_a_start_that_needs_them() {
    let roots = ("SSL_CERT_FILE", "/no/such/ca.pem");
    let https = "https://app.example.com/.lunasec/jwks.json";
    let error = read(&[roots, ("SESSION_JWKS_URL", https)]).await;
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("SSL_CERT_FILE names a file that is not there"),
        "{text}"
    );
    assert!(
        read(&[roots]).await.is_ok(),
        "a key set on loopback needs none"
    );
}

#[tokio::test]
async fn times_reach_the_tokenizer() {
    let shown = async |more: &[(&str, &str)]| {
        let settings = read(more).await.unwrap();
        format!("{:?}", settings.config)
    };
    let default = shown(&[]).await;
    assert!(default.contains("idle: 660s"), "{default}");
    assert!(default.contains("stale_if_error: 900s"), "{default}");
    let set = shown(&[
        ("LUNADEFEND_IDLE_TIMEOUT", "2m"),
        ("LUNADEFEND_JWKS_STALE_IF_ERROR", "0s"),
    ])
    .await;
    assert!(set.contains("idle: 120s"), "{set}");
    assert!(set.contains("stale_if_error: 0ns"), "{set}");
}

#[tokio::test]
async fn sizes_and_quotas() {
    let limits = |more: &[(&str, &str)]| {
        let limits = limits(&settings(more).unwrap()).unwrap();
        (
            limits.max_value,
            limits.session_values,
            limits.session_bytes,
        )
    };
    const MIB: u64 = 1024 * 1024;
    assert_eq!(limits(&[]), (64 * MIB, 64, 256 * MIB));
    let all = [
        ("LUNADEFEND_MAX_VALUE", "1GiB"),
        ("LUNADEFEND_SESSION_VALUES", "7"),
        ("LUNADEFEND_SESSION_BYTES", "2 GiB"),
        ("LUNADEFEND_DISK_RESERVE", "0"),
    ];
    assert_eq!(limits(&all), (1024 * MIB, 7, 2048 * MIB));
    assert!(read(&all).await.is_ok());
    for (name, _) in all {
        assert!(
            serve_help().contains(&format!("\n  {name}")),
            "{name} is in the help"
        );
    }
}

#[tokio::test]
async fn the_master_key_comes_from_any_provider() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "0123456789abcdef".repeat(4)).unwrap();
    let path = file.path().to_str().unwrap();
    let settings = read(&[
        ("LUNADEFEND_MASTER_KEY_PROVIDER", "file"),
        ("LUNADEFEND_MASTER_KEY_PATH", path),
    ])
    .await;
    assert!(settings.unwrap().master_key.is_some());
}

#[tokio::test]
async fn empty_variables_count_as_not_set() {
    for setting in SETTINGS {
        if LEAST.iter().any(|(name, _)| *name == setting.env) {
            continue;
        }
        for empty in ["", "\r\n", "''"] {
            let read = read(&[(setting.env, empty)]).await;
            assert!(read.is_ok(), "{}: {read:?}", setting.env);
        }
    }
}

#[tokio::test]
async fn quotes_that_docker_keeps_are_no_part_of_a_value() {
    let providers = r#"'{"app":{"url":"https://app.example.com","default":true}}'"#;
    let key = format!("\"{}\"\r", "0123456789abcdef".repeat(4));
    let read = read(&[
        ("AUTH_PROVIDERS", providers),
        ("LUNADEFEND_MASTER_KEY", &key),
    ])
    .await;
    assert!(read.unwrap().master_key.is_some());
}

#[tokio::test]
async fn a_file_has_the_same_settings() {
    const LEAST: &str = "auth_providers = \"http://localhost:3000\"\nsession_jwks_url = \"http://localhost:3000/jwks.json\"\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "0123456789abcdef".repeat(4)).unwrap();
    let all = format!(
        "{LEAST}idle_timeout = \"2m\"\nmax_value = \"1MiB\"\nsession_values = 7\ncookies = \"same-site\"\napplication_front_end = [\"http://localhost:3000\"]\n[master_key]\nprovider = \"file\"\npath = {:?}",
        file.path()
    );
    let read = read_file(&all).await.unwrap();
    assert!(read.master_key.is_some());
    let shown = format!("{:?}", read.config);
    assert!(
        shown.contains("idle: 120s") && shown.contains("session_values: 7"),
        "{shown}"
    );
    for (more, words) in [
        (
            "cookies = \"canary\"",
            "cookies is wrong: write cross-site or same-site",
        ),
        (
            "idle_timeout = 5",
            "idle_timeout is wrong: write a text in quotes",
        ),
        (
            "max_value = \"257MiB\"",
            "session_bytes must not be less than",
        ),
        (
            "grant_default_duration = \"2h\"",
            "grant_default_duration (2h) must not",
        ),
        ("blob_url = \"ftp://canary\"", "blob_url must start with"),
        (
            "max_valu = 1",
            "max_valu is wrong: there is no such setting; did you mean max_value?",
        ),
        (
            "deadline = \"5s\"",
            "deadline is wrong: it is a setting of the application",
        ),
        (
            "[master_key]\nprovider = \"file\"",
            "master_key.path is wrong: this provider needs it",
        ),
    ] {
        let error = format!(
            "{:#}",
            read_file(&format!("{LEAST}{more}")).await.unwrap_err()
        );
        assert!(error.starts_with(words), "{more}: {error}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    for name in ["SESSION_JWKS_URL", "AUTH_PROVIDERS"] {
        let error = format!("{:#}", read(&[(name, "")]).await.unwrap_err());
        assert!(error.contains(&format!("{name} is not set")), "{error}");
    }
    let error = read(&[("SECUREFRAME_HTTP_ADDR", "0.0.0.0:80")])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("TOKENIZER_URL is not set"));
}
