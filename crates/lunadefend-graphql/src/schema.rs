//! Builds a schema that enforces every `@token`, and checks whether a schema does.

use crate::{
    extension::TokenExtension,
    problem::SchemaError,
    read_schema::{Probe, ReadSchema},
};
use async_graphql::{Executor, ObjectType, Schema, SchemaBuilder, SubscriptionType};
use futures_util::FutureExt;
use lunadefend_core::Grants;

/// Builds a schema whose tokens are verified and granted by `grants`.
///
/// `configure` adds everything else that the schema needs: data, limits, other extensions. They run inside
/// the extension that enforces `@token`.
///
/// ```
/// use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
/// use lunadefend_core::Grants;
/// use lunadefend_graphql::{SchemaError, Token, build};
///
/// struct Query;
///
/// #[Object]
/// impl Query {
///     #[graphql(directive = Token::apply(Some("5m30s".into())))]
///     async fn ssn(&self) -> Option<String> {
///         None // from the database
///     }
/// }
///
/// # struct Db;
/// fn schema(
///     grants: &Grants,
///     db: Db,
/// ) -> Result<Schema<Query, EmptyMutation, EmptySubscription>, SchemaError> {
///     build(Query, EmptyMutation, EmptySubscription, grants, |schema| schema.data(db))
/// }
/// ```
///
/// # Errors
/// [`SchemaError`], which names every unenforceable `@token`. Its type is neither a string nor `LunaToken`,
/// or its duration is invalid. Or it is on a field of an interface, but not on the same field of an
/// implementing type.
pub fn build<Query, Mutation, Subscription, F>(
    query: Query,
    mutation: Mutation,
    subscription: Subscription,
    grants: &Grants,
    configure: F,
) -> Result<Schema<Query, Mutation, Subscription>, SchemaError>
where
    Query: ObjectType + 'static,
    Mutation: ObjectType + 'static,
    Subscription: SubscriptionType + 'static,
    F: FnOnce(
        SchemaBuilder<Query, Mutation, Subscription>,
    ) -> SchemaBuilder<Query, Mutation, Subscription>,
{
    let extension = TokenExtension::new(grants);
    let extended = extension.schema();
    let builder = Schema::build(query, mutation, subscription).extension(extension);
    let schema = configure(builder).finish();
    // As the first extension, it reads the schema before any other extension can wait.
    let _response = schema.execute(Probe::default().request()).now_or_never();
    extended.verdict().unwrap_or_else(not_enforced)?;
    Ok(schema)
}

/// Checks that every `@token` of a schema is enforced, for a static or dynamic schema that [`build`] did not
/// build.
///
/// # Errors
/// The errors of [`build`], and an error for a schema without [`TokenExtension`].
pub async fn check(schema: &impl Executor) -> Result<(), SchemaError> {
    let read = read(schema).await;
    let verdict = read.and_then(|read| read.verdict());
    verdict.unwrap_or_else(not_enforced)
}

/// Returns the schema of its extension; `None` without an extension.
pub(crate) async fn read(schema: &impl Executor) -> Option<ReadSchema> {
    let probe = Probe::default();
    let _response = schema.execute(probe.request()).await;
    probe.schema().cloned()
}

fn not_enforced() -> Result<(), SchemaError> {
    Err(SchemaError::not_enforced())
}
