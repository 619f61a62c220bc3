//! The words of workers as those of the queue, and back.

use sidings_proto::split::{
    LeasedTest, SplitBeat, SplitOrders, SplitOutcome, SplitOver, SplitReport, SplitSum, SplitTaken,
};
use sidings_split::event::End;
use sidings_split::record::{AtomResult, Exit, Outcome};
use sidings_split::{Answer, AtomNo, Event, LeaseNo, Manifest, WorkerId};

/// A usual worker: nothing is known of how fast machines are.
const SPEED: u32 = 1000;

pub(super) fn joined(worker: WorkerId) -> Event {
    Event::Joined { worker, speed: SPEED }
}

pub(super) fn started(worker: WorkerId, report: &SplitReport) -> impl Iterator<Item = Event> {
    let lease = LeaseNo(report.lease);
    report.started.iter().map(move |no| Event::Started { worker, lease, atom: AtomNo(*no) })
}

pub(super) fn reported(worker: WorkerId, report: &SplitReport) -> Event {
    let outcome = |outcome| match outcome {
        SplitOutcome::Passed => Outcome::Passed,
        SplitOutcome::Failed => Outcome::Failed,
        SplitOutcome::Skipped => Outcome::Skipped,
    };
    let results = report.results.iter();
    Event::Reported {
        worker,
        lease: LeaseNo(report.lease),
        results: results.map(|r| (AtomNo(r.no), AtomResult { outcome: outcome(r.outcome), ms: r.ms })).collect(),
        end: report.end.map(|end| End { exit: end.code.map_or(Exit::Died, Exit::Code), boot_ms: end.boot_ms }),
    }
}

/// What became of `sent` results. When the queue is over, they are late.
pub(super) fn taken(answer: &Answer, sent: usize) -> SplitTaken {
    match answer {
        Answer::Taken { counted, already, stale, foreign } => {
            SplitTaken { counted: *counted, already: *already, stale: *stale, foreign: *foreign }
        }
        Answer::Noted
        | Answer::Leased(_)
        | Answer::Wait
        | Answer::Yield
        | Answer::Over
        | Answer::Orders { .. }
        | Answer::JoinAgain => SplitTaken { stale: sent, ..SplitTaken::default() },
    }
}

pub(super) fn beat(worker: WorkerId, beat: &SplitBeat) -> Event {
    Event::Beat { worker, holds: beat.holds.iter().copied().map(LeaseNo).collect() }
}

/// What the sender of a beat is to drop: all it has, when there is no queue any more.
pub(super) fn orders(answer: Answer, beat: SplitBeat) -> SplitOrders {
    match answer {
        Answer::Orders { drop } => SplitOrders { drop: drop.into_iter().map(|lease| lease.0).collect() },
        Answer::Over => SplitOrders { drop: beat.holds },
        Answer::Noted | Answer::Leased(_) | Answer::Wait | Answer::Yield | Answer::Taken { .. } | Answer::JoinAgain => {
            SplitOrders::default()
        }
    }
}

pub(super) fn tests(manifest: &Manifest, atoms: &[AtomNo]) -> Vec<LeasedTest> {
    atoms.iter().map(|atom| LeasedTest { no: atom.0, id: manifest.id(*atom).to_owned() }).collect()
}

/// What a worker is told of a queue that is over.
pub(super) fn over(sum: &SplitSum) -> SplitOver {
    let lines: Vec<&str> = std::iter::once(&sum.told).chain(&sum.reasons).map(String::as_str).collect();
    SplitOver { passed: sum.passed == Some(true), text: lines.join("\n") }
}

/// What a worker is told that is not needed.
pub(super) fn spared(wanted: usize, most: u32) -> SplitOver {
    let text = format!("{wanted} of {most} copies bring the tests to an end in time: this one is not needed");
    SplitOver { passed: true, text }
}

/// Why there is one batch: for people who wonder what the other copies are for.
pub(super) fn one_batch(work_ms: u64, boot_ms: Option<u64>) -> String {
    match boot_ms.filter(|boot_ms| *boot_ms > 0) {
        Some(boot_ms) => {
            let (work, boot) = (spoken(work_ms), spoken(boot_ms));
            format!("one batch has all tests: they take about {work}, and starting another one costs {boot}")
        }
        None => format!("one batch has all tests: they take about {}, which is not worth another one", spoken(work_ms)),
    }
}

/// `40ms`, `3.2s`: it is never much.
fn spoken(ms: u64) -> String {
    if ms < 100 { format!("{ms}ms") } else { format!("{}.{}s", (ms + 50) / 1000, (ms + 50) % 1000 / 100) }
}

/// What a worker is told that gets nothing more while others go on.
pub(super) fn retired() -> SplitOver {
    let text = "this worker gets no more tests: its batches failed without one result".to_owned();
    SplitOver { passed: false, text }
}
