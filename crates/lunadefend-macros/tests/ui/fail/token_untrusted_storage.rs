use lunadefend_core::UntrustedToken;

#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    #[serde(with = "lunadefend_core::storage")]
    ssn: UntrustedToken,
}

fn main() {}
