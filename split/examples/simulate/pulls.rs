//! How long the core takes to answer a worker, on this machine: five hundred of them, fifty thousand tests.

use crate::Spread;
use sidings_proto::{RequestId, Timestamp};
use sidings_split::event::{End, Lease};
use sidings_split::record::{AtomResult, Exit, Outcome};
use sidings_split::{
    Answer, Atom, Estimates, Event, History, Manifest, Parallelism, Settings, Split, Target, WorkerId,
};
use std::time::Instant;

const WORKERS: u64 = 500;
const ATOMS: usize = 50_000;

/// Every pull of a whole job, in milliseconds.
pub(crate) fn measure() -> Spread {
    let mut split = large();
    for worker in 0..WORKERS {
        let _ = split.handle(Timestamp(0), Event::Joined { worker: WorkerId(worker), speed: 1_000 });
    }
    let mut took = Vec::new();
    let mut now = Timestamp(0);
    while split.conclusion().is_none() {
        for worker in (0..WORKERS).map(WorkerId) {
            now.0 += 1;
            let request = RequestId(uuid::Uuid::from_u128(took.len() as u128 + 1));
            let before = Instant::now();
            let effects = split.handle(now, Event::Pulled { worker, request });
            took.push(before.elapsed().as_secs_f64() * 1_000.0);
            if let Answer::Leased(lease) = effects.answer {
                let _ = split.handle(now, all_passed(worker, &lease));
            }
        }
    }
    Spread::of(took.into_iter())
}

fn all_passed(worker: WorkerId, lease: &Lease) -> Event {
    let passed = AtomResult { outcome: Outcome::Passed, ms: 10 };
    let results = lease.atoms.iter().map(|atom| (*atom, passed)).collect();
    let end = Some(End { exit: Exit::Code(0), boot_ms: None });
    Event::Reported { worker, lease: lease.number, results, end }
}

fn large() -> Split {
    let mut history = History::default();
    let mut atoms = Vec::new();
    for number in 0..ATOMS {
        let id = format!("tests/test_{number}.py");
        history.passed_ms.insert(id.clone(), vec![10 + (number as u64 * 7_919) % 5_000]);
        atoms.push(Atom { id, ..Atom::default() });
    }
    let manifest = Manifest::new(atoms).expect("ids are numbered");
    let estimates = Estimates::new(&manifest, &history);
    let parallelism = Parallelism { min: 1, max: WORKERS as u32, target: Target::Fastest };
    Split::new(manifest, estimates, Settings { parallelism, ..Settings::default() })
}
