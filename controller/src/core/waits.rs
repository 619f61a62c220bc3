//! Why each job that waits does so, for people and for programs.
//!
//! It decides nothing: it looks at what the decisions look at, at this moment, and tells the first thing in the way.

use super::Core;
use super::demand::Demand;
use super::run::{Place, Run, State, Tenure};
use super::runners::Runner;
use sidings_proto::api::{RunnerState, WaitFor, WaitView};
use sidings_proto::{JobId, Resources, RunId, RunnerId, Timestamp};
use std::cell::LazyCell;

/// Names that a reason lists; the rest is counted.
const NAMED: usize = 3;

impl Core {
    /// For each job of a run, in the plan's order, what it waits for; none for those that do not wait.
    pub fn waits(&self, now: Timestamp, id: RunId) -> Vec<Option<WaitView>> {
        self.waits_of(now, &[id]).pop().unwrap_or_default()
    }

    /// The same of some runs; looks ahead once, and only where somebody is in line.
    pub fn waits_of(&self, now: Timestamp, runs: &[RunId]) -> Vec<Vec<Option<WaitView>>> {
        let starts = LazyCell::new(|| self.expected_starts(now));
        let crowding = LazyCell::new(|| self.crowding(now));
        let of_job = |run: &Run, place: Place| {
            let (wait, job) = (self.wait(now, run, place)?, run.jobs[place.index].id);
            if wait.kind != WaitFor::Turn {
                return Some(wait);
            }
            let from = crowding
                .from
                .get(&job)
                .map(|split| format!("; {split} gives a runner back when a batch of its tests ends"));
            let message = wait.message + from.as_deref().unwrap_or_default();
            Some(WaitView { starts: starts.get(&job).copied(), message, ..wait })
        };
        let of_run = |id: &RunId| {
            let Some(run) = self.runs.get(id) else { return Vec::new() };
            (0..run.jobs.len()).map(|index| of_job(run, Place { run: *id, index })).collect()
        };
        runs.iter().map(of_run).collect()
    }

    fn wait(&self, now: Timestamp, run: &Run, place: Place) -> Option<WaitView> {
        let job = &run.jobs[place.index];
        match &job.state {
            State::Waiting { .. } => self.wait_to_be_ready(run, place.index),
            State::Queued { not_before, .. } if *not_before > now => {
                let seconds = not_before.since(now).as_secs().max(1);
                Some(wait(WaitFor::BackOff, format!("it is tried again in {seconds} s")))
            }
            State::Queued { .. } => Some(self.wait_for_runner(now, job.id, &job.demand)),
            State::Leased(tenure) => self.wait_to_be_heard(now, tenure),
            State::Ended(_) => None,
        }
    }

    /// A job that is out with a runner waits when nothing is heard of it, and by and by goes to another.
    fn wait_to_be_heard(&self, now: Timestamp, tenure: &Tenure) -> Option<WaitView> {
        let Some(runner) = self.runners.get(&tenure.runner) else {
            return Some(wait(WaitFor::Runner, "nothing was heard yet of the runner that has it".to_owned()));
        };
        let silent = now.since(runner.seen);
        if silent < self.policy.lease_ttl / 2 {
            return None;
        }
        let then = if tenure.has_lapsed() { "; the next runner that is free gets it" } else { "" };
        let message = format!("nothing was heard of {} for {} s{then}", runner.name, silent.as_secs());
        Some(wait(WaitFor::Runner, message))
    }

    /// What comes before a job is in line for a runner: its run, its needs, a person, its group.
    fn wait_to_be_ready(&self, run: &Run, index: usize) -> Option<WaitView> {
        if let Some(message) = self.why_not_in(run, None) {
            return Some(wait(WaitFor::Group, message));
        }
        if let Some(message) = needs(run, index) {
            return Some(wait(WaitFor::Needs, message));
        }
        if run.waits_for_approval(index) {
            let from = &run.planned(index)?.scheduling.approval.as_ref()?.from;
            let whose = if from.is_empty() { "somebody".to_owned() } else { from.join(" or ") };
            return Some(wait(WaitFor::Approval, format!("needs the approval of {whose}")));
        }
        self.why_not_in(run, Some(index)).map(|message| wait(WaitFor::Group, message))
    }

