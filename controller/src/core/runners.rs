//! What runners say: hello, give me work, I am alive, this happened, this ended, goodbye.

use super::asks::Labels;
use super::caches;
use super::event::{Answer, Ask, Lease};
use super::leases::{Ending, infrastructure_failure};
use super::outbox::Outbox;
use super::run::{Grip, Place};
use super::{AttemptStanding, Core, proof};
use crate::core::event::Record;
use sidings_proto::fleet::Machine;
use sidings_proto::runner::{Finish, Hello, Kept, LeaseRequest, Order, Progress};
use sidings_proto::{
    AttemptId, Failure, FailureClass, JobSpec, LifeId, LowDisk, RequestId, Resources, RunnerId, Timestamp, Verdict,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Earlier lives remembered per runner, so that a process that was thought dead cannot push out its successor.
const LIVES_REMEMBERED: usize = 16;
/// A runner that was silent for this long and holds nothing is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A runner that said hello to this life of the controller.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Runner {
    pub(super) name: String,
    pub(super) life: LifeId,
    pub(super) version: String,
    pub(super) slots: u32,
    pub(super) labels: Labels,
    pub(super) resources: Resources,
    pub(super) draining: bool,
    pub(super) low_disk: Option<LowDisk>,
    pub(super) machine: Option<Machine>,
    pub(super) seen: Timestamp,
    earlier_lives: VecDeque<LifeId>,
}

impl Core {
    /// A new life ends what earlier ones held: their attempts are lost. A life that was followed by another is over.
    pub(super) fn runner_up(
        &mut self,
        now: Timestamp,
        ask: Ask,
        runner: RunnerId,
        name: String,
        hello: Hello,
        out: &mut Outbox,
    ) {
        let known = self.runners.get(&runner);
        if known.is_some_and(|known| known.earlier_lives.contains(&hello.life)) {
            return out.answer(ask, Answer::Stale);
        }
        let is_new_life = known.is_none_or(|known| known.life != hello.life);
        if is_new_life {
            self.dismiss(runner, &Answer::UnknownLife, out);
        }
        self.lose_earlier_lives(now, runner, hello.life, out);
        self.forget_silent_runners(now);
        let earlier = self.runners.remove(&runner);
        self.runners.insert(runner, Runner::new(now, name, hello, earlier));
        out.answer(ask, Answer::Done);
    }

    pub(super) fn lease_asked(
        &mut self,
        now: Timestamp,
        ask: Ask,
        runner: RunnerId,
        request: LeaseRequest,
        out: &mut Outbox,
    ) {
        let Some(known) = self.hear(now, runner, request.life) else {
            return out.answer(ask, Answer::UnknownLife);
        };
        let (draining, labels) = (known.draining, known.labels.clone());
        let held = self.held_for(runner, request.life, request.request);
        if !held.is_empty() {
            let leases = held.into_iter().filter_map(|place| self.offer_again(now, place)).collect();
            return out.answer(ask, Answer::Leased(leases));
        }
        let slots = usize::try_from(request.slots).unwrap_or(usize::MAX);
        if draining || slots == 0 {
            return out.answer(ask, Answer::Leased(Vec::new()));
        }
        let busy = self.busy(runner);
        if let Some(earlier) = self.asks.open(runner, request.request, ask, slots, (&labels, busy)) {
            out.answer(earlier, Answer::Leased(Vec::new()));
        }
    }

    pub(super) fn beat(
        &mut self,
        now: Timestamp,
        runner: RunnerId,
        life: LifeId,
        attempts: Vec<AttemptId>,
        (draining, low_disk, machine): (bool, Option<LowDisk>, Option<Machine>),
        out: &mut Outbox,
    ) -> Answer {
        let Some(known) = self.hear(now, runner, life) else { return Answer::UnknownLife };
        (known.draining, known.low_disk) = (draining, low_disk);
        known.machine = machine.or(known.machine);
        if draining {
            self.dismiss(runner, &Answer::Leased(Vec::new()), out);
        }
        let order = |attempt| (attempt, self.order(now, runner, life, attempt));
        Answer::Orders(attempts.into_iter().map(order).collect())
    }

    pub(super) fn progressed(
        &mut self,
        now: Timestamp,
        ask: Ask,
        attempt: AttemptId,
        events: Vec<Progress>,
        out: &mut Outbox,
    ) {
        let Some(place) = self.current(attempt) else { return out.answer(ask, Answer::Stale) };
        self.hear_from_holder(now, place);
        self.renew(now, place);
        for event in events {
            out.save(place.run, Record::AttemptProgressed { attempt, event });
        }
        out.answer(ask, Answer::Done);
    }

