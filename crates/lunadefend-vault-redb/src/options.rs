//! What can be set of an embedded store.

/// How to open an [`EmbeddedStore`](crate::EmbeddedStore).
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
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_size: 64 * 1024 * 1024,
            check_on_open: true,
            reserve: Self::RESERVE,
        }
    }
}

impl EmbeddedOptions {
    /// What is kept free on the disk unless told otherwise: 128 MiB. It is more than what the store
    /// has accepted and not written yet, so that much of it is there for grants and sessions.
    pub const RESERVE: u64 = 128 * 1024 * 1024;

    /// How many bytes of the disk are kept for grants, sessions and the like: while less is free new
    /// values are refused ([`StoreError::Full`](lunadefend_vault::store::StoreError::Full)). [`RESERVE`](Self::RESERVE) unless set; 0 keeps
    /// nothing. On systems other than Unix nobody looks.
    #[must_use]
    pub const fn reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// Memory for cached pages in bytes; 64 MiB unless set.
    #[must_use]
    pub const fn cache_size(mut self, bytes: usize) -> Self {
        self.cache_size = bytes;
        self
    }

    /// Whether opening reads the whole file and compares all checksums; true unless set.
    ///
    /// Without it damage is found when the damaged row is read. After a crash the file is always
    /// checked.
    #[must_use]
    pub const fn check_on_open(mut self, check: bool) -> Self {
        self.check_on_open = check;
        self
    }
}
