//! The guides of the repository, one module each.

#[doc = include_str!("../docs/elements.md")]
pub mod elements {}

#[doc = include_str!("../docs/settings.md")]
pub mod settings {}

#[doc = include_str!("../docs/secrets.md")]
pub mod secrets {}

#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/security-notes.md")]
pub mod security_notes {}

#[doc = include_str!("../docs/what-the-compiler-checks.md")]
pub mod what_the_compiler_checks {}

#[doc = include_str!("../docs/tokenizer.md")]
pub mod tokenizer {}

#[doc = include_str!("../docs/proxies.md")]
pub mod proxies {}

#[doc = include_str!("../docs/doctor.md")]
pub mod doctor {}

#[doc = include_str!("../docs/graphql.md")]
pub mod graphql {}

#[doc = include_str!("../docs/from-the-node-sdk.md")]
pub mod from_the_node_sdk {}
