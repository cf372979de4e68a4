//! Where the server is, and how it is talked to.

use lunadefend_core::provider::SecretValue;
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{fmt, net::IpAddr, path::Path, time::Duration};
use url::Url;

/// Where the server is, and how it is talked to.
///
/// TLS is required, and the certificate of the server verified, unless the server is at a loopback address or a
/// socket.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(crate) connect: PgConnectOptions,
    pub(crate) max_connections: u32,
    pub(crate) timeout: Duration,
}

/// Why options are wrong. No text contains the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// It is no such URL.
    #[error(
        "write postgres://user@host:port/database, or postgres:///database?host=/folder/of/the/socket&user=user"
    )]
    Url,
    /// The URL has a password.
    #[error(
        "a URL is shown in logs and lists of processes: take the password out, it has a setting of its own"
    )]
    Password,
    /// The URL has a parameter that is not known.
    #[error("only host, user and port may follow the ? of the URL")]
    Parameter,
    /// The password is no text.
    #[error("the password is no text in UTF-8")]
    PasswordText,
}

impl PostgresOptions {
    /// The connections of a process, unless said otherwise.
    pub const MAX_CONNECTIONS: u32 = 16;
    /// The longest time for a call, unless said otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(4);

    /// Reads `postgres://user@host:port/database`. The parameter `host` names the folder of a socket.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn from_url(text: &str) -> Result<Self, OptionsError> {
        let url = Url::parse(text).map_err(|_| OptionsError::Url)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(OptionsError::Url);
        }
        if url.password().is_some() {
            return Err(OptionsError::Password);
        }
        if url.username().contains('%') {
            return Err(OptionsError::Url);
        }
        let database = url.path().trim_start_matches('/');
        if database.is_empty() || database.contains(['/', '%']) {
            return Err(OptionsError::Url);
        }
        // The environment of the process (PGHOST, PGPASSWORD) and files (.pgpass) decide nothing.
        let mut connect = PgConnectOptions::new_without_pgpass()
            .database(database)
            .application_name("lunadefend")
            // pgbouncer knows no such parameter of a session.
            .extra_float_digits(None)
            .disable_statement_logging();
        let mut is_here = false;
        let mut user = url.username().to_owned();
        let mut is_named = false;
        if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            is_named = true;
            is_here = is_loopback(host);
            connect = connect.host(host).port(url.port().unwrap_or(5432));
        }
        for (name, value) in url.query_pairs() {
            match &*name {
                "host" if !is_named && value.starts_with('/') => {
                    (is_named, is_here) = (true, true);
                    connect = connect.socket(Path::new(&*value));
                }
                "user" if user.is_empty() => user = value.into_owned(),
                "port" if url.port().is_none() => {
                    connect = connect.port(value.parse().map_err(|_| OptionsError::Url)?);
                }
                _ => return Err(OptionsError::Parameter),
            }
        }
        if !is_named || user.is_empty() {
            return Err(OptionsError::Url);
        }
        let mode = match is_here {
            true => PgSslMode::Prefer,
            false => PgSslMode::VerifyFull,
        };
        Ok(Self {
            connect: connect.username(&user).ssl_mode(mode),
            max_connections: Self::MAX_CONNECTIONS,
            timeout: Self::TIMEOUT,
        })
    }

    /// Sets the password.
    ///
    /// # Errors
    /// [`OptionsError::PasswordText`].
    pub fn password(mut self, password: &SecretValue) -> Result<Self, OptionsError> {
        let text = std::str::from_utf8(password.expose_secret());
        self.connect = self
            .connect
            .password(text.map_err(|_| OptionsError::PasswordText)?);
        Ok(self)
    }

    /// Sets the file with the certificates, in PEM, of those who may vouch for the server; those of the system by
    /// default. Then TLS is verified for a server on this machine too.
    #[must_use]
    pub fn root_certificates(mut self, pem: &Path) -> Self {
        self.connect = self
            .connect
            .ssl_root_cert(pem)
            .ssl_mode(PgSslMode::VerifyFull);
        self
    }

    /// Sets how many connections the process may have: 16 by default.
    #[must_use]
    pub const fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets the longest time for a call, its wait for a connection included: 4 s by default. Give it less than a
    /// request has.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// Without the password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("host", &self.connect.get_host())
            .field("database", &self.connect.get_database())
            .field("max_connections", &self.max_connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_verified_unless_the_server_is_here() {
        for (url, mode) in [
            ("postgres://u@db.internal/t", PgSslMode::VerifyFull),
            ("postgresql://u@10.0.0.1:6432/t", PgSslMode::VerifyFull),
            ("postgres://u@localhost/t", PgSslMode::Prefer),
            ("postgres://u@127.0.0.1/t", PgSslMode::Prefer),
            ("postgres://u@[::1]/t", PgSslMode::Prefer),
            (
                "postgres:///t?host=/run/postgresql&user=u",
                PgSslMode::Prefer,
            ),
        ] {
            let options = PostgresOptions::from_url(url).unwrap();
            assert_eq!(
                format!("{:?}", options.connect.get_ssl_mode()),
                format!("{mode:?}"),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_url_is_said() {
        for (url, error) in [
            ("", OptionsError::Url),
            ("db.internal", OptionsError::Url),
            ("mysql://u@h/t", OptionsError::Url),
            ("postgres://u@h", OptionsError::Url),
            ("postgres://h/t", OptionsError::Url),
            ("postgres:///t", OptionsError::Url),
            ("postgres://u:secret@h/t", OptionsError::Password),
            ("postgres://u@h/t?sslmode=disable", OptionsError::Parameter),
            ("postgres://u@h/t?host=/run", OptionsError::Parameter),
        ] {
            assert_eq!(PostgresOptions::from_url(url).err(), Some(error), "{url}");
        }
    }
}
