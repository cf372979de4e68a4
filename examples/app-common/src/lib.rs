#![doc = include_str!("../README.md")]

mod browser;
mod check;
mod cookie_session;
mod environment;
mod error;
mod model;
mod once;
mod run;
mod stop;
mod tokenizer;
mod users;
mod visitor;

pub use browser::{Browser, Page};
pub use cookie_session::CookieSession;
pub use error::AppError;
pub use model::{GetSsn, Login, MAX_BODY, Profile, SetSsn, Success, UserName};
pub use once::run_once;
pub use run::{Start, run};
pub use stop::Stop;
pub use users::Users;
pub use visitor::Visitor;
