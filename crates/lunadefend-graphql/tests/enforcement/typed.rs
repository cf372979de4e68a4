//! The typed way: the compiler asks for what the directive asks for, and neither costs a call twice.

use crate::support::{allow, asked_about, codes, data, request, token};
use async_graphql::{
    ComplexObject, Context, EmptyMutation, EmptySubscription, InputObject, MaybeUndefined, Object,
    Request, Result, Schema,
};
use lunadefend_core::{
    ErrorKind, GrantDuration, GrantedToken, UntrustedToken, Unverified, VerifiedToken,
};
use lunadefend_graphql::{GrantIn, Granted, Token, VerifyIn, build, into_graphql, session_in};
use lunadefend_macros::Tokens;
use lunadefend_testing::{Call, TestBackend};
use std::time::Duration;

/// Who pays.
#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
#[graphql(rename_fields = "SCREAMING_SNAKE_CASE")]
struct Payer {
    /// The card.
    #[token]
    card: VerifiedToken,
    #[token]
    others: Option<Vec<VerifiedToken>>,
    #[graphql(name = "called")]
    name: String,
    #[graphql(default)]
    copies: i32,
    #[token]
    home: Option<Address>,
}

#[derive(Tokens)]
#[tokens(graphql, crate = "lunadefend_core")]
#[graphql(input_name = "AddressInput")]
struct Address {
    #[token(ttl = "5m")]
    #[graphql(directive = Token::apply(Some("5m".into())))]
    street: VerifiedToken,
    town: String,
}

#[derive(Tokens, Clone)]
#[tokens(response, graphql, crate = "lunadefend_core")]
#[graphql(name = "Profile")]
struct Row {
    #[token(ttl = "10m")]
    ssn: Option<VerifiedToken>,
    #[token]
    cards: Vec<VerifiedToken>,
    name: String,
}

#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
struct Change {
    #[serde(default)]
    name: MaybeUndefined<String>,
    #[token]
    #[serde(default)]
    ssn: MaybeUndefined<VerifiedToken>,
}

/// A card.
#[derive(Tokens)]
#[tokens(response, graphql, granted = "CardOut", crate = "lunadefend_core")]
#[graphql(complex)]
struct Card {
    label: String,
    #[token]
    number: VerifiedToken,
}

#[ComplexObject]
impl CardOut {
    async fn shouted(&self) -> String {
        format!("{}!", self.label.to_uppercase())
    }
}

#[derive(InputObject)]
struct ByHand {
    ssn: UntrustedToken,
}

fn stored(number: usize) -> VerifiedToken {
    VerifiedToken::assertion(&token(number)).unwrap()
}

struct Query;

#[Object]
impl Query {
    async fn pay(&self, ctx: &Context<'_>, payer: Unverified<Payer>) -> Result<String> {
        let payer: Payer = payer.verify_in(ctx).await?;
        let all = [Some(payer.card), payer.home.map(|home| home.street)]
            .into_iter()
            .flatten();
        let all = all.chain(payer.others.into_iter().flatten());
        let all: Vec<_> = all
            .map(|token| token.expose_id()[33..].to_owned())
            .collect();
        Ok(format!("{} {} {}", payer.name, payer.copies, all.join(",")))
    }

    async fn single(&self, ctx: &Context<'_>, ssn: Option<UntrustedToken>) -> Result<bool> {
        Ok(ssn.verify_in(ctx).await?.is_some())
    }

    async fn by_hand(&self, ctx: &Context<'_>, of: Vec<ByHand>) -> Result<usize> {
        let mut verified = Vec::new();
        for one in of {
            verified.push(one.ssn.verify_in(ctx).await?);
        }
        Ok(verified.len())
    }

    async fn rows(&self, ctx: &Context<'_>, count: usize) -> Result<Granted<Vec<Row>>> {
        let rows = (0..count).map(|number| Row {
            ssn: Some(stored(3 * number)),
            cards: vec![stored(3 * number + 1), stored(3 * number + 2)],
            name: number.to_string(),
        });
        rows.collect::<Vec<_>>().grant_in(ctx).await
    }

    async fn home(&self, ctx: &Context<'_>) -> Result<Granted<Address>> {
        let street = stored(1);
        let town = "Ghent".to_owned();
        Address { street, town }.grant_in(ctx).await
    }

    async fn ssn(&self, ctx: &Context<'_>) -> Result<GrantedToken> {
        stored(1).grant_in(ctx).await
    }

