//! When each job in line would start: the queue played forward over what the runners have and how long jobs take.
//!
//! It is told to people and decides nothing. Nobody new comes in it, nothing fails, nothing is kept free; of a job that
//! takes nobody knows how long, what would follow it is not known either.

use super::Core;
use super::demand::Demand;
use super::run::Tenure;
use super::runners::Runner;
use sidings_proto::{JobId, Resources, RunnerId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Jobs whose start is foreseen. What comes after them is too far away to be true.
const FORESEEN: usize = 200;
/// A job that takes longer than it used to is thought to end within this.
const ANY_MOMENT: Duration = Duration::from_secs(5);

/// A runner, as it is at some moment to come.
struct Host<'c> {
    runner: &'c Runner,
    slots: usize,
    has: Vec<Busy>,
}

/// A job on it.
struct Busy {
    /// None: nobody knows.
    ends: Option<Timestamp>,
    resources: Resources,
    project: Arc<str>,
    cost: u64,
}

impl Core {
    /// When the jobs in line start, of those of which it can be foreseen.
    pub fn expected_starts(&self, now: Timestamp) -> BTreeMap<JobId, Timestamp> {
        let (mut hosts, mut line, mut at) = (self.hosts(now), self.queue.ahead(), now);
        let mut starts = BTreeMap::new();
        while starts.len() < FORESEEN {
            let Some(drawn) = line.draw(|demand| least_busy(&hosts, demand)) else {
                let Some(next) = next_end(&hosts) else { break };
                at = at.max(next);
                for over in hosts.iter_mut().flat_map(|host| host.over(at)) {
                    line.stopped(&over.project, over.cost);
                }
                continue;
            };
            let Some(host) = hosts.get_mut(drawn.choice) else { break };
            let cost = drawn.demand.cost(host.runner.resources, host.runner.slots);
            let ends = self.pace_of(drawn.job).map(|takes| at + takes);
            let (resources, project) = (drawn.demand.resources, drawn.project.clone());
            host.has.push(Busy { ends, resources, project, cost });
            line.started(drawn.project, cost);
            starts.insert(drawn.job, at);
        }
        starts
    }

    fn hosts(&self, now: Timestamp) -> Vec<Host<'_>> {
        let open = self.runners.iter().filter(|(_, runner)| runner.low_disk.is_none() && self.is_up(now, runner));
        open.map(|(id, runner)| self.host(now, *id, runner)).collect()
    }

    fn host<'c>(&'c self, now: Timestamp, id: RunnerId, runner: &'c Runner) -> Host<'c> {
        let held = self.leases.of(id).into_iter().filter_map(|job| self.busy_with(now, job));
        Host { runner, slots: usize::try_from(runner.slots).unwrap_or(usize::MAX), has: held.collect() }
    }

    fn busy_with(&self, now: Timestamp, job: JobId) -> Option<Busy> {
        let place = self.place(job)?;
        let (run, tenure) = (self.runs.get(&place.run)?, self.job_at(place)?.tenure()?);
        let busy = || Busy {
            ends: self.expected_end(now, job, tenure),
            resources: run.jobs[place.index].demand.resources,
            project: run.project.clone(),
            cost: tenure.cost,
        };
        (!tenure.has_lapsed()).then(busy)
    }

    /// When a job that runs is over. One that takes more than twice as long as it did may take for ever.
    fn expected_end(&self, now: Timestamp, job: JobId, tenure: &Tenure) -> Option<Timestamp> {
        let takes = self.pace_of(job)?;
        let runs = now.since(tenure.started);
        (runs <= takes * 2 + ANY_MOMENT).then(|| (tenure.started + takes).max(now + ANY_MOMENT))
    }
}

impl Host<'_> {
    fn takes(&self, demand: &Demand) -> bool {
        let used = self.has.iter().map(|busy| busy.resources).fold(Resources::default(), Resources::and);
        self.has.len() < self.slots && demand.is_met_by(&self.runner.labels) && demand.fits(self.runner.resources, used)
    }

    /// Takes out what is over by then.
    fn over(&mut self, at: Timestamp) -> Vec<Busy> {
        let is_over = |busy: &mut Busy| busy.ends.is_some_and(|ends| ends <= at);
        self.has.extract_if(.., is_over).collect()
    }
}

/// As lease requests are answered: the runner that has the least to do.
fn least_busy(hosts: &[Host<'_>], demand: &Demand) -> Option<usize> {
    let able = hosts.iter().enumerate().filter(|(_, host)| host.takes(demand));
    able.min_by_key(|(_, host)| host.has.len()).map(|(at, _)| at)
}

fn next_end(hosts: &[Host<'_>]) -> Option<Timestamp> {
    hosts.iter().flat_map(|host| &host.has).filter_map(|busy| busy.ends).min()
}
