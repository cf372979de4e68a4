#![doc = include_str!("../README.md")]

mod attributes;
mod form;
mod graphql;
mod inbound;
mod input;
mod outbound;
mod probes;
mod serde_attributes;
mod syntax;

use input::Input;
use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Generates the incoming and outgoing forms of a type with verified tokens.
///
/// Mark every field that holds tokens with `#[token]`. The type then implements `FromUntrusted`, for the
/// extractor `Verified<T>` of a framework adapter or for `Unverified<T>` without a framework, and `Grant`,
/// for `Granter` and `Granted<T>` or for `Grants::grant`. All tokens of a value cost one call.
///
/// ```
/// use lunadefend_core::{Error, Grants, SessionId, Unverified, VerifiedToken};
/// use lunadefend_macros::Tokens;
///
/// #[derive(Tokens)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct Customer {
///     name: String,
///     #[token]
///     ssn: VerifiedToken,
///     #[token(ttl = "15m")]
///     #[serde(default)]
///     cards: Vec<VerifiedToken>,
/// }
///
/// async fn save(grants: &Grants, session: &SessionId, body: &str) -> Result<(), Error> {
///     let Ok(customer) = serde_json::from_str::<Unverified<Customer>>(body) else {
///         return Ok(()); // a real handler responds with 400
///     };
///     let customer: Customer = grants.verify(session, customer).await?;
///     // .. store customer.ssn, a `VerifiedToken` ..
/// #   let _ = (customer.name, customer.ssn);
///     Ok(())
/// }
///
/// async fn load(grants: &Grants, session: &SessionId, row: Customer) -> Result<String, Error> {
///     let granted = grants.grant(session, row, None).await?;
///     // Only what was granted serialises. `row` itself does not.
///     Ok(serde_json::to_string(&granted).unwrap_or_default())
/// }
/// ```
///
/// A forgotten `#[token]` does not compile, and neither does a type that only has serde's derives:
///
/// ```compile_fail
/// # use lunadefend_core::VerifiedToken;
/// # use lunadefend_macros::Tokens;
/// #[derive(Tokens)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct Customer {
///     name: String,
///     ssn: VerifiedToken, // `VerifiedToken` can neither come in unverified nor go out ungranted
/// }
/// ```
///
/// # What can hold tokens
/// A field with `#[token]` is a `VerifiedToken`, another type with this derive, a type parameter, or one of
/// these in an `Option`, `Patch`, `Box`, `Vec`, `VecDeque`, `HashSet`, `BTreeSet`, `HashMap` or `BTreeMap`,
/// an array (up to 32 when it comes in) or a tuple of up to four, in any depth. Only the traits count. In a
/// type that only goes out, an `Arc` works too. The derive is for structs of every kind and for enums,
/// generic or recursive. An absent token is `None`. The empty string is an error in JSON. In a form or a
/// query it is a blank field: `None` for an `Option`, and left out of a `Vec`.
///
/// `#[token(ttl = "15m")]` sets how long the grants of the field's tokens live: at least one second, as
/// numbers with the units `h`, `m`, `s`, `ms`, `us`, `ns`. It overrides the duration of the call; a `ttl`
/// inside the field's type overrides it.
///
/// # The granted form
/// It has the fields of the type, under their names. A field with tokens holds `GrantedToken`s instead of
/// `VerifiedToken`s. A field without tokens dereferences to its value and prints as it does, for templates
/// that do not serialise:
///
/// ```
/// # use lunadefend_core::{Error, Grants, SessionId, VerifiedToken};
/// # use lunadefend_macros::Tokens;
/// #[derive(Tokens)]
/// #[tokens(response)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct Profile {
///     name: String,
///     #[token]
///     ssn: VerifiedToken,
/// }
///
/// async fn page(grants: &Grants, session: &SessionId, row: Profile) -> Result<String, Error> {
///     let profile = grants.grant(session, row, None).await?; // of a `Granted<T>`: `into_inner`
///     Ok(format!("{} <input type=hidden value={}>", profile.name, profile.ssn.expose_id()))
/// }
/// ```
///
/// The form has no public name: write `Granted<T>` of an adapter, or `<T as Grant>::Granted`. For code that
/// needs a name, such as a template or a computed GraphQL field, set one by `#[tokens(granted =
/// "ProfileOut")]`.
///
/// # One direction
/// By default a type can do both, and every field without tokens needs both `Deserialize` and `Serialize`.
/// Mark a type that is only received or only sent; its fields then need one of the two:
///
/// ```
/// # use lunadefend_core::VerifiedToken;
/// # use lunadefend_macros::Tokens;
/// #[derive(Tokens)]
/// #[tokens(request)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct SetSsn {
///     reason: Reason,
///     #[token]
///     ssn_token: VerifiedToken,
/// }
///
/// #[derive(serde::Deserialize)]
/// enum Reason {
///     New,
///     Correction,
/// }
///
/// #[derive(Tokens)]
/// #[tokens(response)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct Profile<'a> {
///     name: &'a str,
///     #[token(ttl = "5m")]
///     ssn_token: Option<&'a VerifiedToken>,
/// }
/// ```
///
/// A response may borrow; a request owns its data. A reference to a type (`&T`, `&[T]`) is granted by
/// cloning it, when it is `Clone`.
///
/// # Absent, null and a value
/// An `Option` is `None` for an absent member and for `null`. Where these differ, as in a PATCH, the
/// field is a `Patch`; an `Option` in an `Option` does not compile.
///
/// ```
/// # use lunadefend_core::{Patch, VerifiedToken};
/// # use lunadefend_macros::Tokens;
/// #[derive(Tokens)]
/// #[tokens(request)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct UpdateProfile {
///     #[serde(default)]
///     nickname: Patch<String>,
///     #[token]
///     #[serde(default)]
///     ssn: Patch<VerifiedToken>,
/// }
///
/// fn update(stored: &mut Option<VerifiedToken>, update: UpdateProfile) {
///     match update.ssn {
///         Patch::Keep => {}             // {}
///         Patch::Clear => *stored = None, // {"ssn":null}
///         Patch::Set(ssn) => *stored = Some(ssn),
///     }
/// #   let _ = update.nickname;
/// }
/// ```
///
/// # Serde's attributes
/// They work as they do with serde's own derives, on both forms:
///
/// | on | attribute |
/// |---|---|
/// | the type | `rename`, `rename_all`, `rename_all_fields`, `tag`, `content`, `untagged`, `transparent`, `deny_unknown_fields`, `expecting` |
/// | a variant | `rename`, `rename_all`, `alias`, `other`, `untagged`; `skip`, `skip_serializing` and `skip_deserializing` when it holds no tokens |
/// | a field with tokens | `rename`, `alias`, `flatten`, `default`; `skip_serializing_if` with `Option::is_none`, `Patch::is_keep`, or `is_empty` of a list, a set or a map |
/// | a field without tokens | these, and `default = ".."`, `skip_serializing_if = ".."`, `skip`, `skip_serializing`, `skip_deserializing`, `with`, `serialize_with`, `deserialize_with` |
///
/// A form or a query contains only texts. A number or a `bool` in a part with `flatten`, or in an enum with
/// `tag` or `untagged`, can be read only from JSON. This is a limit of serde.
///
/// Every other attribute is an error, for one of two reasons. It could let a token bypass the check (`with`
/// or `skip` on a field with tokens, `with` of a module `storage`, `from`, `try_from`, `into`, `remote`, a
/// default for the whole type), or the derive sets it itself (`bound`, `crate`).
///
/// # GraphQL
/// `#[tokens(graphql)]` makes GraphQL types of the two forms, for async-graphql 7 with
/// `lunadefend-graphql`: an input object that an argument of type `Unverified<T>` takes, and an object
/// that a resolver returns as `Granted<T>`. It is for structs with named fields and without parameters.
/// `#[graphql(..)]` and the documentation of the type and of its fields are those of async-graphql's
/// `InputObject` and `SimpleObject`; a `default` is one without a value. The types have the name of the
/// struct; one that comes in and goes out names the first by `#[graphql(input_name = "..")]`. A field
/// with tokens is `secret` when it comes in. `MaybeUndefined` tells an absent field from `null`, with
/// `#[serde(default)]`.
///
/// Computed fields are a `ComplexObject` of the granted form, by the name that `granted` gives it:
/// `#[tokens(graphql, response, granted = "CardOut")]` with `#[graphql(complex)]`, and
/// `#[ComplexObject] impl CardOut { .. }`. A one-of input is async-graphql's `OneofObject` with
/// `UntrustedToken`s, which the resolver verifies by `verify_in`: the derive is for structs here.
///
/// # Other attributes
/// `#[tokens(crate = "path")]` is for crates that do not depend on the facade `lunadefend`. It names the
/// crate to use instead, such as `lunadefend_core`.
///
/// The derive stands beside others, such as utoipa's `ToSchema`, for which a token is a string:
/// `#[schema(value_type = String)]`. It does not stand beside serde's own on a type with tokens, which
/// would read them unverified and write them ungranted: a row that is stored as JSON is another type,
/// with `lunadefend_core::storage` and a `From`. A generic wrapper has its tokens in a parameter only, and
/// may have both, for lists with and without tokens:
///
/// ```
/// # use lunadefend_core::VerifiedToken;
/// # use lunadefend_macros::Tokens;
/// #[derive(Tokens, serde::Serialize)]
/// #[tokens(response)]
/// # #[tokens(crate = "lunadefend_core")]
/// struct Page<T> {
///     #[token]
///     items: Vec<T>,
///     total: usize,
/// }
/// # fn is_sent<T: serde::Serialize>() {}
/// # fn is_granted<T: lunadefend_core::IntoGranted>() {}
/// # is_sent::<Page<String>>();
/// # is_granted::<Page<VerifiedToken>>();
/// ```
///
/// Instead of your own enum with a default for an absent member, use `Patch`: the derive cannot reuse your
/// `Default` for the untrusted form.
///
/// # Security
/// The types cannot see these: a field of type `String` or `serde_json::Value` that holds the text of a
/// token; a field without `#[token]` whose type, or whose function in `#[serde(with)]`, makes tokens by
/// `VerifiedToken::assertion` or by the `storage` module. A path of `#[serde(with)]` that ends in `storage`
/// or one of its functions does not compile. Under another name (`use storage as rows`) the macro does not
/// recognise it, but clippy does. Search for these names in code review, and let clippy list them: see
/// `docs/what-the-compiler-checks.md`.
#[proc_macro_derive(Tokens, attributes(token, tokens, serde, graphql))]
pub fn derive_tokens(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    Input::parse(item)
        .map_or_else(|error| error.into_compile_error(), |input| expand(&input))
        .into()
}

