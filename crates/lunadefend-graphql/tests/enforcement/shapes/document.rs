//! Random operations.

use super::{
    Dice, Mint,
    schema::{Input, Leaf, Shape, Slot, Ty},
};
use crate::support::token;
use async_graphql::Value;
use serde_json::{Map, json};
use std::fmt::Write;

/// How deep selections and values are nested.
const DEPTH: usize = 5;

pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) variables: serde_json::Value,
    /// The tokens in it that have to be verified.
    pub(crate) planted: Vec<String>,
}

impl Document {
    pub(crate) fn throw(shape: &Shape, dice: &mut Dice, mint: &mut Mint) -> Self {
        let mut writer = Writer {
            shape,
            dice,
            mint,
            definitions: Vec::new(),
            variables: Map::new(),
            fragments: Vec::new(),
            planted: Vec::new(),
            names: 0,
            has_variables: true,
        };
        let selections = writer.selections("Query", DEPTH);
        let definitions = match writer.definitions.join(" ") {
            none if none.is_empty() => none,
            some => format!("({some})"),
        };
        let mut text = format!("query Chosen{definitions} {selections}");
        let planted = std::mem::take(&mut writer.planted);
        // Another operation, with tokens that need no verification.
        writer.has_variables = false;
        let others = writer.selections("Query", 2);
        write!(text, " query Other {others}").unwrap();
        for fragment in &writer.fragments {
            write!(text, " {fragment}").unwrap();
        }
        Self {
            text,
            variables: writer.variables.into(),
            planted,
        }
    }
}

/// A value as it is written into an operation, or sent as a variable.
enum Written {
    Null,
    Text(String),
    Number(usize),
    Color,
    Json(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    Variable(String),
}

impl Written {
    fn literal(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Text(text) => format!("{text:?}"),
            Self::Number(number) => number.to_string(),
            Self::Color => "RED".to_owned(),
            Self::Json(text) => format!("{{deep: [{text:?}, {{deeper: 1}}]}}"),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::literal).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", value.literal()));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Self::Variable(name) => format!("${name}"),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Null | Self::Variable(_) => serde_json::Value::Null,
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Color => json!("RED"),
            Self::Json(text) => json!({"deep": [text, {"deeper": 1}]}),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.json()));
                serde_json::Value::Object(fields.collect())
            }
        }
    }
}

struct Writer<'a> {
    shape: &'a Shape,
    dice: &'a mut Dice,
    mint: &'a mut Mint,
    definitions: Vec<String>,
    variables: Map<String, serde_json::Value>,
    fragments: Vec<String>,
    planted: Vec<String>,
    names: usize,
    has_variables: bool,
}

