use lunadefend_core::{GrantedToken, VerifiedToken};

#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    #[serde(with = "lunadefend_core::storage")]
    ssn: GrantedToken,
}

fn back(token: GrantedToken) -> VerifiedToken {
    token.into()
}

#[derive(serde::Deserialize)]
struct Body {
    ssn: GrantedToken,
}

fn main() {}
