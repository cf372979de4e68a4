//! The tests end to end once more, with three tokenizers on each table of DynamoDB and bucket of S3, which take the
//! requests in turn: their worlds go by the name of this program.

#[path = "end_to_end/main.rs"]
mod end_to_end;
