//! Runs and jobs are stopped before their end: because somebody wants it, because a job failed, or because something
//! newer takes their place.
//!
//! Jobs without a runner end now; those with one get the order with their runner's next beat. A job that ends by itself
//! before its runner hears of it keeps its verdict.

use super::Core;
use super::event::{Answer, Ask, Record};
use super::leases::Ending;
use super::outbox::Outbox;
use super::run::{Place, State};
use sidings_proto::{RunId, StopReason, Timestamp, Verdict};

impl Core {
    pub(super) fn cancel_asked(&mut self, now: Timestamp, ask: Ask, id: RunId, out: &mut Outbox) {
        out.answer(ask, Answer::Done);
        self.stop_run(now, id, StopReason::Asked, out);
        self.end_run_if_over(now, id, out);
    }

    /// Stops a run that is not being stopped yet. The caller ends it if it is over.
    pub(super) fn stop_run(&mut self, now: Timestamp, id: RunId, reason: StopReason, out: &mut Outbox) {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.stopping.is_none()) else { return };
        run.stopping = Some(reason.clone());
        out.save(id, Record::RunCancelling { run: id, reason });
        self.stop_jobs(now, id, out);
    }

    /// Ends what no runner holds, and pokes the runners of the rest.
    pub(super) fn stop_jobs(&mut self, now: Timestamp, id: RunId, out: &mut Outbox) {
        let jobs = self.runs.get(&id).map_or(0, |run| run.jobs.len());
        (0..jobs).for_each(|index| self.stop_at(now, Place { run: id, index }, out));
    }

    /// Stops a job that has no outcome and is not being stopped yet, and nothing else of its run but what needs it.
    pub(super) fn stop_job(&mut self, now: Timestamp, place: Place, reason: StopReason, out: &mut Outbox) {
        if self.is_stopping(place) || self.job_at(place).is_none_or(|job| job.outcome().is_some()) {
            return;
        }
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        let job = &mut run.jobs[place.index];
        job.stopping = Some(reason.clone());
        out.save(place.run, Record::JobStopping { job: job.id, reason });
        self.stop_at(now, place, out);
        self.end_run_if_over(now, place.run, out);
    }

    /// Goes on with stopping the jobs that a last life of the controller began to stop.
    pub(super) fn stop_jobs_again(&mut self, now: Timestamp, id: RunId, out: &mut Outbox) {
        let jobs = self.runs.get(&id).map_or(0, |run| run.jobs.len());
        let places = (0..jobs).map(|index| Place { run: id, index });
        let stopping: Vec<Place> = places.filter(|place| self.is_stopping(*place)).collect();
        stopping.into_iter().for_each(|place| self.stop_at(now, place, out));
    }

    pub(super) fn is_stopping(&self, place: Place) -> bool {
        let run = self.runs.get(&place.run);
        run.is_some_and(|run| run.stopping.is_some() || run.jobs[place.index].stopping.is_some())
    }

    fn stop_at(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let Some(job) = self.job_at(place) else { return };
        match &job.state {
            State::Waiting { .. } | State::Queued { .. } => {
                let verdict = self.verdict_of_unstarted(place);
                self.conclude(now, place, verdict, out);
            }
            State::Leased(tenure) if tenure.has_lapsed() => {
                self.attempt_over(now, place, Ending::bare(Verdict::Cancelled), out);
                self.conclude(now, place, Verdict::Cancelled, out);
            }
            State::Leased(tenure) => out.hint(tenure.runner),
            State::Ended(_) => {}
        }
    }

    /// What never began because another job failed is skipped; everything else that is stopped is cancelled.
    fn verdict_of_unstarted(&self, place: Place) -> Verdict {
        let reason = self.runs.get(&place.run).and_then(|run| run.stopping.as_ref());
        let began = self.job_at(place).is_some_and(|job| job.fence > 0);
        match reason {
            Some(reason @ StopReason::FailFast { .. }) if !began => {
                Verdict::Skipped { reason: reason.to_string(), blocked: true }
            }
            Some(
                StopReason::FailFast { .. }
                | StopReason::Asked
                | StopReason::Superseded { .. }
                | StopReason::GroupFull { .. }
                | StopReason::TimedOut { .. },
            )
            | None => Verdict::Cancelled,
        }
    }
}
