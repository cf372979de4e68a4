//! The derive's input, parsed for both directions.

use crate::{
    attributes::{TokenAttribute, TokensAttribute},
    graphql::{self, GraphqlType},
    serde_attributes::{self, FieldSerde, Skipped},
    syntax,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Generics, Member, Meta, Result, Visibility,
    WherePredicate, ext::IdentExt, parse_quote, spanned::Spanned,
};

pub(crate) struct Input {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// The type as others write it: `Page<T>`.
    pub(crate) this: TokenStream,
    pub(crate) attribute: TokensAttribute,
    pub(crate) serde: Vec<Meta>,
    /// What makes GraphQL types of the forms, where that is wanted.
    pub(crate) graphql: Option<GraphqlType>,
    /// Lints that the user silenced.
    pub(crate) silenced: Vec<TokenStream>,
    pub(crate) is_enum: bool,
    /// One without a name for a struct.
    pub(crate) variants: Vec<Variant>,
}

pub(crate) struct Variant {
    pub(crate) ident: Option<Ident>,
    pub(crate) style: Style,
    pub(crate) serde: Vec<Meta>,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Named,
    Tuple,
    Unit,
}

pub(crate) struct Field {
    pub(crate) vis: Visibility,
    pub(crate) member: Member,
    /// Its name in patterns and in the names of functions, unique in the type.
    pub(crate) binding: Ident,
    /// With `Self` written out.
    pub(crate) ty: TokenStream,
    /// The type parameters that it mentions.
    pub(crate) parameters: Vec<Ident>,
    pub(crate) mentions_constant: bool,
    pub(crate) mentions_lifetime: bool,
    pub(crate) is_recursive: bool,
    /// `None` for a field without tokens.
    pub(crate) token: Option<TokenAttribute>,
    pub(crate) serde: FieldSerde,
    /// What goes onto the fields of a form that is a GraphQL type.
    pub(crate) graphql: Vec<Attribute>,
    pub(crate) skipped_with_variant: Skipped,
}

impl Input {
    pub(crate) fn parse(input: DeriveInput) -> Result<Self> {
        let attribute = TokensAttribute::parse(&input.attrs)?;
        let generics = syntax::without_defaults(input.generics);
        if attribute.direction.comes_in()
            && let Some(lifetime) = generics.lifetimes().next()
        {
            return Err(Error::new(
                lifetime.span(),
                "a type that comes in with a request owns its data: write `String` instead of `&str`; a type that only goes out says `#[tokens(response)]`",
            ));
        }
        let mut silenced: Vec<_> = syntax::silenced(&input.attrs).collect();
        let fields = match &input.data {
            Data::Struct(data) => data.fields.iter().collect(),
            Data::Enum(data) => data.variants.iter().flat_map(|of| &of.fields).collect(),
            Data::Union(_) => Vec::new(),
        };
        silenced.extend(
            fields
                .into_iter()
                .flat_map(|of| syntax::silenced(&of.attrs)),
        );
        let ident = input.ident;
        let (_, arguments, _) = generics.split_for_impl();
        let this = quote!(#ident #arguments);
        let scope = Scope {
            ident: &ident,
            generics: &generics,
            this: &this,
        };
        let (is_enum, variants) = match input.data {
            Data::Struct(data) => {
                let variant = scope.variant(0, None, &[], &data.fields)?;
                (false, vec![variant])
            }
            Data::Enum(data) if data.variants.is_empty() => {
                return Err(Error::new(
                    ident.span(),
                    "an enum without variants can be neither read nor written",
                ));
            }
            Data::Enum(data) => {
                let variants = data.variants.into_iter().enumerate();
                let variants = variants.map(|(index, variant)| {
                    let ident = Some(variant.ident);
                    scope.variant(index, ident, &variant.attrs, &variant.fields)
                });
                (true, syntax::collect(variants)?)
            }
            Data::Union(data) => {
                return Err(Error::new(
                    data.union_token.span(),
                    "`#[derive(Tokens)]` is for structs and enums",
                ));
            }
        };
        let graphql = attribute.graphql.then(|| {
            let is_struct = !is_enum && variants.iter().all(|of| of.style == Style::Named);
            GraphqlType::parse(
                &input.attrs,
                &ident,
                &generics,
                is_struct,
                attribute.direction,
            )
        });
        Ok(Self {
            graphql: graphql.transpose()?,
            serde: serde_attributes::container(&input.attrs, &ident.unraw().to_string())?,
            vis: input.vis,
            silenced,
            this,
            attribute,
            is_enum,
            variants,
            ident,
            generics,
        })
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.variants.iter().flat_map(|variant| &variant.fields)
    }

    /// Returns the name of a generated type: hidden, but compilers print it.
    pub(crate) fn hidden(&self, suffix: &str) -> Ident {
        // At its place, and yet code of the macro, which lints leave alone.
        let span = Span::call_site().located_at(self.ident.span());
        format_ident!("__{}{}", self.ident, suffix, span = span)
    }
}

impl Field {
    pub(crate) fn is_generic(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// Where the bounds of the field are written: for the user's type, and for the form.
    ///
    /// A field without tokens has them at both places, and so has a generic one. In a recursive type
    /// the bound on a field with tokens would depend on itself, and is not needed at the first. At
    /// the second it is there for the sake of the compiler's errors, unless it would hide what the
    /// field's form is, as it does when a lifetime or a constant is in it.
    pub(crate) fn bound_at(&self) -> (bool, bool) {
        let is_needed = self.token.is_none() || self.is_generic();
        let hides = self.mentions_lifetime || self.mentions_constant;
        (is_needed, is_needed || !hides)
    }

    /// The serde traits that the field goes through. `None` when it is skipped, has its own functions, or
    /// holds tokens.
    pub(crate) fn plain_way(&self, input: &Input) -> Option<Way> {
        if self.token.is_some() {
            return None;
        }
        let serde = &self.serde;
        let direction = input.attribute.direction;
        let skipped = self.skipped_with_variant;
        let skips_in = serde.skip_in || skipped.inbound;
        let skips_out = serde.skip_out || skipped.outbound;
        let reads = direction.comes_in() && !skips_in && serde.read_with.is_none();
        let writes = direction.goes_out() && !skips_out && serde.write_with.is_none();
        match (reads, writes) {
            (true, true) => Some(Way::Both),
            (true, false) => Some(Way::In),
            (false, true) => Some(Way::Out),
            (false, false) => None,
        }
    }

    /// Returns the type of a field that nothing else asks whether it holds tokens. A generic one cannot be
    /// asked.
    pub(crate) fn probed(&self, input: &Input) -> Option<TokenStream> {
        let is_asked = self.token.is_some() || self.plain_way(input).is_some();
        let can_be_asked = !self.is_generic() && !self.mentions_constant;
        (!is_asked && can_be_asked).then(|| syntax::with_static_lifetimes(self.ty.clone()))
    }

    /// Returns the types that a bound on a field with tokens is written for: what the usual containers
    /// contain, or, where a bound would depend on itself, the parameters in it.
    pub(crate) fn bounded(&self) -> Vec<TokenStream> {
        if !self.is_generic() {
            vec![self.ty.clone()]
        } else if self.is_recursive {
            self.parameters
                .iter()
                .map(ToTokens::to_token_stream)
                .collect()
        } else {
            vec![syntax::content(self.ty.clone())]
        }
    }

    /// `type: bound`, which the compiler underlines at the field's type when it does not hold.
    pub(crate) fn predicate(&self, ty: &TokenStream, bound: TokenStream) -> WherePredicate {
        let end = self.ty.clone().into_iter().last();
        let end = end.map_or_else(Span::call_site, |token| token.span());
        let bound = syntax::respan(bound, end);
        parse_quote!(#ty: #bound)
    }

    /// Returns a name for a function of a form that is about this field.
    pub(crate) fn function(&self, prefix: &str) -> Ident {
        format_ident!("{}{}", prefix, self.binding)
    }
}

/// Serde's traits, by what they are called in core's `__private`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Both,
    In,
    Out,
}

impl Way {
    pub(crate) const fn reads(self) -> bool {
        matches!(self, Self::Both | Self::In)
    }

    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Both | Self::Out)
    }

