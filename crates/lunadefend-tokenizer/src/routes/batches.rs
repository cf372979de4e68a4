//! `/v2/grants/*`: many grants in one request, for the application.

use super::grants::expiry;
use crate::{
    body::Json,
    error::ApiError,
    response,
    state::Shared,
    trail::{Trail, of_token},
};
use axum::{extract::State, response::Response};
use lunadefend_audit::{Item, Names};
use lunadefend_core::{
    provider::UnixMillis,
    wire::{
        BAD_ITEM, BatchAnswer, BatchId, BatchOperation, BatchPlace, Binding, GRANT_DURATION,
        GrantBatch, GrantItem, GrantedItem, SESSION_ENDED, VerifiedItem,
    },
};
use lunadefend_crypto::sha256;
use lunadefend_vault::{GrantWrite, HeldGrant, WrittenGrant};
use secrecy::ExposeSecret;
use std::sync::Arc;

/// `POST /v2/grants/verify`: returns for each item whether the session holds a live grant for the token.
pub(super) async fn verify(
    State(shared): State<Arc<Shared>>,
    Json(batch): Json<GrantBatch>,
) -> Result<Response, ApiError> {
    let asked: Vec<_> = batch.items.iter().map(GrantItem::ids).collect();
    let held = shared
        .vault
        .held_grants(asked.iter().flatten().cloned().collect())
        .await?;
    let mut held = held.into_iter();
    let items = batch.items.iter().zip(asked).enumerate();
    let items = items.map(|(index, (item, asked))| {
        let place = Place::new(BatchOperation::Verify, batch.batch_id, index);
        let verified = match asked.and_then(|_| held.next()) {
            Some(held) => place.held(&held),
            None => VerifiedItem {
                binding: place.binding_of_refused(item),
                expires_at: None,
            },
        };
        let valid = verified.expires_at.is_some();
        shared.metrics.counts.verified(valid);
        verified
    });
    Ok(response::data(BatchAnswer {
        batch_id: batch.batch_id,
        items: items.collect(),
    }))
}

/// `POST /v2/grants/set`: grants the token of each item to its session, if that has not ended. An earlier grant
/// that lives longer stays.
pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(batch): Json<GrantBatch>,
) -> Result<Response, ApiError> {
    trail.about(|names| {
        let items = batch.items.iter();
        items.map(|item| asked_for(names, item, false)).collect()
    });
    let asked: Vec<_> = batch
        .items
        .iter()
        .map(|item| write(&shared, item))
        .collect();
    let writes = asked.iter().filter_map(|asked| asked.as_ref().ok());
    let written = shared.vault.grant_many(writes.cloned().collect()).await?;
    let mut written = written.into_iter();
    let items = batch.items.iter().zip(asked).enumerate();
    let items = items.map(|(index, (item, asked))| {
        let place = Place::new(BatchOperation::Set, batch.batch_id, index);
        let written = asked.and_then(|_| written.next().ok_or(BAD_ITEM));
        match written {
            Ok(written) => place.written(&written),
            Err(name) => GrantedItem {
                binding: place.binding_of_refused(item),
                outcome: Err(name.to_owned()),
            },
        }
    });
    let items: Vec<_> = items.collect();
    let granted = items.iter().filter(|item| item.outcome.is_ok()).count();
    shared.metrics.counts.granted(granted);
    trail.about(|names| {
        let items = batch.items.iter().zip(&items);
        let items = items.map(|(asked, item)| asked_for(names, asked, item.outcome.is_err()));
        items.collect()
    });
    Ok(response::data(BatchAnswer {
        batch_id: batch.batch_id,
        items,
    }))
}

/// Returns what the audit log says of an item. One that names no session or no token is refused.
fn asked_for(names: &Names, item: &GrantItem, refused: bool) -> Item {
    let Some((session, token)) = item.ids() else {
        return Item {
            refused: true,
            ..Item::default()
        };
    };
    Item {
        session: Some(names.session(&session)),
        refused,
        ..of_token(names, &token)
    }
}

/// Returns the grant that an item asks for, or the name of its refusal.
fn write(shared: &Shared, item: &GrantItem) -> Result<GrantWrite, &'static str> {
    let (session, token) = item.ids().ok_or(BAD_ITEM)?;
    let durations = shared.config.durations;
    let duration = durations
        .resolve(item.duration.as_deref())
        .map_err(|_| GRANT_DURATION)?;
    Ok(GrantWrite {
        session,
        token,
        expires_at: expiry(shared, duration),
    })
}

/// The place of an item, which makes its answer.
///
/// # Security
/// A binding is made of the identifiers that the vault returned with the verdict, never of the item that seems to
/// belong to it. If the two were paired wrongly, the client would notice.
struct Place(BatchPlace);

impl Place {
    fn new(operation: BatchOperation, batch: BatchId, index: usize) -> Self {
        Self(BatchPlace {
            operation,
            batch,
            // A batch has at most 100 items.
            index: u32::try_from(index).unwrap_or(u32::MAX),
        })
    }

    fn held(self, held: &HeldGrant) -> VerifiedItem {
        let expires_at = held.expires_at();
        VerifiedItem {
            binding: self.binding(
                held.session().expose_id(),
                held.token().expose_id(),
                expires_at,
            ),
            expires_at,
        }
    }

    fn written(self, written: &WrittenGrant) -> GrantedItem {
        let expires_at = written.expires_at();
        GrantedItem {
            binding: self.binding(
                written.session().expose_id(),
                written.token().expose_id(),
                expires_at,
            ),
            outcome: expires_at.ok_or_else(|| SESSION_ENDED.to_owned()),
        }
    }

    /// For an item that is refused before the vault is asked.
    fn binding_of_refused(self, item: &GrantItem) -> Binding {
        self.binding(item.session_id.expose_secret(), &item.token_id, None)
    }

    fn binding(self, session: &str, token: &str, expires_at: Option<UnixMillis>) -> Binding {
        Binding::of(self.0, session, token, expires_at, sha256)
    }
}
