//! A split in full, out of what was kept of it. Pure.

use super::one::sum;
use super::setup;
use crate::store::splits::StoredSplit;
use sidings_proto::Timestamp;
use sidings_proto::split::told::{SplitTold, ToldBatch, ToldTest, ToldWorker};
use sidings_split::record::{Exit, Gone};
use sidings_split::{AtomNo, LeaseNo, Record, Refusal, Split, WorkerId};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of it. `job_of` says what the job at a place of the plan is called.
pub(super) fn told(
    stored: &StoredSplit,
    suite: &str,
    now: Timestamp,
    job_of: impl Fn(usize) -> String,
) -> Result<SplitTold, Refusal> {
    let split = setup::restored(stored, now)?;
    let mut told = SplitTold {
        sum: stored.sum.clone().unwrap_or_else(|| sum(&split, suite, stored.setup.boot_ms)),
        ..SplitTold::default()
    };
    let mut places = Places::default();
    stored.rows.iter().flatten().for_each(|record| places.add(record, &mut told, &job_of));
    told.tests = tests(stored, &split);
    told.listed = stored.setup.listed.filter(|listed| *listed != stored.setup.atoms.len() as u64);
    told.chosen = stored.setup.tests.chosen.is_some();
    let known: BTreeSet<&str> = stored.setup.atoms.iter().map(|atom| atom.id.as_str()).collect();
    let entries = stored.setup.tests.quarantine.iter().filter(|_| stored.setup.tests.chosen.is_none());
    told.gone = entries.filter(|entry| !known.contains(entry.id.as_str())).map(|entry| entry.id.clone()).collect();
    Ok(told)
}

/// Where workers and batches stand.
#[derive(Default)]
struct Places {
    workers: BTreeMap<WorkerId, usize>,
    batches: BTreeMap<u64, usize>,
}

impl Places {
    fn add(&mut self, record: &Record, told: &mut SplitTold, job_of: &impl Fn(usize) -> String) {
        match record {
            Record::WorkerJoined { worker, at, .. } => self.joined(*worker, *at, told, job_of),
            Record::WorkerGone { worker, why, .. } => {
                if let Some(worker) = self.workers.get(worker).and_then(|place| told.workers.get_mut(*place)) {
                    worker.gone = Some(gone(*why).to_owned());
                }
            }
            Record::Leased { lease, worker, atoms, at, .. } => {
                self.batches.insert(lease.0, told.batches.len());
                told.batches.push(ToldBatch {
                    number: lease.0,
                    worker: self.workers.get(worker).copied().unwrap_or_default(),
                    tests: atoms.iter().map(|atom| atom.0).collect(),
                    from: *at,
                    ..ToldBatch::default()
                });
            }
            Record::Counted { lease, .. } => self.counted(*lease, told),
            Record::Ended { lease, exit, at, .. } => self.ended(*lease, *exit, *at, told),
            Record::WorkerStruck { .. }
            | Record::Started { .. }
            | Record::Stale { .. }
            | Record::Returned { .. }
            | Record::Settled { .. }
            | Record::Mismatched { .. }
            | Record::GivenUp { .. }
            | Record::Closed { .. } => {}
        }
    }

    fn joined(&mut self, worker: WorkerId, at: Timestamp, told: &mut SplitTold, job_of: &impl Fn(usize) -> String) {
        let place = *self.workers.entry(worker).or_insert(told.workers.len());
        if place == told.workers.len() {
            let (place, attempt) = super::attempt_of(worker);
            let job = job_of(place);
            told.workers.push(ToldWorker { job, attempt, joined: at, ..ToldWorker::default() });
        }
        told.workers[place].gone = None;
    }

    fn counted(&self, lease: LeaseNo, told: &mut SplitTold) {
        let Some(batch) = self.batch(lease, told) else { return };
        batch.results += 1;
        let place = batch.worker;
        if let Some(worker) = told.workers.get_mut(place) {
            worker.results += 1;
        }
    }

    fn ended(&self, lease: LeaseNo, exit: Exit, at: Timestamp, told: &mut SplitTold) {
        let Some(batch) = self.batch(lease, told) else { return };
        batch.until = Some(at);
        batch.code = match exit {
            Exit::Code(code) => Some(code),
            Exit::Died => None,
        };
    }

    fn batch<'t>(&self, lease: LeaseNo, told: &'t mut SplitTold) -> Option<&'t mut ToldBatch> {
        self.batches.get(&lease.0).and_then(|place| told.batches.get_mut(*place))
    }
}

fn gone(why: Gone) -> &'static str {
    match why {
        Gone::Left => "left",
        Gone::Yielded => "gave its runner back",
        Gone::Lost => "lost",
        Gone::Sick => "sick",
    }
}

fn tests(stored: &StoredSplit, split: &Split) -> Vec<ToldTest> {
    let failed: BTreeSet<AtomNo> = stored.setup.failed_last.iter().copied().collect();
    let quarantine: BTreeMap<&str, Timestamp> =
        stored.setup.tests.quarantine.iter().map(|entry| (entry.id.as_str(), entry.expires)).collect();
    let one = |(no, atom): (AtomNo, &sidings_split::Atom)| ToldTest {
        id: atom.id.clone(),
        verdict: split.verdict(no).map(|verdict| verdict.kind().word().to_owned()),
        took_ms: split.counted(no).last().map(|(_, result)| result.ms),
        estimate_ms: split.estimate(no).p50_ms,
        runs: stored.setup.passed_ms.get(&atom.id).map_or(0, |runs| u32::try_from(runs.len()).unwrap_or(u32::MAX)),
        file_bytes: atom.file_bytes,
        failed_last: failed.contains(&no),
        quarantine: quarantine.get(atom.id.as_str()).copied(),
    };
    (0..).map(AtomNo).zip(&stored.setup.atoms).map(one).collect()
}