    pub(super) fn finished(&mut self, now: Timestamp, ask: Ask, attempt: AttemptId, finish: Finish, out: &mut Outbox) {
        let place = match self.finishing(now, attempt) {
            Ok(place) => place,
            Err(answer) => return out.answer(ask, answer),
        };
        let verdict = self.judge(place, &finish);
        if verdict == Verdict::Passed {
            self.learn_pace(now, place, out);
        }
        let ending = Ending { verdict: verdict.clone(), steps: finish.steps, images: finish.images };
        self.attempt_over(now, place, ending, out);
        self.keep(now, place, attempt, finish.kept, &verdict, out);
        self.finished.remember(attempt);
        match infrastructure_failure(&verdict).cloned() {
            Some(failure) => self.try_again(now, place, failure, out),
            None => self.ended_by_itself(now, place, verdict, out),
        }
        out.answer(ask, Answer::Accepted);
    }

    /// The attempt did what it was asked to, and its job is in line again for what others do meanwhile.
    pub(super) fn gave_back(&mut self, now: Timestamp, ask: Ask, attempt: AttemptId, finish: Finish, out: &mut Outbox) {
        let place = match self.finishing(now, attempt) {
            Ok(place) => place,
            Err(answer) => return out.answer(ask, answer),
        };
        let ending = Ending { verdict: Verdict::Cancelled, steps: finish.steps, images: finish.images };
        self.attempt_over(now, place, ending, out);
        self.finished.remember(attempt);
        self.go_back(now, place, out);
        out.answer(ask, Answer::Accepted);
    }

    /// Where the job is of an attempt that ends, or what is to be said of one that did before.
    fn finishing(&mut self, now: Timestamp, attempt: AttemptId) -> Result<Place, Answer> {
        let place = match (self.standing(attempt), self.place(attempt.job)) {
            (AttemptStanding::Current, Some(place)) => place,
            (AttemptStanding::AlreadyFinished, _) => return Err(Answer::Already),
            (AttemptStanding::Current | AttemptStanding::Stale, _) => return Err(Answer::Stale),
        };
        self.hear_from_holder(now, place);
        Ok(place)
    }

    /// What an attempt left behind counts with its end, and only if that is the job's own.
    fn keep(
        &mut self,
        now: Timestamp,
        place: Place,
        attempt: AttemptId,
        kept: Kept,
        verdict: &Verdict,
        out: &mut Outbox,
    ) {
        let counts = match verdict {
            Verdict::Passed => true,
            Verdict::Failed(failure) => !failure.class.is_infrastructure(),
            Verdict::Cancelled | Verdict::Skipped { .. } => false,
        };
        if counts && !kept.artifacts.is_empty() {
            out.save(place.run, Record::ArtifactsKept { attempt, at: now, artifacts: kept.artifacts });
        }
        let Some(run) = self.runs.get(&place.run).map(|run| run.spec.clone()) else { return };
        if *verdict == Verdict::Passed && !kept.caches.is_empty() && caches::may_save(&run) {
            let (project, scope) = (run.project.clone(), caches::own(&run));
            out.save(place.run, Record::CachesSaved { at: now, project, scope, caches: kept.caches });
        }
    }

    /// What the life held goes back to the queue at once; it was nobody's failure.
    pub(super) fn runner_retired(
        &mut self,
        now: Timestamp,
        ask: Ask,
        runner: RunnerId,
        life: LifeId,
        out: &mut Outbox,
    ) {
        self.take_back(now, self.held_by(runner, |held| held == life), out);
        if self.runners.get(&runner).is_some_and(|known| known.life == life) {
            self.dismiss(runner, &Answer::Leased(Vec::new()), out);
            self.runners.remove(&runner);
        }
        out.answer(ask, Answer::Done);
    }

    /// As retired, whatever its life.
    pub(super) fn runner_revoked(&mut self, now: Timestamp, runner: RunnerId, out: &mut Outbox) {
        self.take_back(now, self.held_by(runner, |_| true), out);
        self.dismiss(runner, &Answer::UnknownLife, out);
        self.runners.remove(&runner);
    }

    /// What a runner is to do with an attempt it says it holds.
    fn order(&mut self, now: Timestamp, runner: RunnerId, life: LifeId, attempt: AttemptId) -> Order {
        let Some(place) = self.current(attempt) else { return Order::Drop };
        let tenure = self.job_at(place).and_then(|job| job.tenure());
        if !tenure.is_some_and(|tenure| tenure.runner == runner && tenure.life == life) {
            return Order::Drop;
        }
        self.renew(now, place);
        if self.is_stopping(place) { Order::Cancel } else { Order::GoOn }
    }

    /// How the attempt ended, whatever its runner claims. A cancel that nobody asked for and a pass without proof are
    /// failures of ours.
    fn judge(&self, place: Place, finish: &Finish) -> Verdict {
        match &finish.verdict {
            Verdict::Passed => match self.spec_at(place).and_then(|spec| proof::missing(spec, &finish.steps)) {
                None => Verdict::Passed,
                Some(missing) => engine_failed(format!("there is no proof that it passed: {missing}")),
            },
            Verdict::Failed(failure) => Verdict::Failed(failure.clone()),
            Verdict::Cancelled if self.is_stopping(place) => Verdict::Cancelled,
            Verdict::Cancelled => engine_failed("its runner stopped it and nobody had asked for that".to_owned()),
            Verdict::Skipped { .. } => engine_failed("its runner did not run it".to_owned()),
        }
    }

