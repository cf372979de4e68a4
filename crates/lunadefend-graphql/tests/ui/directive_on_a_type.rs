//! The directive stands where nothing would enforce it.

use async_graphql::SimpleObject;
use lunadefend_graphql::Token;

#[derive(SimpleObject)]
#[graphql(directive = Token::apply(None))]
struct Row {
    ssn: String,
}

fn main() {}
