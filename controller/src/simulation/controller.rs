//! A simulated controller: the core, the store, and between them the order that the real shell keeps. Saves first,
//! then answers; what crashes in between is lost. Every step is judged by the ledger.

use super::bug::Bug;
use super::ledger::{Ledger, Violation, ensure};
use crate::core::event::{Action, Answer, Ask, Event, Record};
use crate::core::tests::dialogue::{heard, name, said};
use crate::core::{Core, Policy};
use crate::store::remembered::Remembered;
use sidings_proto::runner::Order;
use sidings_proto::{AttemptId, RunId, Timestamp, Verdict};
use std::fmt::Write;

/// When the process dies in the middle of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    Not,
    BeforeSaving,
    BeforeAnswering,
}

/// The controller, over all its lives, and what an onlooker knows of it.
pub(super) struct SimController {
    core: Option<Core>,
    store: Remembered,
    bug: Option<Bug>,
    pub(super) ledger: Ledger,
    pub(super) transcript: String,
}

impl SimController {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        SimController {
            core: None,
            store: Remembered::default(),
            bug,
            ledger: Ledger::default(),
            transcript: String::new(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.core.is_some()
    }

    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        self.core.as_ref()?.next_wakeup()
    }

    pub(super) fn crash(&mut self, now: Timestamp) {
        self.core = None;
        self.write(now, "the controller is gone");
    }

    /// A new life: the store is read, and what it left undone is done.
    pub(super) fn start(&mut self, now: Timestamp) -> Result<(), Violation> {
        self.write(now, "the controller starts");
        let mut core = Core::new(Policy::default());
        let actions = core.restore(now, Bug::forget(self.bug, now, self.store.active_runs()));
        self.core = Some(core);
        self.save(now, &actions)
    }

    /// Takes an event in; the answers that go out.
    pub(super) fn take(&mut self, now: Timestamp, event: Event, crash: Crash) -> Result<Vec<(Ask, Answer)>, Violation> {
        if self.stale(&event).is_none() {
            let about = about(&event);
            let actions = self.act(now, event, crash)?;
            return self.answers(about, &actions);
        }
        // What is due by itself comes first, so that what changes then is the message's doing.
        let due = self.act(now, Event::Tick, Crash::Not)?;
        let mut answers = self.answers(About::Other, &due)?;
        let (about, before) = (about(&event), self.core.clone());
        let actions = self.act(now, event, crash)?;
        let unchanged = self.core.is_none() || self.core == before;
        ensure(unchanged, "I2", || "a late message changed something".to_owned())?;
        answers.extend(self.answers(about, &actions)?);
        Ok(answers)
    }

    /// At the end: nothing is open, and the store tells the same outcomes as the records did.
    pub(super) fn close(&self) -> Result<(), Violation> {
        self.ledger.close()?;
        let open = self.store.active_runs().len() + self.core.as_ref().map_or(0, |core| core.counts(Timestamp(0)).runs);
        ensure(open == 0, "I4", || format!("{open} runs are still open"))?;
        for (run, job, outcome) in self.ledger.outcomes() {
            ensure(self.stored(run, job) == outcome.cloned(), "I1", || format!("{} has two outcomes", name(job.0)))?;
        }
        Ok(())
    }

    /// Carries out what the core decides, as far as the process lives; what is to be answered.
    fn act(&mut self, now: Timestamp, event: Event, crash: Crash) -> Result<Vec<Action>, Violation> {
        self.write(now, &heard(&event));
        let is_submission = matches!(event, Event::Submitted { .. });
        let event = Bug::bend(self.bug, &self.ledger, event);
        let Some(core) = &mut self.core else { return Ok(Vec::new()) };
        let actions = core.handle(now, event);
        if crash == Crash::BeforeSaving {
            self.crash(now);
            let hasty = is_submission && self.bug == Some(Bug::AcceptedBeforeSaved);
            return Ok(if hasty { actions } else { Vec::new() });
        }
        self.save(now, &actions)?;
        if crash == Crash::BeforeAnswering {
            self.crash(now);
            return Ok(Vec::new());
        }
        Ok(actions)
    }

