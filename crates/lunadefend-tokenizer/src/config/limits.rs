//! Sizes and times.

use crate::config_error::ConfigError;
use lunadefend_core::provider::SettingError;
use lunadefend_vault::Quota;
use std::{num::NonZeroU32, time::Duration};

/// The limits on what a client may send, and on the time that it may take.
///
/// ```
/// use lunadefend_tokenizer::Limits;
///
/// let mut limits = Limits::default();
/// limits.max_connections = 4096;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum of connections at once; 1024 by default. One of HTTP/2 has up to
    /// [`MAX_STREAMS`](Self::MAX_STREAMS) requests at once, and all of these together as many as there may be
    /// connections; a further request waits. A further connection closes the one that has
    /// idled longest; while none idles, it waits. The process's limit of open files caps it.
    pub max_connections: u32,
    /// The longest value, in bytes; 64 MiB by default, [`MAX_VALUE`](Self::MAX_VALUE) at most. No
    /// more than a few chunks of 63 KiB of it are in memory at once.
    pub max_value: u64,
    /// The maximum of values that a session may store in 24 hours by requests with the cookie, that is from
    /// the frame; 64 by default. Values that the application stores by JWT do not count.
    pub session_values: u32,
    /// The maximum of bytes in these values together; 256 MiB by default, and not less than
    /// [`max_value`](Self::max_value).
    pub session_bytes: u64,
    /// The maximum of tokens that may be deleted in an hour, which begins with its first request; 1000 by
    /// default. The request that exceeds it deletes nothing and is a 429. The count is of this process.
    pub deletes_per_hour: u32,
    /// The maximum of requests of one session with the cookie in a minute, and at once; 3000 by default, `None` for no
    /// limit. One more is a 429 with `Retry-After`. This count and the next three are of this process.
    pub session_requests: Option<NonZeroU32>,
    /// The maximum of values that one session may ask for in an hour, and at once, with or without a grant; 10,000 by
    /// default, `None` for no limit. Not less than [`MAX_READS`](Self::MAX_READS).
    pub session_reads: Option<NonZeroU32>,
    /// The same for all sessions together; 1,000,000 by default.
    ///
    /// # Security
    /// It stops whoever has taken over the application before they have read every value.
    pub reads: Option<NonZeroU32>,
    /// The maximum of refusals (4xx) of one IPv4 address, or one IPv6 network of 64 bits, in a minute, and at once;
    /// 600 by default, `None` for no limit. Each further one is a 429 that does not say why. A request that would succeed
    /// is served. A request with a JWT of the application is not counted, nor a 401 to a browser without a session, which
    /// is a step of a session transfer.
    pub refusals: Option<NonZeroU32>,
    /// The maximum of JWTs whose signature is not verified again while the same key set is in use; 4096 by default, 0
    /// for none. It takes a few hundred bytes for each: a hash and the claims.
    ///
    /// # Security
    /// Whether the key is still good, `exp`, and all else about a JWT is judged for each request.
    pub verified_jwts: usize,
    /// The time for the head of a request, from its first byte, or from the start of a connection. 10 s by
    /// default. A TLS handshake has as much before it. On a connection of HTTP/2 it is that of the first request.
    pub header_read: Duration,
    /// The time for which a connection is kept without a request. 11 minutes by default. A request of HTTP/2 that has begun
    /// to come must be whole in that time.
    ///
    /// It must be longer than the proxy in front keeps its connections; otherwise the proxy sends requests
    /// into connections that are closing. nginx and varnish keep them for 60 s, Caddy for 2 minutes, Google's
    /// balancers for 10. Configure a shorter time in Envoy (an hour) and Apache (for ever). An idle
    /// connection keeps no client out: it is closed when its place is needed.
    pub idle: Duration,
    /// The time for the whole body of a JSON request, and for each pause in the body of an upload. 10 s by
    /// default. An upload may pause any number of times, as long as each 63 KiB arrive within 25 s
    /// ([`Vault::CHUNK_TIME`](lunadefend_vault::Vault::CHUNK_TIME)).
    pub body_read: Duration,
    /// The time for a request until its response begins, without the body of an upload. 30 s by default.
    pub request: Duration,
    /// The time for which a client may leave a response unread. 30 s by default. A client that reads has twice this
    /// time for each 64 KiB. So has each response of a connection of HTTP/2.
    pub write_stall: Duration,
    /// The time for which running requests may go on once the server stops. 10 s by default.
    pub drain: Duration,
}

