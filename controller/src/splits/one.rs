//! One queue: read from the store when it is first asked for, and thrown away when what it decided could not be kept.

use super::words::over;
use super::{ended, setup};
use crate::shell::Shell;
use crate::shell::live::LiveJob;
use crate::store::Store;
use crate::store::splits::{SplitKey, SplitSetup};
use anyhow::Context;
use sidings_proto::Timestamp;
use sidings_proto::split::{SplitLease, SplitOver, SplitPulled, SplitSum, Width};
use sidings_split::manifest::{Atom, Refusal, short};
use sidings_split::{Answer, Conclusion, Effects, Event, Kind, Record, Split, WorkerId};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, MutexGuard, Notify};

/// Flaky tests that a sum names.
const FLAKY_NAMED: usize = 20;

/// A queue, wherever it is.
pub(super) struct One {
    pub(super) key: SplitKey,
    store: Arc<dyn Store>,
    shell: Shell,
    held: Mutex<Option<Held>>,
    changed: Notify,
}

/// What there is of a queue.
pub(super) enum Held {
    /// Nobody has listed its tests.
    Unmade,
    /// It goes on.
    Open(Box<Open>),
    /// Every test has its verdict, or there was no list to begin with.
    Over(Box<SplitSum>),
}

/// A queue that goes on.
pub(super) struct Open {
    split: Split,
    /// Events that were saved.
    rows: u64,
    /// How many copies are to work.
    width: Option<Width>,
    /// What starting a batch cost in the run before.
    boot_ms: Option<u64>,
}

/// The lock on a queue that was read.
pub(super) struct Guard<'a>(MutexGuard<'a, Option<Held>>);

impl Deref for Guard<'_> {
    type Target = Held;

    fn deref(&self) -> &Held {
        self.0.as_ref().unwrap_or(&Held::Unmade)
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Held {
        self.0.get_or_insert(Held::Unmade)
    }
}

impl One {
    pub(super) fn new(key: SplitKey, store: Arc<dyn Store>, shell: Shell) -> One {
        One { key, store, shell, held: Mutex::new(None), changed: Notify::new() }
    }

    /// Waits until nobody else is at it.
    pub(super) async fn held(&self) -> anyhow::Result<Guard<'_>> {
        let mut held = self.held.lock().await;
        if held.is_none() {
            *held = Some(self.read().await.context("read a split job")?);
        }
        Ok(Guard(held))
    }

    /// When something may have changed for those that wait.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    async fn read(&self) -> anyhow::Result<Held> {
        let Some(stored) = self.store.split(&self.key).await? else { return Ok(Held::Unmade) };
        if let Some(sum) = stored.sum {
            return Ok(Held::Over(Box::new(sum)));
        }
        let split = setup::restored(&stored, self.shell.now())?;
        let mut open = Open {
            split,
            rows: stored.rows.len() as u64,
            width: stored.setup.tests.width,
            boot_ms: stored.setup.boot_ms,
        };
        Ok(match open.end(self).await? {
            Some(sum) => Held::Over(Box::new(sum)),
            None => Held::Open(Box::new(open)),
        })
    }
}

impl Guard<'_> {
    /// Makes the queue. `atoms` are those of a sound list of `listed` tests.
    pub(super) async fn make(&mut self, one: &One, job: &LiveJob, atoms: Vec<Atom>, listed: u64) -> anyhow::Result<()> {
        let past = one.store.split_past(&job.run.project, &one.key.suite).await?;
        let boot_ms = one.store.split_boot(&job.run.project, &one.key.suite).await?;
        let made = SplitSetup { listed: Some(listed), boot_ms, ..setup::make(job, atoms, &past) };
        one.store.add_split(&one.key, &job.run.project, &made).await?;
        let (manifest, estimates, settings) = setup::of(&made)?;
        **self = Held::Open(Box::new(Open {
            split: Split::new(manifest, estimates, settings),
            rows: 0,
            width: made.tests.width,
            boot_ms,
        }));
        Ok(())
    }

    /// There is no list that could be run: the job is red, and says why.
    pub(super) async fn refuse(&mut self, one: &One, job: &LiveJob, refusal: &Refusal) -> anyhow::Result<()> {
        let setup = SplitSetup { tests: setup::tests(job), ..SplitSetup::default() };
        one.store.add_split(&one.key, &job.run.project, &setup).await?;
        let sum = SplitSum {
            suite: one.key.suite.clone(),
            told: "no test ran".to_owned(),
            passed: Some(false),
            reasons: vec![refusal.to_string()],
            incomplete: true,
            ..SplitSum::default()
        };
        one.store.end_split(&one.key, &sum, &[], one.shell.now()).await?;
        **self = Held::Over(Box::new(sum));
        one.changed.notify_waiters();
        Ok(())
    }

    /// Takes an event; what it decided is durable when this answers. After an error the queue is read again.
    pub(super) async fn handle(&mut self, one: &One, now: Timestamp, event: Event) -> anyhow::Result<Answer> {
        let Held::Open(open) = &mut **self else { return Ok(Answer::Over) };
        let handled = open.handle(one, now, event).await;
        match handled {
            Ok((answer, None)) => Ok(answer),
            Ok((answer, Some(sum))) => {
                **self = Held::Over(Box::new(sum));
                one.changed.notify_waiters();
                Ok(answer)
            }
            Err(error) => {
                *self.0 = None;
                Err(error.context("save what a split job came to"))
            }
        }
    }
}

