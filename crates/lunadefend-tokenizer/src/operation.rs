//! What a client has to know of an operation, beyond what its row of the table says by itself.
//!
//! A route has no handler without it. With the feature `openapi` it becomes a part of `docs/openapi.json`.
#![cfg_attr(
    not(feature = "openapi"),
    expect(dead_code, reason = "read for the document alone")
)]

use crate::{
    body::{Json, JsonAndBytes},
    destroy::Destroy,
    response::Done,
};
use http::{HeaderName, StatusCode};
use lunadefend_core::wire::{Failure, Success};

/// A wire type with a schema.
#[cfg(feature = "openapi")]
pub(crate) use schemars::JsonSchema as Described;

/// A wire type. Only the feature `openapi` asks for its schema.
#[cfg(not(feature = "openapi"))]
pub(crate) trait Described {}

#[cfg(not(feature = "openapi"))]
impl<T> Described for T {}

/// Makes the schema of a type.
#[derive(Clone, Copy)]
pub(crate) struct SchemaOf(
    #[cfg(feature = "openapi")] pub(crate) fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
);

impl SchemaOf {
    const fn of<T: Described>() -> Self {
        Self(
            #[cfg(feature = "openapi")]
            schemars::SchemaGenerator::subschema_for::<T>,
        )
    }
}

/// The body of a response.
#[derive(Clone)]
pub(crate) enum Content {
    /// None.
    Empty,
    /// JSON, of one of these types.
    Json(Vec<SchemaOf>),
    /// Bytes of a media type.
    Bytes(&'static str),
}

/// A response that is no refusal.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) description: &'static str,
    pub(crate) content: Content,
}

/// A refusal that the handler makes; those of the layers follow from the row.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) description: &'static str,
}

/// A header that the handler sets.
pub(crate) struct Sent {
    pub(crate) name: HeaderName,
    /// Whether each [`Answer`] has it.
    pub(crate) always: bool,
    /// Whether a refusal may have it too.
    pub(crate) by_refusals: bool,
    pub(crate) description: &'static str,
}

/// Where a parameter stands, and its name there.
pub(crate) enum Place {
    Path(&'static str),
    Query(&'static str),
    Header(HeaderName),
}

/// A parameter that the handler reads.
pub(crate) struct Parameter {
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) description: &'static str,
    /// The regular expression of what is accepted, for all of the text; `None` for any text.
    pub(crate) pattern: Option<&'static str>,
}

/// A request that can follow: what of it is taken from this one.
pub(crate) struct Link {
    /// The path of the route that the request goes to, by `POST`.
    pub(crate) path: &'static str,
    /// What its body has, as JSON: values are runtime expressions.
    pub(crate) body: &'static str,
}

/// The description of an operation.
pub(crate) struct Operation {
    /// A sentence.
    pub(crate) summary: &'static str,
    /// At least one.
    pub(crate) answers: Vec<Answer>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) links: Vec<Link>,
}

/// Describes an operation that returns `T` as `data`.
pub(crate) fn data<T: Described>(summary: &'static str) -> Operation {
    document::<Success<T>>(summary)
}

/// Describes an operation that returns a success without `data`.
pub(crate) fn done(summary: &'static str) -> Operation {
    document::<Done>(summary)
}

/// Describes an operation that returns a `T` without the envelope.
pub(crate) fn document<T: Described>(summary: &'static str) -> Operation {
    Operation::new(summary).answer(StatusCode::OK, "Done.", Content::json::<T>())
}

/// Describes an operation that returns bytes.
pub(crate) fn bytes(media_type: &'static str, summary: &'static str) -> Operation {
    let content = Content::Bytes(media_type);
    Operation::new(summary).answer(StatusCode::OK, "The bytes.", content)
}

/// Describes an operation that returns no body.
pub(crate) fn nothing(
    status: StatusCode,
    description: &'static str,
    summary: &'static str,
) -> Operation {
    Operation::new(summary).answer(status, description, Content::Empty)
}

impl Content {
    pub(crate) fn json<T: Described>() -> Self {
        Self::Json(vec![SchemaOf::of::<T>()])
    }
}

