//! Histories by chance: messages are lost, doubled and late, workers are cut off and come back, containers die, the
//! controller is killed between what it saved and what it said. However it went, in the end every test has one
//! verdict, none was counted twice, and nothing that was acknowledged is gone.
//!
//! `SPLIT_HISTORIES=100000 cargo test --release -p sidings-split accounting` plays more of them.

use super::story::{Story, tests};
use crate::event::{Answer, Effects, End, Event};
use crate::manifest::AtomNo;
use crate::queue::Split;
use crate::record::{AtomResult, Exit, Gone, LeaseNo, Outcome, Record, WorkerId};
use sidings_proto::{RequestId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// What a debug build plays in some seconds.
const HISTORIES: u64 = 1_500;
const WORKERS: u64 = 4;
/// Events by chance; after them everybody behaves, so that the end is reached.
const TURMOIL: usize = 150;
const PATIENCE: usize = 4_000;

#[test]
fn every_history_closes_with_one_verdict_for_each_test() {
    let histories = std::env::var("SPLIT_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES);
    for seed in 0..histories {
        World::new(seed).play();
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn is_lucky(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

struct World {
    seed: u64,
    dice: Dice,
    story: Story,
    split: Split,
    saved: Vec<Record>,
    now: Timestamp,
    requests: u128,
    /// What each worker knows of; it may be wrong about all of it.
    held: BTreeMap<u64, Vec<(LeaseNo, Vec<AtomNo>)>>,
    /// Messages that were sent, and may come again.
    sent: Vec<Event>,
    /// What was said to count, by lease and atom.
    acknowledged: BTreeSet<(LeaseNo, AtomNo)>,
    /// Tests that end their container each time.
    deadly: BTreeSet<AtomNo>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = Dice(seed);
        let count = 1 + dice.roll(12) as usize;
        let story = tests(&"abcdefghijkl"[..count]).with(|settings| settings.parallelism.max = 4);
        let deadly = story.manifest.numbers().filter(|_| dice.is_lucky(4)).collect();
        let split = Split::new(story.manifest.clone(), story.estimates.clone(), story.settings.clone());
        let (saved, held, sent, acknowledged) = Default::default();
        World { seed, dice, story, split, saved, now: Timestamp(0), requests: 0, held, sent, acknowledged, deadly }
    }

    fn play(mut self) {
        for _ in 0..TURMOIL {
            self.turmoil();
        }
        let mut patience = PATIENCE;
        while self.split.conclusion().is_none() {
            let worker = 1 + self.dice_worker();
            self.work_on(worker, true);
            self.give_up_if_all_are_sick();
            patience -= 1;
            assert!(patience > 0, "history {} does not end: {:?}", self.seed, self.split.progress());
        }
        self.check_account();
    }

    /// What the controller does when the fleet has nobody who may work.
    fn give_up_if_all_are_sick(&mut self) {
        let is_sick = |record: &Record| matches!(record, Record::WorkerGone { why: Gone::Sick, .. });
        if self.saved.iter().filter(|record| is_sick(record)).count() as u64 == WORKERS {
            let _ = self.tell(Event::GiveUp { reason: "nobody may work".to_owned() });
        }
    }

    fn dice_worker(&mut self) -> u64 {
        self.dice.roll(WORKERS)
    }

    fn turmoil(&mut self) {
        let worker = 1 + self.dice_worker();
        self.now = self.now + Duration::from_millis(self.dice.roll(2_500));
        match self.dice.roll(24) {
            0 => self.restart(),
            1 => drop(self.tell(Event::Lost { worker: WorkerId(worker) })),
            2 => drop(self.tell(Event::Left { worker: WorkerId(worker) })),
            3 => drop(self.tell(Event::YieldAsked)),
            4 => drop(self.held.remove(&worker)),
            5..=8 => self.say_again(),
            9 => self.now = self.now + Duration::from_secs(16),
            10 => drop(self.tell(Event::Tick)),
            11 => self.beat(worker),
            _ => self.work_on(worker, false),
        }
    }

    /// One message of a worker that does as it should, except that it may be lost on either way.
    fn work_on(&mut self, worker: u64, is_sure: bool) {
        self.now = self.now + Duration::from_millis(if is_sure { 700 } else { 10 });
        let is_idle = self.held.get(&worker).is_none_or(Vec::is_empty);
        if is_sure && self.dice.is_lucky(30) {
            return self.beat(worker);
        }
        match is_idle {
            true => self.pull(worker, is_sure),
            false => self.progress(worker, is_sure),
        }
    }

    fn beat(&mut self, worker: u64) {
        let holds: Vec<_> = self.held.get(&worker).into_iter().flatten().map(|(lease, _)| *lease).collect();
        match self.say(Event::Beat { worker: WorkerId(worker), holds }) {
            Some(Answer::Orders { drop }) => {
                self.held.entry(worker).or_default().retain(|(lease, _)| !drop.contains(lease));
            }
            Some(Answer::JoinAgain) => self.join(worker),
            _ => {}
        }
    }

    fn join(&mut self, worker: u64) {
        let _ = self.say(Event::Joined { worker: WorkerId(worker), speed: 1000 });
    }

    fn pull(&mut self, worker: u64, is_sure: bool) {
        self.requests += 1;
        let request = RequestId(Uuid::from_u128(self.requests));
        let event = Event::Pulled { worker: WorkerId(worker), request };
        let answer = self.say(event);
        if !is_sure && self.dice.is_lucky(20) {
            return;
        }
        match answer {
            Some(Answer::Leased(lease)) => {
                self.held.entry(worker).or_default().push((lease.number, lease.atoms));
            }
            Some(Answer::JoinAgain | Answer::Yield | Answer::Over) => self.join(worker),
            _ => {}
        }
    }

    /// A worker begins, ends or fails with what it holds.
    fn progress(&mut self, worker: u64, is_sure: bool) {
        let Some((lease, mut atoms)) = self.held.entry(worker).or_default().pop() else { return };
        let Some(atom) = atoms.first().copied() else {
            return self.report(worker, lease, vec![], Some(self.code(0)));
        };
        if self.deadly.contains(&atom) || (!is_sure && self.dice.is_lucky(4)) {
            if self.dice.is_lucky(50) {
                let _ = self.say(Event::Started { worker: WorkerId(worker), lease, atom });
            }
            return self.report(worker, lease, vec![], Some(End { exit: Exit::Died, boot_ms: None }));
        }
        if !is_sure && self.dice.is_lucky(4) {
            let code = self.dice.roll(2) as i32;
            return self.report(worker, lease, vec![], Some(self.code(code)));
        }
        let outcome = [Outcome::Passed, Outcome::Passed, Outcome::Failed, Outcome::Skipped][self.dice.roll(4) as usize];
        atoms.remove(0);
        self.held.entry(worker).or_default().push((lease, atoms));
        self.report(worker, lease, vec![(atom, AtomResult { outcome, ms: 5 })], None);
    }

    fn code(&self, code: i32) -> End {
        End { exit: Exit::Code(code), boot_ms: Some(3) }
    }

    fn report(&mut self, worker: u64, lease: LeaseNo, results: Vec<(AtomNo, AtomResult)>, end: Option<End>) {
        let _ = self.say(Event::Reported { worker: WorkerId(worker), lease, results, end });
    }

    /// Sends a message, which may be lost, or kept by the network for later.
    fn say(&mut self, event: Event) -> Option<Answer> {
        self.sent.push(event.clone());
        let is_lost = self.sent.len() < TURMOIL && self.dice.is_lucky(12);
        (!is_lost).then(|| self.tell(event))
    }

    fn say_again(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let which = self.dice.roll(self.sent.len() as u64) as usize;
        let event = self.sent[which].clone();
        let _ = self.tell(event);
    }

    fn tell(&mut self, event: Event) -> Answer {
        let before = self.dice.is_lucky(2).then(|| self.split.clone());
        let Effects { saves, answer, .. } = self.split.handle(self.now, event.clone());
        if let Some(before) = before {
            // It dies before the transaction: nothing of it has happened, and nobody was told anything.
            self.split = before;
            self.restart();
            return Answer::Noted;
        }
        self.saved.extend(saves);
        if let (Event::Reported { lease, results, .. }, Answer::Taken { stale: 0, foreign: 0, .. }) = (&event, &answer)
        {
            self.acknowledged.extend(results.iter().map(|(atom, _)| (*lease, *atom)));
        }
        answer
    }

    /// The controller is killed, and knows again what it had saved.
    fn restart(&mut self) {
        let restored = self.story.restored(self.now, &self.saved);
        assert!(self.split.is_restored_by(self.now, &restored), "history {}: a restart changes the book", self.seed);
        self.split = restored;
    }

    fn check_account(&self) {
        let seed = self.seed;
        let ledger = self.split.ledger();
        assert_eq!((ledger.settled, ledger.counts.values().sum()), (ledger.total, ledger.total), "history {seed}");
        let mut settled = BTreeSet::new();
        let mut counted = BTreeSet::new();
        for record in &self.saved {
            if let Record::Settled { atom, .. } = record {
                assert!(settled.insert(*atom), "history {seed}: two verdicts");
            }
            if let Record::Counted { lease, atom, .. } = record {
                assert!(counted.insert((*lease, *atom)), "history {seed}: counted twice");
            }
        }
        assert!(self.acknowledged.is_subset(&counted), "history {seed}: an acknowledged result is gone");
        for atom in self.story.manifest.numbers() {
            assert!(self.split.counted(atom).len() <= 2, "history {seed}: more than a run and its retry count");
        }
    }
}
