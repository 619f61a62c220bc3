//! Goes on where the last life of the controller ended.
//!
//! Every lease starts anew, with a full term: nobody is fenced out because the controller was away. Whatever the
//! records left undone is done, so nothing hangs.

use super::Core;
use super::demand::SLOT;
use super::event::{Action, ActiveJob, ActiveRun, StoredState};
use super::outbox::Outbox;
use super::run::{Grip, Place, Run, State, Tenure};
use sidings_proto::{FailureClass, Timestamp, Verdict};

impl Core {
    /// Takes over the runs that had not ended. Runners are not known again until they say hello.
    #[must_use = "what is not carried out is lost"]
    pub fn restore(&mut self, now: Timestamp, runs: Vec<ActiveRun>) -> Vec<Action> {
        let mut out = Outbox::default();
        let mut by_age: Vec<_> = runs.iter().map(|active| (active.accepted, active.run.id)).collect();
        by_age.sort_unstable();
        for active in runs {
            let id = active.run.id;
            self.take_over(now, active);
            self.enter_again(id);
        }
        for (_, id) in by_age {
            if let Some(run) = self.runs.get_mut(&id) {
                let consequences = run.catch_up();
                self.follow(now, id, consequences, &mut out);
            }
            self.stop_jobs_again(now, id, &mut out);
            if self.is_admitted(id) {
                self.set_off(now, id, &mut out);
            } else {
                self.run_wants_in(now, id, &mut out);
            }
            self.end_run_if_over(now, id, &mut out);
        }
        out.into_actions()
    }

    fn take_over(&mut self, now: Timestamp, active: ActiveRun) {
        let mut run = Run::new(active.run, active.accepted);
        run.stopping = active.stopping;
        let id = run.spec.id;
        for (job, stored) in run.jobs.iter_mut().zip(&active.jobs) {
            job.fence = stored.fence;
            job.infrastructure_failures = stored.infrastructure_failures;
            job.own_failures = stored.own_failures;
            job.stopping.clone_from(&stored.stopping);
            job.approved = stored.approved;
        }
        self.add_run(run);
        active.began.into_iter().for_each(|at| self.run_began(at, id));
        for (index, stored) in active.jobs.into_iter().enumerate() {
            self.take_over_job(now, Place { run: id, index }, stored);
        }
    }

    fn take_over_job(&mut self, now: Timestamp, place: Place, stored: ActiveJob) {
        match stored.state {
            StoredState::Waiting => {}
            StoredState::Queued { since, not_before } => self.queue_again(now, place, since, not_before),
            StoredState::Leased { runner, life, request, started } => {
                let until = now + self.policy.lease_ttl;
                let hold = Tenure { runner, life, request, until, grip: Grip::Taken, started, since: now, cost: SLOT };
                self.adopt(place, hold);
            }
            StoredState::Ended(verdict) => self.end_again(place, verdict),
        }
    }

    /// The clock may have been set back between the lives; nobody waits longer than the longest back-off for that.
    fn queue_again(&mut self, now: Timestamp, place: Place, since: Timestamp, not_before: Timestamp) {
        let not_before = not_before.min(now + self.policy.longest_back_off());
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        run.jobs[place.index].state = State::Queued { since, not_before };
        let (turn, demand) = (run.turn(place.index), run.jobs[place.index].demand.clone());
        self.queue.insert(now, &run.project, turn, demand, not_before);
    }

    /// The newest attempt made the outcome, unless we did because its runner was lost.
    fn end_again(&mut self, place: Place, verdict: Verdict) {
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        let attempt = run.jobs[place.index].attempt();
        let was_lost = match &verdict {
            Verdict::Failed(failure) => failure.class == FailureClass::RunnerLost,
            Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => false,
        };
        if attempt.fence > 0 && !was_lost {
            self.finished.remember(attempt);
        }
        run.recall(place.index, verdict);
    }
}
