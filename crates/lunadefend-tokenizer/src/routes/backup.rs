//! A backup of the store, for the operator.

use crate::{
    error::ApiError,
    operation::{Operation, bytes},
    state::Shared,
    trail::Trail,
};
use axum::{body::Body, extract::State, response::Response};
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use lunadefend_vault::VaultError;
use std::sync::Arc;

/// Describes [`stream_all`].
pub(super) fn about_backup() -> Operation {
    bytes(
        "application/octet-stream",
        "Returns the content of the store at this moment, sealed as it is.",
    )
    .refuses(
        StatusCode::CONFLICT,
        "The store has backups of its own: PostgreSQL, DynamoDB and S3.",
    )
}

/// `GET /backup`: the store as it is now, block by block. A failure breaks the connection off; what has arrived is no
/// backup.
pub(super) async fn stream_all(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
) -> Result<Response, ApiError> {
    trail.about_tokens(&[]);
    let backup = shared.vault.backup().await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "this store has backups of its own: use those of PostgreSQL (pg_dump, PITR) or of DynamoDB and S3, and run lunadefend store restored after a restore",
        )
    })?;
    tracing::info!("the operator began a backup");
    let blocks = stream::try_unfold(backup, |mut backup| async move {
        let block = backup.next_block().await.inspect_err(report)?;
        Ok::<_, VaultError>(block.map(|block| (block, backup)))
    });
    let mut response = Response::new(Body::from_stream(blocks));
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, octets);
    Ok(response)
}

fn report(error: &VaultError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a backup was broken off"
    );
}