fn expand(input: &Input) -> proc_macro2::TokenStream {
    let private = &input.attribute.private;
    let this = &input.this;
    let (parameters, _, where_clause) = input.generics.split_for_impl();
    let silenced = &input.silenced;
    let direction = input.attribute.direction;
    let inbound = direction.comes_in().then(|| inbound::expand(input));
    let outbound = direction.goes_out().then(|| outbound::expand(input));
    let (named, outbound) = outbound.unzip();
    let named = named.flatten();
    // A schema shows the documentation of the type, and no other.
    let said = format!("What [`{}`] is once its tokens are granted.", input.ident);
    let said = input.graphql.is_none().then(|| quote!(#[doc = #said]));
    let named = named.map(|declaration| {
        quote! {
            #said
            #[allow(dead_code, missing_docs, private_bounds, private_interfaces, trivial_bounds)]
            #(#silenced)*
            #declaration
        }
    });
    let probes = probes::expand(input);
    quote! {
        #named

        // Lints about declarations, all of which are ours. None that looks at what the user wrote in an
        // attribute, such as `deprecated` or `clippy::disallowed_methods`.
        #[allow(
            dead_code,
            missing_docs,
            private_bounds,
            private_interfaces,
            trivial_bounds,
            unnameable_types,
            unreachable_pub,
            unused_qualifications,
            unused_variables
        )]
        #(#silenced)*
        const _: () = {
            #probes

            #[allow(deprecated)]
            #[automatically_derived]
            impl #parameters #private::HoldsTokens for #this #where_clause {}

            #inbound
            #outbound
        };
    }
}
