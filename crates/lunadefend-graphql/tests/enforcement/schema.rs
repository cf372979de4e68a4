//! What the schema says, which schemas do not build, and what the lint finds.

use crate::support::{codes, data, request, token};
use async_graphql::{
    EmptyMutation, EmptySubscription, InputObject, Interface, Json, Object, Scalar, ScalarType,
    Schema, SimpleObject, Value,
    dynamic::{
        Directive, Enum, Field, FieldFuture, InputObject as DynamicInput, InputValue,
        Interface as DynamicInterface, InterfaceField, Object as DynamicObject,
        Scalar as DynamicScalar, Schema as Dynamic, SchemaBuilder, TypeRef,
    },
};
use lunadefend_core::UntrustedToken;
use lunadefend_graphql::{FindingKind, SchemaError, Token, TokenExtension, build, check, lint};
use lunadefend_testing::TestBackend;
use std::{collections::BTreeSet, fs, path::Path};

/// Something with a token.
#[derive(InputObject)]
struct Form {
    #[graphql(directive = Token::apply(None))]
    ssn: Option<String>,
    #[graphql(directive = Token::apply(None))]
    files: Vec<String>,
    ssn_token: Option<String>,
    typed: Option<UntrustedToken>,
}

#[derive(SimpleObject)]
struct Row {
    #[graphql(directive = Token::apply(Some("5m30s".into())))]
    ssn: Option<String>,
    name: Option<String>,
    next_page_token: Option<String>,
    token_count: i32,
}

struct CardToken;

#[Scalar]
impl ScalarType for CardToken {
    fn parse(_: Value) -> async_graphql::InputValueResult<Self> {
        Ok(Self)
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}

#[derive(Interface)]
#[graphql(field(
    name = "ssn",
    ty = "&Option<String>",
    directive = Token::apply(Some("5m30s".into()))
))]
enum Face {
    Row(Row),
}

struct Query;

#[Object]
impl Query {
    async fn row(&self, #[graphql(directive = Token::apply(None))] by: Option<String>) -> Face {
        drop(by);
        Face::Row(Row {
            ssn: Some(token(1)),
            name: None,
            next_page_token: None,
            token_count: 1,
        })
    }

    async fn card(&self, csrf_token: String, json: Option<Json<i32>>) -> Option<CardToken> {
        drop((csrf_token, json));
        None
    }

    async fn save(&self, form: Form) -> bool {
        drop((form.ssn, form.files, form.ssn_token, form.typed));
        true
    }
}

type Complete = Schema<Query, EmptyMutation, EmptySubscription>;

fn enforced(backend: &TestBackend) -> Complete {
    build(
        Query,
        EmptyMutation,
        EmptySubscription,
        &backend.grants(),
        |schema| schema,
    )
    .unwrap()
}

#[test]
fn the_sdl_shows_the_directive() {
    let sdl = enforced(&TestBackend::new()).sdl();
    assert_eq!(sdl, include_str!("schema.graphql"), "{sdl}");
}

#[tokio::test]
async fn the_lint_names_what_says_token_and_is_not_marked() {
    let found = lint(&enforced(&TestBackend::new())).await;
    let places: Vec<_> = found.iter().map(|finding| finding.place()).collect();
    assert_eq!(
        places,
        [
            "Query.card",
            "Row.nextPageToken",
            "Query.card(csrfToken:)",
            "Form.ssnToken"
        ]
    );
    assert!(
        found
            .iter()
            .all(|finding| finding.kind() == FindingKind::Unmarked)
    );
}

#[tokio::test]
async fn the_lint_names_every_directive_that_nobody_enforces() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    assert!(check(&schema).await.is_err());
    let found = lint(&schema).await;
    let unenforced = found
        .iter()
        .filter(|found| found.kind() == FindingKind::Unenforced);
    let places: Vec<_> = unenforced.map(|finding| finding.place()).collect();
    assert_eq!(
        places,
        [
            "Face.ssn",
            "Row.ssn",
            "Query.row(by:)",
            "Form.files",
            "Form.ssn",
            "Form.typed"
        ]
    );
    let said = found[0].to_string();
    assert_eq!(said, "`@token` of Face.ssn is not enforced");
}

/// A dynamic schema, where the directive can stand anywhere.
async fn problem(change: fn(SchemaBuilder) -> SchemaBuilder) -> (Dynamic, SchemaError) {
    let builder = Dynamic::build("Query", None, None)
        .extension(TokenExtension::new(&TestBackend::new().grants()))
        .register(DynamicObject::new("Query").field(field("ok", "Boolean")));
    let schema = change(builder).finish().unwrap();
    let error = check(&schema).await.unwrap_err();
    (schema, error)
}

