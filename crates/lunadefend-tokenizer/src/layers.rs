//! The rules that many requests and responses share, one concept a layer. `layered.rs` and `router.rs` stack them.

pub(crate) mod admission;
pub(crate) mod audit;
pub(crate) mod base_path;
pub(crate) mod body_limit;
pub(crate) mod context;
pub(crate) mod cors;
pub(crate) mod credentials;
pub(crate) mod harden;
pub(crate) mod headers;
pub(crate) mod log;
pub(crate) mod measure;
pub(crate) mod methods;
pub(crate) mod refusals;
pub(crate) mod service_worker;
pub(crate) mod time_limit;