impl Operation {
    const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            answers: Vec::new(),
            refusals: Vec::new(),
            sent: Vec::new(),
            parameters: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Adds another answer.
    pub(crate) fn answer(
        mut self,
        status: StatusCode,
        description: &'static str,
        content: Content,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content,
        });
        self
    }

    /// Says that its answers may also be a [`Failure`].
    pub(crate) fn or_failure(mut self) -> Self {
        for answer in &mut self.answers {
            if let Content::Json(schemas) = &mut answer.content {
                schemas.push(SchemaOf::of::<Failure>());
            }
        }
        self
    }

    /// Adds a refusal of the handler.
    pub(crate) fn refuses(mut self, status: StatusCode, description: &'static str) -> Self {
        self.refusals.push(Refusal {
            status,
            description,
        });
        self
    }

    /// Adds the refusals of new values.
    pub(crate) fn takes_values(self) -> Self {
        self.refuses(
            StatusCode::TOO_MANY_REQUESTS,
            "The session has stored as much as it may in 24 hours.",
        )
        .refuses(
            StatusCode::INSUFFICIENT_STORAGE,
            "The disk of the tokenizer is nearly full.",
        )
    }

    /// Adds a header that each answer has.
    pub(crate) fn sends(self, name: HeaderName, description: &'static str) -> Self {
        self.header(name, true, description)
    }

    /// Adds a header that an answer may have.
    pub(crate) fn may_send(self, name: HeaderName, description: &'static str) -> Self {
        self.header(name, false, description)
    }

    fn header(mut self, name: HeaderName, always: bool, description: &'static str) -> Self {
        self.sent.push(Sent {
            name,
            always,
            by_refusals: false,
            description,
        });
        self
    }

    /// Says that refusals may have the headers that are described so far.
    pub(crate) fn refusals_too(mut self) -> Self {
        for sent in &mut self.sent {
            sent.by_refusals = true;
        }
        self
    }

    /// Adds a parameter of the path.
    pub(crate) fn path(
        self,
        name: &'static str,
        pattern: &'static str,
        description: &'static str,
    ) -> Self {
        self.parameter(Parameter {
            place: Place::Path(name),
            required: true,
            description,
            pattern: Some(pattern),
        })
    }

    /// Adds a parameter of the query that may be missing.
    pub(crate) fn query(self, name: &'static str, description: &'static str) -> Self {
        self.parameter(Parameter {
            place: Place::Query(name),
            required: false,
            description,
            pattern: None,
        })
    }

    /// Adds a parameter of the query that must be there.
    pub(crate) fn required_query(self, name: &'static str, description: &'static str) -> Self {
        self.parameter(Parameter {
            place: Place::Query(name),
            required: true,
            description,
            pattern: Some("^.+$"),
        })
    }

    /// Adds a parameter.
    pub(crate) fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Adds a request that can follow.
    pub(crate) fn then(mut self, path: &'static str, body: &'static str) -> Self {
        self.links.push(Link { path, body });
        self
    }
}

/// The arguments of a handler, the last of which reads a JSON body: so a description cannot name another
/// type than the one that is read.
pub(crate) trait ReadsJson {
    /// The type of the body.
    type Body: Described;
}

impl<M, A, T: Described> ReadsJson for (M, A, Json<T>) {
    type Body = T;
}

impl<M, A, B, T: Described> ReadsJson for (M, A, B, Json<T>) {
    type Body = T;
}

impl<M, A, B, C, T: Described> ReadsJson for (M, A, B, C, Json<T>) {
    type Body = T;
}

impl<M, A, B, C, D, T: Described> ReadsJson for (M, A, B, C, D, JsonAndBytes<T>) {
    type Body = T;
}

impl<M, A, B, T: Described> ReadsJson for (M, A, B, Destroy<T>) {
    type Body = T;
}

impl SchemaOf {
    /// Makes the schema of the body that a handler with these arguments reads.
    pub(crate) const fn body<A: ReadsJson>() -> Self {
        Self::of::<A::Body>()
    }
}
