//! Split jobs: their queues, each behind one lock, and what their workers are told.
//!
//! [`sidings_split`] decides; here its records are made durable before anybody is answered. A queue whose records
//! could not be written is thrown away and read back from the store. The worker of a queue is an attempt that is with
//! a runner: whoever calls has been found to be one, and [`tend`] sees to those that are no longer.
//!
//! Refused here: any result that does not come through an attempt that is current.

mod ended;
mod one;
mod setup;
mod tend;
mod told;
mod verdict;
mod words;

use crate::shell::Shell;
use crate::shell::live::{Current, LiveJob};
use crate::store::Store;
use crate::store::splits::SplitKey;
use one::{Guard, Held, One};
use sidings_proto::runner::Finish;
use sidings_proto::split::told::SplitTold;
use sidings_proto::split::{
    PULL_POLL_MS, SplitBeat, SplitList, SplitListed, SplitOrders, SplitPull, SplitPulled, SplitReport, SplitSum,
    SplitTaken,
};
use sidings_proto::{AttemptId, RunId, TestCase, Timestamp, Verdict};
use sidings_split::{Answer, Event, WorkerId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long it is known who ran which test when; what a split came to is not forgotten.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// All queues that somebody asked about and that are not over.
pub(crate) struct Splits {
    store: Arc<dyn Store>,
    shell: Shell,
    closing: CancellationToken,
    open: Mutex<BTreeMap<SplitKey, Arc<One>>>,
    /// There is a new one.
    new: Notify,
}

/// An attempt as a worker of its job's queue.
#[derive(Clone)]
pub(crate) struct Worker {
    attempt: AttemptId,
    key: SplitKey,
    id: WorkerId,
    job: LiveJob,
}

/// What the end of an attempt is, in the light of its queue.
pub(crate) enum Judged {
    /// The attempt's own, with what came of the tests.
    Ended(Finish),
    /// It went on to its end, gave its runner back for others, and is to come again.
    GaveBack(Finish),
}

impl Worker {
    /// None where the job's tests are not split.
    pub(crate) fn of(attempt: AttemptId, current: &Current) -> Option<Worker> {
        let key = key_of(&current.job)?;
        Some(Worker { attempt, key, id: worker_id(current.job.index, attempt.fence), job: current.job.clone() })
    }
}

/// The queue that a job's attempts work for.
fn key_of(job: &LiveJob) -> Option<SplitKey> {
    let suite = job.planned()?.spec.tests.as_ref()?.suite.clone();
    Some(SplitKey { run: job.run.id, suite })
}

/// The same for the same attempt, whatever it says and however often the controller starts.
fn worker_id(place: usize, fence: u64) -> WorkerId {
    WorkerId((place as u64) << 32 | (fence & 0xffff_ffff))
}

/// The place in its run of the job that a worker is an attempt of, and which attempt.
pub(crate) fn attempt_of(WorkerId(worker): WorkerId) -> (usize, u64) {
    (usize::try_from(worker >> 32).unwrap_or(usize::MAX), worker & 0xffff_ffff)
}

impl Splits {
    pub(crate) fn new(store: Arc<dyn Store>, shell: Shell, closing: CancellationToken) -> Splits {
        Splits { store, shell, closing, open: Mutex::default(), new: Notify::new() }
    }

    fn one(&self, key: &SplitKey) -> Arc<One> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = open.get(key) {
            return one.clone();
        }
        let one = Arc::new(One::new(key.clone(), self.store.clone(), self.shell.clone()));
        open.insert(key.clone(), one.clone());
        self.new.notify_one();
        one
    }

    /// A worker's list: the first of a queue makes it, later ones must be the same.
    pub(crate) async fn list(&self, worker: &Worker, list: SplitList) -> anyhow::Result<SplitListed> {
        let one = self.one(&worker.key);
        let mut held = one.held().await?;
        let listed = list.tests.len() as u64;
        let made = match setup::manifest(list, setup::tests(&worker.job).chosen.as_ref()) {
            Ok((manifest, atoms)) if matches!(*held, Held::Unmade) => {
                held.make(&one, &worker.job, atoms, listed).await?;
                // Of a width the first to come are the workers: one whose image is still built must not keep them from it.
                let is_wide = held.wanted().is_some();
                let known = if is_wide { BTreeSet::new() } else { self.workers(&worker.key) };
                let others = known.into_iter().filter(|other| *other != worker.id);
                for promised in std::iter::once(worker.id).chain(others) {
                    held.handle(&one, self.shell.now(), words::joined(promised)).await?;
                }
                Ok(manifest)
            }
            made => made.map(|(manifest, _)| manifest),
        };
        let event = match made {
            Ok(manifest) => Event::Listed { worker: worker.id, manifest },
            Err(refusal) if matches!(*held, Held::Unmade) => {
                held.refuse(&one, &worker.job, &refusal).await?;
                Event::Tick
            }
            Err(refusal) => Event::GiveUp { reason: format!("a worker's {refusal}") },
        };
        if let Some(wanted) = held.wanted().filter(|wanted| held.spares(worker.id) && held.workers().len() >= *wanted) {
            return Ok(SplitListed::Over(words::spared(wanted, setup::copies(&worker.job, &worker.key.suite))));
        }
        self.as_one_of_them(&mut held, &one, worker, event).await?;
        Ok(held.over().map_or(SplitListed::Noted, SplitListed::Over))
    }

    /// What somebody does who is a worker as long as the attempt is current: if the queue lost sight of it, it is one
    /// again.
    async fn as_one_of_them(
        &self,
        held: &mut Guard<'_>,
        one: &One,
        worker: &Worker,
        event: Event,
    ) -> anyhow::Result<Answer> {
        let now = self.shell.now();
        let answer = held.handle(one, now, event.clone()).await?;
        if answer != Answer::JoinAgain {
            return Ok(answer);
        }
        held.handle(one, now, words::joined(worker.id)).await?;
        held.handle(one, now, event).await
    }

    /// Those of its job's copies that are with a runner now.
    fn workers(&self, key: &SplitKey) -> BTreeSet<WorkerId> {
        let live = self.shell.live().attempts_of(key.run);
        let ours = live.into_iter().filter(|(_, job)| key_of(job).as_ref() == Some(key));
        ours.map(|(attempt, job)| worker_id(job.index, attempt.fence)).collect()
    }

    /// Tests for a worker, as soon as there are any. None when there is no queue yet, or it is a worker no more.
    pub(crate) async fn pull(&self, worker: &Worker, pull: SplitPull) -> anyhow::Result<Option<SplitPulled>> {
        let one = self.one(&worker.key);
        let late = tokio::time::sleep(Duration::from_millis(PULL_POLL_MS));
        tokio::pin!(late);
        loop {
            let changed = one.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.pull_once(&one, worker, pull).await? {
                Some(SplitPulled::Wait) => {}
                pulled => return Ok(pulled),
            }
            tokio::select! {
                () = changed => {}
                () = &mut late => return Ok(Some(SplitPulled::Wait)),
                () = self.closing.cancelled() => return Ok(Some(SplitPulled::Wait)),
            }
            if self.shell.live().attempt(worker.attempt).is_none() {
                return Ok(None);
            }
        }
    }

    async fn pull_once(&self, one: &One, worker: &Worker, pull: SplitPull) -> anyhow::Result<Option<SplitPulled>> {
        let mut held = one.held().await?;
        if matches!(*held, Held::Unmade) {
            return Ok(None);
        }
        let event = Event::Pulled { worker: worker.id, request: pull.request };
        let answer = self.as_one_of_them(&mut held, one, worker, event).await?;
        Ok(Some(held.pulled(answer)))
    }

    /// What came of tests.
    pub(crate) async fn report(&self, worker: &Worker, report: &SplitReport) -> anyhow::Result<SplitTaken> {
        let one = self.one(&worker.key);
        let mut held = one.held().await?;
        let now = self.shell.now();
        for event in words::started(worker.id, report) {
            held.handle(&one, now, event).await?;
        }
        let answer = held.handle(&one, now, words::reported(worker.id, report)).await?;
        Ok(words::taken(&answer, report.results.len()))
    }

    /// A sign of life.
    pub(crate) async fn beat(&self, worker: &Worker, beat: SplitBeat) -> anyhow::Result<SplitOrders> {
        let one = self.one(&worker.key);
        let mut held = one.held().await?;
        // Its step beats from the start, also while it makes a list of what others do.
        if held.spares(worker.id) {
            return Ok(SplitOrders { drop: Vec::new() });
        }
        let event = words::beat(worker.id, &beat);
        Ok(words::orders(self.as_one_of_them(&mut held, &one, worker, event).await?, beat))
    }

    /// The end of an attempt, with what its queue says of the tests. The worker is one no longer.
    pub(crate) async fn judged(&self, worker: &Worker, finish: Finish) -> anyhow::Result<Judged> {
        let one = self.one(&worker.key);
        let mut held = one.held().await?;
        if finish.verdict == Verdict::Passed && held.spares(worker.id) {
            return Ok(Judged::Ended(finish));
        }
        if finish.verdict == Verdict::Passed && held.has_yielded(worker.id) {
            return Ok(Judged::GaveBack(finish));
        }
        held.handle(&one, self.shell.now(), Event::Left { worker: worker.id }).await?;
        let verdict = verdict::judged(finish.verdict, held.sum(&worker.key.suite).as_ref());
        Ok(Judged::Ended(Finish { verdict, ..finish }))
    }

    /// A split in full; none where there is none. `job_of` says what the job at a place of the run is called.
    pub(crate) async fn told(
        &self,
        key: &SplitKey,
        job_of: impl Fn(usize) -> String,
    ) -> anyhow::Result<Option<SplitTold>> {
        let Some(stored) = self.store.split(key).await? else { return Ok(None) };
        if stored.setup.atoms.is_empty() {
            // Its list was refused, or all but what it came to was forgotten.
            return Ok(stored.sum.map(|sum| SplitTold { sum, ..SplitTold::default() }));
        }
        Ok(Some(told::told(&stored, &key.suite, self.shell.now(), job_of)?))
    }

    /// What became of the tests of a split, so far as they have their verdicts; in the order of its list.
    pub(crate) async fn cases(&self, key: &SplitKey) -> anyhow::Result<Vec<TestCase>> {
        let stored = self.store.split(key).await?.unwrap_or_default();
        if stored.setup.atoms.is_empty() {
            return Ok(Vec::new());
        }
        let split = setup::restored(&stored, self.shell.now())?;
        Ok(ended::tests(&split).into_iter().map(|test| test.case).collect())
    }

    /// Forgets how splits of long ago came to their end.
    pub(crate) async fn forget(&self, now: Timestamp) -> anyhow::Result<()> {
        let before = Timestamp(now.0 - KEPT_MS);
        while self.store.forget_splits(before).await? > 0 {}
        Ok(())
    }

    /// How the splits of a run stand, or what they came to.
    pub(crate) async fn of_run(&self, run: RunId) -> anyhow::Result<Vec<SplitSum>> {
        let mut sums = Vec::new();
        for (suite, stored) in self.store.split_sums(run).await? {
            let key = SplitKey { run, suite };
            match stored {
                Some(sum) => sums.push(sum),
                None => {
                    let one = self.one(&key);
                    if !self.shell.live().has_run(run) {
                        self.look_after(&one).await?;
                    }
                    sums.extend(one.held().await?.sum(&key.suite));
                }
            }
        }
        Ok(sums)
    }
}
