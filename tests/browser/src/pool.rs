//! Few browsers at once, and each for several tests one after the other: a start costs seconds.

use crate::{browser::Browser, engine::Kind};
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Two cores hardly carry more.
const MOST: usize = 2;

static SLOTS: Semaphore = Semaphore::const_new(MOST);
/// Browsers that nobody uses, empty. They end with this program.
static IDLE: Mutex<Vec<Browser>> = Mutex::new(Vec::new());

/// A browser for one test.
pub(crate) struct Lease {
    pub(crate) browser: Browser,
    _slot: SemaphorePermit<'static>,
}

impl Lease {
    /// Takes an empty browser of a kind.
    pub(crate) async fn take(kind: Kind, driver: &Path) -> Self {
        let slot = SLOTS.acquire().await.unwrap();
        let found = {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            let at = idle.iter().position(|browser| browser.kind == kind);
            if at.is_none() && idle.len() >= MOST {
                idle.remove(0).kill();
            }
            at.map(|at| idle.remove(at))
        };
        let browser = match found {
            Some(browser) => browser,
            None => Browser::start(kind, driver).await,
        };
        Self {
            browser,
            _slot: slot,
        }
    }

    /// Gives it back for the next test, or ends it when it cannot be emptied.
    pub(crate) async fn give_back(self, origins: &[&str]) {
        match self.browser.empty(origins).await {
            Ok(()) => {
                let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
                idle.push(self.browser);
            }
            Err(error) => {
                println!("a browser cannot be emptied: {error}");
                self.browser.kill();
            }
        }
    }
}
