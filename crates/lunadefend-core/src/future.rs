//! The boxed future that object-safe traits return.

use std::{future::Future, pin::Pin};

/// What every asynchronous method of a trait that users implement returns.
///
/// An implementation writes `Box::pin(async move { .. })`; no macro is needed.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
