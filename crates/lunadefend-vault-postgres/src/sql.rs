//! Scripts: what the server is asked in one round trip.
//!
//! Behind pgbouncer in transaction mode each round trip may reach another connection of the server. So a script is
//! one message of the simple query protocol: its statements are one transaction, and nothing is prepared. It has its
//! values as literals; [`Script`] can only write numbers and hexadecimal digits.

use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::hex;
use std::{fmt::Write as _, time::Duration};

/// One transaction as text. Without `Debug`: it contains keys and sealed rows.
pub(crate) struct Script(String);

impl Script {
    /// Begins a transaction that ends before `limit`.
    pub(crate) fn new(limit: Duration) -> Self {
        // 0 would mean none.
        let limit = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX).max(1);
        Self(String::new())
            .sql("SET LOCAL transaction_isolation = 'read committed'; SET LOCAL statement_timeout = ")
            .int(limit)
            .sql("; ")
    }

    /// Begins a transaction that reads: on a standby it is an error.
    pub(crate) fn read(limit: Duration) -> Self {
        Self::new(limit).sql("SELECT lunadefend_primary(); ")
    }

    #[must_use]
    pub(crate) fn sql(mut self, text: &'static str) -> Self {
        self.0.push_str(text);
        self
    }

    #[must_use]
    pub(crate) fn int(mut self, number: i64) -> Self {
        // A String takes everything.
        let _ = write!(self.0, "{number}");
        self
    }

    #[must_use]
    pub(crate) fn time(self, time: UnixMillis) -> Self {
        self.int(millis(time))
    }

    #[must_use]
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push_str("'\\x");
        self.0.push_str(&hex(bytes));
        self.0.push_str("'::bytea");
        self
    }

    /// An array of a type; `None` is null.
    #[must_use]
    pub(crate) fn array<T>(
        mut self,
        of: &'static str,
        items: impl IntoIterator<Item = Option<T>>,
        item: impl Fn(Self, T) -> Self,
    ) -> Self {
        self.0.push_str("ARRAY[");
        for (index, value) in items.into_iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self = match value {
                Some(value) => item(self, value),
                None => self.sql("NULL"),
            };
        }
        self.0.push_str("]::");
        self.sql(of).sql("[]")
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A time as the database has it. Later than in 292 million years is the latest.
pub(crate) fn millis(time: UnixMillis) -> i64 {
    i64::try_from(time.get()).unwrap_or(i64::MAX)
}

/// The time of what the database has; `None` of what is none.
pub(crate) fn time(millis: i64) -> Option<UnixMillis> {
    match millis {
        i64::MAX => Some(UnixMillis::MAX),
        millis => u64::try_from(millis).ok().map(UnixMillis::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_numbers_and_digits() {
        let script = Script::new(Duration::from_micros(1))
            .sql("SELECT ")
            .bytes(b"';\n\\")
            .sql(", ")
            .array("bigint", [Some(-1), None], Script::int)
            .into_text();
        assert_eq!(
            script,
            "SET LOCAL transaction_isolation = 'read committed'; SET LOCAL statement_timeout = 1; \
             SELECT '\\x273b0a5c'::bytea, ARRAY[-1,NULL]::bigint[]"
        );
    }
}
