//! Room that is kept free for a large job: small ones that fit beside it would otherwise go before it for ever.
//!
//! A job that is first in its line and has waited long has a runner kept for it: the one of those large enough that has
//! the least to do. Until the job fits, no other job that takes room is given to that runner. Nothing of it is kept
//! from one moment to the next: as a runner that is kept only gets emptier, the choice stays the same.

use super::Core;
use super::demand::Demand;
use super::run::State;
use sidings_proto::{JobId, Resources, RunnerId, Timestamp};
use std::collections::BTreeMap;

/// Runners, and for which job each is kept.
pub(super) type KeptFree = BTreeMap<RunnerId, JobId>;

impl Core {
    /// What is kept free now.
    pub(super) fn kept_free(&self, now: Timestamp) -> KeptFree {
        let mut kept = KeptFree::new();
        for (job, demand) in self.queue.heads() {
            if !demand.resources.is_unsaid()
                && self.has_waited_long(now, job)
                && let Some(runner) = self.least_busy(now, demand, &kept)
            {
                kept.insert(runner, job);
            }
        }
        kept
    }

    fn has_waited_long(&self, now: Timestamp, job: JobId) -> bool {
        let state = self.place(job).and_then(|place| self.job_at(place)).map(|job| &job.state);
        matches!(state, Some(State::Queued { since, .. }) if now.since(*since) >= self.policy.patience)
    }

    fn least_busy(&self, now: Timestamp, demand: &Demand, kept: &KeptFree) -> Option<RunnerId> {
        let able = self.runners.iter().filter(|(id, runner)| {
            let large = demand.fits(runner.resources, Resources::default());
            large && !kept.contains_key(id) && demand.is_met_by(&runner.labels) && self.is_up(now, runner)
        });
        able.map(|(id, _)| *id).min_by_key(|id| (self.cost_on(*id), *id))
    }

    /// What its jobs take of a runner, in thousandths of a slot.
    fn cost_on(&self, runner: RunnerId) -> u64 {
        let held = self.leases.of(runner).into_iter().filter_map(|job| self.job_at(self.place(job)?)?.tenure());
        held.filter(|tenure| !tenure.has_lapsed()).map(|tenure| tenure.cost).sum()
    }
}
