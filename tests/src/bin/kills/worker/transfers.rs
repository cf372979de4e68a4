//! Transfers of sessions: each state and each JWT is used at two processes at once.

use super::{ATTEMPTS, Worker};
use crate::{
    ledger::{Fault, Once, Outcome},
    processes::{Process, Processes},
};
use anyhow::Result;
use lunadefend::{SessionId, provider::TransferState};
use lunadefend_tests::Browser;

/// A state and a JWT in the browser that they are for.
#[derive(Clone)]
struct Ticket {
    browser: Browser,
    url: String,
}

/// A transfer whose state or JWT was used more than once.
pub(super) struct Moved {
    tickets: [Ticket; 2],
    once: Once,
    tries: u32,
    /// The browser that got the session.
    browser: Option<Browser>,
}

/// What is used twice.
#[derive(Clone, Copy)]
enum Shared {
    /// The whole URL.
    Url,
    /// The state, each time with another JWT.
    State,
    /// The JWT, each time with another state. Only JWTs as LunaSec signs them are for no particular state.
    Jwt,
}

impl Worker {
    /// Begins a transfer, and ends it at two processes at once.
    pub(super) async fn transfer(&mut self) -> Result<()> {
        let Some(tickets) = self.tickets().await? else {
            return Ok(());
        };
        let mut moved = Moved {
            tickets,
            once: Once::default(),
            tries: 0,
            browser: None,
        };
        let processes = self.processes.clone();
        let [first, second] = processes.two(&mut self.rng);
        let [one, other] = &moved.tickets;
        let (one, other) = tokio::join!(
            create(&processes, first, one),
            create(&processes, second, other)
        );
        self.moved_to(&mut moved, one);
        self.moved_to(&mut moved, other);
        let fault = moved.once.judge();
        self.judged(fault, "a transfer, which both processes refused");
        self.try_again(&mut moved).await;
        self.moved.push(moved);
        Ok(())
    }

    /// The last look at a transfer: nothing can be done with it, and its session is there.
    pub(super) async fn check_transfer(&mut self, mut moved: Moved) {
        self.try_again(&mut moved).await;
        if let Some(browser) = &mut moved.browser {
            let mut is_known = Outcome::Unknown;
            for _ in 0..ATTEMPTS {
                let process = self.processes.any(&mut self.rng);
                let said = self.processes.is_logged_in(process, browser).await;
                is_known = self.counted(said);
                if !is_known.is_unanswered() {
                    break;
                }
            }
            let is_lost = is_known != Outcome::Done(());
            self.judged(is_lost.then_some(Fault::Lost), "a session that was moved");
        }
        self.tally.transfers += 1;
    }

    /// Uses both URLs once more.
    async fn try_again(&mut self, moved: &mut Moved) {
        for ticket in moved.tickets.clone() {
            let process = self.processes.any(&mut self.rng);
            let created = create(&self.processes, process, &ticket).await;
            self.moved_to(moved, created);
        }
    }

    fn moved_to(&mut self, moved: &mut Moved, created: Outcome<Browser>) {
        moved.tries += 1;
        let created = self.counted(created);
        let fault = moved.once.tried(moved.tries, &created);
        self.judged(fault, "a state or a transfer JWT");
        if let Some(browser) = created.done() {
            moved.browser = Some(browser);
        }
    }

    /// Two URLs that share what is for one transfer; `None` when no process answered.
    async fn tickets(&mut self) -> Result<Option<[Ticket; 2]>> {
        let session = SessionId::new(self.new_session())?;
        let shared = match self.rng.u8(..3) {
            0 => Shared::Url,
            1 => Shared::State,
            _ => Shared::Jwt,
        };
        let mut browser = self.processes.browser();
        let Some(state) = self.state(&mut browser).await else {
            return Ok(None);
        };
        let other_state = match shared {
            Shared::Jwt => match self.state(&mut browser).await {
                Some(state) => state,
                None => return Ok(None),
            },
            Shared::Url | Shared::State => state.clone(),
        };
        let keys = match shared {
            Shared::Jwt => &self.processes.lunasec_keys,
            Shared::Url | Shared::State => self.processes.keys(),
        };
        let jwt = keys.transfer(&session, &state).await?;
        let other_jwt = match shared {
            Shared::State => keys.transfer(&session, &state).await?,
            Shared::Url | Shared::Jwt => jwt.clone(),
        };
        let ticket = |state: &TransferState, jwt: &str| Ticket {
            browser: browser.clone(),
            url: format!(
                "{}/session/create?state={}&openid_token={jwt}",
                self.processes.public_url,
                state.expose_secret(),
            ),
        };
        Ok(Some([
            ticket(&state, jwt.expose_secret()),
            ticket(&other_state, other_jwt.expose_secret()),
        ]))
    }

    /// Begins a transfer, and gives its state.
    async fn state(&mut self, browser: &mut Browser) -> Option<TransferState> {
        let process = self.processes.any(&mut self.rng);
        let url = format!("{}/session/ensure", self.processes.public_url);
        let page = self.processes.load(process, browser, &url).await;
        let state = page.and_then(|page| {
            let location = page.header("location").split_once('?');
            match location.map(|(_, query)| TransferState::from_query(Some(query))) {
                Some(Ok(state)) => Outcome::Done(state),
                _ => Outcome::Wrong("a transfer begins without a state".to_owned()),
            }
        });
        let state = self.counted(state);
        self.pause_after(&state).await;
        state.done()
    }
}

/// Ends a transfer, and gives the browser with the session.
async fn create(processes: &Processes, process: &Process, ticket: &Ticket) -> Outcome<Browser> {
    let mut browser = ticket.browser.clone();
    let page = processes.load(process, &mut browser, &ticket.url).await;
    page.and_then(|page| match page.status {
        200 => Outcome::Done(browser),
        // Back to the start, since the JWT was used.
        302 => Outcome::Refused,
        status => Outcome::Wrong(format!("a transfer ends with {status}")),
    })
}
