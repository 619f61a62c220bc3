//! Whose turn it is among the jobs that wait for a runner.
//!
//! Projects share. The next job is of the project with the least score: what it has on runners, and one more, halved
//! for each hundred of the job's priority. Among equals it is of the project that used least of late, then the oldest.
//! Within a project jobs go by age, and a level of priority counts as five minutes of it: so one job passes others,
//! and none waits for ever. Jobs that are held back take no part.
//!
//! Jobs that ask the same of a runner wait in the same line, so that what no runner can take is in nobody's way. Every
//! decision is a few look-ups in ordered sets, however long the queue is.

mod ahead;

pub(super) use ahead::Ahead;

use super::demand::{Demand, SLOT};
use super::used::Used;
use sidings_proto::{JobId, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A level of priority is worth this much waiting.
const LEVEL_MS: i64 = 5 * 60 * 1000;

/// A job's place in its project's line: older runs first, then the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// When it would have been accepted without a priority.
    due: i64,
    pub(super) accepted: Timestamp,
    pub(super) run: RunId,
    pub(super) index: usize,
    pub(super) job: JobId,
    priority: i32,
}

impl Turn {
    pub(super) fn new(accepted: Timestamp, run: RunId, index: usize, job: JobId, priority: i32) -> Turn {
        let due = accepted.0.saturating_sub(LEVEL_MS.saturating_mul(i64::from(priority)));
        Turn { due, accepted, run, index, job, priority }
    }
}

/// Where a project stands in a line: its score, its use, its first job, its name.
type Standing = (u64, Used, Turn, Arc<str>);

/// The jobs that wait for a runner, and what each project has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Queue {
    waiting: BTreeMap<JobId, Waiting>,
    held_back: BTreeSet<(Timestamp, JobId)>,
    lanes: BTreeMap<Arc<str>, Lane>,
    /// For each demand the projects that have such a job ready, the one whose turn it is first.
    lines: BTreeMap<Arc<Demand>, BTreeSet<Standing>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Waiting {
    project: Arc<str>,
    turn: Turn,
    demand: Arc<Demand>,
    held_back_until: Option<Timestamp>,
}

/// A project's jobs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lane {
    /// What it has on runners, in thousandths of a slot.
    running: u64,
    used: Used,
    ready: BTreeMap<Arc<Demand>, BTreeSet<Turn>>,
}

impl Queue {
    /// Puts a job in line, or holds it back until its time.
    pub(super) fn insert(
        &mut self,
        now: Timestamp,
        project: &Arc<str>,
        turn: Turn,
        demand: Arc<Demand>,
        not_before: Timestamp,
    ) {
        let held_back_until = (not_before > now).then_some(not_before);
        match held_back_until {
            Some(until) => drop(self.held_back.insert((until, turn.job))),
            None => self.in_lane(project, |lane| lane.add(&demand, turn)),
        };
        self.waiting.insert(turn.job, Waiting { project: project.clone(), turn, demand, held_back_until });
    }

    /// Takes a job out of line; nothing happens when it is not in it.
    pub(super) fn withdraw(&mut self, job: JobId) {
        let Some(waiting) = self.waiting.remove(&job) else { return };
        match waiting.held_back_until {
            Some(until) => drop(self.held_back.remove(&(until, job))),
            None => self.in_lane(&waiting.project, |lane| lane.remove(&waiting.demand, &waiting.turn)),
        };
    }

    /// Puts the jobs in line whose time has come.
    pub(super) fn wake(&mut self, now: Timestamp) {
        while let Some((_, job)) = self.held_back.first().copied().filter(|(until, _)| *until <= now) {
            self.held_back.pop_first();
            let Some(waiting) = self.waiting.get_mut(&job) else { continue };
            waiting.held_back_until = None;
            let Waiting { project, turn, demand, .. } = waiting.clone();
            self.in_lane(&project, |lane| lane.add(&demand, turn));
        }
    }

