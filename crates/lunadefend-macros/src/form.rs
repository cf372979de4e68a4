//! A hidden type of the shape of the user's, and the values that go from one to the other.

use crate::{
    graphql::Derive,
    input::{Field, Input, Style, Variant},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, LitStr, Member, Visibility, WherePredicate};

pub(crate) struct Form<'a> {
    pub(crate) input: &'a Input,
    pub(crate) ident: Ident,
    /// Those of the user's type with what this form needs on top.
    pub(crate) generics: Generics,
}

/// How one field looks in the form.
pub(crate) struct FormField {
    /// Of a granted form that of the user's field, so that their code finds what it knows.
    pub(crate) vis: Visibility,
    pub(crate) ty: TokenStream,
    /// In `#[serde(..)]`, beside the names.
    pub(crate) serde: Vec<TokenStream>,
}

impl<'a> Form<'a> {
    /// Returns a form without its body, and the generics that the user's type needs to be turned into it.
    /// `bounds` says what a field asks for.
    pub(crate) fn new(
        input: &'a Input,
        ident: Ident,
        bounds: &dyn Fn(&Input, &Field) -> Vec<WherePredicate>,
    ) -> (Self, Generics) {
        let mut of_type = input.generics.clone();
        let mut of_form = input.generics.clone();
        let type_predicates = &mut of_type.make_where_clause().predicates;
        let form_predicates = &mut of_form.make_where_clause().predicates;
        for field in input.fields() {
            let bounds = bounds(input, field);
            let (at_type, at_form) = field.bound_at();
            if at_type {
                type_predicates.extend(bounds.clone());
            }
            if at_form {
                form_predicates.extend(bounds);
            }
        }
        let form = Self {
            input,
            ident,
            generics: of_form,
        };
        (form, of_type)
    }

