//! How a suite was shared out: its ledger, and what each worker had when.

use crate::http::App;
use crate::page::error::PageError;
use crate::page::when::lasting;
use crate::store::splits::{SplitKey, StoredSplit};
use sidings_proto::api::RunView;
use sidings_proto::split::SplitSum;
use sidings_split::record::Outcome;
use sidings_split::{LeaseNo, Record, WorkerId};
use std::collections::BTreeMap;

/// A suite that is split.
pub(super) struct Shared {
    pub(super) sum: SplitSum,
    pub(super) workers: Vec<Worker>,
    pub(super) lasted: String,
}

/// Who ran tests of it.
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) tests: usize,
    pub(super) batches: Vec<Batch>,
}

/// What a worker had at once.
pub(super) struct Batch {
    /// In percent of the whole.
    pub(super) x: String,
    pub(super) width: String,
    pub(super) tests: usize,
    pub(super) failed: usize,
    pub(super) lasted: String,
}

#[derive(Default)]
struct Leased {
    worker: WorkerNo,
    from: i64,
    to: i64,
    tests: usize,
    failed: usize,
}

type WorkerNo = u64;

/// Those of a run.
pub(super) async fn of(app: &App, run: &RunView) -> Result<Vec<Shared>, PageError> {
    let mut all = Vec::new();
    for sum in &run.splits {
        let key = SplitKey { run: run.summary.id, suite: sum.suite.clone() };
        let split = app.store.split(&key).await?.unwrap_or_default();
        all.push(shared(sum.clone(), &split));
    }
    Ok(all)
}

fn shared(sum: SplitSum, split: &StoredSplit) -> Shared {
    let leases = leases(split);
    let from = leases.values().map(|lease| lease.from).min().unwrap_or(0);
    let whole = leases.values().map(|lease| lease.to).max().map_or(1, |to| (to - from).max(1));
    let mut workers: BTreeMap<WorkerNo, Worker> = BTreeMap::new();
    for lease in leases.values() {
        let no = workers.len() + 1;
        let new = || Worker { name: format!("worker {no}"), tests: 0, batches: Vec::new() };
        let worker = workers.entry(lease.worker).or_insert_with(new);
        worker.tests += lease.tests;
        worker.batches.push(batch(lease, from, whole));
    }
    Shared { sum, workers: workers.into_values().collect(), lasted: lasting(whole) }
}

/// What was handed out, and what came of it.
fn leases(split: &StoredSplit) -> BTreeMap<LeaseNo, Leased> {
    let mut leases: BTreeMap<LeaseNo, Leased> = BTreeMap::new();
    for record in split.rows.iter().flatten() {
        match record {
            Record::Leased { lease, worker: WorkerId(worker), at, .. } => {
                leases.insert(*lease, Leased { worker: *worker, from: at.0, to: at.0, ..Leased::default() });
            }
            Record::Counted { lease, result, at, .. } => {
                if let Some(known) = leases.get_mut(lease) {
                    known.tests += 1;
                    known.failed += usize::from(result.outcome == Outcome::Failed);
                    known.to = known.to.max(at.0);
                }
            }
            Record::Ended { lease, at, .. } => {
                if let Some(known) = leases.get_mut(lease) {
                    known.to = known.to.max(at.0);
                }
            }
            Record::WorkerJoined { .. }
            | Record::WorkerGone { .. }
            | Record::WorkerStruck { .. }
            | Record::Started { .. }
            | Record::Stale { .. }
            | Record::Returned { .. }
            | Record::Settled { .. }
            | Record::Mismatched { .. }
            | Record::GivenUp { .. }
            | Record::Closed { .. } => {}
        }
    }
    leases
}

fn batch(lease: &Leased, from: i64, whole: i64) -> Batch {
    let permille = |ms: i64| ms * 1000 / whole;
    let percent = |permille: i64| format!("{}.{}%", permille / 10, permille % 10);
    let (start, end) = (permille(lease.from - from), permille(lease.to - from));
    Batch {
        x: percent(start.min(995)),
        width: percent((end - start).max(4)),
        tests: lease.tests,
        failed: lease.failed,
        lasted: lasting(lease.to - lease.from),
    }
}