    /// When the next job that is held back comes into line.
    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        self.held_back.first().map(|(until, _)| *until)
    }

    /// The job whose turn it is, of those that ask for something else than these.
    pub(super) fn first_but(&self, unmet: &BTreeSet<Arc<Demand>>) -> Option<(JobId, Arc<Demand>)> {
        let open = self.lines.iter().filter(|(demand, _)| !unmet.contains(*demand));
        let heads = open.filter_map(|(demand, line)| Some((line.first()?, demand)));
        heads.min().map(|((_, _, turn, _), demand)| (turn.job, demand.clone()))
    }

    /// The first jobs of all lines, in the order of their turns.
    pub(super) fn heads(&self) -> impl Iterator<Item = (JobId, &Demand)> {
        let mut heads: Vec<_> = self.lines.iter().filter_map(|(demand, line)| Some((line.first()?, demand))).collect();
        heads.sort();
        heads.into_iter().map(|((_, _, turn, _), demand)| (turn.job, demand.as_ref()))
    }

    /// How many jobs of its project that ask for the same go before this one; none when it is not in line.
    pub(super) fn ahead_of(&self, job: JobId) -> Option<usize> {
        let waiting = self.waiting.get(&job).filter(|waiting| waiting.held_back_until.is_none())?;
        let ready = self.lanes.get(&waiting.project)?.ready.get(&waiting.demand)?;
        Some(ready.range(..waiting.turn).count())
    }

    /// One more job of the project is on a runner, and takes so much of it.
    pub(super) fn started(&mut self, project: &Arc<str>, cost: u64) {
        self.in_lane(project, |lane| lane.running += cost);
    }

    /// One job less of the project is on a runner.
    pub(super) fn stopped(&mut self, now: Timestamp, project: &Arc<str>, cost: u64, since: Timestamp) {
        let time = u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX);
        self.in_lane(project, |lane| {
            lane.running = lane.running.saturating_sub(cost);
            lane.used = lane.used.and(now, time.saturating_mul(cost) / SLOT);
        });
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Changes a lane and where it stands in each line that it has jobs in.
    fn in_lane(&mut self, project: &Arc<str>, change: impl FnOnce(&mut Lane)) {
        let lane = self.lanes.entry(project.clone()).or_default();
        for (demand, standing) in lane.standings(project) {
            if let Some(line) = self.lines.get_mut(&demand) {
                line.remove(&standing);
            }
        }
        change(lane);
        for (demand, standing) in lane.standings(project) {
            self.lines.entry(demand).or_default().insert(standing);
        }
        if lane.is_idle() {
            self.lanes.remove(project);
        }
        self.lines.retain(|_, line| !line.is_empty());
    }
}

impl Lane {
    fn add(&mut self, demand: &Arc<Demand>, turn: Turn) {
        self.ready.entry(demand.clone()).or_default().insert(turn);
    }

    fn remove(&mut self, demand: &Arc<Demand>, turn: &Turn) {
        let Some(line) = self.ready.get_mut(demand) else { return };
        line.remove(turn);
        if line.is_empty() {
            self.ready.remove(demand);
        }
    }

    fn standings(&self, project: &Arc<str>) -> Vec<(Arc<Demand>, Standing)> {
        let heads = self.ready.iter().filter_map(|(demand, line)| Some((demand, line.first()?)));
        heads.map(|(demand, turn)| (demand.clone(), (self.score(turn), self.used, *turn, project.clone()))).collect()
    }

    fn score(&self, first: &Turn) -> u64 {
        (self.running + SLOT).saturating_mul(weight(first.priority))
    }

    /// Nothing would be forgotten with it.
    fn is_idle(&self) -> bool {
        self.running == 0 && self.ready.is_empty() && self.used == Used::default()
    }
}

/// What a slot counts at this priority: 1024 at 0, half of it at 100, twice as much at -100.
fn weight(priority: i32) -> u64 {
    let weight = 1024.0 * (-f64::from(priority) / 100.0).exp2();
    weight.round() as u64
}
