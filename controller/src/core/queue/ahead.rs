//! Looking ahead: in which order the jobs in line would be handed out if nobody came and nothing went wrong.

use super::{Lane, Queue, Turn, weight};
use crate::core::demand::{Demand, SLOT};
use crate::core::used::Used;
use sidings_proto::JobId;
use std::collections::BTreeMap;
use std::collections::btree_set;
use std::iter::Peekable;
use std::sync::Arc;

/// The lines, to be drawn from without changing them.
pub(in crate::core) struct Ahead<'q> {
    lines: Vec<Line<'q>>,
    /// What each project would have on runners, in thousandths of a slot.
    running: BTreeMap<&'q str, u64>,
}

/// The jobs of a project that ask for the same, in their order.
struct Line<'q> {
    project: &'q Arc<str>,
    used: Used,
    demand: &'q Demand,
    turns: Peekable<btree_set::Iter<'q, Turn>>,
}

/// A job that is drawn, and what the caller chose for it.
pub(in crate::core) struct Drawn<'q, C> {
    pub(in crate::core) job: JobId,
    pub(in crate::core) project: &'q Arc<str>,
    pub(in crate::core) demand: &'q Demand,
    pub(in crate::core) choice: C,
}

impl Queue {
    /// The lines as they are now.
    pub(in crate::core) fn ahead(&self) -> Ahead<'_> {
        let running = self.lanes.iter().map(|(project, lane)| (project.as_ref(), lane.running)).collect();
        Ahead { lines: self.lanes.iter().flat_map(|(project, lane)| lines_of(project, lane)).collect(), running }
    }

    /// The jobs in line, by project and what they ask for.
    pub(in crate::core) fn in_line(&self) -> impl Iterator<Item = (&Demand, JobId)> {
        let lines = self.lanes.values().flat_map(|lane| &lane.ready);
        lines.flat_map(|(demand, turns)| turns.iter().map(move |turn| (demand.as_ref(), turn.job)))
    }
}

fn lines_of<'q>(project: &'q Arc<str>, lane: &'q Lane) -> Vec<Line<'q>> {
    let lines = lane.ready.iter();
    lines.map(|(demand, turns)| Line { project, used: lane.used, demand, turns: turns.iter().peekable() }).collect()
}

impl<'q> Ahead<'q> {
    /// Draws the job whose turn it would be, of those that something is chosen for.
    pub(in crate::core) fn draw<C>(&mut self, choose: impl Fn(&Demand) -> Option<C>) -> Option<Drawn<'q, C>> {
        let running = &self.running;
        let heads = self.lines.iter_mut().enumerate().filter_map(|(at, line)| {
            let turn = **line.turns.peek()?;
            let has = running.get(line.project.as_ref()).copied().unwrap_or(0);
            Some(((has + SLOT).saturating_mul(weight(turn.priority)), line.used, turn, at))
        });
        let mut heads: Vec<_> = heads.collect();
        heads.sort_unstable();
        let (at, choice) =
            heads.into_iter().find_map(|(_, _, _, at)| Some((at, choose(self.lines.get(at)?.demand)?)))?;
        let line = self.lines.get_mut(at)?;
        let job = line.turns.next()?.job;
        Some(Drawn { job, project: line.project, demand: line.demand, choice })
    }

    /// What the project would have, in thousandths of a slot.
    pub(in crate::core) fn has(&self, project: &str) -> u64 {
        self.running.get(project).copied().unwrap_or(0)
    }

    /// The project would have so much more on runners.
    pub(in crate::core) fn started(&mut self, project: &'q str, cost: u64) {
        *self.running.entry(project).or_default() += cost;
    }

    /// The project would have so much less.
    pub(in crate::core) fn stopped(&mut self, project: &str, cost: u64) {
        if let Some(running) = self.running.get_mut(project) {
            *running = running.saturating_sub(cost);
        }
    }
}
