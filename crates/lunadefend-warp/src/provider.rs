//! The session id provider: a filter that extracts from the request, and a function that finds the session.

use lunadefend_core::{Error, ErrorKind, SessionId, provider::BoxFuture};
use std::{
    convert::Infallible,
    fmt,
    future::{Future, ready},
    sync::Arc,
};
use warp::{Filter, Rejection, filters::BoxedFilter, reject};

/// The session of one request, not looked up yet: the provider runs only when this is called.
pub(crate) type PendingSession =
    Box<dyn FnOnce() -> BoxFuture<'static, Result<Option<SessionId>, Error>> + Send>;

/// Extracts the pending session and never rejects: a rejection of `picks` becomes its result.
pub(crate) fn pending_sessions<F, X, P, Fut>(
    picks: F,
    provider: P,
) -> BoxedFilter<(PendingSession,)>
where
    F: Filter<Extract = (X,)> + Send + Sync + 'static,
    F::Error: Into<Rejection>,
    X: Send + 'static,
    P: Fn(X) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<SessionId>, Error>> + Send + 'static,
{
    let provider = Arc::new(provider);
    picks
        .boxed()
        .map(Ok)
        .or_else(|rejection| ready(Ok::<_, Infallible>((Err(Rejected(rejection)),))))
        .map(move |picked: Result<X, Rejected>| {
            let provider = Arc::clone(&provider);
            let pending: PendingSession = Box::new(move || match picked {
                Ok(picked) => Box::pin(provider(picked)),
                Err(rejected) => Box::pin(ready(Err(
                    Error::new(ErrorKind::SessionProvider).with_source(rejected)
                ))),
            });
            pending
        })
        .boxed()
}

/// The rejection of the provider's filter, as the cause of a 500.
///
/// Shows only the messages of warp's own rejections, which contain names that the program chose. Those of
/// other crates may contain input.
struct Rejected(Rejection);

impl Rejected {
    fn known(&self) -> Option<&dyn fmt::Display> {
        fn find<T: fmt::Display + 'static>(rejection: &Rejection) -> Option<&dyn fmt::Display> {
            rejection.find::<T>().map(|found| found as _)
        }
        fn ours(rejection: &Rejection) -> Option<&dyn fmt::Display> {
            Error::in_rejection(rejection).map(|found| found as _)
        }
        [
            find::<reject::MissingHeader>,
            find::<reject::InvalidHeader>,
            find::<reject::MissingCookie>,
            find::<reject::InvalidQuery>,
            find::<warp::ext::MissingExtension>,
            ours,
        ]
        .iter()
        .find_map(|find| find(&self.0))
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rejected(..)")
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the filter of the session id provider rejected the request")?;
        match self.known() {
            Some(known) => write!(f, ": {known}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejected {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    /// Returns the cause of the error that a filter's rejection becomes.
    async fn cause(
        picks: impl Filter<Extract = ((),), Error = Rejection> + Send + Sync + 'static,
    ) -> String {
        let pending_sessions = pending_sessions(picks, |()| async { Ok(None) });
        let pending = warp::test::request()
            .filter(&pending_sessions)
            .await
            .unwrap();
        let error = pending().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SessionProvider);
        error.source().unwrap().to_string()
    }

    fn rejecting(
        rejection: fn() -> Rejection,
    ) -> impl Filter<Extract = ((),), Error = Rejection> + Send + Sync + 'static {
        warp::any().and_then(move || ready(Err::<(), _>(rejection())))
    }

    #[tokio::test]
    async fn a_rejection_says_what_the_program_named_and_nothing_that_came_in() {
        #[derive(Debug)]
        struct Canary;
        impl reject::Reject for Canary {}

        let rejected = "the filter of the session id provider rejected the request";
        let missing = warp::header::<String>("x-session").map(|_| ());
        assert_eq!(
            cause(missing).await,
            format!("{rejected}: Missing request header \"x-session\"")
        );
        assert_eq!(cause(rejecting(reject::not_found)).await, rejected);
        assert_eq!(cause(rejecting(|| Canary.into())).await, rejected);
        let ours = || Error::from(ErrorKind::Forbidden).into();
        assert_eq!(
            cause(rejecting(ours)).await,
            format!("{rejected}: the request is not allowed from here")
        );
    }

    #[tokio::test]
    async fn the_function_runs_when_the_session_is_asked_for() {
        let pending_sessions =
            pending_sessions(warp::any().map(|| ()), |()| -> std::future::Ready<_> {
                panic!("canary")
            });
        assert!(
            warp::test::request()
                .filter(&pending_sessions)
                .await
                .is_ok()
        );
    }
}
