//! The table of all settings.
//!
//! A new setting is one line here, and one where it is used.

use crate::{
    Kind::{Bool, Bytes, Choice, Duration as Time, Hidden, Integer, List, Secret, Text, Url},
    SecretSetting, Setting,
    Side::{Application, Both, Tokenizer},
};
use std::time::Duration;

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const EVER: Duration = Duration::from_nanos(i64::MAX as u64);
const GIB: u64 = 1 << 30;

/// Makes a constant of each line, and [`SETTINGS`] of all of them.
macro_rules! settings {
    ($($name:ident: $side:expr, $env:literal, $toml:literal, $kind:expr, $default:literal, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub const $name: Setting = Setting {
                side: $side,
                env: $env,
                toml: $toml,
                kind: $kind,
                default: $default,
                doc: $doc,
            };
        )*

        /// All settings, in the order in which documentation shows them.
        pub const SETTINGS: &[&Setting] = &[$(&$name),*];
    };
}

#[rustfmt::skip]
settings! {
    TOKENIZER_URL: Application, "TOKENIZER_URL", "tokenizer_url", Url, "", "the tokenizer, as the application reaches it; its path is kept. Required";
    PUBLIC_TOKENIZER_URL: Application, "PUBLIC_TOKENIZER_URL", "public_tokenizer_url", Url, "", "the tokenizer, as browsers reach it, when that differs";
    SIGNING_KEY: Application, "LUNASEC_SIGNING_KEY", "auth.secrets", Secret("LUNADEFEND_SECRETS"), "", "the RSA key that signs JWTs. Required. `LUNADEFEND_SECRETS_PROVIDER` takes it from elsewhere: `file` with `LUNADEFEND_SECRETS_PATH`, `aws-secrets-manager`, one of your own";
    SECRETS_REFRESH: Application, "LUNADEFEND_SECRETS_REFRESH", "auth.secrets.refresh", Time(Duration::ZERO, DAY), "5m", "how often the signing key is fetched again; `0s` asks its provider each time";
    SECRETS_MAX_AGE: Application, "LUNADEFEND_SECRETS_MAX_AGE", "auth.secrets.max_age", Time(SECOND, WEEK), "24h", "for how long the last signing key is used while its provider fails";
    NEW_KEY_DELAY: Application, "LUNADEFEND_SECRETS_NEW_KEY_DELAY", "auth.secrets.new_key_delay", Time(Duration::ZERO, EVER), "16m30s", "how old a new signing key is before it signs";
    SESSION_KEY: Application, "LUNADEFEND_SESSION_KEY", "auth.session_key", Secret("LUNADEFEND_SESSION_KEY"), "", "32 bytes or more: session ids are sent as their HMAC instead of their SHA-256. `LUNADEFEND_SESSION_KEY_PROVIDER` takes them from elsewhere";
    SESSION_IDS: Application, "LUNADEFEND_SESSION_IDS", "session_ids", Choice(&["hashed", "raw"]), "hashed", "`raw` to share a tokenizer with a Node application";
    WIRE: Application, "LUNADEFEND_WIRE", "wire", Choice(&["v1-extended", "v1"]), "v1-extended", "`v1`: JWTs exactly as LunaSec's SDK signs them";
    REQUIRE_LEVEL: Application, "LUNADEFEND_REQUIRE_LEVEL", "require_level", Integer(1, 2), "1", "`2`: a tokenizer that does not offer wire level 2 is an error of every call, `tokenizerTooOld`, instead of level 1";
    DEADLINE: Application, "LUNADEFEND_DEADLINE", "deadline", Time(MILLISECOND, HOUR), "5s", "for a whole call with its retries";
    STALL_TIMEOUT: Application, "LUNADEFEND_STALL_TIMEOUT", "stall_timeout", Time(MILLISECOND, HOUR), "30s", "how long an upload or a download that is a stream may make no progress; the whole of it has no deadline";
    MAX_RETRIES: Application, "LUNADEFEND_MAX_RETRIES", "max_retries", Integer(0, 10), "5", "how often a call is repeated at most, spread over the deadline, so that a tokenizer's restart of 2 s costs no call";
    MAX_TOKENS: Application, "LUNADEFEND_MAX_TOKENS", "max_tokens", Integer(1, u32::MAX as u64), "500", "how many different tokens one request may bring in, and one response take out. One more is a 413";
    BLOB_ORIGINS: Application, "LUNADEFEND_BLOB_ORIGINS", "blob_origins", List, "", "origins, besides the tokenizer's, that values are sent to and fetched from";

    OWN_URL: Tokenizer, "TOKENIZER_URL", "tokenizer_url", Url, "", "where browsers reach this tokenizer. Required unless it listens on loopback: then `http://localhost:<port>`";
    LISTEN: Tokenizer, "SECUREFRAME_HTTP_ADDR", "secureframe_http_addr", Text, "127.0.0.1:17766", "the address to listen on";
    TLS_CERT_FILE: Tokenizer, "LUNADEFEND_TLS_CERT_FILE", "tls_cert_file", Text, "", "a PEM file of the server's certificate, followed by those of its issuers: the tokenizer then speaks TLS itself, with HTTP/2 and HTTP/1.1. Another one in the file is taken within a minute";
    TLS_KEY_FILE: Tokenizer, "LUNADEFEND_TLS_KEY_FILE", "tls_key_file", Text, "", "a PEM file of its key. Required with `LUNADEFEND_TLS_CERT_FILE`";
    SESSION_JWKS_URL: Tokenizer, "SESSION_JWKS_URL", "session_jwks_url", Url, "", "the application's key set, such as `https://app.example.com/.lunasec/jwks.json`";
    SESSION_PUBLIC_KEY: Tokenizer, "SESSION_PUBLIC_KEY", "session_public_key", Hidden, "", "instead of it: the application's one public key, PEM or base64 of it";
    STALE_IF_ERROR: Tokenizer, "LUNADEFEND_JWKS_STALE_IF_ERROR", "jwks_stale_if_error", Time(Duration::ZERO, DAY), "15m", "how long the last key set serves after it was fresh, when no newer one can be fetched; `0s` is never";
    AUTH_PROVIDERS: Tokenizer, "AUTH_PROVIDERS", "auth_providers", Hidden, "", "who knows the users: a URL, or `{\"app\":{\"url\":\"https://app.example.com\",\"default\":true}}`. Required";
    APPLICATION_FRONT_END: Tokenizer, "APPLICATION_FRONT_END", "application_front_end", List, "", "origins of the application's pages: only they can have secure fields";
    NESTED_PAGES: Tokenizer, "LUNADEFEND_NESTED_PAGES", "nested_pages", Bool, "false", "`true` permits pages with secure fields inside frames of other configured pages";
    REACT_SDK: Tokenizer, "LUNADEFEND_REACT_SDK", "react_sdk", Bool, "false", "`true` serves LunaSec's React SDK, which does not say which session its page was made for";
    GRANT_DEFAULT_DURATION: Tokenizer, "GRANT_DEFAULT_DURATION", "grant_default_duration", Time(SECOND, EVER), "15m", "how long a grant lives unless the application says";
    GRANT_MAXIMUM_DURATION: Tokenizer, "GRANT_MAXIMUM_DURATION", "grant_maximum_duration", Time(SECOND, EVER), "1h", "how long it may live at most";
    BLOB_URL: Tokenizer, "BLOB_URL", "blob_url", Url, "", "another URL of this tokenizer, for values only (recommended)";
    COOKIES: Tokenizer, "LUNADEFEND_COOKIES", "cookies", Choice(&["cross-site", "same-site"]), "cross-site", "`same-site` when application and tokenizer are sub-domains of one site (recommended)";
    MAX_VALUE: Tokenizer, "LUNADEFEND_MAX_VALUE", "max_value", Bytes(1, GIB), "64MiB", "the longest value, such as `16MiB`";
    SESSION_VALUES: Tokenizer, "LUNADEFEND_SESSION_VALUES", "session_values", Integer(1, u32::MAX as u64), "64", "how many values one session may store from the frame in 24 hours";
    SESSION_BYTES: Tokenizer, "LUNADEFEND_SESSION_BYTES", "session_bytes", Bytes(1, u64::MAX), "256MiB", "how long these may be together";
    DELETE: Tokenizer, "LUNADEFEND_DELETE", "delete", Choice(&["on", "off"]), "on", "`off` refuses the application's requests to delete tokens";
    DELETES_PER_HOUR: Tokenizer, "LUNADEFEND_DELETES_PER_HOUR", "deletes_per_hour", Integer(1, u32::MAX as u64), "1000", "how many tokens may be deleted in an hour; the request that would exceed it deletes nothing, and the log has an error";
    SESSION_REQUESTS: Tokenizer, "LUNADEFEND_SESSION_REQUESTS_PER_MINUTE", "session_requests_per_minute", Integer(0, u32::MAX as u64), "3000", "how many requests one session may send from the frame in a minute, and at once; `0` for no limit. One more is a 429 that says when to try again. This and the next three are counted by each process for itself";
    SESSION_READS: Tokenizer, "LUNADEFEND_SESSION_READS_PER_HOUR", "session_reads_per_hour", Integer(0, u32::MAX as u64), "10000", "how many values one session may ask for in an hour, and at once; `0` for no limit, else 100 or more. The log has an error when it is reached";
    READS: Tokenizer, "LUNADEFEND_READS_PER_HOUR", "reads_per_hour", Integer(0, u32::MAX as u64), "1000000", "how many values all sessions together may ask for in an hour, and at once: against one who has taken over the application, and reads everything. `0` for no limit, else 100 or more";
    REFUSALS: Tokenizer, "LUNADEFEND_REFUSALS_PER_MINUTE", "refusals_per_minute", Integer(0, u32::MAX as u64), "600", "how many requests without a JWT of the application may be refused for one address, or one IPv6 network of 64 bits, in a minute, and at once; `0` for no limit. Each further refusal is a 429 that does not say why. Requests that would succeed are served, and that a browser has no session yet is not counted";
    MAX_JWT_LIFETIME: Tokenizer, "LUNADEFEND_MAX_JWT_LIFETIME", "max_jwt_lifetime", Time(SECOND, DAY), "1h", "the longest lifetime of a JWT of the application, from `iat` to `exp`";
    FRAME_ONLY: Tokenizer, "LUNADEFEND_FRAME_ONLY", "frame_only", Bool, "false", "`true` gives values to the secure fields in browsers only, never to the application's server";
    MASKS: Tokenizer, "LUNADEFEND_MASKS", "masks", Choice(&["session", "application"]), "session", "who gets the masks of values: sessions with a grant, or with `application` also the application's server for every token";
    MASK_KINDS: Tokenizer, "LUNADEFEND_MASK_KINDS", "mask_kinds", List, "", "further kinds that get masks, of `ssn`, `date`, `card-expiry` and `text`";
    DISK_RESERVE: Tokenizer, "LUNADEFEND_DISK_RESERVE", "disk_reserve", Bytes(0, u64::MAX), "128MiB", "new values are refused while less than this is free on the disk of the store, so that grants and sessions go on; `0` for never";
    MASTER_KEY: Tokenizer, "LUNADEFEND_MASTER_KEY", "master_key", Secret("LUNADEFEND_MASTER_KEY"), "", "32 bytes as hexadecimal or base64 that seal the store; without it they are kept in `<store>.key`. `LUNADEFEND_MASTER_KEY_PROVIDER` takes them from elsewhere: `file` with `LUNADEFEND_MASTER_KEY_PATH`, or another provider";
    NEXT_MASTER_KEY: Tokenizer, "LUNADEFEND_NEXT_MASTER_KEY", "next_master_key", Secret("LUNADEFEND_NEXT_MASTER_KEY"), "", "the master key that `lunadefend keys rotate --master` puts in the place of the present one. Meanwhile either opens the store";
    POSTGRES_URL: Tokenizer, "LUNADEFEND_POSTGRES_URL", "postgres_url", Text, "", "where PostgreSQL is, for `--store postgres`: `postgres://user@host:5432/database`, or `postgres:///database?host=/run/postgresql&user=user` for a socket. Without a password. A server on another machine must have TLS and a valid certificate";
    POSTGRES_PASSWORD: Tokenizer, "LUNADEFEND_POSTGRES_PASSWORD", "postgres_password", Secret("LUNADEFEND_POSTGRES_PASSWORD"), "", "the password of the user in `LUNADEFEND_POSTGRES_URL`. `LUNADEFEND_POSTGRES_PASSWORD_PROVIDER` takes it from elsewhere";
    POSTGRES_CA: Tokenizer, "LUNADEFEND_POSTGRES_CA", "postgres_ca", Text, "", "a PEM file of the certificates that vouch for PostgreSQL, in place of the system's";
    POSTGRES_CONNECTIONS: Tokenizer, "LUNADEFEND_POSTGRES_CONNECTIONS", "postgres_connections", Integer(1, 1000), "16", "how many connections this process has to PostgreSQL at most";
    POSTGRES_MIGRATE: Tokenizer, "LUNADEFEND_POSTGRES_MIGRATE", "postgres_migrate", Bool, "false", "`true` makes and upgrades the schema at the start, as `lunadefend store migrate` does. The user then needs the right to create tables and functions";
    AWS_TABLE: Tokenizer, "LUNADEFEND_AWS_TABLE", "aws_table", Text, "", "the table of DynamoDB, for `--store aws`. `lunadefend store create` makes it. Credentials come from where AWS looks for them";
    AWS_BUCKET: Tokenizer, "LUNADEFEND_AWS_BUCKET", "aws_bucket", Text, "", "the bucket of S3 for values, for `--store aws`. `lunadefend store create` makes it";
    AWS_REGION: Tokenizer, "LUNADEFEND_AWS_REGION", "aws_region", Text, "", "the region of both, such as `eu-central-1`, when it is not where AWS looks for it";
    DYNAMODB_ENDPOINT: Tokenizer, "LUNADEFEND_DYNAMODB_ENDPOINT", "dynamodb_endpoint", Url, "", "another address for DynamoDB than AWS's";
    S3_ENDPOINT: Tokenizer, "LUNADEFEND_S3_ENDPOINT", "s3_endpoint", Url, "", "another address for S3 than AWS's";
    ADMIN_SOCKET: Tokenizer, "LUNADEFEND_ADMIN_SOCKET", "admin_socket", Text, "", "the path of a Unix socket for `lunadefend status`, which only the user that runs the tokenizer may use";
    AUDIT: Tokenizer, "LUNADEFEND_AUDIT", "audit", Text, "", "the path of the audit log, a line for each act, made if it is missing; or `stdout`. None unless set. Each process needs a file of its own";
    AUDIT_KEY: Tokenizer, "LUNADEFEND_AUDIT_KEY", "audit_key", Secret("LUNADEFEND_AUDIT_KEY"), "", "64 hexadecimal digits, from which the keys of the audit log are derived; its verification needs them again. Required with `LUNADEFEND_AUDIT`. `LUNADEFEND_AUDIT_KEY_PROVIDER` takes them from elsewhere, as docs/audit.md advises";
    AUDIT_REQUIRED: Tokenizer, "LUNADEFEND_AUDIT_REQUIRED", "audit_required", Choice(&["on", "off"]), "on", "`off` serves also while the audit log cannot be written; the log says so, and a metric counts. With `on` nothing goes out without its line";
    AUDIT_ROTATE: Tokenizer, "LUNADEFEND_AUDIT_ROTATE", "audit_rotate", Bytes(65536, u64::MAX), "64MiB", "how long a file of the audit log grows before it is renamed to `<path>.000001` and so on. No file is ever removed";
    DELETIONS_FILE: Tokenizer, "LUNADEFEND_DELETIONS_FILE", "deletions_file", Text, "", "the path of the list of deletions, a line for each, made if it is missing. Keep it on another disk than the store: `lunadefend restore` deletes again what it names. A token that cannot be listed is not deleted. Each process needs a file of its own";
    METRICS_LISTEN: Tokenizer, "LUNADEFEND_METRICS_LISTEN", "metrics_listen", Text, "", "an address of its own for `GET /metrics`, such as `127.0.0.1:9464`; without it there are no metrics. Let only Prometheus reach it";
    MAX_CONNECTIONS: Tokenizer, "LUNADEFEND_MAX_CONNECTIONS", "max_connections", Integer(1, 1 << 20), "1024", "how many connections clients may have at once; the limit of open files caps it. One more closes the connection that has idled longest, or waits";
    HEAD_TIMEOUT: Tokenizer, "LUNADEFEND_HEAD_TIMEOUT", "head_timeout", Time(SECOND, HOUR), "10s", "how long the head of a request may take, from its first byte";
    BODY_TIMEOUT: Tokenizer, "LUNADEFEND_BODY_TIMEOUT", "body_timeout", Time(SECOND, HOUR), "10s", "how long the body of a JSON request may take, and each pause in the body of an upload";
    REQUEST_TIMEOUT: Tokenizer, "LUNADEFEND_REQUEST_TIMEOUT", "request_timeout", Time(SECOND, HOUR), "30s", "how long a request may take until its response begins, without the body of an upload";
    WRITE_TIMEOUT: Tokenizer, "LUNADEFEND_WRITE_TIMEOUT", "write_timeout", Time(SECOND, HOUR), "30s", "how long a client may leave a response unread";
    STOP_TIMEOUT: Tokenizer, "LUNADEFEND_STOP_TIMEOUT", "stop_timeout", Time(Duration::ZERO, HOUR), "10s", "how long running requests may go on once the server stops, after `LUNADEFEND_DRAIN_DELAY`";
    TRUSTED_PROXIES: Tokenizer, "LUNADEFEND_TRUSTED_PROXIES", "trusted_proxies", List, "", "IP addresses and networks (`10.0.0.0/8`) of the proxies in front, whose `X-Forwarded-For` is believed; from others it is ignored";
    IDLE_TIMEOUT: Tokenizer, "LUNADEFEND_IDLE_TIMEOUT", "idle_timeout", Time(SECOND, DAY), "11m", "how long a connection is kept without a request: longer than the proxy in front keeps its own to the tokenizer";
    DRAIN_DELAY: Tokenizer, "LUNADEFEND_DRAIN_DELAY", "drain_delay", Time(Duration::ZERO, HOUR), "0s", "how long after SIGTERM `/ready` is 503 while all else is served, so that balancers send nothing more: longer than they take to notice. A second signal ends it";

    ALLOW_CLEARTEXT: Both, "LUNADEFEND_ALLOW_CLEARTEXT", "allow_cleartext", Bool, "false", "`true` permits `http://` to another host than loopback. Do not";
    SSL_CERT_FILE: Both, "SSL_CERT_FILE", "", Text, "", "a PEM file of root certificates, in place of the system's";
    SSL_CERT_DIR: Both, "SSL_CERT_DIR", "", Text, "", "folders of such files, in place of the system's";
    LOG_FORMAT: Tokenizer, "LUNADEFEND_LOG_FORMAT", "", Choice(&["text", "json"]), "text", "`json` logs each line as a JSON object";
    RUST_LOG: Tokenizer, "RUST_LOG", "", Text, "warn", "what is logged";
}

macro_rules! of_secrets {
    ($($name:literal, $aliases:expr, $providers:literal, $doc:literal;)*) => {
        /// The settings of every secret. A custom provider asks for others by its own names.
        pub const SECRET: &[SecretSetting] = &[
            $(SecretSetting { name: $name, aliases: &$aliases, providers: $providers, doc: $doc }),*
        ];
    };
}

#[rustfmt::skip]
of_secrets! {
    "provider", ["source"], "", "which provider has the secret; several are a chain. `environment` unless set";
    "name", [], "environment", "another variable than the secret's own";
    "path", [], "file", "the file whose content is the secret; a relative one is looked for in the working directory";
    "value", ["signingKey", "signing_key"], "inline", "the secret itself";
    "secret_id", ["secretArn", "secret_arn", "arn"], "aws-secrets-manager", "the name or the ARN of the secret";
    "region", [], "aws-secrets-manager", "such as `eu-central-1`, when it is not in the ARN nor where AWS looks for it";
    "field", [], "aws-secrets-manager", "the field of a JSON object that holds the secret";
    "endpoint", [], "aws-secrets-manager", "another address than AWS's";
    "allow_cleartext", [], "aws-secrets-manager", "`true` permits an `http://` endpoint on another machine";
}