    async fn for_a_minute(&self, ctx: &Context<'_>) -> Result<Option<GrantedToken>> {
        let minute = GrantDuration::new(Duration::from_secs(60)).map_err(|_| "out of range")?;
        Some(&stored(1)).grant_in_for(ctx, minute).await
    }

    async fn change(&self, ctx: &Context<'_>, of: Unverified<Change>) -> Result<String> {
        let Change { name, ssn } = of.verify_in(ctx).await?;
        Ok(format!("{name:?} {ssn:?}"))
    }

    async fn card(&self, ctx: &Context<'_>) -> Result<Granted<Card>> {
        let label = "blue".to_owned();
        Card {
            label,
            number: stored(1),
        }
        .grant_in(ctx)
        .await
    }

    async fn who(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(session_in(ctx)?.expose_id().to_owned())
    }

    async fn refuses(&self) -> Result<bool> {
        Err(into_graphql(ErrorKind::Forbidden.into()))
    }
}

type Complete = Schema<Query, EmptyMutation, EmptySubscription>;

fn schema(backend: &TestBackend) -> Complete {
    build(
        Query,
        EmptyMutation,
        EmptySubscription,
        &backend.grants(),
        |schema| schema,
    )
    .unwrap()
}

fn pay(card: usize) -> String {
    format!(
        "{{pay(payer:{{CARD:\"{}\",OTHERS:[\"{}\"],called:\"ann\",HOME:{{street:\"{}\",town:\"x\"}}}})}}",
        token(card),
        token(2),
        token(3)
    )
}

#[tokio::test]
async fn a_derived_input_is_verified_in_the_one_call_of_the_operation() {
    let backend = TestBackend::new();
    allow(&backend, (1..=3).map(token));
    let response = schema(&backend).execute(request("ann", pay(1))).await;
    assert!(response.is_ok(), "{:?}", response.errors);
    let numbers = "00000000001,00000000003,00000000002";
    assert_eq!(data(&response), format!("{{\"pay\":\"ann 0 {numbers}\"}}"));
    assert_eq!(asked_about(&backend), [token(1), token(2), token(3)]);

    let response = schema(&backend).execute(request("ann", pay(4))).await;
    assert_eq!(codes(&response), ["invalidGrant"]);
}

