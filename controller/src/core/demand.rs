//! What a job asks of a runner, and whether one can give it: all of the labels, and room for what it may use.

use sidings_proto::{PlannedJob, Resources};
use std::collections::BTreeMap;

/// A whole slot, in the thousandths that costs are counted in.
pub(super) const SLOT: u64 = 1000;

/// What a job asks of a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Demand {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) resources: Resources,
    /// It is a further copy of a job whose tests are split: the others do its work until it comes.
    pub(super) is_further: bool,
}

impl Demand {
    pub(super) fn of(planned: &PlannedJob) -> Demand {
        // A machine does not run out of process numbers before it runs out of the rest.
        let resources = Resources { pids: None, ..planned.spec.resources() };
        let is_further = planned.spec.tests.is_some() && planned.spec.node.index > 1;
        Demand { labels: planned.scheduling.labels.clone(), resources, is_further }
    }

    /// Whether these are labels enough.
    pub(super) fn is_met_by(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }

    /// Whether it fits beside what is used. A machine that does not say what it has takes everything.
    pub(super) fn fits(&self, capacity: Resources, used: Resources) -> bool {
        let fits = |asked: Option<u64>, has: Option<u64>, used: Option<u64>| match (asked, has) {
            (Some(asked), Some(has)) => asked.saturating_add(used.unwrap_or(0)) <= has,
            (None, _) | (_, None) => true,
        };
        fits(self.resources.milli_cpus, capacity.milli_cpus, used.milli_cpus)
            && fits(self.resources.memory, capacity.memory, used.memory)
    }

    /// What it takes of a machine, in thousandths of a slot: a slot, or more if its share of processors or memory is
    /// greater than a slot's.
    pub(super) fn cost(&self, capacity: Resources, slots: u32) -> u64 {
        let share = |asked: Option<u64>, has: Option<u64>| match (asked, has) {
            (Some(asked), Some(has)) if has > 0 => asked.saturating_mul(SLOT).saturating_mul(slots.into()) / has,
            (Some(_) | None, Some(_) | None) => 0,
        };
        let cpus = share(self.resources.milli_cpus, capacity.milli_cpus);
        SLOT.max(cpus).max(share(self.resources.memory, capacity.memory))
    }
}
