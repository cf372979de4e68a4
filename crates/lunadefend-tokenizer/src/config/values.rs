//! Who may have values, and what is said of them without.

use lunadefend_vault::MaskPolicy;

/// Who may have values and masks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValuePolicy {
    /// Whether only the frame gets values: the application's server then gets none, whatever its JWT says.
    pub frame_only: bool,
    /// Whether the application gets masks and descriptions of every token, also without a session's grant.
    pub application_masks: bool,
    /// Which kinds get a mask, for values that are stored from now on.
    pub masks: MaskPolicy,
}
