//! The one key of all pieces: making one at random takes long, and each time another number of instructions.

use anyhow::Result;
use lunadefend_crypto::SigningKey;

pub(crate) fn signing_key() -> Result<SigningKey> {
    let pem = include_bytes!("../testdata/signing.pem");
    Ok(SigningKey::parse(pem, "testdata/signing.pem")?)
}

/// The tokens of a piece.
pub(crate) fn tokens(count: usize) -> Vec<String> {
    let token = |index| format!("lunasec-0a1b2c3d-1111-4222-8333-{index:012}");
    (0..count).map(token).collect()
}
