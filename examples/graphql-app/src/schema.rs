//! The schema: this is the part to copy. It is the schema of LunaSec's documentation.

use crate::db::{Db, Form};
use async_graphql::{
    Context, EmptySubscription, InputObject, Object, Result, Schema, SimpleObject,
};
use lunadefend::{ErrorKind, SessionId};
use lunadefend_graphql::{SchemaError, Token, build, into_graphql};

pub(crate) type AppSchema = Schema<Query, Mutation, EmptySubscription>;

/// What a user typed into the form. Values are with the tokenizer, and here are their tokens.
#[derive(SimpleObject)]
#[graphql(rename_fields = "snake_case")]
struct FormData {
    #[graphql(directive = Token::apply(None))]
    email: Option<String>,
    insecure_field: Option<String>,
    #[graphql(directive = Token::apply(Some("5m30s".into())))]
    text_area: Option<String>,
    #[graphql(directive = Token::apply(None))]
    files: Vec<String>,
}

/// `secret` keeps the tokens out of what async-graphql's `Logger` and `Tracing` write.
#[derive(InputObject)]
#[graphql(rename_fields = "snake_case")]
struct FormInput {
    #[graphql(secret, directive = Token::apply(None))]
    email: Option<String>,
    insecure_field: Option<String>,
    #[graphql(secret, directive = Token::apply(None))]
    text_area: Option<String>,
    #[graphql(secret, default, directive = Token::apply(None))]
    files: Vec<String>,
}

impl From<Form> for FormData {
    fn from(form: Form) -> Self {
        Self {
            email: form.email,
            insecure_field: form.insecure_field,
            text_area: form.text_area,
            files: form.files,
        }
    }
}

impl From<FormInput> for Form {
    fn from(input: FormInput) -> Self {
        Self {
            email: input.email,
            insecure_field: input.insecure_field,
            text_area: input.text_area,
            files: input.files,
        }
    }
}

/// The session determines whose form it is, never a token. The handler in `app.rs` provides the session.
fn user<'a>(ctx: &Context<'a>) -> Result<(&'a Db, String)> {
    let nobody = || into_graphql(ErrorKind::NoSession.into());
    let db = ctx.data::<Db>()?;
    let session = ctx.data_opt::<SessionId>().ok_or_else(nobody)?;
    Ok((db, db.user(session).ok_or_else(nobody)?))
}

pub(crate) struct Query;

#[Object]
impl Query {
    /// The form of the user who asks.
    async fn get_form_data(&self, ctx: &Context<'_>) -> Result<Option<FormData>> {
        let (db, user) = user(ctx)?;
        Ok(db.form(&user).map(FormData::from))
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    /// Stores the form of the user who asks. Its tokens were verified, or this does not run.
    async fn set_form_data(
        &self,
        ctx: &Context<'_>,
        form_input: FormInput,
    ) -> Result<Option<FormData>> {
        let (db, user) = user(ctx)?;
        let form = Form::from(form_input);
        if !db.store(user, form.clone()) {
            // Verified is not owned.
            return Err(into_graphql(ErrorKind::Forbidden.into()));
        }
        Ok(Some(form.into()))
    }
}

/// The schema, unless a `@token` of it cannot be enforced.
pub(crate) fn schema(grants: &lunadefend::Grants, db: Db) -> Result<AppSchema, SchemaError> {
    build(Query, Mutation, EmptySubscription, grants, |schema| {
        schema.data(db).limit_depth(10).limit_complexity(100)
    })
}
