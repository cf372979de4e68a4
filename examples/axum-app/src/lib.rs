#![doc = include_str!("../README.md")]

mod app;
mod body;
mod browser;
mod error;
mod failure;
mod guard;
mod model;
mod pages;
mod session;
mod site;
mod users;

use axum::Router;
use lunadefend::LunaDefend;
use users::Users;

/// The application, with its users in the database at a URL such as `sqlite:users.sqlite`.
///
/// # Errors
/// When the database cannot be opened.
pub async fn application(luna: LunaDefend, database: &str) -> Result<Router, sqlx::Error> {
    Ok(app::router(luna, Users::open(database).await?))
}
