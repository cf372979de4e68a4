#![doc = include_str!("../README.md")]

mod app;
mod failure;
mod session;

use app_common::Start;
use lunadefend::LunaDefend;
use session::Sessions;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    app_common::run("warp-app", serve).await
}

async fn serve(start: Start) -> anyhow::Result<()> {
    // Yours: `LunaDefend::from_env()`. This environment has the embedded tokenizer in it, if there is one.
    let luna = LunaDefend::from_environment(start.environment).await?;
    warp::serve(app::routes(luna, start.users, Sessions::new()?))
        .incoming(start.listener)
        .graceful(start.stop.requested())
        .run()
        .await;
    Ok(())
}
