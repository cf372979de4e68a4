//! A request, repeated until it succeeds, or fails for good, or its time is over.

use crate::error::Said;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use lunadefend_aws::{CredentialsError, Refused, chain, find, printable};
use lunadefend_crypto::random_bytes;
use lunadefend_vault::store::StoreError;
use std::{error::Error, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};

/// The longest pause before the second attempt; it doubles with each.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a failed attempt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It changed nothing and may succeed soon: another transaction was in its way, or too many requests.
    Busy,
    /// There is no answer that says anything: nobody knows what it changed.
    Broken,
    /// It changed nothing, and another attempt would fail as well.
    Refused,
}

/// A failed attempt.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) kind: Kind,
    pub(crate) said: Said,
    /// This or an earlier attempt may have been applied.
    pub(crate) may_have_written: bool,
}

/// Codes of requests that were turned away for their number, and changed nothing.
const BUSY: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl Failed {
    pub(crate) fn new(kind: Kind, said: impl Into<String>) -> Self {
        Self {
            kind,
            said: Said(said.into()),
            may_have_written: kind == Kind::Broken,
        }
    }

    pub(crate) fn of<E>(error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let code = context.err().code().unwrap_or("an error without a code");
                let kind = match () {
                    () if BUSY.contains(&code) => Kind::Busy,
                    () if status >= 500 => Kind::Broken,
                    () => Kind::Refused,
                };
                // The message may repeat what was sent.
                Self::new(kind, printable(&format!("AWS says {code} ({status})")))
            }
            error => {
                let is_unsent =
                    find::<Refused>(error).is_some() || find::<CredentialsError>(error).is_some();
                let kind = match error {
                    _ if is_unsent => Kind::Refused,
                    SdkError::ConstructionFailure(_) => Kind::Refused,
                    _ => Kind::Broken,
                };
                Self::new(kind, printable(&chain(error)))
            }
        }
    }

    /// The error of a call that changes nothing.
    pub(crate) fn of_read(self) -> StoreError {
        StoreError::unavailable(self.said)
    }

    /// The error of a call that may have changed something.
    pub(crate) fn of_write(self) -> StoreError {
        match self.may_have_written {
            true => StoreError::unknown(self.said),
            false => StoreError::unavailable(self.said),
        }
    }
}

/// Runs a request until it succeeds, or is refused, or its time is over.
pub(crate) async fn repeat<T, F>(
    timeout: Duration,
    attempt: impl Fn() -> F + Send,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>> + Send,
{
    let deadline = Instant::now() + timeout;
    let mut may_have_written = false;
    let mut longest = PAUSE;
    loop {
        let outcome = timeout_at(deadline, attempt()).await;
        let late = |_| Err(Failed::new(Kind::Broken, "no answer in time"));
        let mut failed = match outcome.unwrap_or_else(late) {
            Ok(done) => return Ok(done),
            Err(failed) => failed,
        };
        may_have_written |= failed.may_have_written;
        let pause = part_of(longest);
        if failed.kind == Kind::Refused || Instant::now() + pause >= deadline {
            failed.may_have_written = may_have_written;
            return Err(failed);
        }
        sleep(pause).await;
        longest = (longest * 2).min(LONGEST_PAUSE);
    }
}

/// A random part of the longest pause, so that those who were in each other's way part.
fn part_of(longest: Duration) -> Duration {
    let [part] = random_bytes().unwrap_or([u8::MAX]);
    longest * u32::from(part) / u32::from(u8::MAX)
}
