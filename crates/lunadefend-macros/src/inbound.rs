//! The way in: the untrusted form, and how the user's type is made of it.

use crate::{
    form::{Form, FormField, literal, literal_of},
    graphql::Derive,
    input::{Field, Input, Way},
    serde_attributes::Fallback,
};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Visibility, WherePredicate, spanned::Spanned};

pub(crate) fn expand(input: &Input) -> TokenStream {
    let private = &input.attribute.private;
    let (form, generics) = Form::new(input, input.hidden("Untrusted"), &bounds);
    let declaration = form.declare(Derive::In, &[], &|field| form_field(&form, field));
    let defaults = form.functions(defaults(input));
    let verify = form.implement(&quote!(#private::Verify), &verify(&form));
    let this = &input.this;
    let ty = form.ty();
    let (parameters, _, where_clause) = generics.split_for_impl();
    quote! {
        #declaration
        #defaults
        #verify

        #[allow(deprecated)]
        #[automatically_derived]
        impl #parameters #private::FromUntrusted for #this #where_clause {
            type Wire = #ty;
        }
    }
}

fn bounds(input: &Input, field: &Field) -> Vec<WherePredicate> {
    let private = &input.attribute.private;
    let ty = &field.ty;
    let mut bounds = Vec::new();
    if field.token.is_some() {
        for ty in field.bounded() {
            bounds.push(field.predicate(&ty, quote!(#private::FromUntrusted)));
        }
        if field.is_generic() && field.serde.default.is_some() {
            let wire = quote!(<#ty as #private::FromUntrusted>::Wire);
            bounds.push(field.predicate(&wire, quote!(::core::default::Default)));
        }
        return bounds;
    }
    if let Some(way) = field.plain_way(input).filter(|way| way.reads()) {
        let bound = way.bound();
        bounds.push(field.predicate(ty, quote!(#private::#bound)));
    }
    let falls_back = match &field.serde.default {
        Some(Fallback::Default) => true,
        Some(Fallback::Path(_)) => false,
        None => field.serde.skip_in,
    };
    // That of a field with tokens is sure to be.
    if field.is_generic() {
        bounds.push(field.predicate(ty, quote!(::core::marker::Send)));
    }
    if falls_back {
        bounds.push(field.predicate(ty, quote!(::core::default::Default)));
    }
    bounds
}

fn form_field(form: &Form<'_>, field: &Field) -> FormField {
    let private = &form.input.attribute.private;
    let ty = &field.ty;
    let mut serde = Vec::new();
    if field.token.is_some() {
        let mut absent = literal(&quote!(#private::absent));
        absent.set_span(Span::call_site().located_at(ty.span()));
        serde.extend(
            field
                .serde
                .default
                .as_ref()
                .map(|_| quote!(default = #absent)),
        );
        return FormField {
            vis: Visibility::Inherited,
            ty: quote!(<#ty as #private::FromUntrusted>::Wire),
            serde,
        };
    }
    if let Some(way) = field.plain_way(form.input).filter(|way| way.reads()) {
        if field.serde.default.is_some() {
            let function = form.function(&field.function("default"));
            serde.push(quote!(default = #function));
        }
        let way = way.marker();
        return FormField {
            vis: Visibility::Inherited,
            ty: quote!(#private::Plain<#ty, #private::#way>),
            serde,
        };
    }
    if field.serde.skip_in {
        serde.push(quote!(skip_deserializing));
    }
    if let Some(path) = &field.serde.read_with {
        let path = literal_of(path);
        serde.push(quote!(deserialize_with = #path));
    }
    serde.extend(field.serde.default.as_ref().map(|default| match default {
        Fallback::Default => quote!(default),
        Fallback::Path(path) => {
            let path = literal_of(path);
            quote!(default = #path)
        }
    }));
    FormField {
        vis: Visibility::Inherited,
        ty: ty.clone(),
        serde,
    }
}

/// Returns the functions behind `#[serde(default)]` on fields without tokens.
fn defaults(input: &Input) -> impl Iterator<Item = TokenStream> {
    let private = &input.attribute.private;
    input.fields().filter_map(move |field| {
        let way = field.plain_way(input).filter(|way| way.reads())?.marker();
        let ty = &field.ty;
        let name = field.function("default");
        let value = match field.serde.default.as_ref()? {
            Fallback::Default => quote!(::core::default::Default::default()),
            Fallback::Path(path) => quote!(#path()),
        };
        Some(quote! {
            fn #name() -> #private::Plain<#ty, #private::#way> {
                #private::Plain::new(#value)
            }
        })
    })
}

/// Returns the items of `impl Verify`.
fn verify(form: &Form<'_>) -> TokenStream {
    let input = form.input;
    let private = &input.attribute.private;
    let this = &input.this;
    let collect = input.match_on(&form.ident, &|variant| {
        let tokens = variant.fields.iter().filter(|field| field.token.is_some());
        let tokens = tokens.map(|field| &field.binding);
        quote!({ #(#private::Verify::collect(#tokens, tokens);)* })
    });
    let upgrade = input.match_on(&form.ident, &|variant| {
        let value = variant.with(&input.ident, &|field| {
            let value = &field.binding;
            if field.token.is_some() {
                quote!(#private::Verify::upgrade(#value, proof)?)
            } else if field.plain_way(input).is_some_and(Way::reads) {
                quote!(#private::Plain::into_inner(#value))
            } else {
                quote!(#value)
            }
        });
        quote!(#value,)
    });
    quote! {
        type Verified = #this;

        fn collect(&self, tokens: &mut #private::VerifyCollector) {
            #collect
        }

        fn upgrade(
            self,
            proof: &#private::VerifyProof,
        ) -> ::core::result::Result<#this, #private::Error> {
            ::core::result::Result::Ok(#upgrade)
        }
    }
}