impl Open {
    async fn handle(&mut self, one: &One, now: Timestamp, event: Event) -> anyhow::Result<(Answer, Option<SplitSum>)> {
        let Effects { saves, answer, wake } = self.split.handle(now, event);
        if !saves.is_empty() {
            one.store.put_split(&one.key, self.rows, &saves).await?;
            self.rows += 1;
        }
        let over = self.end(one).await?;
        if !wake.is_empty() {
            one.changed.notify_waiters();
        }
        if saves.iter().any(is_news) {
            one.shell.changes().tell(one.key.run);
        }
        Ok((answer, over))
    }

    /// Keeps what it came to, if it is over.
    async fn end(&mut self, one: &One) -> anyhow::Result<Option<SplitSum>> {
        if self.split.conclusion().is_none() {
            return Ok(None);
        }
        let sum = sum(&self.split, &one.key.suite, self.boot_ms);
        one.store.end_split(&one.key, &sum, &ended::tests(&self.split), one.shell.now()).await?;
        Ok(Some(sum))
    }
}

impl Held {
    /// What a worker is told when nothing is left to run.
    pub(super) fn over(&self) -> Option<SplitOver> {
        match self {
            Held::Over(sum) => Some(over(sum)),
            Held::Unmade | Held::Open(_) => None,
        }
    }

    /// How it stands; none when there is nothing yet.
    pub(super) fn sum(&self, suite: &str) -> Option<SplitSum> {
        match self {
            Held::Unmade => None,
            Held::Open(open) => Some(sum(&open.split, suite, open.boot_ms)),
            Held::Over(sum) => Some((**sum).clone()),
        }
    }

    /// The answer to a pull.
    pub(super) fn pulled(&self, answer: Answer) -> SplitPulled {
        match (self, answer) {
            (Held::Over(sum), _) => SplitPulled::Over(over(sum)),
            (Held::Open(open), Answer::Leased(lease)) => SplitPulled::Leased(SplitLease {
                lease: lease.number.0,
                tests: super::words::tests(open.split.manifest(), &lease.atoms),
            }),
            // The others go on without this one.
            (Held::Open(_), Answer::Yield) => SplitPulled::Yield,
            (Held::Open(_), Answer::Over) => SplitPulled::Over(super::words::retired()),
            (
                Held::Open(_),
                Answer::Noted | Answer::Wait | Answer::Orders { .. } | Answer::Taken { .. } | Answer::JoinAgain,
            )
            | (Held::Unmade, _) => SplitPulled::Wait,
        }
    }

    /// Who works.
    pub(super) fn workers(&self) -> Vec<WorkerId> {
        match self {
            Held::Open(open) => open.split.workers(),
            Held::Unmade | Held::Over(_) => Vec::new(),
        }
    }

    /// How many may work, where it is not for all copies to do.
    pub(super) fn wanted(&self) -> Option<usize> {
        match self {
            Held::Open(open) => open.width.map(|_| open.split.wanted_workers(0) as usize),
            Held::Unmade | Held::Over(_) => None,
        }
    }

    /// Whether others do it, and this one never had a part in it.
    pub(super) fn spares(&self, worker: WorkerId) -> bool {
        match self {
            Held::Open(open) => open.width.is_some() && !open.split.knows(worker),
            Held::Unmade | Held::Over(_) => false,
        }
    }

    /// Runners that it was asked for and has not given back; none where nobody can give any.
    pub(super) fn owes(&self) -> Option<u32> {
        match self {
            Held::Open(open) => Some(open.split.owes()),
            Held::Unmade | Held::Over(_) => None,
        }
    }

    /// Whether the worker gave its runner back, and others go on.
    pub(super) fn has_yielded(&self, worker: WorkerId) -> bool {
        match self {
            Held::Open(open) => open.split.has_yielded(worker),
            Held::Unmade | Held::Over(_) => false,
        }
    }

    /// When it wants a tick.
    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        match self {
            Held::Open(open) => open.split.next_wakeup(),
            Held::Unmade | Held::Over(_) => None,
        }
    }
}

/// Whether those who follow the run should look again: not for each test of thousands.
fn is_news(record: &Record) -> bool {
    matches!(
        record,
        Record::WorkerJoined { .. } | Record::WorkerGone { .. } | Record::Leased { .. } | Record::Closed { .. }
    )
}

/// How a split stands. `boot_ms` is what starting a batch cost in the run before.
pub(super) fn sum(split: &Split, suite: &str, boot_ms: Option<u64>) -> SplitSum {
    let (ledger, progress, conclusion) = (split.ledger(), split.progress(), split.conclusion());
    let reasons = match &conclusion {
        Some(Conclusion::Red(reasons)) => reasons.clone(),
        Some(Conclusion::Passed) | None => Vec::new(),
    };
    SplitSum {
        suite: suite.to_owned(),
        total: ledger.total as u64,
        settled: ledger.settled as u64,
        counts: ledger.counts.iter().map(|(kind, count)| (kind.word().to_owned(), *count as u64)).collect(),
        told: ledger.to_string(),
        passed: conclusion.map(|conclusion| conclusion == Conclusion::Passed),
        incomplete: reasons.iter().any(sidings_split::ledger::Reason::is_incomplete),
        reasons: reasons.iter().map(ToString::to_string).collect(),
        flaky: split.ids_of(Kind::Flaky).iter().take(FLAKY_NAMED).map(|id| short(id)).collect(),
        workers: progress.workers as u64,
        leaving: u64::from(split.owes()),
        batches: progress.leases as u64,
        out: progress.out as u64,
        left_ms: progress.waiting_ms,
        boot_ms: split.boot_ms().or(boot_ms),
        one_batch: split.worth_one_batch().map(|work_ms| super::words::one_batch(work_ms, split.boot_ms())),
    }
}
