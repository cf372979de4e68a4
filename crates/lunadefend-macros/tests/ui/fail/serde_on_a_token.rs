use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Fields {
    #[token]
    #[serde(with = "lunadefend_core::storage")]
    with: VerifiedToken,
    #[token]
    #[serde(deserialize_with = "lunadefend_core::storage::deserialize")]
    deserialize_with: VerifiedToken,
    #[token]
    #[serde(serialize_with = "lunadefend_core::storage::serialize")]
    serialize_with: VerifiedToken,
    #[token]
    #[serde(getter = "get")]
    getter: VerifiedToken,
    #[token]
    #[serde(default = "stolen")]
    default: VerifiedToken,
    #[token]
    #[serde(skip)]
    skip: Option<VerifiedToken>,
    #[token]
    #[serde(skip_serializing)]
    skip_serializing: Option<VerifiedToken>,
    #[token]
    #[serde(skip_deserializing)]
    skip_deserializing: Option<VerifiedToken>,
    #[token]
    #[serde(skip_serializing_if = "is_stolen")]
    skip_serializing_if: VerifiedToken,
    #[token]
    #[serde(bound = "")]
    bound: VerifiedToken,
    #[token]
    #[serde(borrow)]
    borrow: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
enum Variants {
    #[serde(skip)]
    Skip(#[token] VerifiedToken),
    #[serde(skip_serializing)]
    SkipSerializing {
        #[token]
        ssn: VerifiedToken,
    },
    #[serde(with = "lunadefend_core::storage")]
    With(VerifiedToken),
}

fn main() {}
