//! A split of tests with one letter each, and what happens to it.

use super::dialogue::Scribe;
use crate::estimate::{Estimates, History};
use crate::event::{End, Event};
use crate::ledger::Conclusion;
use crate::manifest::{Atom, AtomNo, Manifest};
use crate::policy::Settings;
use crate::queue::Split;
use crate::record::{AtomResult, Exit, LeaseNo, Outcome, Record, WorkerId};
use expect_test::Expect;
use sidings_proto::{RequestId, Timestamp};
use std::fmt::Write;
use uuid::Uuid;

/// A test for each letter, each of one second.
pub(super) fn tests(letters: &str) -> Story {
    timed(&letters.chars().map(|letter| (letter, 1)).collect::<Vec<_>>())
}

/// Tests with the seconds they took each time.
pub(super) fn timed(tests: &[(char, u64)]) -> Story {
    let atoms = tests.iter().map(|(letter, _)| Atom { id: letter.to_string(), ..Atom::default() });
    let manifest = Manifest::new(atoms.collect()).unwrap();
    let mut history = History::default();
    history.passed_ms.extend(tests.iter().map(|(letter, seconds)| (letter.to_string(), vec![seconds * 1000])));
    Story { estimates: Estimates::new(&manifest, &history), manifest, settings: Settings::default() }
}

pub(super) struct Story {
    pub(super) manifest: Manifest,
    pub(super) estimates: Estimates,
    pub(super) settings: Settings,
}

impl Story {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Story {
        change(&mut self.settings);
        self
    }

    /// Plays the events at their seconds and compares what was said, and how it stands in the end. After each of them
    /// a restart would give the same book.
    #[track_caller]
    pub(super) fn check<const N: usize>(self, events: [(u64, Event); N], expect: Expect) {
        let mut split = Split::new(self.manifest.clone(), self.estimates.clone(), self.settings.clone());
        let (mut text, mut records) = (String::new(), Vec::new());
        let scribe = Scribe(&self.manifest);
        for (second, event) in events {
            let now = at(second);
            writeln!(text, "{second}s {}", scribe.heard(&event)).unwrap();
            let effects = split.handle(now, event);
            scribe.said(&effects).iter().for_each(|line| writeln!(text, "    {line}").unwrap());
            records.extend(effects.saves);
            assert!(split.is_restored_by(now, &self.restored(now, &records)), "a restart would change the book");
        }
        end(&mut text, &split);
        expect.assert_eq(&text);
    }

    pub(super) fn restored(&self, now: Timestamp, records: &[Record]) -> Split {
        Split::restore(now, self.manifest.clone(), self.estimates.clone(), self.settings.clone(), records)
    }
}

fn end(text: &mut String, split: &Split) {
    writeln!(text, "{}", split.ledger()).unwrap();
    match split.conclusion() {
        None => {}
        Some(Conclusion::Passed) => writeln!(text, "green").unwrap(),
        Some(Conclusion::Red(reasons)) => {
            writeln!(text, "red").unwrap();
            reasons.iter().for_each(|reason| writeln!(text, "{reason}").unwrap());
        }
    }
}

pub(super) fn at(second: u64) -> Timestamp {
    Timestamp(second as i64 * 1000)
}

/// The atom of a letter, in a story whose tests are `a`, `b`, `c` and so on.
pub(super) fn atom(letter: char) -> AtomNo {
    AtomNo(letter as u32 - 'a' as u32)
}

pub(super) fn join(worker: u64) -> Event {
    Event::Joined { worker: WorkerId(worker), speed: 1000 }
}

pub(super) fn pull(worker: u64, request: u128) -> Event {
    Event::Pulled { worker: WorkerId(worker), request: RequestId(Uuid::from_u128(request)) }
}

pub(super) fn beat(worker: u64, holds: &[u64]) -> Event {
    Event::Beat { worker: WorkerId(worker), holds: holds.iter().copied().map(LeaseNo).collect() }
}

pub(super) fn start(worker: u64, lease: u64, letter: char) -> Event {
    Event::Started { worker: WorkerId(worker), lease: LeaseNo(lease), atom: atom(letter) }
}

/// Results as `a+ b- c?`: passed, failed, skipped.
pub(super) fn report(worker: u64, lease: u64, results: &str) -> Event {
    told(worker, lease, results, None)
}

fn outcome(text: &str) -> (AtomNo, AtomResult) {
    let mut letters = text.chars();
    let (letter, sign) = (letters.next().unwrap(), letters.next().unwrap());
    let outcome = match sign {
        '+' => Outcome::Passed,
        '-' => Outcome::Failed,
        '?' => Outcome::Skipped,
        other => panic!("no outcome: {other}"),
    };
    (atom(letter), AtomResult { outcome, ms: 1000 })
}

/// Results, and the process ends with a code.
pub(super) fn ends(worker: u64, lease: u64, results: &str, code: i32) -> Event {
    told(worker, lease, results, Some(Exit::Code(code)))
}

/// Its container is seen to die.
pub(super) fn dies(worker: u64, lease: u64) -> Event {
    told(worker, lease, "", Some(Exit::Died))
}

fn told(worker: u64, lease: u64, results: &str, exit: Option<Exit>) -> Event {
    let results = results.split_whitespace().map(outcome).collect();
    let end = exit.map(|exit| End { exit, boot_ms: None });
    Event::Reported { worker: WorkerId(worker), lease: LeaseNo(lease), results, end }
}

pub(super) fn left(worker: u64) -> Event {
    Event::Left { worker: WorkerId(worker) }
}

pub(super) fn lost(worker: u64) -> Event {
    Event::Lost { worker: WorkerId(worker) }
}
