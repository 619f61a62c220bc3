//! Small jobs while suites saturate sixteen runners: how long they wait.
//!
//! The splits are the real ones. Who gets a free runner is a model of the controller's policy, made of four of its
//! rules: the project with the least goes first; suites grow while nobody waits, but for one slot in sixteen; a suite
//! is asked to yield for who has at least two slots fewer; batches are short meanwhile. Beside it, first come first
//! served, with suites split beforehand.

use crate::Spread;
use crate::crew::{Agenda, Crew, Deed, Plans};
use crate::dice::Dice;
use crate::suite::{Known, Suite};
use sidings_proto::Timestamp;
use sidings_split::{Event, Parallelism, Target};
use std::collections::VecDeque;
use std::time::Duration;

const RUNNERS: usize = 16;
/// Kept free of suites that grow: one in sixteen.
const KEPT_FREE: usize = 1;
/// As soon as one ends the next is there.
const SUITES_AT_ONCE: usize = 3;
const HOUR_MS: i64 = 3_600_000;
/// What a worker of a suite needs before it can start a batch.
const SETUP_MS: u64 = 3_000;
const SMALL_EVERY_MS: f64 = 6_000.0;
const SMALL_TAKES_MS: f64 = 20_000.0;

/// What one hour was like.
pub(crate) struct Hour {
    /// How long small jobs waited, in seconds.
    pub(crate) waits: Vec<f64>,
    /// How long suites took from their submission, in seconds.
    pub(crate) suites: Vec<f64>,
}

impl Hour {
    pub(crate) fn print(hours: &[Hour], what: &str) {
        let waits = Spread::of(hours.iter().flat_map(|hour| hour.waits.iter().copied()));
        let suites = Spread::of(hours.iter().flat_map(|hour| hour.suites.iter().copied()));
        let verdict = if waits.p95 <= 15.0 && waits.p99 <= 20.0 { "" } else { "  MISSED" };
        println!(
            "{what:44} {:>7.1} {:>7.1} {:>7.1}   {:>7.0} {:>7.0}{verdict}",
            waits.mean, waits.p95, waits.p99, suites.mean, suites.p95
        );
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    SmallComes,
    SmallEnds,
    Works(usize, usize, Deed),
    ShardEnds(usize),
}

struct Small {
    since: Timestamp,
    takes: Duration,
}

fn small(dice: &mut Dice, since: Timestamp) -> Small {
    Small { since, takes: Duration::from_millis((SMALL_TAKES_MS * dice.about_one(1.0)) as u64) }
}

fn next_small(dice: &mut Dice, now: Timestamp) -> Timestamp {
    now + Duration::from_millis(dice.until_next(SMALL_EVERY_MS) as u64)
}

/// A fleet that shares as the controller does.
pub(crate) struct Fleet {
    dice: Dice,
    agenda: Agenda<What>,
    free: usize,
    small: VecDeque<Small>,
    suites: Vec<Running>,
    stream: bool,
    boot_ms: u64,
    hour: Hour,
}

struct Running {
    crew: Crew,
    since: Timestamp,
    /// Workers that have a runner.
    workers: usize,
    /// Runners that it was asked for and has not given.
    asked: usize,
    is_over: bool,
}

impl Fleet {
    pub(crate) fn an_hour(seed: u64, stream: bool, boot_ms: u64) -> Hour {
        let hour = Hour { waits: Vec::new(), suites: Vec::new() };
        let (agenda, small, suites) = Default::default();
        let dice = Dice::new(seed);
        let mut fleet = Fleet { dice, agenda, free: RUNNERS, small, suites, stream, boot_ms, hour };
        fleet.agenda.put(Timestamp(0), What::SmallComes);
        (0..SUITES_AT_ONCE).for_each(|_| fleet.submit(Timestamp(0)));
        fleet.share(Timestamp(0));
        while let Some((now, what)) = fleet.agenda.next().filter(|(now, _)| now.0 < HOUR_MS) {
            fleet.take_in(now, what);
            fleet.share(now);
        }
        fleet.hour
    }

    fn submit(&mut self, now: Timestamp) {
        let suite = Suite::draw(&mut self.dice, Known::History);
        let parallelism = Parallelism { min: 1, max: RUNNERS as u32, target: Target::Fastest };
        let crew = Crew::new(suite.split(parallelism, self.boot_ms), &suite, self.stream, self.boot_ms);
        self.suites.push(Running { crew, since: now, workers: 0, asked: 0, is_over: false });
    }

    fn take_in(&mut self, now: Timestamp, what: What) {
        match what {
            What::SmallComes => {
                let job = small(&mut self.dice, now);
                self.small.push_back(job);
                let next = next_small(&mut self.dice, now);
                self.agenda.put(next, What::SmallComes);
            }
            What::SmallEnds => self.free += 1,
            What::Works(suite, worker, deed) => self.work(now, suite, worker, deed),
            What::ShardEnds(_) => unreachable!("nothing is split beforehand here"),
        }
    }

    fn work(&mut self, now: Timestamp, suite: usize, worker: usize, deed: Deed) {
        let mut plans = Plans::new();
        let running = &mut self.suites[suite];
        let was_gone = running.crew.actors[worker].is_gone;
        running.crew.act(now, worker, deed, &mut plans);
        if running.crew.actors[worker].is_gone && !was_gone {
            running.workers -= 1;
            running.asked = running.asked.saturating_sub(1);
            self.free += 1;
        }
        self.plan(suite, plans);
        let running = &mut self.suites[suite];
        if running.crew.closed.is_some() && !running.is_over {
            running.is_over = true;
            self.hour.suites.push(now.since(running.since).as_secs_f64());
            self.submit(now);
        }
    }

