//! What the tests that cross crates share: an application and a tokenizer in one process, the browser
//! between them, a clock that the test owns, and a line that can be made to fail.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "clippy takes the harness of tests for production code"
)]

mod application;
mod aws;
mod front;
mod jwts;
mod keys;
mod nobody;
#[cfg(unix)]
mod postgres;
mod proxy;
mod stub;
mod tls;
mod tokenizer;
pub mod walk;
mod world;

pub use application::{Application, Fault as ApplicationFault};
pub use aws::{Moto, S3s, options_at};
pub use front::Front;
pub use jwts::{DecodedJwt, decode, sign};
pub use keys::{other_key, pem, provider, signing_key};
pub use lunadefend_testing::{
    TestClock,
    browser::{Browser, Page},
    http as http1,
};
pub use nobody::nobody;
#[cfg(unix)]
pub use postgres::{Bouncer, PostgresServer};
pub use proxy::{Fault, Proxy};
pub use stub::{Act, Stub};
pub use tls::self_signed;
pub use tokenizer::WorldTokenizer;
pub use world::{Hosts, Settings, World};

/// Compiles the handlers of the page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/from-the-node-sdk.md")]
mod from_the_node_sdk {}

/// Compiles what the page shows.
#[cfg(doctest)]
#[doc = include_str!("../../docs/errors.md")]
mod errors {}
