//! Checks on the types of fields, which the compiler evaluates.

use crate::{
    input::{Field, Input, Way},
    syntax,
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Member, spanned::Spanned};

/// Constants that do not compile when a field's type is not permitted.
pub(crate) fn expand(input: &Input) -> TokenStream {
    let private = &input.attribute.private;
    let holders = input.fields().filter_map(|field| {
        let ty = field.probed(input)?;
        let parts = syntax::parts(&ty).into_iter().map(|part| {
            // At the field's type, and yet as code of the macro.
            quote_spanned! {ty.span()=>
                ::core::assert!(
                    !(#private::Probe::<#part>::HOLDS_TOKENS
                        || #private::Probe::<#part>::LENDS_TOKENS
                        || #private::Probe::<#part>::LENDS_A_LENDER
                        || #private::Probe::<#part>::LENDS_WHAT_LENDS_A_LENDER),
                    "this field holds tokens: mark it with `#[token]`; it cannot be skipped, and cannot have functions of its own that read or write it"
                );
            }
        });
        Some(quote! {
            const _: () = {
                #[allow(unused_imports)]
                use #private::Not as _;
                #(#parts)*
            };
        })
    });
    let nulls = input.fields().flat_map(|field| nulls(input, field));
    let nulls: Vec<_> = nulls.collect();
    let nulls = (!nulls.is_empty()).then(|| {
        quote! {
            const _: () = {
                #[allow(unused_imports)]
                use #private::Not as _;
                #(#nulls)*
            };
        }
    });
    quote!(#(#holders)* #nulls)
}

/// Returns whether absent, `null` and a value stay three things where the type says so.
fn nulls(input: &Input, field: &Field) -> Vec<TokenStream> {
    let Member::Named(_) = field.member else {
        return Vec::new();
    };
    if field.is_generic() || field.mentions_constant || syntax::is_plainly_a_value(&field.ty) {
        return Vec::new();
    }
    let private = &input.attribute.private;
    let ty = syntax::with_static_lifetimes(field.ty.clone());
    let way = field.plain_way(input);
    let holds = field.token.is_some();
    let direction = input.attribute.direction;
    let reads = (holds && direction.comes_in()) || way.is_some_and(Way::reads);
    let writes = (holds && direction.goes_out()) || way.is_some_and(Way::writes);
    let mut asked = Vec::new();
    if holds && reads {
        asked.push(quote_spanned! {ty.span()=>
            ::core::assert!(
                !#private::Probe::<#ty>::LOSES_NULL,
                "an `Option` in an `Option` reads an absent member and `null` as one: write `#[serde(default)]` and `lunadefend::Patch`, which is `Keep`, `Clear` or `Set`"
            );
        });
    }
    if reads && field.serde.default.is_none() {
        asked.push(quote_spanned! {ty.span()=>
            ::core::assert!(
                !#private::Probe::<#ty>::TELLS_ABSENT,
                "absent, a `Patch` is `Keep` and a `MaybeUndefined` is `Undefined`: write `#[serde(default)]` on it"
            );
        });
    }
    if writes && field.serde.skip_out_if.is_none() {
        asked.push(quote_spanned! {ty.span()=>
            ::core::assert!(
                !#private::Probe::<#ty>::IS_PATCH,
                "a `Patch` that is `Keep` is not written: write `#[tokens(request)]` on the type, or `#[serde(skip_serializing_if = \"Patch::is_keep\")]` on it"
            );
        });
    }
    asked
}
