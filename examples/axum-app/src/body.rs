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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Login;

    #[test]
    fn it_is_json_or_a_form_and_says_which() {
        let user = |kind, body: &str| {
            let login: Result<Login, AppError> = read(kind, body.as_bytes());
            login.map(|login| login.user.as_str().to_owned()).ok()
        };
        let form = Some("application/x-www-form-urlencoded");
        let json = Some("application/json; charset=utf-8");
        assert_eq!(user(form, "user=ann").as_deref(), Some("ann"));
        assert_eq!(user(json, "{\"user\":\"ann\"}").as_deref(), Some("ann"));
        for (kind, body) in [
            (None, "user=ann"),
            (Some("text/plain"), "{\"user\":\"ann\"}"),
            (form, "user=no+name"),
            (form, "user=ann&user=bob"),
            (json, "user=ann"),
        ] {
            assert_eq!(user(kind, body), None, "{body}");
        }
    }
}
