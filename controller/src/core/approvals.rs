//! Jobs that wait for a person: who agreed, and what follows.
//!
//! Whether somebody may agree is decided by who asks the core; it only knows what was agreed to, and when it counts.

use super::Core;
use super::event::{Answer, Ask, Record};
use super::outbox::Outbox;
use super::run::{Place, Run, State};
use sidings_proto::{JobId, RunId, Timestamp};

impl Core {
    /// Somebody agrees that a job runs. It counts when the job waits for that and for nothing before it; one that was
    /// agreed to before has the same answer, and nothing changes.
    pub(super) fn approved(&mut self, now: Timestamp, ask: Ask, job: JobId, by: String, out: &mut Outbox) {
        let Some(place) = self.place(job) else { return out.answer(ask, Answer::Stale) };
        let admitted = self.is_admitted(place.run);
        let Some(run) = self.runs.get_mut(&place.run) else { return out.answer(ask, Answer::Stale) };
        if run.jobs[place.index].approved {
            return out.answer(ask, Answer::Already);
        }
        if !run.waits_for_approval(place.index) || !admitted {
            return out.answer(ask, Answer::Stale);
        }
        run.jobs[place.index].approved = true;
        out.save(place.run, Record::JobApproved { job, by, at: now });
        out.answer(ask, Answer::Done);
        self.job_wants_in(now, place, out);
    }

    /// The jobs of a run that only a person's word is missing for.
    pub(crate) fn asking(&self, id: RunId) -> Vec<JobId> {
        let Some(run) = self.runs.get(&id).filter(|_| self.is_admitted(id)) else { return Vec::new() };
        let asks = |index: &usize| run.waits_for_approval(*index);
        (0..run.jobs.len()).filter(asks).map(|index| run.jobs[index].id).collect()
    }

    /// A job's needs are met: it goes on, unless it waits for a person.
    pub(super) fn job_is_ready(&mut self, now: Timestamp, place: Place, out: &mut Outbox) {
        let waits = self.runs.get(&place.run).is_some_and(|run| run.waits_for_approval(place.index));
        if !waits {
            self.job_wants_in(now, place, out);
        }
    }
}

impl Run {
    /// Whether only a person's word is missing before it may get in line.
    pub(super) fn waits_for_approval(&self, index: usize) -> bool {
        let wanted = self.planned(index).is_some_and(|planned| planned.scheduling.approval.is_some());
        let job = &self.jobs[index];
        wanted && !job.approved && matches!(job.state, State::Waiting { needs: 0, .. })
    }
}