fn field(name: &str, ty: &str) -> Field {
    Field::new(name, TypeRef::named(ty), |_| FieldFuture::from_value(None))
}

fn object(field: Field) -> DynamicObject {
    DynamicObject::new("Row").field(field)
}

fn marked() -> Directive {
    Directive::new("token")
}

fn lasting(duration: impl Into<Value>) -> Directive {
    marked().argument("duration", duration.into())
}

#[tokio::test]
async fn a_directive_that_cannot_be_enforced_does_not_build() {
    type Change = fn(SchemaBuilder) -> SchemaBuilder;
    let cases: Vec<(Change, &str, &str)> = vec![
        (
            |all| all.register(object(field("ssn", "Int").directive(marked()))),
            "Row.ssn",
            "`String`, `ID` or `LunaToken`",
        ),
        (
            |all| all.register(object(field("row", "Row").directive(marked()))),
            "Row.row",
            "`String`, `ID` or `LunaToken`",
        ),
        (
            |all| {
                let of = InputValue::new("of", TypeRef::named_list("Json")).directive(marked());
                let json = DynamicScalar::new("Json");
                all.register(json)
                    .register(object(field("ssn", "Int").argument(of)))
            },
            "Row.ssn(of:)",
            "`String`, `ID` or `LunaToken`",
        ),
        (
            |all| {
                let own = InputValue::new("own", TypeRef::named("Form")).directive(marked());
                all.register(DynamicInput::new("Form").field(own))
            },
            "Form.own",
            "`String`, `ID` or `LunaToken`",
        ),
        (
            |all| {
                all.register(object(
                    field("ssn", "String").directive(lasting("5 minutes")),
                ))
            },
            "Row.ssn",
            "not a duration",
        ),
        (
            |all| all.register(object(field("ssn", "String").directive(lasting("0s")))),
            "Row.ssn",
            "at least 1s",
        ),
        (
            |all| all.register(object(field("ssn", "String").directive(lasting(5)))),
            "Row.ssn",
            "is a string",
        ),
        (
            |all| {
                let other = marked().argument("lasts", "5m".into());
                all.register(object(field("ssn", "String").directive(other)))
            },
            "Row.ssn",
            "one argument, `duration`",
        ),
        (
            |all| {
                let twice = field("ssn", "String")
                    .directive(marked())
                    .directive(marked());
                all.register(object(twice))
            },
            "Row.ssn",
            "twice",
        ),
        (
            |all| all.register(object(field("ssn", "String")).directive(marked())),
            "Row",
            "on fields and arguments",
        ),
        (
            |all| all.register(DynamicScalar::new("Ssn").directive(marked())),
            "Ssn",
            "on fields and arguments",
        ),
        (
            |all| all.register(Enum::new("Color").item("RED").directive(marked())),
            "Color",
            "on fields and arguments",
        ),
        (
            |all| {
                let ssn = InterfaceField::new("ssn", TypeRef::named("String"));
                all.register(DynamicInterface::new("Face").field(ssn))
                    .register(object(field("ssn", "String").directive(marked())).implement("Face"))
            },
            "Row.ssn",
            "`Face.ssn`",
        ),
        (
            |all| {
                let ssn = InterfaceField::new("ssn", TypeRef::named("String"));
                let ssn = ssn.directive(lasting("5m"));
                all.register(DynamicInterface::new("Face").field(ssn))
                    .register(
                        object(field("ssn", "String").directive(lasting("6m"))).implement("Face"),
                    )
            },
            "Row.ssn",
            "`Face.ssn`",
        ),
        (
            |all| {
                let of = || InputValue::new("of", TypeRef::named("String"));
                let ssn = InterfaceField::new("ssn", TypeRef::named("Int")).argument(of());
                let own = field("ssn", "Int").argument(of().directive(marked()));
                all.register(DynamicInterface::new("Face").field(ssn))
                    .register(object(own).implement("Face"))
            },
            "Row.ssn",
            "`Face.ssn`",
        ),
        (
            |all| {
                let of = || InputValue::new("of", TypeRef::named("String")).directive(marked());
                let theirs = of().default_value(token(1));
                let ssn = InterfaceField::new("ssn", TypeRef::named("Int")).argument(theirs);
                let own = field("ssn", "Int").argument(of());
                all.register(DynamicInterface::new("Face").field(ssn))
                    .register(object(own).implement("Face"))
            },
            "Row.ssn",
            "`Face.ssn`",
        ),
    ];
    for (change, place, message) in cases {
        let (schema, error) = problem(change).await;
        let [found] = error.problems() else {
            panic!("{error}");
        };
        assert_eq!(found.place(), place, "{error}");
        assert!(found.message().contains(message), "{error}");
        assert!(error.to_string().contains(place), "{error}");
        // A developer who skips the check gets the error with every request.
        let response = schema.execute("{ok}").await;
        assert_eq!(codes(&response), ["internalError"]);
        assert_eq!(response.errors[0].message, "internal error");
    }
}