    /// Returns the form as others write it.
    pub(crate) fn ty(&self) -> TokenStream {
        let ident = &self.ident;
        let (_, arguments, _) = self.generics.split_for_impl();
        quote!(#ident #arguments)
    }

    /// Returns the text of a path to a function of the form.
    pub(crate) fn function(&self, function: &Ident) -> LitStr {
        let ident = &self.ident;
        let arguments = self
            .generics
            .params
            .iter()
            .filter_map(|parameter| match parameter {
                GenericParam::Type(parameter) => Some(&parameter.ident),
                GenericParam::Const(parameter) => Some(&parameter.ident),
                GenericParam::Lifetime(_) => None,
            });
        let arguments = arguments.collect::<Vec<_>>();
        let path = if arguments.is_empty() {
            quote!(#ident::#function)
        } else {
            quote!(#ident::<#(#arguments),*>::#function)
        };
        literal(&path)
    }

    /// `impl<..> a_trait for Form<..> where .. { items }`.
    pub(crate) fn implement(&self, a_trait: &TokenStream, items: &TokenStream) -> TokenStream {
        let (parameters, _, where_clause) = self.generics.split_for_impl();
        let ty = self.ty();
        quote! {
            #[allow(deprecated)]
            #[automatically_derived]
            impl #parameters #a_trait for #ty #where_clause { #items }
        }
    }

    /// Functions of the form itself, if there are any.
    pub(crate) fn functions(
        &self,
        functions: impl Iterator<Item = TokenStream>,
    ) -> Option<TokenStream> {
        let mut functions = functions.peekable();
        functions.peek()?;
        let (parameters, _, where_clause) = self.generics.split_for_impl();
        let ty = self.ty();
        Some(quote!(impl #parameters #ty #where_clause { #(#functions)* }))
    }

    /// Returns the declaration, with one of serde's derives. `bound` is what serde's impl asks for beyond
    /// what the form itself does.
    pub(crate) fn declare(
        &self,
        derive: Derive,
        bound: &[WherePredicate],
        field: &dyn Fn(&Field) -> FormField,
    ) -> TokenStream {
        let Self {
            input,
            ident,
            generics,
        } = self;
        let private = &input.attribute.private;
        let serde_derive = Ident::new(derive.of_serde(), Span::call_site());
        let graphql = input.graphql.as_ref();
        let graphql = graphql.map(|graphql| graphql.on_form(derive, private));
        let serde_path = quote!(#private::serde).to_string();
        let bound = literal(&quote!(#(#bound),*));
        let serde = &input.serde;
        let vis = &input.vis;
        let (_, _, where_clause) = generics.split_for_impl();
        let parameters = &generics.params;
        let on_field = |field: &Field| match graphql {
            Some(_) => derive.on_field(&field.graphql, field.token.is_some()),
            None => TokenStream::new(),
        };
        let variants = input
            .variants
            .iter()
            .map(|variant| body(variant, field, &on_field));
        let body = if input.is_enum {
            quote!(#where_clause { #(#variants,)* })
        } else {
            match input.variants.first().map(|variant| variant.style) {
                Some(Style::Named) => quote!(#where_clause #(#variants)*),
                _ => quote!(#(#variants)* #where_clause;),
            }
        };
        let kind = if input.is_enum {
            quote!(enum)
        } else {
            quote!(struct)
        };
        let debug = self.debug();
        quote! {
            #graphql
            #[derive(#private::serde::#serde_derive)]
            #[serde(crate = #serde_path, bound = #bound, #(#serde),*)]
            #vis #kind #ident <#parameters> #body

            #debug
        }
    }

    /// Prints the name alone.
    fn debug(&self) -> TokenStream {
        let name = self.input.ident.to_string();
        self.implement(
            &quote!(::core::fmt::Debug),
            &quote! {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(#name).finish_non_exhaustive()
                }
            },
        )
    }
}

fn body(
    variant: &Variant,
    field: &dyn Fn(&Field) -> FormField,
    on_field: &dyn Fn(&Field) -> TokenStream,
) -> TokenStream {
    let ident = &variant.ident;
    let fields = variant.fields.iter().map(|of| {
        let FormField { vis, ty, serde } = field(of);
        let names = &of.serde.names;
        let name = match &of.member {
            Member::Named(name) => Some(quote!(#name:)),
            Member::Unnamed(_) => None,
        };
        let attributes = on_field(of);
        quote!(#attributes #[serde(#(#names,)* #(#serde,)*)] #vis #name #ty)
    });
    let fields = match variant.style {
        Style::Named => quote!({ #(#fields,)* }),
        Style::Tuple => quote!((#(#fields,)*)),
        Style::Unit => TokenStream::new(),
    };
    let serde = (!variant.serde.is_empty()).then(|| {
        let serde = &variant.serde;
        quote!(#[serde(#(#serde),*)])
    });
    quote!(#serde #ident #fields)
}

impl Input {
    /// `match self { ty { a: a, b: b } => then(variant), .. }`.
    pub(crate) fn match_on(
        &self,
        ty: &Ident,
        then: &dyn Fn(&Variant) -> TokenStream,
    ) -> TokenStream {
        let arms = self.variants.iter().map(|variant| {
            let pattern = variant.with(ty, &|field| field.binding.to_token_stream());
            let then = then(variant);
            quote!(#pattern => #then)
        });
        quote!(match self { #(#arms)* })
    }
}

impl Variant {
    /// `ty::Variant { a: value(a), .. }`, as an expression or a pattern.
    pub(crate) fn with(&self, ty: &Ident, value: &dyn Fn(&Field) -> TokenStream) -> TokenStream {
        let variant = self.ident.as_ref().map(|ident| quote!(::#ident));
        let members = self.fields.iter().map(|field| &field.member);
        let values = self.fields.iter().map(value);
        quote!(#ty #variant { #(#members: #values,)* })
    }
}

/// Returns the text of a path of ours.
pub(crate) fn literal(path: &TokenStream) -> LitStr {
    LitStr::new(&path.to_string(), Span::call_site())
}

/// Returns the text of a path that the user wrote, at its place: lints about it are theirs.
pub(crate) fn literal_of(path: &TokenStream) -> LitStr {
    let first = path.clone().into_iter().next();
    let span = first.map_or_else(Span::call_site, |token| token.span());
    LitStr::new(&path.to_string(), span)
}
