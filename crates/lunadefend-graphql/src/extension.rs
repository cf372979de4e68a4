//! The extension that enforces `@token`, for an application to add.

use crate::{hooks::RequestExtension, read_schema::ReadSchema};
use async_graphql::extensions::{Extension, ExtensionFactory};
use lunadefend_core::Grants;
use std::{fmt, num::NonZeroUsize, sync::Arc};

/// Enforces `@token` in every operation of a schema.
///
/// [`build`](crate::build) adds it. If you add it by hand, make it the first extension of a schema. So it
/// sees how the others change a request and a response. Then call [`check`](crate::check()), which fails if
/// the schema is not enforceable:
///
/// ```
/// # use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
/// # use lunadefend_core::Grants;
/// # use lunadefend_graphql::{SchemaError, TokenExtension, check};
/// # struct Query;
/// # #[Object]
/// # impl Query { async fn ok(&self) -> bool { true } }
/// # async fn schema(grants: Grants) -> Result<(), SchemaError> {
/// let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
///     .extension(TokenExtension::new(&grants))
///     .finish();
/// check(&schema).await?;
/// # Ok(())
/// # }
/// ```
///
/// A schema that is not enforceable responds to every request with an error.
pub struct TokenExtension {
    grants: Grants,
    schema: ReadSchema,
}

impl TokenExtension {
    /// Makes an extension that uses these `grants`; a `Luna` of an adapter and a `LunaDefend` have them.
    /// Their [`max_tokens`](Grants::max_tokens) limits the tokens in an operation's input, and those in its
    /// response.
    #[must_use]
    pub fn new(grants: &Grants) -> Self {
        Self {
            grants: grants.clone(),
            schema: ReadSchema::default(),
        }
    }

    /// Sets another limit for operations than that of the grants. One token more is an error; no part of the
    /// tokens is let through.
    #[must_use]
    pub fn max_tokens(self, max_tokens: NonZeroUsize) -> Self {
        Self {
            grants: self.grants.with_max_tokens(max_tokens),
            ..self
        }
    }

    pub(crate) fn schema(&self) -> ReadSchema {
        self.schema.clone()
    }
}

impl fmt::Debug for TokenExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExtension")
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

impl ExtensionFactory for TokenExtension {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(RequestExtension::new(
            self.grants.clone(),
            self.schema.clone(),
        ))
    }
}
