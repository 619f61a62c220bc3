//! Whose turn it is among the jobs that wait for a runner.
//!
//! Projects share: the next job is of the project that has the fewest on runners; among equals of the one with the
//! oldest run; within a project of the oldest run, in the order of its file. Jobs that are held back take no part.
//! Every decision is a few look-ups in ordered sets, however long the queue is.

use sidings_proto::{JobId, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A job's place in its project's line: older runs first, then the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) accepted: Timestamp,
    pub(super) run: RunId,
    pub(super) index: usize,
    pub(super) job: JobId,
}

/// The jobs that wait for a runner, and how many of each project have one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Queue {
    waiting: BTreeMap<JobId, Waiting>,
    held_back: BTreeSet<(Timestamp, JobId)>,
    lanes: BTreeMap<Arc<str>, Lane>,
    /// The projects that have a job ready, the one whose turn it is first.
    order: BTreeSet<(usize, Turn, Arc<str>)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Waiting {
    project: Arc<str>,
    turn: Turn,
    held_back_until: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Lane {
    running: usize,
    ready: BTreeSet<Turn>,
}

impl Queue {
    /// Puts a job in line, or holds it back until its time.
    pub(super) fn insert(&mut self, now: Timestamp, project: &Arc<str>, turn: Turn, not_before: Timestamp) {
        let held_back_until = (not_before > now).then_some(not_before);
        match held_back_until {
            Some(until) => self.held_back.insert((until, turn.job)),
            None => self.in_lane(project, |lane| lane.ready.insert(turn)),
        };
        self.waiting.insert(turn.job, Waiting { project: project.clone(), turn, held_back_until });
    }

    /// Takes a job out of line; nothing happens when it is not in it.
    pub(super) fn withdraw(&mut self, job: JobId) {
        let Some(waiting) = self.waiting.remove(&job) else { return };
        match waiting.held_back_until {
            Some(until) => self.held_back.remove(&(until, job)),
            None => self.in_lane(&waiting.project, |lane| lane.ready.remove(&waiting.turn)),
        };
    }

    /// Puts the jobs in line whose time has come.
    pub(super) fn wake(&mut self, now: Timestamp) {
        while let Some((_, job)) = self.held_back.first().copied().filter(|(until, _)| *until <= now) {
            self.held_back.pop_first();
            let Some(waiting) = self.waiting.get_mut(&job) else { continue };
            waiting.held_back_until = None;
            let (project, turn) = (waiting.project.clone(), waiting.turn);
            self.in_lane(&project, |lane| lane.ready.insert(turn));
        }
    }

    /// When the next job that is held back comes into line.
    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        self.held_back.first().map(|(until, _)| *until)
    }

    /// Takes out the job whose turn it is.
    pub(super) fn take(&mut self) -> Option<JobId> {
        let (_, turn, _) = self.order.first()?;
        let job = turn.job;
        self.withdraw(job);
        Some(job)
    }

    /// One more job of the project is on a runner.
    pub(super) fn started(&mut self, project: &Arc<str>) {
        self.in_lane(project, |lane| lane.running += 1);
    }

    /// One job less of the project is on a runner.
    pub(super) fn stopped(&mut self, project: &Arc<str>) {
        self.in_lane(project, |lane| lane.running = lane.running.saturating_sub(1));
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.order.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn in_lane<T>(&mut self, project: &Arc<str>, change: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = self.lanes.entry(project.clone()).or_default();
        if let Some(first) = lane.ready.first() {
            self.order.remove(&(lane.running, *first, project.clone()));
        }
        let changed = change(lane);
        if let Some(first) = lane.ready.first() {
            self.order.insert((lane.running, *first, project.clone()));
        } else if lane.running == 0 {
            self.lanes.remove(project);
        }
        changed
    }
}
