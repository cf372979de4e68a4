//! Handlers whose arguments declare what they need from the request.

use crate::{Error, Extract, Luna, extract::Request};
use std::future::Future;
use warp::{Filter, Rejection, Reply, filters::BoxedFilter, reply::Response};

/// An `async fn` for [`Luna::handle`].
///
/// Its arguments are the values that the filters of the route extract (`A`), then up to three that implement
/// [`Extract`] (`E`). It returns a [`Reply`], such as `Result<impl Reply, Error>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of this route",
    label = "its arguments or its result do not fit",
    note = "the arguments are what the filters of the route extract, in their order (at most 6), then up to three of `Session`, `Option<Session>`, `Granter` and `Verified<T>`",
    note = "it must be an `async fn` or a function that returns a `Send` future, and its result a `warp::Reply`, such as `Result<Granted<T>, lunadefend_warp::Error>`"
)]
pub trait Handler<A, E>: Clone + Send + Sync + 'static {
    /// Appends the handler to a route.
    #[doc(hidden)]
    fn attach<F>(self, luna: &Luna, route: F) -> BoxedFilter<(Response,)>
    where
        F: Filter<Extract = A, Error = Rejection> + Clone + Send + Sync + 'static;
}

/// Implements `Handler` once: for one number of the route's values and one number of extractors.
macro_rules! handler {
    ([$($arg:ident)*] []) => {
        impl<H, Fut, $($arg,)*> Handler<($($arg,)*), ()> for H
        where
            H: Fn($($arg),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: Reply> + Send + 'static,
            $($arg: Send + 'static,)*
        {
            fn attach<F>(self, _: &Luna, route: F) -> BoxedFilter<(Response,)>
            where
                F: Filter<Extract = ($($arg,)*), Error = Rejection> + Clone + Send + Sync + 'static,
            {
                route.then(self).map(Reply::into_response).boxed()
            }
        }
    };
    ([$($arg:ident)*] [$($ask:ident)+]) => {
        impl<H, Fut, $($arg,)* $($ask),+> Handler<($($arg,)*), ($($ask,)+)> for H
        where
            H: Fn($($arg,)* $($ask),+) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: Reply> + Send + 'static,
            $($arg: Send + 'static,)*
            $($ask: Extract,)+
        {
            #[expect(non_snake_case, reason = "the macro names a variable as its type")]
            fn attach<F>(self, luna: &Luna, route: F) -> BoxedFilter<(Response,)>
            where
                F: Filter<Extract = ($($arg,)*), Error = Rejection> + Clone + Send + Sync + 'static,
            {
                let reads_payload = $($ask::READS_PAYLOAD)||+;
                route
                    .and(luna.request(reads_payload))
                    .then(move |$($arg: $arg,)* mut request: Request| {
                        let handler = self.clone();
                        async move {
                            let asked = async {
                                Ok::<_, Error>(($($ask::extract(&mut request).await?,)+))
                            };
                            match asked.await {
                                Ok(($($ask,)+)) => {
                                    handler($($arg,)* $($ask),+).await.into_response()
                                }
                                Err(error) => error.into_response(),
                            }
                        }
                    })
                    .boxed()
            }
        }
    };
}

macro_rules! handlers {
    ($($args:tt)+) => {
        $(
            handler!($args []);
            handler!($args [E1]);
            handler!($args [E1 E2]);
            handler!($args [E1 E2 E3]);
        )+
    };
}

handlers! {
    []
    [A1]
    [A1 A2]
    [A1 A2 A3]
    [A1 A2 A3 A4]
    [A1 A2 A3 A4 A5]
    [A1 A2 A3 A4 A5 A6]
}