    fn spec_at(&self, place: Place) -> Option<&JobSpec> {
        self.runs.get(&place.run)?.job_spec(place.index)
    }

    fn lose_earlier_lives(&mut self, now: Timestamp, runner: RunnerId, life: LifeId, out: &mut Outbox) {
        for place in self.held_by(runner, |held| held != life) {
            let message = "its runner started anew".to_owned();
            let failure = Failure { class: FailureClass::RunnerLost, message };
            self.attempt_over(now, place, Ending::bare(Verdict::Failed(failure.clone())), out);
            self.try_again(now, place, failure, out);
        }
    }

    fn take_back(&mut self, now: Timestamp, places: Vec<Place>, out: &mut Outbox) {
        for place in places {
            self.attempt_over(now, place, Ending::bare(Verdict::Cancelled), out);
            self.go_back(now, place, out);
        }
    }

    /// The same attempt again, for a runner that did not get the answer. It trusts its lease from the time it asked
    /// again, so the lease starts anew too.
    fn offer_again(&mut self, now: Timestamp, place: Place) -> Option<Lease> {
        let taken = self.job_at(place)?.tenure()?.grip == Grip::Taken;
        let mention_by = now + self.policy.accept_within;
        self.hold(now, place, if taken { Grip::Taken } else { Grip::Offered { mention_by } });
        let run = self.runs.get(&place.run)?;
        Some(Lease { attempt: self.job_at(place)?.attempt(), run: run.spec.clone(), index: place.index })
    }

    /// Where the job is whose newest attempt this is and is out.
    fn current(&self, attempt: AttemptId) -> Option<Place> {
        match self.standing(attempt) {
            AttemptStanding::Current => self.place(attempt.job),
            AttemptStanding::AlreadyFinished | AttemptStanding::Stale => None,
        }
    }

    /// Answers the runner's open requests.
    fn dismiss(&mut self, runner: RunnerId, answer: &Answer, out: &mut Outbox) {
        for (request, open) in self.asks.of(runner) {
            self.asks.close(runner, request);
            out.answer(open.ask, answer.clone());
        }
    }

    /// The runner, when this is its life.
    fn hear(&mut self, now: Timestamp, runner: RunnerId, life: LifeId) -> Option<&mut Runner> {
        let known = self.runners.get_mut(&runner).filter(|known| known.life == life)?;
        known.seen = now;
        Some(known)
    }

    fn hear_from_holder(&mut self, now: Timestamp, place: Place) {
        let holder = self.job_at(place).and_then(|job| job.tenure()).map(|tenure| (tenure.runner, tenure.life));
        if let Some((runner, life)) = holder {
            self.hear(now, runner, life);
        }
    }

    fn held_by(&self, runner: RunnerId, is_meant: impl Fn(LifeId) -> bool) -> Vec<Place> {
        let held = self.leases.of(runner).into_iter().filter_map(|job| self.place(job));
        let life = |place: &Place| self.job_at(*place).and_then(|job| job.tenure()).map(|tenure| tenure.life);
        held.filter(|place| life(place).is_some_and(&is_meant)).collect()
    }

    /// The attempts that this request got and that are still held.
    fn held_for(&self, runner: RunnerId, life: LifeId, request: RequestId) -> Vec<Place> {
        let mut held = self.held_by(runner, |held| held == life);
        held.retain(|place| {
            self.job_at(*place).and_then(|job| job.tenure()).is_some_and(|tenure| tenure.request == request)
        });
        held
    }

    fn forget_silent_runners(&mut self, now: Timestamp) {
        let leases = &self.leases;
        self.runners.retain(|id, known| now.since(known.seen) < FORGOTTEN_AFTER || !leases.of(*id).is_empty());
    }
}

impl Runner {
    fn new(now: Timestamp, name: String, hello: Hello, earlier: Option<Runner>) -> Self {
        let Hello { life, version, slots, labels, resources } = hello;
        let is_same_life = earlier.as_ref().is_some_and(|earlier| earlier.life == life);
        let same = earlier.as_ref().filter(|_| is_same_life);
        let (draining, low_disk) = same.map_or((false, None), |same| (same.draining, same.low_disk));
        let machine = earlier.as_ref().and_then(|earlier| earlier.machine);
        let mut earlier_lives = VecDeque::new();
        if let Some(earlier) = earlier {
            earlier_lives = earlier.earlier_lives;
            earlier_lives.extend((!is_same_life).then_some(earlier.life));
        }
        if earlier_lives.len() > LIVES_REMEMBERED {
            earlier_lives.pop_front();
        }
        Runner {
            name,
            life,
            version,
            slots,
            labels: Arc::new(labels),
            resources,
            draining,
            low_disk,
            machine,
            seen: now,
            earlier_lives,
        }
    }
}

fn engine_failed(message: String) -> Verdict {
    Verdict::Failed(Failure { class: FailureClass::EngineFailed, message })
}
