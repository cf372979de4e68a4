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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form;

    fn read(bytes: &[u8]) -> Option<(String, bool)> {
        let row: SessionRow = form::read(bytes).ok()?;
        Some((row.session.expose_id().to_owned(), row.is_by_page))
    }

    #[test]
    fn both_forms_read_and_nothing_else() {
        // Before pages could hold states, every session was begun by a redirect.
        assert_eq!(read(b"\x01ann"), Some(("ann".to_owned(), false)));
        for is_by_page in [false, true] {
            let session = SessionId::new("ann").unwrap();
            let row = SessionRow {
                session,
                is_by_page,
            };
            let written = form::write(&row);
            assert_eq!(
                *written,
                [b"\x02", &[u8::from(is_by_page)][..], b"ann"].concat()
            );
            assert_eq!(read(&written), Some(("ann".to_owned(), is_by_page)));
        }
        // Neither yes nor no, cut short, without an id, of a version to come.
        for other in [
            &b"\x02\x02ann"[..],
            b"\x02",
            b"\x02\x01",
            b"\x01",
            b"\x03\x00ann",
            b"",
        ] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }
}
