//! The row of a download URL.

use crate::{
    DownloadId, VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{RowAddress, Table},
};

pub(crate) fn address(ring: &Ring, id: DownloadId) -> RowAddress {
    ring.address(Table::Download, &[id.url_id().as_bytes()])
}

/// The rows that each use of the URL checks again.
pub(crate) struct DownloadRow {
    pub(crate) grant: RowAddress,
    pub(crate) value: RowAddress,
    /// The row that marks the session as ended.
    pub(crate) ended: RowAddress,
}

impl Form for DownloadRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        for at in [&self.grant, &self.value, &self.ended] {
            out.extend_from_slice(at.key.as_bytes());
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            grant: fields.address(Table::Grant)?,
            value: fields.address(Table::Value)?,
            ended: fields.address(Table::EndedSession)?,
        })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
