//! `#[tokens(graphql)]`: the forms as GraphQL types, by async-graphql's own derives.
//!
//! `#[graphql(..)]` and the documentation are passed on as they are. They cannot let a token bypass the
//! check: they can only pass on an untrusted or a granted token as such.

use crate::attributes::Direction;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Generics, Result, ext::IdentExt};

/// The derives on a form.
#[derive(Clone, Copy)]
pub(crate) enum Derive {
    In,
    Out,
}

impl Derive {
    /// Serde's.
    pub(crate) const fn of_serde(self) -> &'static str {
        match self {
            Self::In => "Deserialize",
            Self::Out => "Serialize",
        }
    }

    /// What goes onto a field of a GraphQL type.
    pub(crate) fn on_field(self, attributes: &[Attribute], holds_tokens: bool) -> TokenStream {
        // Async-graphql's extensions that log an operation leave it out then.
        let is_secret = matches!(self, Self::In) && holds_tokens;
        let secret = (is_secret && !says(attributes, "secret")).then(|| quote!(#[graphql(secret)]));
        quote!(#(#attributes)* #secret)
    }
}

/// What the user's type says about its forms as GraphQL types.
pub(crate) struct GraphqlType {
    attributes: Vec<Attribute>,
    /// The name that GraphQL shows where none is given.
    name: String,
}

impl GraphqlType {
    pub(crate) fn parse(
        attributes: &[Attribute],
        ident: &Ident,
        generics: &Generics,
        is_struct: bool,
        direction: Direction,
    ) -> Result<Self> {
        let attributes = self::attributes(attributes);
        if !is_struct || !generics.params.is_empty() {
            return Err(Error::new(
                ident.span(),
                "`#[tokens(graphql)]` is for structs with named fields and without parameters",
            ));
        }
        if direction == Direction::Both && !says(&attributes, "input_name") {
            return Err(Error::new(
                ident.span(),
                "GraphQL has two types for what comes in and goes out: name the first by `#[graphql(input_name = \"..\")]`, or write `#[tokens(request)]` or `#[tokens(response)]`",
            ));
        }
        Ok(Self {
            attributes,
            name: ident.unraw().to_string(),
        })
    }

    /// What goes onto a form.
    pub(crate) fn on_form(&self, derive: Derive, private: &TokenStream) -> TokenStream {
        let Self { attributes, name } = self;
        let (derive, is_named) = match derive {
            Derive::In => (quote!(InputObject), says(attributes, "input_name")),
            Derive::Out => (quote!(SimpleObject), false),
        };
        let is_named = is_named || says(attributes, "name");
        // The names of the forms must not appear in a schema.
        let name = (!is_named).then(|| quote!(name = #name,));
        let path = quote!(#private::async_graphql).to_string();
        quote! {
            #[derive(#private::async_graphql::#derive)]
            #[graphql(#name crate = #path)]
            #(#attributes)*
        }
    }
}

/// `#[graphql(..)]` and the documentation.
pub(crate) fn attributes(attributes: &[Attribute]) -> Vec<Attribute> {
    let passed_on = |attribute: &&Attribute| {
        ["graphql", "doc"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
    };
    attributes.iter().filter(passed_on).cloned().collect()
}

/// Returns whether one of the `#[graphql(..)]` names something, beside what is in parentheses in it.
fn says(attributes: &[Attribute], name: &str) -> bool {
    let graphql = attributes.iter().filter(|a| a.path().is_ident("graphql"));
    graphql
        .filter_map(|attribute| attribute.meta.require_list().ok())
        .flat_map(|list| list.tokens.to_token_stream())
        .any(|token| matches!(token, TokenTree::Ident(ident) if ident == name))
}
