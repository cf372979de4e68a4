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
pub(crate) struct SessionRow {
    pub(crate) session: SessionId,
    /// Whether script of a page held the state that made it.
    pub(crate) is_by_page: bool,
}

impl Form for SessionRow {
    type Older = SessionRow1;

    const VERSION: u8 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        let id = self.session.expose_id().as_bytes();
        out.reserve_exact(1 + id.len());
        out.push(self.is_by_page.into());
        out.extend_from_slice(id);
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let is_by_page = match fields.u8()? {
            0 => false,
            1 => true,
            _ => return Err(VaultError::Corrupt),
        };
        let SessionRow1(session) = SessionRow1::decode(fields)?;
        Ok(Self {
            session,
            is_by_page,
        })
    }

    fn upgrade(SessionRow1(session): SessionRow1) -> Self {
        Self {
            session,
            is_by_page: false,
        }
    }
}

/// The form before pages could hold states.
pub(crate) struct SessionRow1(SessionId);

impl Form for SessionRow1 {
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
