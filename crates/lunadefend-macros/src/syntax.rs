//! Small steps on syntax trees.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Error, Expr, ExprLit, GenericArgument, GenericParam, Generics, Lit, LitStr, Meta,
    MetaNameValue, PathArguments, PathSegment, Result, Token, Type, TypePath, ext::IdentExt,
    punctuated::Punctuated,
};

/// All items, or all errors in one.
pub(crate) fn collect<T>(items: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut errors: Option<Error> = None;
    for item in items {
        match (item, &mut errors) {
            (Ok(item), _) => all.push(item),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    errors.map_or(Ok(all), Err)
}

/// What is in the attributes `#[name(..)]`, one after the other. A bare `#[name]` has nothing in it.
pub(crate) fn metas(attributes: &[Attribute], name: &str) -> Result<Vec<Meta>> {
    let mut metas = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident(name)) {
        if !matches!(attribute.meta, Meta::Path(_)) {
            let list = Punctuated::<Meta, Token![,]>::parse_terminated;
            metas.extend(attribute.parse_args_with(list)?);
        }
    }
    Ok(metas)
}

/// Returns the text of `name = "text"`.
pub(crate) fn text(meta: &Meta) -> Result<&LitStr> {
    match meta {
        Meta::NameValue(MetaNameValue {
            value:
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }),
            ..
        }) => Ok(text),
        other => Err(Error::new_spanned(other, "write a string: `name = \"..\"`")),
    }
}

/// Without the defaults, which `impl<..>` does not take.
pub(crate) fn without_defaults(mut generics: Generics) -> Generics {
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Type(parameter) => {
                parameter.default = None;
            }
            GenericParam::Const(parameter) => {
                parameter.default = None;
            }
            GenericParam::Lifetime(_) => {}
        }
    }
    generics
}

/// Exchanges every token for which there is another.
pub(crate) fn replace(
    tokens: TokenStream,
    with: &mut dyn FnMut(&TokenTree) -> Option<TokenStream>,
) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| {
            if let Some(other) = with(&token) {
                return other;
            }
            match token {
                TokenTree::Group(group) => {
                    let mut replaced = Group::new(group.delimiter(), replace(group.stream(), with));
                    replaced.set_span(group.span());
                    replaced.into_token_stream()
                }
                token => token.into_token_stream(),
            }
        })
        .collect()
}

/// Writes `Self` out: the field goes into another type.
pub(crate) fn without_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    replace(tokens, &mut |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => Some(this.clone()),
        _ => None,
    })
}

/// `T` for `Option<T>`, `Vec<T>` and `Box<T>`, and for these in each other.
pub(crate) fn content(ty: TokenStream) -> TokenStream {
    let Ok(Type::Path(TypePath {
        qself: None, path, ..
    })) = syn::parse2(ty.clone())
    else {
        return ty;
    };
    match path.segments.last() {
        Some(PathSegment {
            ident,
            arguments: PathArguments::AngleBracketed(arguments),
        }) if ["Option", "Vec", "Box"].iter().any(|name| ident == name) => {
            match arguments.args.first() {
                Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => {
                    content(inner.to_token_stream())
                }
                _ => ty,
            }
        }
        _ => ty,
    }
}

/// Returns the type itself and, if it is or wraps a tuple, each of the tuple's types: a trait cannot
/// be implemented for "a tuple that has one somewhere".
pub(crate) fn parts(ty: &TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![ty.clone()];
    if let Ok(ty) = syn::parse2(ty.clone()) {
        add_parts(&ty, &mut parts);
    }
    parts
}

fn add_parts(ty: &Type, parts: &mut Vec<TokenStream>) {
    match ty {
        Type::Tuple(tuple) => {
            for part in &tuple.elems {
                parts.push(part.to_token_stream());
                add_parts(part, parts);
            }
        }
        Type::Reference(of) => add_parts(&of.elem, parts),
        Type::Paren(of) => add_parts(&of.elem, parts),
        Type::Group(of) => add_parts(&of.elem, parts),
        Type::Array(of) => add_parts(&of.elem, parts),
        Type::Slice(of) => add_parts(&of.elem, parts),
        // Of another type than these, an argument need not be in it: `Id<Customer>` is a number.
        Type::Path(path) if is_container(path) => {
            let last = path.path.segments.last();
            if let Some(PathArguments::AngleBracketed(arguments)) = last.map(|of| &of.arguments) {
                for argument in &arguments.args {
                    if let GenericArgument::Type(part) = argument {
                        parts.push(part.to_token_stream());
                        add_parts(part, parts);
                    }
                }
            }
        }
        _ => {}
    }
}

fn is_container(path: &TypePath) -> bool {
    const CONTAINERS: [&str; 17] = [
        "Arc",
        "BTreeMap",
        "BTreeSet",
        "BinaryHeap",
        "Box",
        "Cow",
        "HashMap",
        "HashSet",
        "LinkedList",
        "Mutex",
        "Option",
        "Rc",
        "RefCell",
        "Result",
        "RwLock",
        "Vec",
        "VecDeque",
    ];
    let last = path.path.segments.last();
    last.is_some_and(|last| CONTAINERS.iter().any(|name| last.ident == name))
}

/// Returns whether the type is one of the usual ones, as written: nothing needs to be asked about it.
pub(crate) fn is_plainly_a_value(ty: &TokenStream) -> bool {
    const VALUES: [&str; 17] = [
        "String",
        "VerifiedToken",
        "bool",
        "char",
        "f32",
        "f64",
        "i128",
        "i16",
        "i32",
        "i64",
        "i8",
        "str",
        "u128",
        "u16",
        "u32",
        "u64",
        "u8",
    ];
    let text = ty.to_string();
    VALUES.contains(&text.as_str())
}

/// Puts `'static` for every lifetime.
pub(crate) fn with_static_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut after_quote = false;
    replace(tokens, &mut |token| {
        let is_lifetime = std::mem::replace(
            &mut after_quote,
            matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\''),
        );
        is_lifetime.then(|| quote!(static))
    })
}

/// Returns whether the identifier is anywhere in the tokens.
pub(crate) fn mentions(tokens: &TokenStream, wanted: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident.unraw() == wanted.unraw(),
        TokenTree::Group(group) => mentions(&group.stream(), wanted),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Puts all tokens at `span`, where errors about them are shown.
pub(crate) fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let stream = respan(group.stream(), span);
                let mut group = Group::new(group.delimiter(), stream);
                group.set_span(span);
                TokenTree::Group(group)
            }
            mut token => {
                token.set_span(span);
                token
            }
        })
        .collect()
}

/// Returns the lints that the user has silenced on the type or one of its fields: the code generated for them
/// stands somewhere else.
pub(crate) fn silenced(attributes: &[Attribute]) -> impl Iterator<Item = TokenStream> {
    let silencing = attributes.iter().filter(|attribute| {
        ["allow", "expect"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
    });
    silencing.filter_map(|attribute| {
        let list = attribute.meta.require_list().ok()?;
        let lints = list.tokens.to_token_stream();
        Some(quote!(#[allow(#lints)]))
    })
}