impl Writer<'_> {
    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn selections(&mut self, ty: &str, depth: usize) -> String {
        let mut text = "{ __typename".to_owned();
        for _ in 0..1 + self.dice.below(2) {
            let selection = self.selection(ty, depth);
            write!(text, " {selection}").unwrap();
        }
        text.push_str(" }");
        text
    }

    fn selection(&mut self, ty: &str, depth: usize) -> String {
        let conditions = match ty {
            "Either" => &["Node", "Node", "Leaf"][..],
            "Face" => &["Node", "Face", ""][..],
            "Node" => &["Node", "Face", ""][..],
            other => &[other, ""][..],
        };
        let is_plain = ty != "Either" && self.dice.below(3) > 0;
        if is_plain || depth == 0 && ty != "Either" {
            return self.field(ty, depth);
        }
        let condition = conditions[self.dice.below(conditions.len())];
        let on = if condition.is_empty() { ty } else { condition };
        let skip = self.skip();
        if !condition.is_empty() && self.dice.one_in(2) {
            let body = self.selections(on, depth.saturating_sub(1));
            let name = self.name("F");
            self.fragments
                .push(format!("fragment {name} on {on} {body}"));
            // Twice is as once.
            let again = if self.dice.one_in(3) {
                format!(" ...{name}")
            } else {
                String::new()
            };
            return format!("...{name}{skip}{again}");
        }
        let body = self.selections(on, depth.saturating_sub(1));
        match condition {
            "" => format!("...{skip} {body}"),
            condition => format!("... on {condition}{skip} {body}"),
        }
    }

    fn field(&mut self, ty: &str, depth: usize) -> String {
        let fields: &[(&str, &str)] = match ty {
            "Query" => &[("node", "Node"), ("nodes", "Node"), ("face", "Face")],
            "Node" => &[("child", "Node"), ("either", "Either"), ("shared", "Face")],
            "Face" => &[("shared", "Face")],
            _ => &[],
        };
        if fields.is_empty() || (depth == 0 && ty != "Query") {
            return "name".to_owned();
        }
        let (name, inner) = fields[self.dice.below(fields.len())];
        let shape = self.shape;
        let arguments = self.slots(shape.arguments(ty, name), DEPTH);
        let arguments: Vec<_> = arguments
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.literal()))
            .collect();
        let arguments = match arguments.is_empty() {
            true => String::new(),
            false => format!("({})", arguments.join(", ")),
        };
        let alias = self.name("x");
        let skip = self.skip();
        let body = self.selections(inner, depth.saturating_sub(1));
        format!("{alias}: {name}{arguments}{skip} {body}")
    }

    /// What is left out is verified all the same.
    fn skip(&mut self) -> &'static str {
        match self.dice.below(12) {
            0 => " @skip(if: true)",
            1 => " @include(if: false)",
            2 => " @skip(if: false)",
            _ => "",
        }
    }

    fn slots(&mut self, slots: &[Slot], depth: usize) -> Vec<(String, Written)> {
        let mut written = Vec::new();
        for slot in slots {
            let may_be_left_out = slot.default.is_some() || !slot.ty.is_non_null();
            if may_be_left_out && self.dice.one_in(4) {
                self.left_out(slot);
            } else {
                let value = self.value(&slot.ty, slot.is_marked, depth, self.has_variables);
                written.push((slot.name.clone(), value));
            }
        }
        written
    }

    fn left_out(&mut self, slot: &Slot) {
        fn tokens(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::String(text) => found.push(text.clone()),
                Value::List(items) => items.iter().for_each(|item| tokens(item, found)),
                _ => {}
            }
        }
        if let Some(default) = &slot.default {
            tokens(default, &mut self.planted);
        }
    }

    fn value(&mut self, ty: &Ty, is_marked: bool, depth: usize, may_vary: bool) -> Written {
        if may_vary && self.dice.one_in(4) {
            return self.variable(ty, is_marked, depth);
        }
        if !ty.is_non_null() && (depth == 0 || self.dice.one_in(6)) {
            return Written::Null;
        }
        match ty {
            // A single value where a list is expected.
            Ty::List(inner, _) if self.dice.one_in(5) => {
                let single = self.value(inner, is_marked, depth, false);
                match single {
                    // It would be the list itself.
                    Written::Null | Written::List(_) => Written::List(vec![single]),
                    single => single,
                }
            }
            Ty::List(inner, _) => {
                let items = if depth == 0 { 0 } else { self.dice.below(3) };
                let items = (0..items).map(|_| self.value(inner, is_marked, depth, may_vary));
                Written::List(items.collect())
            }
            Ty::Named(leaf, _) => self.leaf(*leaf, is_marked, depth, may_vary),
        }
    }

    fn leaf(&mut self, leaf: Leaf, is_marked: bool, depth: usize, may_vary: bool) -> Written {
        match leaf {
            Leaf::String | Leaf::Id | Leaf::Token if is_marked => {
                let token = self.mint.token();
                self.planted.push(token.clone());
                Written::Text(token)
            }
            // It looks like a token, and is not marked as one.
            Leaf::String => Written::Text(token(900_000 + self.dice.below(10))),
            Leaf::Id | Leaf::Int | Leaf::Token => Written::Number(self.dice.below(100)),
            Leaf::Color => Written::Color,
            Leaf::Json => Written::Json(format!("not {}", token(900_011))),
            Leaf::Input(number) => {
                let shape = self.shape;
                let Input { slots, is_one_of } = &shape.inputs[number];
                let depth = depth.saturating_sub(1);
                if !is_one_of {
                    let has_variables = std::mem::replace(&mut self.has_variables, may_vary);
                    let fields = self.slots(slots, depth);
                    self.has_variables = has_variables;
                    return Written::Object(fields);
                }
                let last = slots.len() - 1;
                let slot = &slots[if depth == 0 {
                    last
                } else {
                    self.dice.below(last + 1)
                }];
                let required = slot.ty.required();
                let value = self.value(&required, slot.is_marked, depth, false);
                Written::Object(vec![(slot.name.clone(), value)])
            }
        }
    }

    /// A variable has the type of its place, and a value, a default, or both.
    fn variable(&mut self, ty: &Ty, is_marked: bool, depth: usize) -> Written {
        let name = self.name("v");
        let reference = ty.reference();
        let given = self.dice.below(3);
        let mut definition = format!("${name}: {reference}");
        if given != 0 {
            // The tokens of an unused default need no verification.
            let planted = self.planted.len();
            let default = self.value(ty, is_marked, depth, false).literal();
            write!(definition, " = {default}").unwrap();
            if given == 1 {
                self.planted.truncate(planted);
            }
        }
        if given != 2 {
            let value = self.value(ty, is_marked, depth, false).json();
            self.variables.insert(name.clone(), value);
        }
        self.definitions.push(definition);
        Written::Variable(name)
    }
}

impl Ty {
    fn required(&self) -> Self {
        match self {
            Self::Named(leaf, _) => Self::Named(*leaf, true),
            Self::List(inner, _) => Self::List(inner.clone(), true),
        }
    }
}