#[derive(SimpleObject)]
struct Wrong {
    #[graphql(directive = Token::apply(None))]
    ssn: i32,
    #[graphql(directive = Token::apply(Some("1d".into())))]
    card: String,
}

#[test]
fn build_names_every_problem() {
    let wrong = Wrong {
        ssn: 1,
        card: String::new(),
    };
    let grants = TestBackend::new().grants();
    let built = build(wrong, EmptyMutation, EmptySubscription, &grants, |schema| {
        schema
    });
    let Err(error) = built else {
        panic!("it built");
    };
    let places: BTreeSet<_> = error
        .problems()
        .iter()
        .map(|problem| problem.place())
        .collect();
    assert_eq!(places, BTreeSet::from(["Wrong.card", "Wrong.ssn"]));
}

#[tokio::test]
async fn a_dynamic_schema_is_enforced_as_well() {
    let backend = TestBackend::new();
    let ssn = Field::new("ssn", TypeRef::named("LunaToken"), |_| {
        FieldFuture::from_value(Some(token(1).into()))
    });
    let of = InputValue::new("of", TypeRef::named("String")).directive(marked());
    let schema = Dynamic::build("Query", None, None)
        .extension(TokenExtension::new(&backend.grants()))
        .register(DynamicScalar::new("LunaToken"))
        .register(DynamicObject::new("Query").field(ssn.argument(of)))
        .finish()
        .unwrap();
    check(&schema).await.unwrap();
    let response = schema.execute(request("ann", "{ssn}")).await;
    assert_eq!(data(&response), format!("{{\"ssn\":{:?}}}", token(1)));
    assert_eq!(backend.take_calls().len(), 1);
    let query = format!("{{ssn(of:{:?})}}", token(2));
    assert_eq!(
        codes(&schema.execute(request("ann", query)).await),
        ["invalidGrant"]
    );
}

/// A value that has no text in GraphQL does not matter where no token can be.
#[tokio::test]
async fn a_default_that_cannot_be_read_matters_where_tokens_come_in() {
    let nameless = [(async_graphql::Name::new("not a name"), Value::from(1))];
    let nameless = Value::Object(nameless.into_iter().collect());
    for (ty, is_walked) in [("Form", true), ("Plain", false)] {
        let ssn = || InputValue::new("ssn", TypeRef::named("String"));
        let of = InputValue::new("of", TypeRef::named(ty)).default_value(nameless.clone());
        let schema = Dynamic::build("Query", None, None)
            .extension(TokenExtension::new(&TestBackend::new().grants()))
            .register(DynamicInput::new("Form").field(ssn().directive(marked())))
            .register(DynamicInput::new("Plain").field(ssn()))
            .register(DynamicObject::new("Query").field(field("ok", "Boolean").argument(of)))
            .finish()
            .unwrap();
        assert_eq!(check(&schema).await.is_err(), is_walked, "{ty}");
    }
}

/// GraphQL forbids it; async-graphql does not.
#[tokio::test]
async fn a_default_that_contains_itself_is_no_endless_walk() {
    let backend = TestBackend::new();
    let own = InputValue::new("own", TypeRef::named("Form"));
    let own = own.default_value(Value::Object(async_graphql::indexmap::IndexMap::default()));
    let ssn = InputValue::new("ssn", TypeRef::named("String")).directive(marked());
    let form = DynamicInput::new("Form").field(own).field(ssn);
    let ok = field("ok", "Boolean").argument(InputValue::new("of", TypeRef::named("Form")));
    let schema = Dynamic::build("Query", None, None)
        .extension(TokenExtension::new(&backend.grants()))
        .register(form)
        .register(DynamicObject::new("Query").field(ok))
        .finish()
        .unwrap();
    let response = schema.execute("{ok(of:{})}").await;
    assert_eq!(codes(&response), ["badRequest"]);
}

#[test]
fn the_hidden_registry_is_looked_into_by_one_file() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(source)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let using = files.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        ["schema_env", "Registry", "MetaType"]
            .iter()
            .any(|name| text.contains(name))
    });
    let using: Vec<_> = using
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(using, ["registry.rs"]);
}
