//! The content of the store: one file for each kind of row, with its address and its forms.

pub(crate) mod blob;
pub(crate) mod grant;
pub(crate) mod marks;
pub(crate) mod quota;
pub(crate) mod reads;
pub(crate) mod replay;
pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod upkeep;
pub(crate) mod upload;
pub(crate) mod value;
