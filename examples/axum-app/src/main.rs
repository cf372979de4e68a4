#![doc = include_str!("../README.md")]

mod app;
mod failure;
mod session;

use app_common::Start;
use lunadefend::LunaDefend;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    app_common::run("axum-app", serve).await
}

async fn serve(start: Start) -> anyhow::Result<()> {
    // Yours: `LunaDefend::from_env()`. This environment has the embedded tokenizer in it, if there is one.
    let luna = LunaDefend::from_environment(start.environment).await?;
    axum::serve(start.listener, app::router(luna, start.users))
        .with_graceful_shutdown(start.stop.requested())
        .await?;
    Ok(())
}
