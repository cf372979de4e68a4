//! Random schemas.

use super::{Dice, Mint};
use crate::support::token;
use async_graphql::{
    Name, Value,
    dynamic::{
        Directive, Enum, Field, FieldFuture, FieldValue, InputObject, InputValue, Interface,
        InterfaceField, Object, Scalar, Schema, TypeRef, Union,
    },
};
use lunadefend_core::Grants;
use lunadefend_graphql::TokenExtension;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The fields that take arguments: their parent, their name and their type. The interface has the same
/// one as the type that implements it.
pub(crate) const FIELDS: [(&str, &str, &str); 6] = [
    ("Query", "node", "Node!"),
    ("Query", "nodes", "[Node!]!"),
    ("Query", "face", "Face!"),
    ("Node", "child", "Node!"),
    ("Node", "either", "Either!"),
    ("Node", "shared", "[Face!]!"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    String,
    Id,
    Token,
    Int,
    Color,
    Json,
    /// The input object with a number.
    Input(usize),
}

#[derive(Clone)]
pub(crate) enum Ty {
    Named(Leaf, bool),
    List(Box<Self>, bool),
}

/// An argument or an input field.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) is_marked: bool,
    pub(crate) default: Option<Value>,
}

pub(crate) struct Input {
    pub(crate) slots: Vec<Slot>,
    pub(crate) is_one_of: bool,
}

pub(crate) struct Shape {
    pub(crate) inputs: Vec<Input>,
    /// For each of [`FIELDS`].
    pub(crate) arguments: Vec<Vec<Slot>>,
}

impl Ty {
    pub(crate) fn is_non_null(&self) -> bool {
        match self {
            Self::Named(_, non_null) | Self::List(_, non_null) => *non_null,
        }
    }

    pub(crate) fn leaf(&self) -> Leaf {
        match self {
            Self::Named(leaf, _) => *leaf,
            Self::List(inner, _) => inner.leaf(),
        }
    }

    pub(crate) fn reference(&self) -> TypeRef {
        let (inner, non_null) = match self {
            Self::Named(leaf, non_null) => {
                let name = match leaf {
                    Leaf::String => "String".to_owned(),
                    Leaf::Id => "ID".to_owned(),
                    Leaf::Token => "LunaToken".to_owned(),
                    Leaf::Int => "Int".to_owned(),
                    Leaf::Color => "Color".to_owned(),
                    Leaf::Json => "Json".to_owned(),
                    Leaf::Input(number) => format!("Input{number}"),
                };
                (TypeRef::named(name), non_null)
            }
            Self::List(inner, non_null) => (TypeRef::List(Box::new(inner.reference())), non_null),
        };
        match non_null {
            true => TypeRef::NonNull(Box::new(inner)),
            false => inner,
        }
    }

    fn throw(dice: &mut Dice, leaf: Leaf, may_be_required: bool) -> Self {
        let mut ty = Self::Named(leaf, may_be_required && dice.one_in(2));
        for _ in 0..[0, 0, 0, 1, 1, 2][dice.below(6)] {
            ty = Self::List(Box::new(ty), dice.one_in(3));
        }
        ty
    }
}

impl Slot {
    /// `inputs` are those that are there already: only they can be required.
    fn throw(dice: &mut Dice, mint: &mut Mint, name: String, all: usize, first: usize) -> Self {
        let leaf = match dice.below(9) {
            0..=2 => Leaf::String,
            3 => Leaf::Id,
            4 => Leaf::Token,
            5 => Leaf::Int,
            6 => [Leaf::Color, Leaf::Json][dice.below(2)],
            _ => Leaf::Input(dice.below(all)),
        };
        let may_be_required = !matches!(leaf, Leaf::Input(number) if number < first);
        let ty = Ty::throw(dice, leaf, may_be_required);
        let can_be_marked = matches!(leaf, Leaf::String | Leaf::Id);
        let is_marked = leaf == Leaf::Token || (can_be_marked && dice.below(3) > 0);
        let default = (is_marked && dice.one_in(5)).then(|| default(&ty, mint));
        Self {
            name,
            ty,
            is_marked,
            default,
        }
    }

    fn input_value(&self) -> InputValue {
        let mut value = InputValue::new(&self.name, self.ty.reference());
        if self.is_marked && self.ty.leaf() != Leaf::Token {
            value = value.directive(Directive::new("token"));
        }
        match &self.default {
            Some(default) => value.default_value(default.clone()),
            None => value,
        }
    }
}

fn default(ty: &Ty, mint: &mut Mint) -> Value {
    match ty {
        Ty::Named(..) => Value::String(mint.token()),
        Ty::List(inner, _) => Value::List(vec![default(inner, mint), default(inner, mint)]),
    }
}

