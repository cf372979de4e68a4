//! A schema with a token in every shape of input.

use crate::support::token;
use async_graphql::{
    CustomDirective, Directive, ID, InputObject, Interface, Json, MergedObject, Object,
    OneofObject, SimpleObject, Union,
};
use lunadefend_core::{GrantedToken, UntrustedToken};
use lunadefend_graphql::Token;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many resolvers ran.
#[derive(Clone, Default)]
pub(super) struct Ran(Arc<AtomicUsize>);

impl Ran {
    fn once(&self) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        true
    }

    pub(super) fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(InputObject)]
struct Person {
    #[graphql(directive = Token::apply(None))]
    ssn: Option<String>,
    #[graphql(directive = Token::apply(None))]
    grid: Option<Vec<Vec<Option<String>>>>,
    #[graphql(directive = Token::apply(None), default_with = "Some(token(77))")]
    preset: Option<String>,
    boss: Option<Box<Self>>,
    choice: Option<Choice>,
    name: Option<String>,
    #[graphql(flatten)]
    contact: Contact,
}

#[derive(InputObject)]
struct Contact {
    #[graphql(directive = Token::apply(None))]
    email: Option<String>,
}

#[derive(OneofObject)]
enum Choice {
    #[graphql(directive = Token::apply(None))]
    Card(String),
    Typed(UntrustedToken),
    Plain(String),
    People(Vec<Person>),
}

struct Pick;

impl CustomDirective for Pick {}

/// Clients write it.
#[Directive(location = "Field")]
pub(super) fn pick(
    #[graphql(directive = Token::apply(None))] from: Option<String>,
) -> impl CustomDirective {
    drop(from);
    Pick
}

struct Node(Ran);

#[Object]
impl Node {
    async fn child(&self, #[graphql(directive = Token::apply(None))] of: Option<String>) -> Node {
        drop(of);
        self.0.once();
        Node(self.0.clone())
    }

    async fn face(&self) -> Face {
        Face::Node(Node(self.0.clone()))
    }

    async fn either(&self) -> Either {
        Either::Node(Node(self.0.clone()))
    }
}

#[derive(SimpleObject)]
struct Leaf {
    name: String,
}

#[derive(Interface)]
#[graphql(field(
    name = "child",
    ty = "Node",
    arg(name = "of", ty = "Option<String>", directive = Token::apply(None))
))]
enum Face {
    Node(Node),
}

#[derive(Union)]
enum Either {
    Node(Node),
    Leaf(Leaf),
}

pub(super) struct Query(pub(super) Ran);

#[Object]
impl Query {
    async fn node(&self) -> Node {
        Node(self.0.clone())
    }

    async fn by(&self, #[graphql(directive = Token::apply(None))] ssn: String) -> bool {
        drop(ssn);
        self.0.once()
    }

    async fn by_id(&self, #[graphql(directive = Token::apply(None))] id: Option<ID>) -> bool {
        drop(id);
        self.0.once()
    }

    async fn by_all(
        &self,
        #[graphql(directive = Token::apply(None))] ssns: Option<Vec<Vec<String>>>,
    ) -> bool {
        drop(ssns);
        self.0.once()
    }

    async fn typed(&self, of: Option<Vec<UntrustedToken>>) -> Option<GrantedToken> {
        drop(of);
        self.0.once();
        None
    }

    async fn preset(
        &self,
        #[graphql(
            directive = Token::apply(None),
            default = "lunasec-00000000-0000-4000-8000-000000000058"
        )]
        ssn: String,
        plain: Option<String>,
    ) -> bool {
        drop((ssn, plain));
        self.0.once()
    }

    async fn one(&self, choice: Choice) -> bool {
        drop(choice);
        self.0.once()
    }

    async fn json(&self, value: Option<Json<serde_json::Value>>) -> bool {
        drop(value);
        self.0.once()
    }
}

struct People(Ran);

#[Object]
impl People {
    async fn save(&self, person: Person) -> bool {
        drop((
            person.ssn,
            person.grid,
            person.preset,
            person.boss,
            person.choice,
            person.name,
        ));
        drop(person.contact.email);
        self.0.once()
    }

    async fn save_all(&self, people: Vec<Person>, more: Option<Vec<Person>>) -> bool {
        drop((people, more));
        self.0.once()
    }
}

struct Others(Ran);

#[Object]
impl Others {
    async fn other(&self, #[graphql(directive = Token::apply(None))] ssn: Option<String>) -> bool {
        drop(ssn);
        self.0.once()
    }
}

#[derive(MergedObject)]
pub(super) struct Mutation(People, Others);

impl Mutation {
    pub(super) fn new(ran: &Ran) -> Self {
        Self(People(ran.clone()), Others(ran.clone()))
    }
}
