//! The columns: the application of the table on each framework.

mod actix;
mod axum;
mod warp;

use crate::application::App;
use lunadefend_core::provider::BoxFuture;

/// A column of the table.
pub(crate) struct Adapter {
    pub(crate) name: &'static str,
    /// Starts the application on a free port of loopback and returns its base URL, without a slash at
    /// the end. It runs as long as the runtime that it was started in.
    pub(crate) start: fn(App) -> BoxFuture<'static, String>,
}

/// All columns. A new adapter adds its function here.
pub(crate) static ADAPTERS: &[Adapter] = &[
    Adapter {
        name: "axum",
        start: |app| Box::pin(axum::start(app)),
    },
    Adapter {
        name: "actix-web",
        start: |app| Box::pin(actix::start(app)),
    },
    Adapter {
        name: "warp",
        start: |app| Box::pin(warp::start(app)),
    },
];