impl Limits {
    /// The longest JSON body of a request, in bytes, except for batches: these have up to 1 MiB.
    pub const MAX_JSON: usize = lunadefend_core::wire::REQUEST.bytes;
    /// The longest head of a request, in bytes.
    pub const MAX_HEAD: usize = 32 * 1024;
    /// The maximum of requests at once on a connection of HTTP/2. With fewer, those of clients that send a hundred before
    /// they hear of it would be refused.
    pub const MAX_STREAMS: u32 = 100;
    /// The longest value that can be configured, in bytes.
    pub const MAX_VALUE: u64 = 1024 * 1024 * 1024;
    /// The default of the longest value, in bytes.
    pub const DEFAULT_MAX_VALUE: u64 = 64 * 1024 * 1024;

    /// The maximum of values that one request may ask for, so the least of the limits on reads.
    pub const MAX_READS: u32 = lunadefend_core::wire::TokenIds::MAX as u32;

    pub(crate) const fn quota(&self) -> Quota {
        Quota {
            values: self.session_values,
            bytes: self.session_bytes,
        }
    }

    /// The maximum of open files beside those for connections: the store, the listener, logs, and requests
    /// for a key set with their name look-ups.
    pub const RESERVED_FILES: u32 = 64;

    /// Returns the limit of open files (`RLIMIT_NOFILE`) that the process needs for that many connections.
    #[must_use]
    pub const fn open_files(&self) -> u64 {
        self.max_connections as u64 + Self::RESERVED_FILES as u64
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (setting, value, most) in [
            (
                "LUNADEFEND_MAX_CONNECTIONS",
                self.max_connections.into(),
                1 << 20,
            ),
            ("LUNADEFEND_MAX_VALUE", self.max_value, Self::MAX_VALUE),
            (
                "LUNADEFEND_SESSION_VALUES",
                self.session_values.into(),
                u32::MAX.into(),
            ),
            (
                "LUNADEFEND_DELETES_PER_HOUR",
                self.deletes_per_hour.into(),
                u32::MAX.into(),
            ),
        ] {
            if !(1..=most).contains(&value) {
                let advice = format!("it must be from 1 to {most}");
                return Err(SettingError::wrong(setting, advice).into());
            }
        }
        for (setting, reads) in [
            ("LUNADEFEND_SESSION_READS_PER_HOUR", self.session_reads),
            ("LUNADEFEND_READS_PER_HOUR", self.reads),
        ] {
            if reads.is_some_and(|reads| reads.get() < Self::MAX_READS) {
                let advice = format!("it must be 0, for no limit, or from {}", Self::MAX_READS);
                return Err(SettingError::wrong(setting, advice).into());
            }
        }
        if self.session_bytes < self.max_value {
            return Err(SettingError::new(
                "LUNADEFEND_SESSION_BYTES",
                "must not be less than LUNADEFEND_MAX_VALUE",
                "a session must be allowed to store one value of the greatest length",
            )
            .into());
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_value: Self::DEFAULT_MAX_VALUE,
            session_values: 64,
            session_bytes: 256 * 1024 * 1024,
            deletes_per_hour: 1000,
            session_requests: NonZeroU32::new(3000),
            session_reads: NonZeroU32::new(10_000),
            reads: NonZeroU32::new(1_000_000),
            refusals: NonZeroU32::new(600),
            verified_jwts: 4096,
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(11 * 60),
            body_read: Duration::from_secs(10),
            request: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}