    /// Returns the type that stands for it.
    pub(crate) fn marker(self) -> Ident {
        let name = match self {
            Self::Both => "Both",
            Self::In => "In",
            Self::Out => "Out",
        };
        Ident::new(name, Span::call_site())
    }

    /// Returns the trait.
    pub(crate) fn bound(self) -> Ident {
        format_ident!("Plain{}", self.marker())
    }
}

struct Scope<'a> {
    ident: &'a Ident,
    generics: &'a Generics,
    this: &'a TokenStream,
}

impl Scope<'_> {
    fn variant(
        &self,
        index: usize,
        ident: Option<Ident>,
        attributes: &[Attribute],
        fields: &Fields,
    ) -> Result<Variant> {
        let style = match fields {
            Fields::Named(_) => Style::Named,
            Fields::Unnamed(_) => Style::Tuple,
            Fields::Unit => Style::Unit,
        };
        if let Some(token) = attributes.iter().find(|a| a.path().is_ident("token")) {
            return Err(Error::new_spanned(
                token,
                "`#[token]` goes on the fields that hold tokens",
            ));
        }
        let fields = fields.iter().zip(fields.members()).enumerate();
        let mut fields = syntax::collect(fields.map(|(number, (field, member))| {
            let binding = format_ident!("__{index}_{number}", span = Span::mixed_site());
            self.field(field, member, binding)
        }))?;
        let holds_tokens = fields.iter().any(|field| field.token.is_some());
        let (serde, skipped) = serde_attributes::variant(attributes, holds_tokens)?;
        for field in &mut fields {
            field.skipped_with_variant = skipped;
        }
        Ok(Variant {
            ident,
            style,
            serde,
            fields,
        })
    }

    fn field(&self, field: &syn::Field, member: Member, binding: Ident) -> Result<Field> {
        let token = TokenAttribute::parse(&field.attrs)?;
        let ty = syntax::without_self(field.ty.to_token_stream(), self.this);
        let parameters = self.generics.type_params().map(|found| &found.ident);
        let parameters = parameters
            .filter(|ident| syntax::mentions(&ty, ident))
            .cloned();
        let mut lifetimes = self.generics.lifetimes().map(|found| &found.lifetime.ident);
        let mut constants = self.generics.const_params().map(|found| &found.ident);
        Ok(Field {
            vis: field.vis.clone(),
            member,
            binding,
            parameters: parameters.collect(),
            mentions_constant: constants.any(|ident| syntax::mentions(&ty, ident)),
            mentions_lifetime: lifetimes.any(|ident| syntax::mentions(&ty, ident)),
            is_recursive: syntax::mentions(&ty, self.ident),
            serde: FieldSerde::parse(&field.attrs, token.is_some(), self.this)?,
            graphql: graphql::attributes(&field.attrs),
            skipped_with_variant: Skipped::default(),
            token,
            ty,
        })
    }
}