    fn plan(&mut self, suite: usize, plans: Plans) {
        plans.into_iter().for_each(|(at, worker, deed)| self.agenda.put(at, What::Works(suite, worker, deed)));
    }

    /// Gives out what is free, and asks for what is wanted.
    fn share(&mut self, now: Timestamp) {
        while self.free > 0 && !self.small.is_empty() {
            let Some(job) = self.small.pop_front() else { break };
            self.hour.waits.push(now.since(job.since).as_secs_f64());
            self.free -= 1;
            self.agenda.put(now + job.takes, What::SmallEnds);
        }
        while self.free > KEPT_FREE {
            let Some(suite) = self.hungriest() else { break };
            self.grow(now, suite);
        }
        self.ask_for_runners(now);
    }

    fn grow(&mut self, now: Timestamp, suite: usize) {
        let mut plans = Plans::new();
        let speed = self.dice.between(0.8, 1.2);
        let running = &mut self.suites[suite];
        running.workers += 1;
        running.crew.tell(now, Event::Contended(true), &mut plans);
        running.crew.join(now, now + Duration::from_millis(SETUP_MS), speed, &mut plans);
        self.free -= 1;
        self.plan(suite, plans);
    }

    /// The suite with the fewest runners, of those with enough to do for one more.
    fn hungriest(&self) -> Option<usize> {
        let worth_it = 2 * (SETUP_MS + self.boot_ms);
        let wants = |suite: &usize| self.suites[*suite].crew.split.progress().waiting_ms > worth_it;
        let open = (0..self.suites.len()).filter(|suite| !self.suites[*suite].is_over);
        open.filter(wants).min_by_key(|suite| self.suites[*suite].workers)
    }

    fn ask_for_runners(&mut self, now: Timestamp) {
        let has_fewest = self.hungriest().map(|suite| self.suites[suite].workers);
        let largest = (0..self.suites.len()).filter(|suite| !self.suites[*suite].is_over);
        let Some(largest) = largest.max_by_key(|suite| self.suites[*suite].workers - self.suites[*suite].asked) else {
            return;
        };
        let is_uneven = has_fewest.is_some_and(|fewest| fewest + 2 <= self.suites[largest].workers);
        let wanted = self.small.len() + usize::from(is_uneven);
        let asked: usize = self.suites.iter().filter(|suite| !suite.is_over).map(|suite| suite.asked).sum();
        let mut plans = Plans::new();
        let running = &mut self.suites[largest];
        if asked < wanted && running.workers > running.asked + 1 {
            running.asked += 1;
            running.crew.tell(now, Event::YieldAsked, &mut plans);
        }
        self.plan(largest, plans);
    }
}

/// First come, first served; a suite is sixteen jobs, made beforehand.
pub(crate) struct Line {
    agenda: Agenda<What>,
    free: usize,
    line: VecDeque<(Timestamp, Duration, Option<usize>)>,
    /// Since when, and how many parts are left.
    suites: Vec<(Timestamp, usize)>,
    dice: Dice,
    boot_ms: u64,
    hour: Hour,
}

impl Line {
    pub(crate) fn an_hour(seed: u64, boot_ms: u64) -> Hour {
        let hour = Hour { waits: Vec::new(), suites: Vec::new() };
        let (agenda, line, suites) = Default::default();
        let mut all = Line { agenda, free: RUNNERS, line, suites, dice: Dice::new(seed), boot_ms, hour };
        all.agenda.put(Timestamp(0), What::SmallComes);
        (0..SUITES_AT_ONCE).for_each(|_| all.submit(Timestamp(0)));
        all.serve(Timestamp(0));
        while let Some((now, what)) = all.agenda.next().filter(|(now, _)| now.0 < HOUR_MS) {
            all.take_in(now, what);
            all.serve(now);
        }
        all.hour
    }

    fn submit(&mut self, now: Timestamp) {
        let suite = Suite::draw(&mut self.dice, Known::History);
        for part in crate::makespan::longest_first(&suite, RUNNERS) {
            let work: f64 = part.iter().map(|test| suite.truth_ms[*test]).sum();
            let takes = work / self.dice.between(0.8, 1.2) + (SETUP_MS + self.boot_ms) as f64;
            self.line.push_back((now, Duration::from_millis(takes as u64), Some(self.suites.len())));
        }
        self.suites.push((now, RUNNERS));
    }

    fn take_in(&mut self, now: Timestamp, what: What) {
        match what {
            What::SmallComes => {
                let job = small(&mut self.dice, now);
                self.line.push_back((now, job.takes, None));
                let next = next_small(&mut self.dice, now);
                self.agenda.put(next, What::SmallComes);
            }
            What::SmallEnds => self.free += 1,
            What::ShardEnds(suite) => self.shard_ended(now, suite),
            What::Works(..) => unreachable!("nobody pulls here"),
        }
    }

    fn shard_ended(&mut self, now: Timestamp, suite: usize) {
        self.free += 1;
        let (since, left) = &mut self.suites[suite];
        *left -= 1;
        if *left == 0 {
            self.hour.suites.push(now.since(*since).as_secs_f64());
            self.submit(now);
        }
    }

    fn serve(&mut self, now: Timestamp) {
        while self.free > 0 {
            let Some((since, takes, suite)) = self.line.pop_front() else { break };
            self.free -= 1;
            match suite {
                Some(suite) => self.agenda.put(now + takes, What::ShardEnds(suite)),
                None => {
                    self.hour.waits.push(now.since(since).as_secs_f64());
                    self.agenda.put(now + takes, What::SmallEnds);
                }
            }
        }
    }
}
