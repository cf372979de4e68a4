//! Beside the derive of an OpenAPI library, which reads serde's attributes too.

use crate::backend::same;
use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;
use utoipa::{PartialSchema, ToSchema};

#[derive(Tokens, ToSchema)]
#[tokens(crate = "lunadefend_core")]
#[serde(rename_all = "camelCase")]
struct SetSsn {
    full_name: String,
    #[token(ttl = "15m")]
    #[schema(value_type = String, format = "lunasec-uuid")]
    ssn_token: VerifiedToken,
}

#[test]
fn the_schema_has_the_names_of_the_forms() {
    let schema = serde_json::to_value(SetSsn::schema()).unwrap();
    assert_eq!(schema["properties"]["ssnToken"]["type"], "string");
    same::<SetSsn>(r#"{"fullName":"Ann","ssnToken":"T1"}"#);
}
