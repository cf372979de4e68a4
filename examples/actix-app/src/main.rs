#![doc = include_str!("../README.md")]

mod app;
mod failure;
mod session;

use actix_web::{App, HttpServer, cookie::Key};
use app_common::Start;
use lunadefend::LunaDefend;
use std::{process::ExitCode, time::Duration};

#[tokio::main]
async fn main() -> ExitCode {
    app_common::run("actix-app", serve).await
}

async fn serve(start: Start) -> anyhow::Result<()> {
    // Yours: `LunaDefend::from_env()`. This environment has the embedded tokenizer in it, if there is one.
    let luna = LunaDefend::from_environment(start.environment).await?;
    let routes = app::routes(luna, start.users);
    // One key for all workers: each of them must read the cookies of the others.
    let key = Key::try_generate().ok_or_else(|| anyhow::anyhow!("no random bytes for a key"))?;
    HttpServer::new(move || {
        App::new()
            .wrap(session::middleware(key.clone()))
            .configure(routes.clone())
    })
    // Longer than a client or a proxy in front keeps an idle connection: who closes first must be the one
    // who sends, or a request can meet a connection that is just being closed.
    .keep_alive(Duration::from_secs(75))
    .listen(start.listener.into_std()?)?
    .shutdown_signal(start.stop.requested())
    .run()
    .await?;
    Ok(())
}
