//! The options of an embedded store.

use lunadefend_vault::MasterKey;

/// The options for opening an [`EmbeddedStore`](crate::EmbeddedStore).
///
/// ```
/// use lunadefend_vault_redb::EmbeddedOptions;
///
/// let options = EmbeddedOptions::default().cache_size(256 * 1024 * 1024);
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    pub(crate) cache_size: usize,
    pub(crate) check_on_open: bool,
    pub(crate) reserve: u64,
    pub(crate) next_master_key: Option<MasterKey>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_size: 8 * 1024 * 1024,
            check_on_open: true,
            reserve: Self::RESERVE,
            next_master_key: None,
        }
    }
}

impl EmbeddedOptions {
    /// The default reserve of the disk: 128 MiB. It exceeds what the store has accepted and not yet written,
    /// so that much of it remains for grants and sessions.
    pub const RESERVE: u64 = 128 * 1024 * 1024;

    /// Sets the bytes of the disk that are kept for grants, sessions and the like. While less is free, the
    /// store refuses new values ([`StoreError::Full`](lunadefend_vault::store::StoreError::Full)). The
    /// default is [`RESERVE`](Self::RESERVE); 0 keeps nothing. On systems other than Unix it has no effect.
    #[must_use]
    pub const fn reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// Gives the master key that is to take the place of the present one, if any: see
    /// [`MasterKeys`](lunadefend_vault::MasterKeys).
    #[must_use]
    pub fn next_master_key(mut self, key: impl Into<Option<MasterKey>>) -> Self {
        self.next_master_key = key.into();
        self
    }

    /// Sets the memory for cached pages in bytes; 8 MiB by default. The system caches the file too.
    #[must_use]
    pub const fn cache_size(mut self, bytes: usize) -> Self {
        self.cache_size = bytes;
        self
    }

    /// Sets whether opening reads the whole file and compares all checksums; true by default.
    ///
    /// Without it, damage is found when the damaged row is read. After a crash the file is always checked.
    #[must_use]
    pub const fn check_on_open(mut self, check: bool) -> Self {
        self.check_on_open = check;
        self
    }
}
