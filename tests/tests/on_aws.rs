//! The tests end to end once more, with tokenizers on DynamoDB and S3: their worlds go by the name of this program.

#[path = "end_to_end/main.rs"]
mod end_to_end;
