//! Connections that idle until the moment at which the tokenizer would close them.

use crate::{load::Load, user::User};
use anyhow::Result;
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};

/// How far around that moment the requests come.
const AROUND: Duration = Duration::from_millis(15);

/// Makes a token for each user at once, and again after `idle`. Says `held` when all of the first are in
/// flight, and `idled` with the number of the second that were answered.
pub(crate) async fn ask_twice(load: &Arc<Load>, users: Vec<User>, idle: Duration) -> Result<()> {
    let clients = load.clients();
    let mut asking = JoinSet::new();
    for mut user in users {
        let load = Arc::clone(load);
        asking.spawn(async move {
            load.count_in(user.visitor.tokenize("first")).await;
            let step = AROUND * 2 / u32::try_from(clients).unwrap_or(u32::MAX);
            let offset = step * u32::try_from(user.number).unwrap_or_default();
            sleep((idle + offset).saturating_sub(AROUND)).await;
            load.count_in(user.visitor.tokenize("second")).await;
        });
    }
    println!("held {}", load.until_held().await?);
    while asking.join_next().await.transpose()?.is_some() {}
    let count = load.count();
    println!(
        "idled answered={} failed={}",
        count.requests - count.errors,
        count.errors
    );
    Ok(())
}