#[tokio::test]
async fn tokens_by_hand_cost_one_call_as_well() {
    let backend = TestBackend::new();
    allow(&backend, (1..=3).map(token));
    let (a, b) = (token(1), token(2));
    let query = format!("{{byHand(of:[{{ssn:\"{a}\"}},{{ssn:\"{b}\"}}]) single(ssn:\"{a}\")}}");
    let response = schema(&backend).execute(request("ann", query)).await;
    assert_eq!(data(&response), r#"{"byHand":2,"single":true}"#);
    assert_eq!(asked_about(&backend), [token(1), token(2)]);
    let response = schema(&backend)
        .execute(request("ann", "{single(ssn:null)}"))
        .await;
    assert_eq!(data(&response), r#"{"single":false}"#);
    assert!(backend.take_calls().is_empty());
}

#[tokio::test]
async fn a_hundred_derived_rows_are_one_call() {
    let backend = TestBackend::new();
    let query = "{rows(count:100){ssn cards name}}";
    let response = schema(&backend).execute(request("ann", query)).await;
    assert!(response.is_ok(), "{:?}", response.errors);
    let calls = backend.take_calls();
    let [Call::Grant { grants: tokens, .. }] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(tokens.len(), 300);
    let ten = Some(GrantDuration::new(Duration::from_secs(600)).unwrap());
    assert_eq!(tokens[0], (token(0), ten));
    assert_eq!(tokens[1], (token(1), None));
    assert!(data(&response).contains(&token(299)));
}

#[tokio::test]
async fn what_a_resolver_granted_is_not_granted_again() {
    for (query, seconds) in [
        ("{ssn}", None),
        ("{forAMinute}", Some(60)),
        ("{home{street town}}", Some(300)),
    ] {
        let backend = TestBackend::new();
        let response = schema(&backend).execute(request("ann", query)).await;
        assert!(response.is_ok(), "{query}: {:?}", response.errors);
        let duration =
            seconds.map(|seconds| GrantDuration::new(Duration::from_secs(seconds)).unwrap());
        let expected = Call::grant("ann", vec![(token(1), duration)]);
        assert_eq!(backend.take_calls(), [expected], "{query}");
    }
}

#[tokio::test]
async fn errors_have_their_names() {
    let backend = TestBackend::new();
    backend.fail(ErrorKind::TokenizerUnavailable);
    let schema = schema(&backend);
    let response = schema.execute(request("ann", "{ssn}")).await;
    assert_eq!(codes(&response), ["tokenizerUnavailable"]);
    let response = schema.execute(Request::new("{ssn}")).await;
    assert_eq!(codes(&response), ["sessionError"]);
    let response = schema.execute(Request::new("{refuses}")).await;
    assert_eq!(codes(&response), ["forbidden"]);

    // Without the extension: an error, and never an unverified token.
    let bare = Schema::new(Query, EmptyMutation, EmptySubscription);
    for query in [
        pay(1),
        format!("{{single(ssn:\"{}\")}}", token(1)),
        "{ssn}".to_owned(),
    ] {
        let response = bare.execute(request("ann", query)).await;
        assert_eq!(codes(&response), ["internalError"]);
    }
    // And one that is no token is named by the scalar.
    let response = bare
        .execute(request("ann", r#"{single(ssn:"4111")}"#))
        .await;
    assert_eq!(codes(&response), ["badToken"]);
    assert!(!format!("{:?}", response.errors).contains("4111"));
}

#[test]
fn the_schema_shows_the_forms_by_the_names_of_the_types() {
    let sdl = schema(&TestBackend::new()).sdl();
    for expected in [
        "\"\"\"\nWho pays.\n\"\"\"\ninput Payer {\n",
        "\t\"\"\"\n\tThe card.\n\t\"\"\"\n\tCARD: LunaToken!\n",
        "\tOTHERS: [LunaToken!]\n",
        "\tcalled: String!\n",
        "\tCOPIES: Int! = 0\n",
        "\tHOME: AddressInput\n",
        "input AddressInput {\n\tstreet: LunaToken! @token(duration: \"5m\")\n\ttown: String!\n}\n",
        "type Address {\n\tstreet: LunaToken! @token(duration: \"5m\")\n\ttown: String!\n}\n",
        "type Profile {\n\tssn: LunaToken\n\tcards: [LunaToken!]!\n\tname: String!\n}\n",
    ] {
        assert!(sdl.contains(expected), "{expected}\n{sdl}");
    }
    assert!(!sdl.contains("__"), "{sdl}");
}

#[tokio::test]
async fn an_absent_field_null_and_a_token_are_three_things() {
    let backend = TestBackend::new();
    allow(&backend, [token(1)]);
    let schema = schema(&backend);
    let set = format!("ssn:\"{}\"", token(1));
    for (of, expected) in [
        ("", "Undefined Undefined"),
        ("ssn:null,name:null", "Null Null"),
        (&set, "Undefined Value(VerifiedToken(..))"),
    ] {
        let response = schema
            .execute(request("ann", format!("{{change(of:{{{of}}})}}")))
            .await;
        assert_eq!(
            data(&response),
            format!("{{\"change\":\"{expected}\"}}"),
            "{of}"
        );
    }
    let other = format!("{{change(of:{{ssn:\"{}\"}})}}", token(2));
    assert_eq!(
        codes(&schema.execute(request("ann", other)).await),
        ["invalidGrant"]
    );
}

#[tokio::test]
async fn a_computed_field_stands_beside_granted_tokens() {
    let backend = TestBackend::new();
    let schema = schema(&backend);
    let response = schema
        .execute(request("ann", "{card{number shouted}}"))
        .await;
    let expected = format!(
        "{{\"card\":{{\"number\":\"{}\",\"shouted\":\"BLUE!\"}}}}",
        token(1)
    );
    assert_eq!(data(&response), expected);
    let sdl = schema.sdl();
    assert!(
        sdl.contains("\"\"\"\nA card.\n\"\"\"\ntype Card {"),
        "{sdl}"
    );
}

#[tokio::test]
async fn a_resolver_knows_whose_request_it_is() {
    let backend = TestBackend::new();
    let schema = schema(&backend);
    let response = schema.execute(request("ann", "{who}")).await;
    assert_eq!(data(&response), "{\"who\":\"ann\"}");
    let response = schema.execute(Request::new("{who}")).await;
    assert_eq!(codes(&response), ["sessionError"]);
}
