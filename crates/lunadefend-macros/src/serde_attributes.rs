//! `#[serde(..)]`: which attributes are passed on to the hidden forms, and which would let a token bypass
//! them.
//!
//! Only the attributes named here are passed on.

use crate::syntax;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, LitStr, Meta, Result, ext::IdentExt};

/// `#[serde(..)]` of a container: passed on to each form.
pub(crate) fn container(attributes: &[Attribute], name: &str) -> Result<Vec<Meta>> {
    let metas = syntax::metas(attributes, "serde")?;
    let metas = metas.into_iter().map(|meta| match name_of(&meta).as_str() {
        "rename" | "rename_all" | "rename_all_fields" | "deny_unknown_fields" | "tag"
        | "content" | "untagged" | "transparent" | "expecting" => Ok(meta),
        "default" => Err(Error::new_spanned(
            meta,
            "a default for the whole type would make its tokens too: write `#[serde(default)]` on the fields that may be left out",
        )),
        "from" | "try_from" | "into" | "remote" => Err(Error::new_spanned(
            meta,
            "a conversion would let tokens past the check: derive `Tokens` on the type that is read or written, and convert by hand",
        )),
        "bound" => Err(Error::new_spanned(
            meta,
            "`#[derive(Tokens)]` writes the bounds itself: remove this",
        )),
        "crate" => Err(Error::new_spanned(
            meta,
            "`#[derive(Tokens)]` brings its own serde: remove this, or write `#[tokens(crate = \"..\")]` for the path of lunadefend",
        )),
        _ => Err(unsupported(&meta)),
    });
    let mut metas = syntax::collect(metas)?;
    // The names of the hidden forms must not appear in any format.
    if !metas.iter().any(|meta| meta.path().is_ident("rename")) {
        metas.push(syn::parse_quote!(rename = #name));
    }
    Ok(metas)
}

/// Whether serde never looks at something.
#[derive(Clone, Copy, Default)]
pub(crate) struct Skipped {
    pub(crate) inbound: bool,
    pub(crate) outbound: bool,
}

/// `#[serde(..)]` of a variant: passed on to each form.
pub(crate) fn variant(
    attributes: &[Attribute],
    holds_tokens: bool,
) -> Result<(Vec<Meta>, Skipped)> {
    let metas = syntax::metas(attributes, "serde")?;
    let mut skipped = Skipped::default();
    let metas = metas.into_iter().map(|meta| {
        let name = name_of(&meta);
        match name.as_str() {
            "rename" | "rename_all" | "alias" | "other" | "untagged" => {}
            "skip" | "skip_serializing" | "skip_deserializing" if holds_tokens => {
                return Err(Error::new_spanned(
                    meta,
                    "this variant holds tokens: leave it out of the type instead of skipping it",
                ));
            }
            "skip" | "skip_serializing" | "skip_deserializing" => {
                skipped.inbound |= name != "skip_serializing";
                skipped.outbound |= name != "skip_deserializing";
            }
            "with" | "serialize_with" | "deserialize_with" | "bound" | "borrow" => {
                return Err(Error::new_spanned(
                    meta,
                    "this would read or write the variant past the check: remove it",
                ));
            }
            _ => return Err(unsupported(&meta)),
        }
        Ok(meta)
    });
    Ok((syntax::collect(metas)?, skipped))
}

/// `#[serde(..)]` of a field, taken apart by direction.
#[derive(Default)]
pub(crate) struct FieldSerde {
    /// Passed on to each form.
    pub(crate) names: Vec<Meta>,
    pub(crate) default: Option<Fallback>,
    pub(crate) skip_in: bool,
    pub(crate) skip_out: bool,
    /// Paths of functions, with `Self` written out.
    pub(crate) read_with: Option<TokenStream>,
    pub(crate) write_with: Option<TokenStream>,
    pub(crate) skip_out_if: Option<TokenStream>,
}

/// `#[serde(default)]`.
pub(crate) enum Fallback {
    Default,
    Path(TokenStream),
}

impl FieldSerde {
    pub(crate) fn parse(
        attributes: &[Attribute],
        holds_tokens: bool,
        this: &TokenStream,
    ) -> Result<Self> {
        let metas = syntax::metas(attributes, "serde")?;
        let mut parsed = Self::default();
        syntax::collect(metas.into_iter().map(|meta| {
            if holds_tokens {
                parsed.add_to_token(meta)
            } else {
                parsed.add_to_plain(meta, this)
            }
        }))?;
        Ok(parsed)
    }

    fn add_to_token(&mut self, meta: Meta) -> Result<()> {
        let advice = match (name_of(&meta).as_str(), &meta) {
            ("rename" | "alias" | "flatten", _) => {
                self.names.push(meta);
                return Ok(());
            }
            ("default", Meta::Path(_)) => {
                self.default = Some(Fallback::Default);
                return Ok(());
            }
            ("skip_serializing_if", _) => {
                let path: TokenStream = syntax::text(&meta)?.parse()?;
                if !is_emptiness(&path) {
                    return Err(Error::new_spanned(
                        meta,
                        "what is looked at is the granted form: write `Option::is_none`, `Patch::is_keep`, or `is_empty` of a list, a set or a map, such as `Vec::is_empty`",
                    ));
                }
                self.skip_out_if = Some(path);
                return Ok(());
            }
            ("default", _) => {
                "a function could make a token that nobody verified: write `#[serde(default)]` on an `Option`, a `Patch`, a `Vec` or a map"
            }
            ("with" | "serialize_with" | "deserialize_with" | "getter", _) => {
                "a function of its own would let the token past the check: remove this; the derive reads an untrusted token and writes a granted one"
            }
            ("skip" | "skip_serializing" | "skip_deserializing", _) => {
                "a field that holds tokens is read, verified, granted and written: leave it out of this type instead of skipping it"
            }
            _ => return Err(unsupported(&meta)),
        };
        Err(Error::new_spanned(meta, advice))
    }

    fn add_to_plain(&mut self, meta: Meta, this: &TokenStream) -> Result<()> {
        let path = || path(syntax::text(&meta)?, this);
        match (name_of(&meta).as_str(), &meta) {
            ("rename" | "alias" | "flatten", _) => self.names.push(meta),
            ("default", Meta::Path(_)) => self.default = Some(Fallback::Default),
            ("default", _) => self.default = Some(Fallback::Path(path()?)),
            ("skip", _) => (self.skip_in, self.skip_out) = (true, true),
            ("skip_serializing", _) => self.skip_out = true,
            ("skip_deserializing", _) => self.skip_in = true,
            ("skip_serializing_if", _) => self.skip_out_if = Some(path()?),
            ("with" | "serialize_with" | "deserialize_with", _)
                if is_storage(syntax::text(&meta)?)? =>
            {
                return Err(Error::new_spanned(
                    meta,
                    "`storage` is for rows: here a token would come in unverified, or go out ungranted; mark the field with `#[token]`, and convert from the row by hand",
                ));
            }
            ("serialize_with", _) => self.write_with = Some(path()?),
            ("deserialize_with", _) => self.read_with = Some(path()?),
            ("with", _) => {
                let module = path()?;
                self.read_with = Some(quote!(#module::deserialize));
                self.write_with = Some(quote!(#module::serialize));
            }
            ("bound", _) => {
                return Err(Error::new_spanned(
                    meta,
                    "`#[derive(Tokens)]` writes the bounds itself: remove this",
                ));
            }
            ("borrow", _) => {
                return Err(Error::new_spanned(
                    meta,
                    "a type that comes in with a request owns its data: remove this",
                ));
            }
            _ => return Err(unsupported(&meta)),
        }
        Ok(())
    }
}

fn name_of(meta: &Meta) -> String {
    meta.path().to_token_stream().to_string()
}

fn unsupported(meta: &Meta) -> Error {
    let name = name_of(meta);
    Error::new_spanned(
        meta,
        format!("`#[derive(Tokens)]` does not support `#[serde({name})]` here"),
    )
}

/// Returns the path of a function, in which `Self` is the type that the user wrote. It keeps the place where
/// that stands, so that lints about it do.
fn path(text: &LitStr, this: &TokenStream) -> Result<TokenStream> {
    Ok(syntax::without_self(text.parse()?, &quote!(<#this>)))
}

/// Returns whether a path ends like the module `storage` or one of its functions, also if re-exported.
fn is_storage(text: &LitStr) -> Result<bool> {
    let path: TokenStream = text.parse()?;
    let segments = path.into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.unraw().to_string()),
        _ => None,
    });
    let segments: Vec<_> = segments.collect();
    let module = match &segments[..] {
        [outer @ .., function] if ["serialize", "deserialize"].contains(&function.as_str()) => {
            outer
        }
        module => module,
    };
    Ok(module.last().is_some_and(|last| last == "storage"))
}

fn is_emptiness(path: &TokenStream) -> bool {
    let path = path.to_string().replace(' ', "");
    let mut segments = path.rsplit("::");
    let (function, ty) = (segments.next(), segments.next());
    matches!(
        (ty, function),
        (Some("Option"), Some("is_none"))
            | (Some("Patch"), Some("is_keep"))
            | (
                Some("Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "HashMap" | "BTreeMap"),
                Some("is_empty")
            )
    )
}
