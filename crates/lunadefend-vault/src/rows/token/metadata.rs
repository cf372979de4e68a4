//! The metadata of a token, as its row has it.

use crate::VaultError;
use lunadefend_core::wire::Metadata;

/// The JSON text of metadata that was valid when the vault sealed it. It is parsed for those who ask for it: most reads of a
/// token want its epoch alone.
#[derive(Clone)]
pub(crate) struct StoredMetadata(Box<str>);

impl StoredMetadata {
    /// Takes the text of a row that has opened.
    pub(crate) fn from_row(json: &str) -> Self {
        Self(json.into())
    }

    pub(crate) fn as_json(&self) -> &str {
        &self.0
    }

    /// # Errors
    /// [`VaultError::Corrupt`] when this version of the vault would not have stored it.
    pub(crate) fn parse(&self) -> Result<Metadata, VaultError> {
        Metadata::from_json(&self.0).map_err(|_| VaultError::Corrupt)
    }
}

impl From<&Metadata> for StoredMetadata {
    fn from(metadata: &Metadata) -> Self {
        Self(metadata.as_json().into())
    }
}
