//! The row of a token.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::{provider::TokenId, wire::Metadata};

pub(crate) fn address(ring: &Ring, token: &TokenId) -> RowAddress {
    ring.address(Table::Token, &[token.expose_id().as_bytes()])
}

/// The metadata of the value.
pub(crate) struct TokenRow {
    pub(crate) metadata: Option<Metadata>,
}

impl Form for TokenRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    /// Without metadata it is empty, which no JSON is.
    fn encode(&self, out: &mut Vec<u8>) {
        let json = self.metadata.as_ref().map_or("", Metadata::as_json);
        out.reserve_exact(json.len());
        out.extend_from_slice(json.as_bytes());
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let json = std::str::from_utf8(fields.take_rest()).map_err(|_| VaultError::Corrupt)?;
        let metadata = match json {
            "" => None,
            json => Some(Metadata::from_json(json).map_err(|_| VaultError::Corrupt)?),
        };
        Ok(Self { metadata })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
