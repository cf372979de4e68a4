//! Runs a group of rows on every adapter and compares.

use crate::{
    application::BODY_LIMIT,
    cell::{Cell, Cost},
    on::{ADAPTERS, Adapter},
    row::{At, Expected, Request, Row},
    site::Site,
};
use lunadefend::{GrantDuration, SessionId, VerifiedToken};
use lunadefend_tests::{Settings, World, signing_key};
use std::{
    panic,
    sync::{Arc, Once, OnceLock},
    thread,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};

/// A token that the session `ann` may read in every world, and one more.
pub(crate) const T1: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
pub(crate) const T2: &str = "lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000";

/// How many requests of a group are under way that are sent at once.
const IN_FLIGHT: usize = 16;

/// Rows that share an application and a tokenizer. They run in their order, so that a row may rely on
/// what one before it has stored.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) settings: fn() -> Settings,
    pub(crate) rows: fn() -> Vec<Row>,
    /// Whether its requests are sent at once, many at a time.
    pub(crate) at_once: bool,
    pub(crate) outcome: OnceLock<Result<Vec<usize>, String>>,
}

impl Group {
    pub(crate) const fn new(
        name: &'static str,
        settings: fn() -> Settings,
        rows: fn() -> Vec<Row>,
    ) -> Self {
        Self {
            name,
            settings,
            rows,
            at_once: false,
            outcome: OnceLock::new(),
        }
    }

    pub(crate) const fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// How many rows each adapter has passed, in the order of [`ADAPTERS`].
    ///
    /// # Panics
    /// With all that is wrong.
    #[track_caller]
    pub(crate) fn passed(&self) -> &[usize] {
        match self.outcome.get_or_init(|| self.run()) {
            Ok(passed) => passed,
            Err(report) => panic!("{report}"),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        (self.rows)().len()
    }

    fn run(&self) -> Result<Vec<usize>, String> {
        hush();
        // A thread and a runtime for each: adapters share nothing, and some deadlines are waited for.
        let columns: Vec<Vec<Cell>> = thread::scope(|scope| {
            let threads: Vec<_> = ADAPTERS
                .iter()
                .map(|adapter| scope.spawn(|| runtime().block_on(self.column(adapter))))
                .collect();
            let columns = threads.into_iter().map(|thread| thread.join().unwrap());
            columns.collect()
        });
        let mut report = Vec::new();
        let mut passed = Vec::new();
        for (adapter, column) in ADAPTERS.iter().zip(&columns) {
            let mut count = 0;
            for (cell, model) in column.iter().zip(&columns[0]) {
                let problems = cell.problems(model, ADAPTERS[0].name);
                count += usize::from(problems.is_empty());
                let place = format!("{}, {}, row {:?}", adapter.name, self.name, cell.row);
                report.extend(problems.iter().map(|text| format!("{place}: {text}")));
            }
            passed.push(count);
        }
        if report.is_empty() {
            Ok(passed)
        } else {
            Err(report.join("\n"))
        }
    }

    async fn column(&self, adapter: &Adapter) -> Vec<Cell> {
        let world = Site::with_tokenizer(adapter, (self.settings)()).await;
        let ann = SessionId::new("ann").unwrap();
        let tokens = [T1, T2].map(|token| VerifiedToken::assertion(token).unwrap());
        let hour: GrantDuration = "1h".parse().unwrap();
        let luna = world.luna_with(signing_key()).await;
        luna.grants()
            .grant(&ann, tokens.to_vec(), hour)
            .await
            .unwrap();

        let rows = (self.rows)();
        if self.at_once {
            all_at_once(&world.application, rows).await
        } else {
            let mut cells = Vec::new();
            for row in rows {
                cells.push(one(adapter, &world, row).await);
            }
            cells
        }
    }
}

async fn one(adapter: &Adapter, world: &World<Site>, row: Row) -> Cell {
    let same = async || world.luna_with(signing_key()).await;
    let limit = Some(BODY_LIMIT);
    let own = match row.at {
        At::Shared => None,
        At::Below(base) => Some(Site::start(adapter, same().await, base, limit).await),
        At::Unlimited => Some(Site::start(adapter, same().await, "", None).await),
        At::With(settings) => {
            let luna = settings().build().await.unwrap();
            Some(Site::start(adapter, luna, "", limit).await)
        }
    };
    let site = own.as_ref().unwrap_or(&world.application);
    if let Some(step) = row.before {
        step(world);
    }
    let line = world.line_to_tokenizer();
    if let Some(fault) = row.fault {
        line.plan(move |_, _| fault());
    }
    let (questions, calls) = (site.provider.asked(), line.requests().len());
    let answer = site.answer(&row.request).await;
    let cost = Cost {
        questions: site.provider.asked() - questions,
        calls: line.requests().len() - calls,
    };
    line.mend();
    if let Some(step) = row.after {
        step(world);
    }
    let mut cell = Cell::new(row, answer).with_cost(cost);
    if cell.is_failure() {
        cell.add(next_request_works(&world.application).await);
    }
    cell
}

/// The process lives, and whoever asks next is answered.
async fn next_request_works(site: &Site) -> Vec<String> {
    let tokens = Request::post("/tokens", format!("[{T1:?}]")).by("ann");
    let answer = site.answer(&tokens).await;
    let cell = Cell::new(Row::new("", tokens, Expected::text("1")), answer);
    let wrong = cell.by_the_table();
    wrong
        .iter()
        .map(|text| format!("the next request: {text}"))
        .collect()
}

/// As many requests as [`IN_FLIGHT`] at any time, in no certain order.
async fn all_at_once(site: &Site, rows: Vec<Row>) -> Vec<Cell> {
    let permits = Arc::new(Semaphore::new(IN_FLIGHT));
    let answers: Vec<_> = rows
        .iter()
        .map(|row| {
            let (permits, site, request) =
                (Arc::clone(&permits), site.clone(), row.request.clone());
            tokio::spawn(async move {
                let _permit = permits.acquire().await.unwrap();
                site.answer(&request).await
            })
        })
        .collect();
    let mut cells = Vec::new();
    for (row, answer) in rows.into_iter().zip(answers) {
        cells.push(Cell::new(row, answer.await.unwrap()));
    }
    cells
}

/// Providers of the table panic on purpose, some hundred times: that would bury what a test has to say.
fn hush() {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload().downcast_ref::<&str>();
            if !payload.is_some_and(|text| text.starts_with("canary")) {
                tell(info);
            }
        }));
    });
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}
