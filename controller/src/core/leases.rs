//! Attempts are handed out, kept, lost and given back. Here the fence moves, and nowhere else.
//!
//! A lease that runs out does not end its attempt at once: the job is in line again, and as long as its turn has not
//! come the fence has not moved and the runner may come back to it. It ends when another takes the job, when nobody
//! did for very long, or at once when the job has no tries left or its run is being cancelled.

use super::asks::OpenAsk;
use super::demand::Demand;
use super::event::{Answer, Lease, Record};
use super::kept_free::KeptFree;
use super::outbox::Outbox;
use super::run::{Grip, Place, State, Tenure};
use super::{Core, Policy};
use sidings_proto::runner::{ImageUse, StepResult};
use sidings_proto::{Failure, FailureClass, JobId, LifeId, RequestId, Resources, RunnerId, Timestamp, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which attempts each runner holds, and when something is due for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Leases {
    held: BTreeSet<(RunnerId, JobId)>,
    deadlines: BTreeSet<(Timestamp, JobId)>,
}

/// How an attempt is over.
pub(super) struct Ending {
    pub(super) verdict: Verdict,
    pub(super) steps: Vec<StepResult>,
    pub(super) images: Vec<ImageUse>,
}

impl Ending {
    /// An end of which the runner told nothing.
    pub(super) fn bare(verdict: Verdict) -> Self {
        Ending { verdict, steps: Vec::new(), images: Vec::new() }
    }
}

impl Leases {
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// The jobs whose newest attempt the runner holds, lapsed ones too.
    pub(super) fn of(&self, runner: RunnerId) -> Vec<JobId> {
        let all = (runner, JobId(uuid::Uuid::nil()))..=(runner, JobId(uuid::Uuid::max()));
        self.held.range(all).map(|(_, job)| *job).collect()
    }

    fn due(&self, now: Timestamp) -> Option<JobId> {
        self.deadlines.first().filter(|(at, _)| *at <= now).map(|(_, job)| *job)
    }

    fn add(&mut self, policy: &Policy, job: JobId, tenure: &Tenure) {
        self.held.insert((tenure.runner, job));
        self.deadlines.insert((deadline(policy, tenure), job));
    }

    fn remove(&mut self, policy: &Policy, job: JobId, tenure: &Tenure) {
        self.held.remove(&(tenure.runner, job));
        self.deadlines.remove(&(deadline(policy, tenure), job));
    }
}

impl Core {
    /// Gives jobs whose turn it is to the open requests, until either runs out.
    pub(super) fn hand_out(&mut self, now: Timestamp, out: &mut Outbox) {
        if self.asks.is_empty() {
            return;
        }
        let kept = self.kept_free(now);
        let mut given: BTreeMap<_, (_, Vec<Lease>)> = BTreeMap::new();
        let mut unmet = BTreeSet::new();
        while let Some((job, runner, request, open)) = self.next_pair(&kept, &mut unmet) {
            let Some(life) = self.runners.get(&runner).map(|known| known.life) else { break };
            self.queue.withdraw(job);
            let Some(place) = self.place(job) else { break };
            let (_, leases) = given.entry((runner, request)).or_insert_with(|| (open.ask, Vec::new()));
            leases.extend(self.start(now, place, (runner, life, request), out));
            if leases.len() >= open.slots {
                self.asks.close(runner, request);
            }
        }
        for ((runner, request), (ask, leases)) in given {
            self.asks.close(runner, request);
            out.answer(ask, Answer::Leased(leases));
        }
    }

    /// The job whose turn it is, and the request that gets it. Jobs of which no open request has what they ask for are
    /// passed over; what they ask for is remembered, as it cannot be met while requests are only answered.
    fn next_pair(
        &self,
        kept: &KeptFree,
        unmet: &mut BTreeSet<Arc<Demand>>,
    ) -> Option<(JobId, RunnerId, RequestId, OpenAsk)> {
        if self.asks.is_empty() {
            return None;
        }
        while let Some((job, demand)) = self.queue.first_but(unmet) {
            if !self.may_grow(&demand) {
                unmet.insert(demand);
                continue;
            }
            let has_room = |runner| self.has_room(runner, job, &demand, kept);
            match self.asks.first(|labels| demand.is_met_by(labels), has_room) {
                Some((runner, request, open)) => return Some((job, runner, request, open)),
                None => drop(unmet.insert(demand)),
            }
        }
        None
    }

    /// Whether there is room for the job on the runner beside what it holds, and what is kept free there for another.
    pub(super) fn has_room(&self, runner: RunnerId, job: JobId, demand: &Demand, kept: &KeptFree) -> bool {
        let Some(known) = self.runners.get(&runner).filter(|known| self.drain_of(&known.name).is_none()) else {
            return false;
        };
        if demand.resources.is_unsaid() {
            return true;
        }
        if kept.get(&runner).is_some_and(|other| *other != job) {
            return false;
        }
        demand.fits(known.resources, self.used_on(runner, None))
    }

    /// What the jobs on a runner may use, but for one of them.
    pub(super) fn used_on(&self, runner: RunnerId, but: Option<JobId>) -> Resources {
        let held = self.leases.of(runner).into_iter().filter(|job| Some(*job) != but);
        let held = held.filter_map(|job| self.job_at(self.place(job)?));
        let held = held.filter(|job| job.tenure().is_some_and(|tenure| !tenure.has_lapsed()));
        held.map(|job| job.demand.resources).fold(Resources::default(), Resources::and)
    }

    /// Lets go of what is due: leases that ran out, and attempts that were never mentioned.
    pub(super) fn let_leases_lapse(&mut self, now: Timestamp, out: &mut Outbox) {
        while let Some(job) = self.leases.due(now) {
            let Some(place) = self.place(job) else { break };
            self.lapse(now, place, out);
        }
    }

    /// The runner has the attempt: its lease starts anew, also when it had lapsed.
    pub(super) fn renew(&mut self, now: Timestamp, place: Place) {
        self.hold(now, place, Grip::Taken);
    }

    /// Gives a lease a full term, with this grip.
    pub(super) fn hold(&mut self, now: Timestamp, place: Place, grip: Grip) {
        let until = now + self.policy.lease_ttl;
        let Some(earlier) =
            self.change_tenure(place, |tenure| Tenure { until, grip, since: tenure.counted_from(now), ..tenure })
        else {
            return;
        };
        if !earlier.has_lapsed() {
            return;
        }
        if let Some(run) = self.runs.get(&place.run) {
            self.queue.withdraw(run.jobs[place.index].id);
            self.queue.started(&run.project, earlier.cost);
        }
        self.asks.now_busy(earlier.runner, self.busy(earlier.runner));
    }

    /// Ends the newest attempt of a job. The caller says what becomes of the job.
    pub(super) fn attempt_over(&mut self, now: Timestamp, place: Place, ending: Ending, out: &mut Outbox) {
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        let job = &mut run.jobs[place.index];
        let Some(tenure) = job.tenure().cloned() else { return };
        job.state = State::Waiting { needs: 0, failed: false };
        if let Verdict::Failed(failure) = &ending.verdict {
            let ours = failure.class.is_infrastructure();
            *(if ours { &mut job.infrastructure_failures } else { &mut job.own_failures }) += 1;
        }
        let attempt = job.attempt();
        self.leases.remove(&self.policy, attempt.job, &tenure);
        if tenure.has_lapsed() {
            self.queue.withdraw(attempt.job);
        } else {
            self.queue.stopped(now, &run.project, tenure.cost, tenure.since);
        }
        let Ending { verdict, steps, images } = ending;
        out.save(place.run, Record::AttemptEnded { attempt, at: now, verdict, steps, images });
        self.asks.now_busy(tenure.runner, self.busy(tenure.runner));
    }

    /// What becomes of a job whose attempt ended by our own fault: it is tried again while it may be.
    pub(super) fn try_again(&mut self, now: Timestamp, place: Place, failure: Failure, out: &mut Outbox) {
        let Some(job) = self.job_at(place) else { return };
        if self.is_stopping(place) {
            return self.end_job(now, place, Verdict::Cancelled, out);
        }
        match self.policy.retry_at(now, job.infrastructure_failures) {
            Some(not_before) => self.line_up(now, place, not_before, out),
            None => self.end_job(now, place, Verdict::Failed(failure), out),
        }
    }

    /// What becomes of a job whose attempt ended by itself: it is tried again if its pipeline says so.
    pub(super) fn ended_by_itself(&mut self, now: Timestamp, place: Place, verdict: Verdict, out: &mut Outbox) {
        if !self.is_stopping(place) && self.wants_another(place, &verdict) {
            self.line_up(now, place, now, out);
        } else {
            self.end_job(now, place, verdict, out);
        }
    }

    fn wants_another(&self, place: Place, verdict: &Verdict) -> bool {
        let planned = self.runs.get(&place.run).and_then(|run| run.planned(place.index));
        let (Some(planned), Some(job), Verdict::Failed(failure)) = (planned, self.job_at(place), verdict) else {
            return false;
        };
        let retry = &planned.scheduling.retry;
        retry.on.contains(&failure.class) && job.own_failures <= retry.max
    }

    /// What becomes of a job that was given back by no fault of anybody.
    pub(super) fn go_back(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        if self.is_stopping(place) {
            self.end_job(now, place, Verdict::Cancelled, out);
        } else {
            self.line_up(now, place, now, out);
        }
    }

    /// How many attempts the runner holds that have not lapsed.
    pub(super) fn busy(&self, runner: RunnerId) -> usize {
        let held = self.leases.of(runner).into_iter().filter_map(|job| self.job_at(self.place(job)?)?.tenure());
        held.filter(|tenure| !tenure.has_lapsed()).count()
    }

    /// Hands out a job: the fence moves. An earlier attempt that had only lapsed is over now.
    fn start(
        &mut self,
        now: Timestamp,
        place: Place,
        (runner, life, request): (RunnerId, LifeId, RequestId),
        out: &mut Outbox,
    ) -> Option<Lease> {
        self.give_up_lapsed(now, place, out);
        let until = now + self.policy.lease_ttl;
        let grip = Grip::Offered { mention_by: now + self.policy.accept_within };
        let capacity = self.runners.get(&runner).map(|known| (known.resources, known.slots)).unwrap_or_default();
        let run = self.runs.get_mut(&place.run)?;
        let job = &mut run.jobs[place.index];
        let cost = job.demand.cost(capacity.0, capacity.1);
        let tenure = Tenure { runner, life, request, until, grip, started: now, since: now, cost };
        job.fence += 1;
        self.leases.add(&self.policy, job.id, &tenure);
        job.state = State::Leased(tenure);
        let attempt = job.attempt();
        self.queue.started(&run.project, cost);
        let lease = Lease { attempt, run: run.spec.clone(), index: place.index };
        out.save(place.run, Record::AttemptStarted { attempt, runner, life, request, at: now });
        self.asks.now_busy(runner, self.busy(runner));
        self.run_began(now, place.run);
        Some(lease)
    }

    fn lapse(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let Some(job) = self.job_at(place) else { return };
        let Some(grip) = job.tenure().map(|tenure| tenure.grip) else { return };
        if self.is_stopping(place) {
            self.attempt_over(now, place, Ending::bare(Verdict::Cancelled), out);
            return self.end_job(now, place, Verdict::Cancelled, out);
        }
        match grip {
            Grip::Offered { .. } => self.line_up_lapsed(now, place, false, now),
            Grip::Taken => match self.policy.retry_at(now, job.infrastructure_failures + 1) {
                Some(not_before) => self.line_up_lapsed(now, place, true, not_before),
                None => {
                    self.attempt_over(now, place, Ending::bare(fell_silent()), out);
                    self.try_again(now, place, silence(), out);
                }
            },
            Grip::Lapsed { .. } => {
                self.give_up_lapsed(now, place, out);
                self.line_up(now, place, now, out);
            }
        }
    }

    /// Puts a job in line while its attempt may still come back. Nothing of this is durable: after a restart every
    /// lease starts anew.
    fn line_up_lapsed(&mut self, now: Timestamp, place: Place, taken: bool, not_before: Timestamp) {
        let grip = Grip::Lapsed { taken };
        let Some(earlier) = self.change_tenure(place, |tenure| Tenure { grip, ..tenure }) else { return };
        let Some(run) = self.runs.get(&place.run) else { return };
        self.queue.stopped(now, &run.project, earlier.cost, earlier.since);
        let demand = run.jobs[place.index].demand.clone();
        self.queue.insert(now, &run.project, run.turn(place.index), demand, not_before);
        self.asks.now_busy(earlier.runner, self.busy(earlier.runner));
    }

    fn give_up_lapsed(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let grip = self.job_at(place).and_then(|job| job.tenure()).map(|tenure| tenure.grip);
        match grip {
            Some(Grip::Lapsed { taken: true }) => self.attempt_over(now, place, Ending::bare(fell_silent()), out),
            Some(Grip::Lapsed { taken: false }) => {
                self.attempt_over(now, place, Ending::bare(Verdict::Cancelled), out);
            }
            Some(Grip::Offered { .. } | Grip::Taken) | None => {}
        }
    }

    /// Changes a runner's hold and keeps what is due for it; gives the hold as it was.
    fn change_tenure(&mut self, place: Place, change: impl FnOnce(Tenure) -> Tenure) -> Option<Tenure> {
        let job = self.runs.get_mut(&place.run)?.jobs.get_mut(place.index)?;
        let earlier = job.tenure()?.clone();
        let tenure = change(earlier.clone());
        self.leases.remove(&self.policy, job.id, &earlier);
        self.leases.add(&self.policy, job.id, &tenure);
        job.state = State::Leased(tenure);
        Some(earlier)
    }

    /// Takes over a lease that the store knows of.
    pub(super) fn adopt(&mut self, place: Place, tenure: Tenure) {
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        let job = &mut run.jobs[place.index];
        self.leases.add(&self.policy, job.id, &tenure);
        let cost = tenure.cost;
        job.state = State::Leased(tenure);
        self.queue.started(&run.project, cost);
    }
}

/// The failure of a verdict, when it is our own.
pub(super) fn infrastructure_failure(verdict: &Verdict) -> Option<&Failure> {
    match verdict {
        Verdict::Failed(failure) if failure.class.is_infrastructure() => Some(failure),
        Verdict::Failed(_) | Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => None,
    }
}

fn deadline(policy: &Policy, tenure: &Tenure) -> Timestamp {
    match tenure.grip {
        Grip::Offered { mention_by } => mention_by.min(tenure.until),
        Grip::Taken => tenure.until,
        Grip::Lapsed { .. } => tenure.until + policy.disconnected,
    }
}

fn silence() -> Failure {
    Failure { class: FailureClass::RunnerLost, message: "the runner fell silent".to_owned() }
}

fn fell_silent() -> Verdict {
    Verdict::Failed(silence())
}