    fn wait_for_runner(&self, now: Timestamp, job: JobId, demand: &Demand) -> WaitView {
        let waits = self.wait_for_one_of_those_up(now, job, demand);
        let drained = self.drained_for(now, demand);
        if drained.is_empty() {
            return waits;
        }
        let more = drained.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("; so are {more} more") } else { String::new() };
        let drained: Vec<_> = drained.into_iter().take(NAMED).collect();
        WaitView { message: format!("{}; {}{more}", waits.message, drained.join("; ")), ..waits }
    }

    fn wait_for_one_of_those_up(&self, now: Timestamp, job: JobId, demand: &Demand) -> WaitView {
        let up: Vec<(RunnerId, &Runner)> =
            self.runners.iter().map(|(id, runner)| (*id, runner)).filter(|(_, r)| self.is_up(now, r)).collect();
        if up.is_empty() {
            return wait(WaitFor::Runner, "no runner is up".to_owned());
        }
        let able: Vec<_> = up.iter().copied().filter(|(_, runner)| demand.is_met_by(&runner.labels)).collect();
        if able.is_empty() {
            return wait(WaitFor::Labels, no_labels(demand, &up));
        }
        let large: Vec<_> =
            able.iter().copied().filter(|(_, r)| demand.fits(r.resources, Resources::default())).collect();
        if large.is_empty() {
            return wait(WaitFor::Resources, too_small(demand, &able));
        }
        let (full, open): (Vec<_>, Vec<_>) = large.into_iter().partition(|(_, runner)| runner.low_disk.is_some());
        if open.is_empty() {
            return wait(WaitFor::Runner, without_room(&full));
        }
        let waits = self.wait_for_turn(now, job, demand, &open);
        if full.is_empty() {
            return waits;
        }
        WaitView { message: format!("{}; {}", waits.message, without_room(&full)), ..waits }
    }

    fn wait_for_turn(&self, now: Timestamp, job: JobId, demand: &Demand, able: &[(RunnerId, &Runner)]) -> WaitView {
        let message = match self.queue.ahead_of(job).unwrap_or(0) {
            0 if able.iter().any(|(id, runner)| self.has_slot(*id, runner)) => {
                self.wait_for_room(now, job, demand, able)
            }
            0 => "it is next; every runner that may have it is busy".to_owned(),
            1 => "1 job ahead".to_owned(),
            ahead => format!("{ahead} jobs ahead"),
        };
        wait(WaitFor::Turn, message)
    }

    fn wait_for_room(&self, now: Timestamp, job: JobId, demand: &Demand, able: &[(RunnerId, &Runner)]) -> String {
        let kept = self.kept_free(now);
        let free =
            |(id, runner): &(RunnerId, &Runner)| self.has_slot(*id, runner) && self.has_room(*id, job, demand, &kept);
        if !self.may_grow(demand) {
            return "one slot in 16 is kept free of further copies of split jobs".to_owned();
        }
        if able.iter().any(free) {
            return "a runner is about to take it".to_owned();
        }
        let mine = able.iter().find(|(id, _)| kept.get(id) == Some(&job));
        let mine = mine.map(|(_, runner)| format!("; {} takes no other job that needs room until it has", runner.name));
        let none = format!("no runner has {} free", demand.resources);
        let for_others = able.iter().any(|(id, _)| kept.get(id).is_some_and(|other| *other != job));
        let why = if for_others { "; what is free is kept for a larger job that waits longer" } else { "" };
        mine.map_or_else(|| format!("{none}{why}"), |mine| format!("{none}{mine}"))
    }

    pub(super) fn has_slot(&self, id: RunnerId, runner: &Runner) -> bool {
        self.busy(id) < usize::try_from(runner.slots).unwrap_or(usize::MAX)
    }

    pub(super) fn is_up(&self, now: Timestamp, runner: &Runner) -> bool {
        self.state_of(now, runner) == RunnerState::Up
    }
}

fn wait(kind: WaitFor, message: String) -> WaitView {
    WaitView { kind, message, starts: None }
}

/// `needs lint, unit and 2 more`; none when nothing is missing.
fn needs(run: &Run, index: usize) -> Option<String> {
    let planned = run.planned(index)?;
    let over = |name: &String| {
        run.plan().jobs.iter().zip(&run.jobs).any(|(p, job)| p.name == *name && job.outcome().is_some())
    };
    let missing: Vec<&str> = planned.needs.iter().filter(|name| !over(name)).map(String::as_str).collect();
    let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match missing.len() {
        0 => None,
        count if count > NAMED => Some(format!("needs {named} and {} more", count - NAMED)),
        _ => Some(format!("needs {named}")),
    }
}

/// `no runner with gpu=a100 (2 have gpu=t4)`.
fn no_labels(demand: &Demand, up: &[(RunnerId, &Runner)]) -> String {
    let has =
        |name: &str, value: &str| up.iter().any(|(_, runner)| runner.labels.get(name).is_some_and(|v| v == value));
    let mut missing: Vec<_> = demand.labels.iter().filter(|(name, value)| !has(name, value)).collect();
    if missing.is_empty() {
        missing = demand.labels.iter().collect();
    }
    let listed: Vec<String> = missing.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let others = match missing.as_slice() {
        [(name, _)] => others(name, up),
        _ => String::new(),
    };
    format!("no runner with {}{others}", listed.join(" and "))
}

/// `runner r1 takes no jobs: 4.1 GB free of 10.0 GB it must keep`.
fn without_room(full: &[(RunnerId, &Runner)]) -> String {
    let one = |runner: &Runner| Some(format!("runner {} takes no jobs: {}", runner.name, runner.low_disk?));
    let told: Vec<String> = full.iter().take(NAMED).filter_map(|(_, runner)| one(runner)).collect();
    let more = full.len() - told.len();
    let more = if more > 0 { format!("; so do {more} more") } else { String::new() };
    told.join("; ") + &more
}

/// What the runners that are up have instead.
fn others(name: &str, up: &[(RunnerId, &Runner)]) -> String {
    let mut values: Vec<&str> =
        up.iter().filter_map(|(_, runner)| runner.labels.get(name)).map(String::as_str).collect();
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    let listed: Vec<String> = values.iter().take(NAMED).map(|value| format!("{name}={value}")).collect();
    match count {
        0 => String::new(),
        1 => format!(" (1 has {})", listed.join(", ")),
        count => format!(" ({count} have {})", listed.join(", ")),
    }
}

/// `no runner has 16 cpus; the largest has 8 cpus and 32 GiB of memory`.
fn too_small(demand: &Demand, able: &[(RunnerId, &Runner)]) -> String {
    let largest = able.iter().map(|(_, runner)| runner.resources).max_by_key(|has| (has.milli_cpus, has.memory));
    format!("no runner has {}; the largest has {}", demand.resources, largest.unwrap_or_default())
}
