//! Contenders that take turns, round after round.

use crate::{
    groups::Ground,
    job::{Done, Job, Work},
    options::Options,
    process::{MOMENT, cpu, thread_cpu},
    programs::{Counting, Server},
    report::{Contender, Id, Round},
    server::Upkeep,
};
use anyhow::{Context, Result, ensure};
use lunadefend_process::Process;
use std::{path::PathBuf, time::Duration};

/// One of the contenders.
#[derive(Clone, Debug)]
pub(crate) struct Entrant {
    pub(crate) id: Id,
    pub(crate) work: Work,
    /// Which of the servers it uses.
    pub(crate) server: usize,
    /// The tokens of that server.
    pub(crate) tokens: PathBuf,
    /// What the server does meanwhile.
    pub(crate) beside: Option<Upkeep>,
}

/// The thread of a tokenizer that writes to its embedded store.
const WRITER: &str = "lunadefend-store";
/// How long the turn is in which allocations are counted: they do not vary.
const COUNTED: Duration = Duration::from_millis(200);

/// The client processes of all contenders.
pub(crate) struct Lineup<'a> {
    entrants: &'a [Entrant],
    clients: Vec<Process>,
}

impl<'a> Lineup<'a> {
    pub(crate) fn start(
        ground: &Ground<'_>,
        servers: &[Server],
        entrants: &'a [Entrant],
        counting: Counting,
    ) -> Result<Self> {
        let Ground {
            programs,
            options,
            key,
            ..
        } = ground;
        let clients = entrants.iter().map(|entrant| {
            let job = Job {
                work: entrant.work,
                in_flight: options.callers(entrant.id.in_flight),
                address: servers[entrant.server].address,
                key: key.private.clone(),
                tokens: entrant.tokens.clone(),
            };
            let client = programs.client(&job, counting);
            client.with_context(|| format!("the client of {}", entrant.id))
        });
        Ok(Self {
            clients: clients.collect::<Result<_>>()?,
            entrants,
        })
    }

    /// Lets all take turns. Each round begins with another one, so that none is always first.
    pub(crate) fn rounds(
        &mut self,
        servers: &mut [Server],
        options: &Options,
    ) -> Result<Vec<Contender>> {
        let mut rounds = vec![Vec::new(); self.entrants.len()];
        for round in 0..options.rounds {
            for turn in 0..self.entrants.len() {
                let turn = (turn + round) % self.entrants.len();
                let server = &mut servers[self.entrants[turn].server];
                rounds[turn].push(self.turn(turn, server, options.turn())?);
            }
        }
        let contenders = self.entrants.iter().zip(rounds).map(|(entrant, rounds)| {
            Contender::new(entrant.id.clone(), entrant.work.items(), &rounds)
        });
        Ok(contenders.collect())
    }

    fn turn(&mut self, turn: usize, server: &mut Server, time: Duration) -> Result<Round> {
        let entrant = &self.entrants[turn];
        let failed = || format!("{} did not end well", entrant.id);
        let client = &mut self.clients[turn];
        client.tell(&time.as_millis().to_string())?;
        client.line("warm", MOMENT).with_context(failed)?;
        if let Some(upkeep) = entrant.beside {
            server.begin(upkeep)?;
        }
        let before = [cpu(&server.process)?, cpu(client)?];
        let writer_before = thread_cpu(&server.process, WRITER)?;
        client.tell("go")?;
        let done = client.line("done ", time + MOMENT).with_context(failed)?;
        let after = [cpu(&server.process)?, cpu(client)?];
        let writer_after = thread_cpu(&server.process, WRITER)?;
        if let Some(upkeep) = entrant.beside {
            let steps = server.end()?;
            ensure!(steps > 0, "nothing was done of {upkeep:?}");
        }
        let done: Done = serde_json::from_str(&done)?;
        Ok(Round {
            operations: done.operations,
            time: Duration::from_nanos(done.nanos),
            percentiles: done.percentiles.map(Duration::from_nanos),
            cpu: [0, 1].map(|of| after[of].saturating_sub(before[of])),
            writer: writer_after.saturating_sub(writer_before),
        })
    }

    /// Counts what each contender allocates, in processes that were started for that.
    pub(crate) fn count(
        &mut self,
        servers: &mut [Server],
        contenders: &mut [Contender],
    ) -> Result<()> {
        for (turn, contender) in contenders.iter_mut().enumerate() {
            let server = &mut servers[self.entrants[turn].server];
            let client = &mut self.clients[turn];
            client.tell(&COUNTED.as_millis().to_string())?;
            client.line("warm", MOMENT)?;
            let before = server.allocations()?;
            client.tell("go")?;
            let done: Done = serde_json::from_str(&client.line("done ", MOMENT)?)?;
            let after = server.allocations()?;
            let each = |allocations: u64| allocations as f64 / done.operations as f64;
            contender.allocations = [Some(each(after - before)), done.allocations.map(each)];
        }
        Ok(())
    }
}