    fn save(&mut self, now: Timestamp, actions: &[Action]) -> Result<(), Violation> {
        actions.iter().filter_map(said).for_each(|said| self.write(now, &format!("    {said}")));
        let records: Vec<Record> = actions.iter().filter_map(record).cloned().collect();
        for record in &records {
            self.ledger.record(record)?;
        }
        match self.store.commit(&records) {
            Ok(()) => Ok(()),
            Err(_) if Bug::ignores_conflicts(self.bug) => Ok(()),
            Err(refused) => Err(Violation { invariant: "I1", what: format!("the store refused: {refused}") }),
        }
    }

    fn answers(&mut self, about: About, actions: &[Action]) -> Result<Vec<(Ask, Answer)>, Violation> {
        let answers: Vec<(Ask, Answer)> = actions.iter().filter_map(answer).collect();
        for (_, answer) in &answers {
            match (about, answer) {
                (About::Run(run), Answer::Done) => self.ledger.acknowledge(run),
                (About::Attempt(attempt), Answer::Accepted) => self.ledger.finish_accepted(attempt)?,
                (_, Answer::Orders(orders)) => self.orders_are_right(orders)?,
                (About::Run(_) | About::Attempt(_) | About::Other, _) => {}
            }
        }
        Ok(answers)
    }

    fn orders_are_right(&self, orders: &[(AttemptId, Order)]) -> Result<(), Violation> {
        let wrong = orders.iter().find(|(attempt, order)| *order != Order::Drop && self.ledger.is_stale(*attempt));
        ensure(wrong.is_none(), "I2", || "a stale attempt may go on".to_owned())
    }

    /// The attempt of a message that must change nothing.
    fn stale(&self, event: &Event) -> Option<AttemptId> {
        match about(event) {
            About::Attempt(attempt) => Some(attempt).filter(|attempt| self.ledger.is_stale(*attempt)),
            About::Run(_) | About::Other => None,
        }
    }

    fn stored(&self, run: RunId, job: sidings_proto::JobId) -> Option<Verdict> {
        let run = self.store.run(run)?;
        let index = match &run.spec.content {
            crate::core::event::RunContent::Plan { job_ids, .. } => job_ids.iter().position(|id| *id == job)?,
            crate::core::event::RunContent::Invalid { .. } => return None,
        };
        run.jobs.get(index)?.outcome.as_ref().map(|(_, verdict)| verdict.clone())
    }

    fn write(&mut self, now: Timestamp, line: &str) {
        writeln!(self.transcript, "{:>9.3} {line}", now.0 as f64 / 1000.0).unwrap();
    }
}

/// What an event is about, for the ledger.
#[derive(Clone, Copy)]
enum About {
    Run(RunId),
    Attempt(AttemptId),
    Other,
}

fn about(event: &Event) -> About {
    match event {
        Event::Submitted { run, .. } => About::Run(run.id),
        Event::Progressed { attempt, .. } | Event::Finished { attempt, .. } | Event::GaveBack { attempt, .. } => {
            About::Attempt(*attempt)
        }
        Event::RunnerUp { .. }
        | Event::LeaseAsked { .. }
        | Event::LeaseDropped { .. }
        | Event::Beat { .. }
        | Event::RunnerRetired { .. }
        | Event::RunnerRevoked { .. }
        | Event::CancelAsked { .. }
        | Event::Approved { .. }
        | Event::DrainAsked { .. }
        | Event::ResumeAsked { .. }
        | Event::Tick => About::Other,
    }
}

fn record(action: &Action) -> Option<&Record> {
    match action {
        Action::Save(record) => Some(record),
        Action::Answer(..) | Action::Publish(_) | Action::Hint(_) => None,
    }
}

fn answer(action: &Action) -> Option<(Ask, Answer)> {
    match action {
        Action::Answer(ask, answer) => Some((*ask, answer.clone())),
        Action::Save(_) | Action::Publish(_) | Action::Hint(_) => None,
    }
}
