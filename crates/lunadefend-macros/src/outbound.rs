//! The way out: the granted form, and how it is made of the user's type.

use crate::{
    form::{Form, FormField, literal_of},
    graphql::Derive,
    input::{Field, Input, Way},
    syntax,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{WherePredicate, parse_quote};

/// Returns the granted form where the user gave it a name, and everything else.
pub(crate) fn expand(input: &Input) -> (Option<TokenStream>, TokenStream) {
    let private = &input.attribute.private;
    let name = input.attribute.granted.as_ref();
    let ident = name.map_or_else(|| input.hidden("Granted"), Clone::clone);
    let (form, generics) = Form::new(input, ident, &bounds);
    let declaration = form.declare(Derive::Out, &serialize_bounds(input), &|field| {
        form_field(&form, field)
    });
    let skips = form.functions(skips(input));
    let grant = grant(&form);
    let this = &input.this;
    let (parameters, _, where_clause) = generics.split_for_impl();
    let (named, hidden) = match name {
        Some(_) => (Some(declaration), None),
        None => (None, Some(declaration)),
    };
    let rest = quote! {
        #hidden
        #skips

        #[allow(deprecated)]
        #[automatically_derived]
        impl #parameters #private::Grant for #this #where_clause { #grant }
    };
    (named, rest)
}

fn bounds(input: &Input, field: &Field) -> Vec<WherePredicate> {
    let private = &input.attribute.private;
    if field.token.is_none() {
        let way = written(input, field).into_iter();
        let bound = way.map(Way::bound).map(|bound| quote!(#private::#bound));
        return bound
            .map(|bound| field.predicate(&field.ty, bound))
            .collect();
    }
    let bounded = field.bounded().into_iter();
    let bound = quote!(#private::Grant);
    bounded
        .map(|ty| field.predicate(&ty, bound.clone()))
        .collect()
}

/// What must hold for the form to serialise. Were it asked for the type to be granted, a recursive
/// type could not hold a generic one.
fn serialize_bounds(input: &Input) -> Vec<WherePredicate> {
    let private = &input.attribute.private;
    let generic = input
        .fields()
        .filter(|field| field.is_generic() && field.token.is_some());
    let types = generic
        .flat_map(Field::bounded)
        .map(|ty| -> WherePredicate {
            parse_quote!(<#ty as #private::Grant>::Granted: #private::serde::Serialize)
        });
    types.collect()
}

/// How a field goes out through serde's traits, if it does.
fn written(input: &Input, field: &Field) -> Option<Way> {
    field.plain_way(input).filter(|way| way.writes())
}

fn form_field(form: &Form<'_>, field: &Field) -> FormField {
    let private = &form.input.attribute.private;
    let ty = &field.ty;
    let mut serde = Vec::new();
    let way = written(form.input, field).map(Way::marker);
    if let Some(path) = &field.serde.skip_out_if {
        let path = match way {
            Some(_) => form.function(&field.function("skip")),
            None => literal_of(path),
        };
        serde.push(quote!(skip_serializing_if = #path));
    }
    if let Some(path) = &field.serde.write_with {
        let path = literal_of(path);
        serde.push(quote!(serialize_with = #path));
    }
    if field.serde.skip_out {
        serde.push(quote!(skip_serializing));
    }
    let ty = match way {
        _ if field.token.is_some() => quote!(<#ty as #private::Grant>::Granted),
        Some(way) => quote!(#private::Plain<#ty, #private::#way>),
        None => ty.clone(),
    };
    let vis = field.vis.clone();
    FormField { vis, ty, serde }
}

/// Returns the functions behind `#[serde(skip_serializing_if)]` on fields without tokens.
fn skips(input: &Input) -> impl Iterator<Item = TokenStream> {
    let private = &input.attribute.private;
    input.fields().filter_map(move |field| {
        let way = written(input, field)?.marker();
        let path = field.serde.skip_out_if.as_ref()?;
        let ty = &field.ty;
        let name = field.function("skip");
        Some(quote! {
            fn #name(value: &#private::Plain<#ty, #private::#way>) -> bool {
                #path(::core::ops::Deref::deref(value))
            }
        })
    })
}

/// Returns the items of `impl Grant`.
fn grant(form: &Form<'_>) -> TokenStream {
    let input = form.input;
    let private = &input.attribute.private;
    let collect = input.match_on(&input.ident, &|variant| {
        let calls = variant.fields.iter().filter_map(|field| {
            let value = &field.binding;
            let token = field.token.as_ref()?;
            Some(match &token.ttl {
                None => quote!(#private::Grant::collect(#value, tokens);),
                Some(ttl) => {
                    // A constant, so that an invalid duration does not compile.
                    let at = Span::call_site().located_at(ttl.span());
                    let constant =
                        quote!(const TTL: #private::GrantDuration = #private::ttl(#ttl););
                    let constant = syntax::respan(constant, at);
                    let duration = Ident::new("TTL", at);
                    quote!({ #constant tokens.with_duration(#value, #duration); })
                }
            })
        });
        quote!({ #(#calls)* })
    });
    let upgrade = input.match_on(&input.ident, &|variant| {
        let value = variant.with(&form.ident, &|field| {
            let value = &field.binding;
            if field.token.is_some() {
                quote!(#private::Grant::upgrade(#value, proof)?)
            } else if written(input, field).is_some() {
                quote!(#private::Plain::new(#value))
            } else {
                quote!(#value)
            }
        });
        quote!(#value,)
    });
    let ty = form.ty();
    quote! {
        type Granted = #ty;

        fn collect(&self, tokens: &mut #private::GrantCollector) {
            #collect
        }

        fn upgrade(
            self,
            proof: &#private::GrantProof,
        ) -> ::core::result::Result<Self::Granted, #private::Error> {
            ::core::result::Result::Ok(#upgrade)
        }
    }
}