impl Shape {
    pub(crate) fn throw(dice: &mut Dice, mint: &mut Mint) -> Self {
        let all = 1 + dice.below(5);
        let inputs = (0..all).map(|number| {
            let is_one_of = dice.one_in(4);
            let slots = (0..1 + dice.below(4)).map(|slot| {
                let slot = Slot::throw(dice, mint, format!("f{slot}"), all, number + 1);
                match is_one_of {
                    true => slot.optional(),
                    false => slot,
                }
            });
            let mut slots: Vec<Slot> = slots.collect();
            if is_one_of {
                // One that ends the recursion of input objects.
                slots.push(Slot {
                    name: "end".to_owned(),
                    ty: Ty::Named(Leaf::String, false),
                    is_marked: true,
                    default: None,
                });
            }
            Input { slots, is_one_of }
        });
        let inputs = inputs.collect();
        let arguments = FIELDS.map(|_| {
            let slots = 0..dice.below(4);
            slots
                .map(|slot| Slot::throw(dice, mint, format!("a{slot}"), all, 0))
                .collect()
        });
        Self {
            inputs,
            arguments: arguments.into(),
        }
    }

    pub(crate) fn arguments(&self, parent: &str, name: &str) -> &[Slot] {
        // What the interface has, the type has.
        let parent = if parent == "Face" { "Node" } else { parent };
        let at = FIELDS
            .iter()
            .position(|(ty, field, _)| (*ty, *field) == (parent, name));
        &self.arguments[at.unwrap()]
    }

    pub(crate) fn build(&self, grants: &Grants, ran: &Arc<AtomicUsize>) -> Schema {
        let output = |parent: &'static str| {
            let ran = Arc::clone(ran);
            let own = FIELDS.iter().filter(move |(ty, ..)| *ty == parent);
            own.fold(Object::new(parent), |object, (_, name, ty)| {
                let ran = Arc::clone(&ran);
                let field = Field::new(*name, reference(ty), move |_| {
                    ran.fetch_add(1, Ordering::SeqCst);
                    FieldFuture::Value(Some(answer(ty)))
                });
                let slots = self.arguments(parent, name).iter();
                object.field(slots.fold(field, |field, slot| field.argument(slot.input_value())))
            })
        };
        let name = || {
            Field::new("name", TypeRef::named(TypeRef::STRING), |_| {
                FieldFuture::from_value(Some(token(0).into()))
            })
        };
        let shared = InterfaceField::new("shared", reference("[Face!]!"));
        let slots = self.arguments("Node", "shared").iter();
        let shared = slots.fold(shared, |field, slot| field.argument(slot.input_value()));
        let face = Interface::new("Face")
            .field(InterfaceField::new("name", TypeRef::named(TypeRef::STRING)))
            .field(shared);
        let mut builder = Schema::build("Query", None, None)
            .extension(TokenExtension::new(grants))
            .register(output("Query"))
            .register(output("Node").implement("Face").field(name()))
            .register(Object::new("Leaf").field(name()))
            .register(face)
            .register(
                Union::new("Either")
                    .possible_type("Node")
                    .possible_type("Leaf"),
            )
            .register(Enum::new("Color").item("RED"))
            .register(Scalar::new("Json"))
            .register(Scalar::new("LunaToken"));
        for (number, input) in self.inputs.iter().enumerate() {
            let object = InputObject::new(format!("Input{number}"));
            let slots = input.slots.iter();
            let object = slots.fold(object, |object, slot| object.field(slot.input_value()));
            builder = builder.register(if input.is_one_of {
                object.oneof()
            } else {
                object
            });
        }
        builder.finish().unwrap()
    }
}

impl Slot {
    /// As the fields of a oneof input object have to be.
    fn optional(mut self) -> Self {
        match &mut self.ty {
            Ty::Named(_, non_null) | Ty::List(_, non_null) => *non_null = false,
        }
        self.default = None;
        self
    }
}

fn reference(ty: &str) -> TypeRef {
    match ty.strip_prefix('[').and_then(|ty| ty.strip_suffix("!]!")) {
        Some(inner) => TypeRef::named_nn_list_nn(inner),
        None => TypeRef::named_nn(ty.trim_end_matches('!')),
    }
}

fn answer(ty: &str) -> FieldValue<'static> {
    let one = || {
        let node = FieldValue::value(Value::Enum(Name::new("node")));
        match ty.contains("Node") {
            true => node,
            false => node.with_type("Node"),
        }
    };
    match ty.starts_with('[') {
        true => FieldValue::list([one(), one()]),
        false => one(),
    }
}
