//! How much work waits for runners of each kind, and how many slots would be right for it.
//!
//! Runners with the same labels are a pool. A job counts where it would wait least of the pools that can take it; one that
//! no pool can take, under the labels that it asks for. It is told to people and to whatever starts machines.

use super::Core;
use super::demand::Demand;
use sidings_proto::api::RunnerState;
use sidings_proto::fleet::PoolView;
use sidings_proto::{Resources, Timestamp};
use std::collections::BTreeMap;

/// Pools by their labels.
type Pools = BTreeMap<BTreeMap<String, String>, Pool>;

#[derive(Default)]
struct Pool {
    view: PoolView,
    /// What its largest runners have.
    resources: Vec<Resources>,
}

impl Core {
    /// The pools, by their labels.
    pub fn pools(&self, now: Timestamp) -> Vec<PoolView> {
        let mut pools = self.pools_that_are_there(now);
        for (demand, job) in self.queue.in_line() {
            let owed = self.pace_of(job).map(|takes| u64::try_from(takes.as_millis()).unwrap_or(u64::MAX));
            pool_for(&mut pools, demand).owes(owed);
        }
        let drain_ms = u64::try_from(self.policy.drain_within.as_millis()).unwrap_or(u64::MAX).max(1);
        pools.into_iter().map(|(labels, pool)| pool.told(labels, drain_ms)).collect()
    }

    fn pools_that_are_there(&self, now: Timestamp) -> Pools {
        let mut pools = Pools::new();
        for (id, runner) in &self.runners {
            let state = self.state_of(now, runner);
            if state == RunnerState::Silent {
                continue;
            }
            let pool = pools.entry(runner.labels.as_ref().clone()).or_default();
            pool.view.busy += u32::try_from(self.busy(*id)).unwrap_or(u32::MAX);
            if state == RunnerState::Up && runner.low_disk.is_none() {
                pool.view.runners += 1;
                pool.view.slots += runner.slots;
                pool.resources.push(runner.resources);
            }
        }
        pools
    }
}

/// Where a job counts.
fn pool_for<'p>(pools: &'p mut Pools, demand: &Demand) -> &'p mut Pool {
    let able = pools.iter().filter(|(labels, pool)| pool.can_take(labels, demand));
    let best = able.min_by_key(|(_, pool)| pool.waits()).map(|(labels, _)| labels.clone());
    pools.entry(best.unwrap_or_else(|| demand.labels.clone())).or_default()
}

impl Pool {
    fn can_take(&self, labels: &BTreeMap<String, String>, demand: &Demand) -> bool {
        let fits = |has: &Resources| demand.fits(*has, Resources::default());
        demand.is_met_by(labels) && self.resources.iter().any(fits)
    }

    /// Jobs for each slot, in thousandths.
    fn waits(&self) -> u64 {
        u64::from(self.view.queued + self.view.busy) * 1000 / u64::from(self.view.slots.max(1))
    }

    fn owes(&mut self, ms: Option<u64>) {
        self.view.queued += 1;
        match ms {
            Some(ms) => self.view.owed_ms = self.view.owed_ms.saturating_add(ms),
            None => self.view.unknown += 1,
        }
    }

    /// As many slots as are busy, and as many more as do what is owed in the time; a job of which nothing is known is
    /// worth a slot, and more slots than jobs are of no use.
    fn told(self, labels: BTreeMap<String, String>, drain_ms: u64) -> PoolView {
        let view = self.view;
        let more = u32::try_from(view.owed_ms.div_ceil(drain_ms)).unwrap_or(u32::MAX);
        let more = more.saturating_add(view.unknown).min(view.queued);
        PoolView { wanted: view.busy.saturating_add(more), labels, ..view }
    }
}
