//! The row of a download URL.

use crate::{
    DownloadId, VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    rows::token::Epoch,
    store::{RowAddress, Table},
};

pub(crate) fn address(ring: &Ring, id: DownloadId) -> RowAddress {
    ring.address(Table::Download, &[id.url_id().as_bytes()])
}

/// The rows that each use of the URL checks again.
pub(crate) struct DownloadRow {
    pub(crate) granted: Granted,
    /// The row of the token, and the epoch that the grant is of. A URL from before there were epochs has none:
    /// it outlives a revocation, by the rest of its minute.
    pub(crate) token: Option<(RowAddress, Epoch)>,
}

/// A grant, and what it gives.
pub(crate) struct Granted {
    pub(crate) grant: RowAddress,
    pub(crate) value: RowAddress,
    /// The row that marks the session as ended.
    pub(crate) ended: RowAddress,
}

impl Form for DownloadRow {
    type Older = Granted;

    const VERSION: u8 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        self.granted.encode(out);
        if let Some((token, epoch)) = &self.token {
            out.extend_from_slice(token.key.as_bytes());
            out.extend_from_slice(&epoch.get().to_be_bytes());
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            granted: Granted::decode(fields)?,
            token: match fields.optional_address(Table::Token)? {
                None => None,
                Some(token) => Some((token, Epoch::new(fields.u64()?))),
            },
        })
    }

    fn upgrade(granted: Granted) -> Self {
        Self {
            granted,
            token: None,
        }
    }
}

impl Form for Granted {
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
