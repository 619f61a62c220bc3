//! How a suite was shared out: its ledger, and what each worker had when.

use crate::http::App;
use crate::page::error::PageError;
use crate::page::when::lasting;
use crate::splits;
use crate::store::splits::{SplitKey, StoredSplit};
use sidings_proto::Timestamp;
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
    /// It goes on.
    pub(super) is_open: bool,
    pub(super) lasted: String,
}

#[derive(Default)]
struct Leased {
    worker: WorkerNo,
    from: i64,
    to: i64,
    tests: usize,
    failed: usize,
    is_open: bool,
}

type WorkerNo = u64;

/// Those of a run.
pub(super) async fn of(app: &App, run: &RunView) -> Result<Vec<Shared>, PageError> {
    let (mut all, now) = (Vec::new(), app.shell.now());
    for sum in &run.splits {
        let key = SplitKey { run: run.summary.id, suite: sum.suite.clone() };
        let split = app.store.split(&key).await?.unwrap_or_default();
        all.push(shared(sum.clone(), &split, now, |worker| name(run, worker)));
    }
    Ok(all)
}

fn shared(sum: SplitSum, split: &StoredSplit, now: Timestamp, name: impl Fn(WorkerId) -> String) -> Shared {
    let mut leases = leases(split);
    for lease in leases.values_mut().filter(|lease| lease.is_open) {
        lease.is_open = sum.passed.is_none();
        lease.to = if lease.is_open { now.0.max(lease.from) } else { lease.to };
    }
    let from = leases.values().map(|lease| lease.from).min().unwrap_or(0);
    let whole = leases.values().map(|lease| lease.to).max().map_or(1, |to| (to - from).max(1));
    let mut workers: BTreeMap<WorkerNo, Worker> = BTreeMap::new();
    for lease in leases.values() {
        let new = || Worker { name: name(WorkerId(lease.worker)), tests: 0, batches: Vec::new() };
        let worker = workers.entry(lease.worker).or_insert_with(new);
        worker.tests += lease.tests;
        worker.batches.push(batch(lease, from, whole));
    }
    Shared { sum, workers: workers.into_values().collect(), lasted: lasting(whole) }
}

/// `unit 2/4`, or `unit 2/4, attempt 2`.
fn name(run: &RunView, worker: WorkerId) -> String {
    let (place, attempt) = splits::attempt_of(worker);
    let job = run.jobs.get(place).map_or("", |job| job.name.as_str());
    if attempt > 1 { format!("{job}, attempt {attempt}") } else { job.to_owned() }
}

/// What was handed out, and what came of it.
fn leases(split: &StoredSplit) -> BTreeMap<LeaseNo, Leased> {
    let mut leases: BTreeMap<LeaseNo, Leased> = BTreeMap::new();
    for record in split.rows.iter().flatten() {
        match record {
            Record::Leased { lease, worker: WorkerId(worker), at, .. } => {
                let (worker, from) = (*worker, at.0);
                leases.insert(*lease, Leased { worker, from, to: from, is_open: true, ..Leased::default() });
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
                    known.is_open = false;
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
        is_open: lease.is_open,
        lasted: lasting(lease.to - lease.from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidings_proto::RequestId;
    use sidings_split::AtomNo;
    use sidings_split::record::{AtomResult, Exit};

    fn leased(lease: u64, worker: u64, at: i64) -> Record {
        let (lease, worker, request) = (LeaseNo(lease), WorkerId(worker), RequestId(uuid::Uuid::nil()));
        Record::Leased { lease, worker, request, atoms: vec![AtomNo(0)], at: Timestamp(at) }
    }

    fn counted(lease: u64, outcome: Outcome, at: i64) -> Record {
        let result = AtomResult { outcome, ms: 5 };
        Record::Counted { lease: LeaseNo(lease), atom: AtomNo(0), result, at: Timestamp(at) }
    }

    #[test]
    fn each_worker_has_a_bar_for_each_of_its_batches() {
        let ended = Record::Ended { lease: LeaseNo(1), exit: Exit::Code(0), boot_ms: None, at: Timestamp(500) };
        let rows = vec![
            vec![leased(1, 1, 0), leased(2, 2, 0)],
            vec![counted(1, Outcome::Passed, 400), counted(2, Outcome::Failed, 250), ended],
            vec![leased(3, 1, 500)],
        ];
        let split = StoredSplit { rows, ..StoredSplit::default() };
        let told = |sum: SplitSum| {
            let shared = shared(sum, &split, Timestamp(1_000), |worker| format!("w{}", worker.0));
            let bar = |batch: &Batch| format!(" {}+{}{}", batch.x, batch.width, if batch.is_open { "…" } else { "" });
            let lane = |worker: &Worker| {
                let bars: String = worker.batches.iter().map(bar).collect();
                format!("{} {}:{bars}", worker.name, worker.tests)
            };
            shared.workers.iter().map(lane).collect::<Vec<_>>()
        };
        assert_eq!(told(SplitSum::default()), ["w1 1: 0.0%+50.0% 50.0%+50.0%…", "w2 1: 0.0%+100.0%…"]);
        let over = SplitSum { passed: Some(false), ..SplitSum::default() };
        assert_eq!(told(over), ["w1 1: 0.0%+100.0% 99.5%+0.4%", "w2 1: 0.0%+50.0%"]);
    }
}
