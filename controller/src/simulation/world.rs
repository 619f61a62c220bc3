//! A world from a seed: a controller, its runners, the network between them, and what goes wrong until it gets calm.

use super::bug::Bug;
use super::controller::{Crash, SimController};
use super::ledger::{Violation, ensure};
use super::random::Random;
use super::runner::{Call, Sent, SimRunner};
use super::workload;
use crate::core::event::{Answer, Ask, Event, RunSpec};
use sidings_proto::runner::{Finish, Hello, LEASE_POLL_MS, LeaseRequest, Phase, Progress};
use sidings_proto::{AttemptId, RunId, Timestamp, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Until then things go wrong.
const CALM: Timestamp = Timestamp(400_000);
/// By then everything has ended, or never will.
const END: Timestamp = Timestamp(CALM.0 + 2 * 60 * 60 * 1000);

/// What is going to happen.
#[derive(Debug)]
enum Happening {
    Submit(Arc<RunSpec>),
    Cancel(RunId),
    Arrives(Sent),
    Answered(Sent, Answer),
    PollIsOver(Ask),
    Tick,
    Wakes(usize),
    ControllerCrashes,
    ControllerStarts,
    RunnerCrashes(usize),
    RunnerStarts(usize),
    RunnerFreezes(usize, Duration),
    RunnerRetires(usize),
    RunnerDrains(usize, bool),
}

/// All there is.
pub(super) struct World {
    now: Timestamp,
    random: Random,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    planned: u64,
    controller: SimController,
    tick_at: Option<Timestamp>,
    runners: Vec<SimRunner>,
    frozen_until: Vec<Timestamp>,
    wake_at: Vec<Option<Timestamp>>,
    asks: BTreeMap<Ask, Sent>,
    asked: u64,
}

/// Runs the world of a seed to its end: its transcript, or the invariant that did not hold.
pub(super) fn run(seed: u64, bug: Option<Bug>) -> (String, Result<(), Violation>) {
    let mut world = World::new(seed, bug);
    let result = world.run();
    (world.controller.transcript, result)
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let count = usize::try_from(random.between(1, 4)).unwrap();
        let runners = (0..count).map(|n| SimRunner::new(n, u32::try_from(random.between(1, 3)).unwrap())).collect();
        let mut world = World {
            now: Timestamp(0),
            random,
            agenda: BTreeMap::new(),
            planned: 0,
            controller: SimController::new(bug),
            tick_at: None,
            runners,
            frozen_until: vec![Timestamp(0); count],
            wake_at: vec![None; count],
            asks: BTreeMap::new(),
            asked: 0,
        };
        for (number, runner) in world.runners.iter().enumerate() {
            world.controller.ledger.knows(runner.id, workload::labels_of(number));
        }
        world.plan_work();
        world.plan_mischief();
        world
    }

    fn plan_work(&mut self) {
        self.at(Timestamp(0), Happening::ControllerStarts);
        for runner in 0..self.runners.len() {
            self.at(Timestamp(1), Happening::RunnerStarts(runner));
        }
        for number in 1..=self.random.between(2, 5) {
            let run = workload::run(&mut self.random, number);
            let submitted = self.sometime();
            if self.random.chance(300) {
                let after = self.random.millis(0, 120_000);
                self.at(submitted + after, Happening::Cancel(run.id));
            }
            self.at(submitted, Happening::Submit(run));
        }
    }

    fn plan_mischief(&mut self) {
        for _ in 0..self.random.between(0, 4) {
            let at = self.sometime();
            self.at(at, Happening::ControllerCrashes);
        }
        for runner in 0..self.runners.len() {
            for _ in 0..self.random.between(0, 4) {
                let at = self.sometime();
                let mischief = self.mischief(runner, at);
                self.at(at, mischief);
            }
        }
    }

    fn mischief(&mut self, runner: usize, at: Timestamp) -> Happening {
        match self.random.between(0, 4) {
            0 => Happening::RunnerCrashes(runner),
            1 => Happening::RunnerRetires(runner),
            2 => {
                let after = self.random.millis(1_000, 60_000);
                self.at(at + after, Happening::RunnerDrains(runner, false));
                Happening::RunnerDrains(runner, true)
            }
            _ => Happening::RunnerFreezes(runner, self.random.millis(1_000, 120_000)),
        }
    }

    fn run(&mut self) -> Result<(), Violation> {
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.now = at;
            if at > CALM && self.controller.ledger.all_ended() {
                break;
            }
            ensure(at < END, "I4", || "it never ends".to_owned())?;
            self.happen(happening)?;
            self.plan_tick();
        }
        self.controller.close()
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Submit(run) => self.submit(run),
            Happening::Cancel(run) => self.tell(|ask| Event::CancelAsked { ask, run }),
            Happening::Arrives(sent) => self.arrives(sent),
            Happening::PollIsOver(ask) => self.poll_is_over(ask),
            Happening::Tick if self.tick_at == Some(self.now) => {
                self.tick_at = None;
                self.take(Event::Tick)
            }
            Happening::Tick => Ok(()),
            Happening::ControllerCrashes => {
                self.controller_crashes();
                Ok(())
            }
            Happening::ControllerStarts => self.controller.start(self.now),
            Happening::Answered(..)
            | Happening::Wakes(_)
            | Happening::RunnerCrashes(_)
            | Happening::RunnerStarts(_)
            | Happening::RunnerFreezes(..)
            | Happening::RunnerRetires(_)
            | Happening::RunnerDrains(..) => {
                self.happen_to_runner(happening);
                Ok(())
            }
        }
    }

    fn happen_to_runner(&mut self, happening: Happening) {
        match happening {
            Happening::Answered(sent, answer) => self.answered(sent, answer),
            Happening::Wakes(runner) if self.wake_at[runner] == Some(self.now) => self.wakes(runner),
            Happening::RunnerCrashes(runner) => {
                self.runners[runner].crash();
                let after = self.random.millis(100, 40_000);
                self.at(self.now + after, Happening::RunnerStarts(runner));
            }
            Happening::RunnerRetires(runner) => {
                if let Some(sent) = self.runners[runner].retire(runner, self.now) {
                    self.send(sent);
                }
                let after = self.random.millis(100, 40_000);
                self.at(self.now + after, Happening::RunnerStarts(runner));
            }
            Happening::RunnerStarts(runner) if !self.runners[runner].is_up() => {
                self.frozen_until[runner] = self.now;
                self.runners[runner].start(self.now);
                self.wakes(runner);
            }
            Happening::RunnerFreezes(runner, time) => self.frozen_until[runner] = self.now + time,
            Happening::RunnerDrains(runner, draining) => self.runners[runner].drain(draining),
            Happening::Wakes(_)
            | Happening::RunnerStarts(_)
            | Happening::Submit(_)
            | Happening::Cancel(_)
            | Happening::Arrives(_)
            | Happening::PollIsOver(_)
            | Happening::Tick
            | Happening::ControllerCrashes
            | Happening::ControllerStarts => {}
        }
    }

    /// The client tries until there is a controller to take the run.
    fn submit(&mut self, run: Arc<RunSpec>) -> Result<(), Violation> {
        if !self.controller.is_up() {
            self.at(self.now + Duration::from_secs(1), Happening::Submit(run));
            return Ok(());
        }
        self.tell(|ask| Event::Submitted { ask, run })
    }

    fn arrives(&mut self, sent: Sent) -> Result<(), Violation> {
        if !self.controller.is_up() {
            return Ok(());
        }
        let ask = self.new_ask();
        if matches!(sent.call, Call::Lease { .. }) {
            self.at(self.now + Duration::from_millis(LEASE_POLL_MS), Happening::PollIsOver(ask));
        }
        let event = self.event(ask, &sent);
        self.asks.insert(ask, sent);
        self.take(event)
    }

    fn event(&self, ask: Ask, sent: &Sent) -> Event {
        let (runner, life) = (self.runners[sent.runner].id, sent.life);
        match sent.call.clone() {
            Call::Hello { slots } => {
                let hello = Hello {
                    life,
                    version: String::new(),
                    slots,
                    labels: workload::labels_of(sent.runner),
                    resources: workload::resources_of(sent.runner),
                };
                Event::RunnerUp { ask, runner, name: self.runners[sent.runner].name.clone(), hello }
            }
            Call::Lease { request, slots } => {
                Event::LeaseAsked { ask, runner, request: LeaseRequest { life, request, slots } }
            }
            Call::Beat { attempts, draining } => {
                Event::Beat { ask, runner, life, attempts, draining, low_disk: None, machine: None }
            }
            Call::Progress { attempt } => {
                let events = vec![Progress::Phase { phase: Phase::Source, at: sent.at }];
                Event::Progressed { ask, attempt, events }
            }
            Call::Finish { attempt, finish } if gives_back(attempt, &finish) => {
                Event::GaveBack { ask, attempt, finish }
            }
            Call::Finish { attempt, finish } => Event::Finished { ask, attempt, finish },
            Call::Retire => Event::RunnerRetired { ask, runner, life },
        }
    }

    /// The shell answers a poll whose time is over with nothing.
    fn poll_is_over(&mut self, ask: Ask) -> Result<(), Violation> {
        let Some(sent) = self.asks.remove(&ask) else { return Ok(()) };
        let Call::Lease { request, .. } = sent.call else { return Ok(()) };
        let runner = self.runners[sent.runner].id;
        self.answer(sent, Answer::Leased(Vec::new()));
        self.take(Event::LeaseDropped { runner, request, ask })
    }

    fn tell(&mut self, event: impl FnOnce(Ask) -> Event) -> Result<(), Violation> {
        let ask = self.new_ask();
        self.take(event(ask))
    }

    fn take(&mut self, event: Event) -> Result<(), Violation> {
        if !self.controller.is_up() {
            return Ok(());
        }
        let rarity = if matches!(event, Event::Submitted { .. }) { 9 } else { 399 };
        let crash = match self.random.between(0, rarity) {
            0 if self.now < CALM => Crash::BeforeSaving,
            1 if self.now < CALM => Crash::BeforeAnswering,
            _ => Crash::Not,
        };
        for (ask, answer) in self.controller.take(self.now, event, crash)? {
            if let Some(sent) = self.asks.remove(&ask) {
                self.answer(sent, answer);
            }
        }
        if !self.controller.is_up() {
            self.controller_is_gone();
        }
        Ok(())
    }

    fn controller_crashes(&mut self) {
        if self.controller.is_up() {
            self.controller.crash(self.now);
            self.controller_is_gone();
        }
    }

    /// Connections are gone with it; it is started again after a while.
    fn controller_is_gone(&mut self) {
        self.asks.clear();
        self.tick_at = None;
        let after = self.random.millis(10, 60_000);
        self.at(self.now + after, Happening::ControllerStarts);
    }

    fn answered(&mut self, sent: Sent, answer: Answer) {
        let runner = sent.runner;
        if self.now < self.frozen_until[runner] {
            return self.at(self.frozen_until[runner], Happening::Answered(sent, answer));
        }
        if !self.runners[runner].hear(self.now, &sent, &answer, &mut self.random) {
            self.runners[runner].crash();
            self.at(self.now + Duration::from_secs(1), Happening::RunnerStarts(runner));
        }
        self.wakes(runner);
    }

    fn wakes(&mut self, runner: usize) {
        if self.now < self.frozen_until[runner] {
            return self.plan_wake(runner, self.frozen_until[runner]);
        }
        let (calls, records) = self.runners[runner].wake(runner, self.now, &mut self.random);
        for (attempt, records) in records {
            self.controller.ledger.wrote_exit_records(attempt, records);
        }
        calls.into_iter().for_each(|sent| self.send(sent));
        if let Some(at) = self.runners[runner].next_wakeup() {
            self.plan_wake(runner, at.max(self.now + Duration::from_millis(1)));
        }
    }

    /// Only the newest plan counts.
    fn plan_wake(&mut self, runner: usize, at: Timestamp) {
        self.wake_at[runner] = Some(at);
        self.at(at, Happening::Wakes(runner));
    }

    fn send(&mut self, sent: Sent) {
        for delay in self.deliveries() {
            self.at(self.now + delay, Happening::Arrives(sent.clone()));
        }
    }

    fn answer(&mut self, sent: Sent, answer: Answer) {
        for delay in self.deliveries() {
            self.at(self.now + delay, Happening::Answered(sent.clone(), answer.clone()));
        }
    }

    /// When a message gets there: never, once, or twice; late ones overtake one another.
    fn deliveries(&mut self) -> Vec<Duration> {
        if self.now >= CALM {
            return vec![self.random.millis(1, 20)];
        }
        let copies = match self.random.between(0, 99) {
            0..=7 => 0,
            8..=13 => 2,
            _ => 1,
        };
        let slowest = if self.random.chance(40) { 90_000 } else { 400 };
        (0..copies).map(|_| self.random.millis(1, slowest)).collect()
    }

    /// Asks for the tick that the core wants, a little late while things go wrong.
    fn plan_tick(&mut self) {
        let Some(wanted) = self.controller.next_wakeup() else { return };
        if self.tick_at.is_some_and(|planned| planned <= wanted.max(self.now)) {
            return;
        }
        let late = if self.now < CALM { self.random.millis(0, 500) } else { Duration::ZERO };
        let at = wanted.max(self.now) + late;
        self.tick_at = Some(at);
        self.at(at, Happening::Tick);
    }

    fn at(&mut self, at: Timestamp, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), happening);
    }

    fn new_ask(&mut self) -> Ask {
        self.asked += 1;
        Ask(self.asked)
    }

    fn sometime(&mut self) -> Timestamp {
        Timestamp(0) + self.random.millis(1_000, 300_000)
    }
}

/// Some attempts pass and give their runner back all the same; the next one of such a job comes to its end.
fn gives_back(attempt: AttemptId, finish: &Finish) -> bool {
    finish.verdict == Verdict::Passed && attempt.fence == 1 && attempt.job.0.as_u128().is_multiple_of(8)
}
