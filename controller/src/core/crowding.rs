//! Split jobs and those who wait beside them: how far they may grow, and which runners they should give back.
//!
//! A copy of a split job loses nothing when it ends between two batches, so it is asked for its runner when another
//! project waits that has two slots fewer. What it would keep would be gone with it: a job that keeps files is not
//! asked. Nothing of this is kept from one moment to the next; whoever asks looks again.

use super::Core;
use super::demand::{Demand, SLOT};
use super::queue::Ahead;
use super::run::{Job, State};
use super::runners::Runner;
use sidings_proto::{JobId, JobSpec, RunId, RunnerId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Who waits beside split jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowding {
    /// For each split job that others wait beside, by its run and its name: how many of its runners they need.
    pub needed: BTreeMap<(RunId, String), u32>,
    /// For each job that gets one of them, whose: `unit of shop`.
    pub(super) from: BTreeMap<JobId, String>,
}

/// Of so many slots one is kept free of further copies of split jobs.
const ONE_FREE_IN: u64 = 16;
/// Whoever waits shorter is about to be given what there is.
const WAITS: Duration = Duration::from_secs(1);
/// Jobs in line that are looked at.
const LOOKED_AT: usize = 256;

/// A split job with copies on runners.
struct Split {
    run: RunId,
    suite: String,
    project: Arc<str>,
    /// So many are on runners.
    size: usize,
    /// Those that may be asked.
    copies: Vec<Copy>,
}

struct Copy {
    job: JobId,
    runner: RunnerId,
    /// What it takes of its runner, in thousandths of a slot.
    cost: u64,
}

impl Core {
    /// Whether a job that asks for this may be handed out, as far as split jobs are concerned.
    pub(super) fn may_grow(&self, demand: &Demand) -> bool {
        if !demand.is_further {
            return true;
        }
        let able = self.runners.iter().filter(|(_, runner)| self.takes_new(runner) && demand.is_met_by(&runner.labels));
        let (slots, busy) = able.fold((0, 0), |(slots, busy), (id, runner)| {
            (slots + u64::from(runner.slots), busy + self.busy(*id) as u64)
        });
        let kept = slots / ONE_FREE_IN;
        kept == 0 || slots.saturating_sub(busy) > kept
    }

    fn takes_new(&self, runner: &Runner) -> bool {
        !runner.draining && runner.low_disk.is_none() && self.drain_of(&runner.name).is_none()
    }

    /// Who waits beside split jobs, and how many of their runners are needed.
    pub fn crowding(&self, now: Timestamp) -> Crowding {
        let mut splits = self.splits_at_work();
        let (mut crowding, mut ahead) = (Crowding::default(), self.queue.ahead());
        let mut are_full: BTreeMap<&Demand, bool> = BTreeMap::new();
        for _ in 0..if splits.is_empty() { 0 } else { LOOKED_AT } {
            let Some(drawn) = ahead.draw(|_| Some(())) else { break };
            let are_full = *are_full.entry(drawn.demand).or_insert_with(|| self.are_full(now, drawn.demand));
            if !(are_full && self.has_waited(now, drawn.job)) {
                continue;
            }
            let others = splits.iter_mut().filter(|split| split.project != *drawn.project);
            let mut beside: Vec<_> =
                others.filter(|split| self.one_that_helps(now, split, drawn.demand).is_some()).collect();
            for split in &beside {
                crowding.needed.entry(split.key()).or_insert(0);
            }
            beside.retain(|split| split.can_spare(&ahead, drawn.project));
            let largest = beside.into_iter().max_by_key(|split| (ahead.has(&split.project), split.size));
            if let Some(split) = largest
                && let Some(copy) = self.one_that_helps(now, split, drawn.demand)
            {
                let cost = split.give(copy);
                *crowding.needed.entry(split.key()).or_insert(0) += 1;
                crowding.from.insert(drawn.job, format!("{} of {}", split.suite, split.project));
                ahead.stopped(&split.project, cost);
                ahead.started(drawn.project, SLOT);
            }
        }
        crowding
    }

    fn splits_at_work(&self) -> Vec<Split> {
        let mut splits = BTreeMap::new();
        let held = self.runners.keys().flat_map(|runner| self.leases.of(*runner).into_iter().map(|job| (job, *runner)));
        for (job, runner) in held {
            let Some(place) = self.place(job) else { continue };
            let (Some(run), Some(tenure)) = (self.runs.get(&place.run), self.job_at(place).and_then(Job::tenure))
            else {
                continue;
            };
            let Some(spec) = run.job_spec(place.index).filter(|_| !tenure.has_lapsed()) else { continue };
            let Some(tests) = &spec.tests else { continue };
            let key = (place.run, tests.suite.clone());
            let (run, suite, project) = (place.run, tests.suite.clone(), run.project.clone());
            let split = splits.entry(key).or_insert_with(|| Split { run, suite, project, size: 0, copies: Vec::new() });
            split.size += 1;
            if loses_nothing(spec) && !self.is_stopping(place) {
                split.copies.push(Copy { job, runner, cost: tenure.cost });
            }
        }
        splits.into_values().collect()
    }

    fn has_waited(&self, now: Timestamp, job: JobId) -> bool {
        let state = self.place(job).and_then(|place| self.job_at(place)).map(|job| &job.state);
        matches!(state, Some(State::Queued { since, .. }) if now.since(*since) >= WAITS)
    }

    /// Whether none of the runners that may have such a job has a slot for it.
    fn are_full(&self, now: Timestamp, demand: &Demand) -> bool {
        let mut able = self.runners.iter().filter(|(_, runner)| {
            self.is_up(now, runner) && self.takes_new(runner) && demand.is_met_by(&runner.labels)
        });
        !able.any(|(id, runner)| self.has_slot(*id, runner))
    }

    /// The copy of a split whose end would let a job begin that asks for this.
    fn one_that_helps(&self, now: Timestamp, split: &Split, demand: &Demand) -> Option<usize> {
        split.copies.iter().position(|copy| {
            self.runners.get(&copy.runner).is_some_and(|runner| {
                let is_there = self.is_up(now, runner) && self.takes_new(runner);
                let fits = || demand.fits(runner.resources, self.used_on(copy.runner, Some(copy.job)));
                is_there && demand.is_met_by(&runner.labels) && fits()
            })
        })
    }
}

/// Whether what an attempt leaves is with its queue, all of it.
fn loses_nothing(spec: &JobSpec) -> bool {
    spec.artifacts.is_empty()
}

impl Split {
    /// Whether it is not its last copy, and its project has two slots more than one that waits.
    fn can_spare(&self, ahead: &Ahead<'_>, other: &str) -> bool {
        self.size > 1 && ahead.has(&self.project) >= ahead.has(other) + 2 * SLOT
    }

    fn key(&self) -> (RunId, String) {
        (self.run, self.suite.clone())
    }

    /// Counts a copy as gone; gives what it took of its runner.
    fn give(&mut self, copy: usize) -> u64 {
        self.size -= 1;
        self.copies.remove(copy).cost
    }
}
