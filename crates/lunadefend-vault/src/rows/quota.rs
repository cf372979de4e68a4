//! The row that counts what a session stores in its day.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::SessionId;

pub(crate) fn address(ring: &Ring, session: &SessionId) -> RowAddress {
    ring.address(Table::Quota, &[session.expose_id().as_bytes()])
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QuotaRow {
    pub(crate) values: u32,
    pub(crate) bytes: u64,
}

impl Form for QuotaRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.values.to_be_bytes());
        out.extend_from_slice(&self.bytes.to_be_bytes());
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            values: fields.u32()?,
            bytes: fields.u64()?,
        })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
