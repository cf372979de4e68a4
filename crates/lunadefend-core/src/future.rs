//! The boxed future that object-safe traits return.

use std::{future::Future, pin::Pin};

/// The return type of every asynchronous method in a trait that users implement.
///
/// An implementation writes `Box::pin(async move { .. })`; no macro is needed.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
