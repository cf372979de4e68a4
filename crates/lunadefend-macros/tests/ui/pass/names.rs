//! Names of the user's that the derive uses too.

mod own {
    pub struct Result;
    pub struct Option;
    pub struct Vec;
    pub struct Error;
    pub struct Some;
    pub struct Ok;
    pub struct Err;
    pub struct None;
    pub struct Box;
    pub struct String;
    pub trait Default {}
    pub trait Send {}
    pub trait Clone {}
    pub trait Verify {}
    pub trait Grant {}
    pub trait Debug {}
    pub trait From {}
    pub trait Into {}
    pub mod core {}
    pub mod std {}
    pub mod serde {}
    pub mod alloc {}
}

#[allow(unused_imports)]
use own::*;

use ::lunadefend_core::VerifiedToken;
use ::lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "::lunadefend_core")]
struct Customer {
    #[serde(default)]
    tokens: u8,
    proof: u8,
    r#type: u8,
    #[token(ttl = "5m")]
    #[serde(default)]
    value: ::std::option::Option<VerifiedToken>,
    #[serde(skip_serializing_if = "is_zero")]
    serializer: u8,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[derive(Tokens)]
#[tokens(crate = "::lunadefend_core")]
enum Kind {
    A(#[token] VerifiedToken),
    Ok { #[token] this: ::std::vec::Vec<VerifiedToken> },
    Err,
}

fn main() {}
