//! Runs come and end; their jobs get in line when what they need has passed.

use super::Core;
use super::event::{Answer, Ask, Record, RunSpec};
use super::outbox::Outbox;
use super::run::{Consequences, Job, Place, Run, State};
use sidings_proto::{JobId, RunId, StopReason, Timestamp, Verdict};
use std::sync::Arc;

impl Core {
    pub(super) fn submitted(&mut self, now: Timestamp, ask: Ask, spec: Arc<RunSpec>, out: &mut Outbox) {
        out.answer(ask, Answer::Done);
        let id = spec.id;
        if self.runs.contains_key(&id) {
            return;
        }
        out.save(id, Record::RunAccepted { run: spec.clone(), at: now });
        self.add_run(Run::new(spec, now));
        self.run_wants_in(now, id, out);
    }

    pub(super) fn add_run(&mut self, run: Run) {
        let id = run.spec.id;
        self.places.extend(run.jobs.iter().enumerate().map(|(index, job)| (job.id, Place { run: id, index })));
        self.runs.insert(id, run);
    }

    /// Ends what is not to run and lines up what waits for nothing.
    pub(super) fn set_off(&mut self, now: Timestamp, id: RunId, out: &mut Outbox) {
        let Some(run) = self.runs.get(&id) else { return };
        for (index, reason) in run.not_to_run() {
            self.conclude(now, Place { run: id, index }, Verdict::Skipped { reason, blocked: false }, out);
        }
        let free = self.runs.get(&id).map(Run::free_to_start).unwrap_or_default();
        for index in free {
            self.job_is_ready(now, Place { run: id, index }, out);
        }
        self.end_run_if_over(now, id, out);
    }

    /// Gives a job its one outcome, and its run, when it was the last.
    pub(super) fn end_job(&mut self, now: Timestamp, place: Place, verdict: Verdict, out: &mut Outbox) {
        self.conclude(now, place, verdict, out);
        self.end_run_if_over(now, place.run, out);
    }

    /// Puts a job in line, durably.
    pub(super) fn line_up(&mut self, now: Timestamp, place: Place, not_before: Timestamp, out: &mut Outbox) {
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        run.jobs[place.index].state = State::Queued { since: now, not_before };
        let (turn, demand) = (run.turn(place.index), run.jobs[place.index].demand.clone());
        self.queue.insert(now, &run.project, turn, demand, not_before);
        out.save(place.run, Record::JobQueued { job: turn.job, since: now, not_before });
    }

    pub(super) fn end_run_if_over(&mut self, now: Timestamp, id: RunId, out: &mut Outbox) {
        let Some(run) = self.runs.get(&id).filter(|run| run.is_over()) else { return };
        out.save(id, Record::RunEnded { run: id, at: now, verdict: run.verdict() });
        for job in &run.jobs {
            self.places.remove(&job.id);
        }
        if let Some(run) = self.runs.remove(&id) {
            self.limits.forget(&run);
            self.run_left(now, &run, out);
        }
    }

    pub(super) fn place(&self, job: JobId) -> Option<Place> {
        self.places.get(&job).copied()
    }

    pub(super) fn job_at(&self, place: Place) -> Option<&Job> {
        self.runs.get(&place.run)?.jobs.get(place.index)
    }

    pub(super) fn conclude(&mut self, now: Timestamp, place: Place, verdict: Verdict, out: &mut Outbox) {
        let Some(run) = self.runs.get_mut(&place.run) else { return };
        let consequences = run.conclude(place.index, verdict);
        self.follow(now, place.run, consequences, out);
    }

    pub(super) fn follow(&mut self, now: Timestamp, id: RunId, consequences: Consequences, out: &mut Outbox) {
        let Consequences { ended, ready } = consequences;
        let Some(run) = self.runs.get(&id) else { return };
        let fatal = ended.iter().find_map(|(index, verdict)| run.is_fatal(*index, verdict));
        let left: Vec<Place> = ended.iter().map(|(index, _)| Place { run: id, index: *index }).collect();
        for (index, verdict) in ended {
            let job = run.jobs[index].id;
            self.queue.withdraw(job);
            out.save(id, Record::JobEnded { job, at: now, verdict });
        }
        match fatal {
            Some(job) => self.stop_run(now, id, StopReason::FailFast { job }, out),
            None => ready.into_iter().for_each(|index| self.job_is_ready(now, Place { run: id, index }, out)),
        }
        left.into_iter().for_each(|place| self.job_left(now, place, out));
    }
}
