//! Three processes on one PostgreSQL, each with connections of its own.

use crate::{
    clients::{Process, Scene},
    history::Record,
    line::Line,
    specification::Answer,
};
use futures_util::future::join_all;
use lunadefend_tests::{PostgresServer, TestClock};
use lunadefend_vault::{MasterKey, Vault};
use lunadefend_vault_postgres::{PostgresOptions, PostgresStore};
use std::sync::Arc;

/// How many histories there are, each of a token of its own.
const HISTORIES: u64 = 12;

struct Processes {
    processes: [Process; 3],
    /// One whose line never fails.
    own: Process,
    server: Arc<PostgresServer>,
}

impl Processes {
    async fn start(fails: bool) -> Option<Self> {
        let server = Arc::new(PostgresServer::migrated().await?);
        let (key, _) = MasterKey::generate().unwrap();
        let open = async |options: PostgresOptions| {
            let store = Arc::new(PostgresStore::open(&options).await.unwrap());
            let clock = Arc::new(TestClock::new());
            Vault::open(store, &key, clock).await.unwrap()
        };
        let own = Process {
            vault: open(server.options()).await,
            line: None,
        };
        let opened = [(); 3].map(async |()| {
            let line = fails.then(|| Arc::new(Line::to(&server)));
            let options = line
                .as_ref()
                .map_or_else(|| server.options(), |line| line.options());
            Process {
                vault: open(options).await,
                line,
            }
        });
        let processes = join_all(opened).await;
        Some(Self {
            processes: processes
                .try_into()
                .unwrap_or_else(|_| panic!("there are three")),
            own,
            server,
        })
    }

    async fn history(&self, seed: u64) -> Record {
        println!("seed {seed}");
        let scene = Scene::new(&self.own.vault, seed).await;
        let record = scene.play(&self.processes, &self.own).await;
        assert!(record.is_linearizable(), "seed {seed}:\n{record}");
        record
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_are_linearizable() {
    let Some(processes) = Processes::start(false).await else {
        return;
    };
    let (mut held, mut values) = (0, 0);
    for seed in 0..HISTORIES {
        let record = processes.history(seed).await;
        held += record.count(|answer| matches!(answer, Answer::Grant(Some(_))));
        values += record.count(|answer| answer == Answer::Value);
    }
    assert!(held > 0 && values > 0, "{held} {values}");
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_are_linearizable_while_requests_answers_and_connections_are_lost() {
    let Some(processes) = Processes::start(true).await else {
        return;
    };
    let mut unknown = 0;
    for seed in 100..100 + HISTORIES {
        let server = Arc::clone(&processes.server);
        // In the middle of what it does, now and then.
        let ends = tokio::task::spawn_blocking(move || {
            if seed % 3 == 0 {
                server.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lunadefend'",
                );
            }
        });
        unknown += processes.history(seed).await.unknown();
        ends.await.unwrap();
    }
    let lines = processes.processes.iter().flat_map(|process| &process.line);
    let lost: usize = lines.map(|line| line.lost()).sum();
    println!("{lost} answers lost, {unknown} outcomes unknown");
    assert!(lost > 0 && unknown > 0);
}
