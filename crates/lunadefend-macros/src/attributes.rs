//! `#[tokens(..)]` on the type and `#[token]` on its fields.

use crate::syntax;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Error, LitStr, Meta, Path, Result};

/// The requested forms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Both,
    Request,
    Response,
}

impl Direction {
    pub(crate) const fn comes_in(self) -> bool {
        matches!(self, Self::Both | Self::Request)
    }

    pub(crate) const fn goes_out(self) -> bool {
        matches!(self, Self::Both | Self::Response)
    }
}

pub(crate) struct TokensAttribute {
    pub(crate) direction: Direction,
    /// Whether the forms are GraphQL types too.
    pub(crate) graphql: bool,
    /// The user's name for the granted form.
    pub(crate) granted: Option<Ident>,
    /// The crate that the generated code refers to.
    pub(crate) private: TokenStream,
}

impl TokensAttribute {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        if let Some(token) = attributes.iter().find(|a| a.path().is_ident("token")) {
            return Err(Error::new_spanned(
                token,
                "`#[token]` goes on the fields that hold tokens",
            ));
        }
        let mut parsed = Self {
            direction: Direction::Both,
            graphql: false,
            granted: None,
            private: quote!(::lunadefend::__private),
        };
        for meta in syntax::metas(attributes, "tokens")? {
            let direction = match &meta {
                Meta::Path(path) if path.is_ident("request") => Direction::Request,
                Meta::Path(path) if path.is_ident("response") => Direction::Response,
                Meta::Path(path) if path.is_ident("graphql") => {
                    parsed.graphql = true;
                    continue;
                }
                Meta::NameValue(pair) if pair.path.is_ident("crate") => {
                    let path: Path = syntax::text(&meta)?.parse()?;
                    parsed.private = quote!(#path::__private);
                    continue;
                }
                Meta::NameValue(pair) if pair.path.is_ident("granted") => {
                    parsed.granted = Some(syntax::text(&meta)?.parse()?);
                    continue;
                }
                other => {
                    return Err(Error::new_spanned(
                        other,
                        "write `request`, `response`, `graphql`, `granted = \"Name\"` or `crate = \"path\"`",
                    ));
                }
            };
            if parsed.direction != Direction::Both {
                return Err(Error::new_spanned(
                    meta,
                    "a type that comes in and goes out needs neither `request` nor `response`",
                ));
            }
            parsed.direction = direction;
        }
        match &parsed.granted {
            Some(name) if !parsed.direction.goes_out() => Err(Error::new(
                name.span(),
                "a type that only comes in has no granted form: remove this",
            )),
            _ => Ok(parsed),
        }
    }
}

/// `#[token]` of one field.
pub(crate) struct TokenAttribute {
    /// A Go duration, which the compiler checks.
    pub(crate) ttl: Option<LitStr>,
}

impl TokenAttribute {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Option<Self>> {
        let mut all = attributes.iter().filter(|a| a.path().is_ident("token"));
        let Some(attribute) = all.next() else {
            return Ok(None);
        };
        if let Some(second) = all.next() {
            return Err(Error::new_spanned(second, "`#[token]` is there twice"));
        }
        if let Meta::NameValue(_) = attribute.meta {
            return Err(Error::new_spanned(
                attribute,
                "write `#[token]` or `#[token(ttl = \"15m\")]`",
            ));
        }
        let mut ttl = None;
        for meta in syntax::metas(attributes, "token")? {
            if !meta.path().is_ident("ttl") {
                return Err(Error::new_spanned(meta, "write `ttl = \"15m\"` or nothing"));
            }
            if ttl.is_some() {
                return Err(Error::new_spanned(meta, "`ttl` is there twice"));
            }
            ttl = Some(syntax::text(&meta)?.clone());
        }
        Ok(Some(Self { ttl }))
    }
}
