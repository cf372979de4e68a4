//! The row of a browser session.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::SessionId;

pub(crate) fn address(ring: &Ring, handle: &[u8]) -> RowAddress {
    ring.address(Table::Session, &[handle])
}

/// The application's session that the browser session belongs to.
pub(crate) struct SessionRow(pub(crate) SessionId);

impl Form for SessionRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        let id = self.0.expose_id().as_bytes();
        out.reserve_exact(id.len());
        out.extend_from_slice(id);
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let id = std::str::from_utf8(fields.take_rest()).map_err(|_| VaultError::Corrupt)?;
        let session = SessionId::new(id).map_err(|_| VaultError::Corrupt)?;
        Ok(Self(session))
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
