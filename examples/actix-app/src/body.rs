//! Bodies without tokens: JSON, or a form of a page. Those with tokens are LunaDefend's to read.

use crate::error::AppError;
use serde::de::DeserializeOwned;

/// Reads a body by its `Content-Type`. The error repeats none of it, as the messages of a framework would.
pub(crate) fn read<T: DeserializeOwned>(
    content_type: Option<&str>,
    body: &[u8],
) -> Result<T, AppError> {
    let kind = content_type.and_then(|kind| kind.split(';').next());
    let value = match kind.unwrap_or_default().trim() {
        "application/json" => serde_json::from_slice(body).ok(),
        "application/x-www-form-urlencoded" => serde_html_form::from_bytes(body).ok(),
        _ => None,
    };
    value.ok_or(AppError::BadBody)
}
