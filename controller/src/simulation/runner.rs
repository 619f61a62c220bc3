//! A simulated runner: follows the protocol as the real one does. It repeats every call until it is answered, keeps
//! nothing over its own end, and lets go of what it is told to.

use super::random::Random;
use super::workload::{self, ExitRecords};
use crate::core::event::{Answer, Lease, RunContent};
use crate::core::tests::dialogue::id;
use sidings_proto::runner::{BEAT_EVERY_MS, DISCONNECTED_MS, Finish, LEASE_MARGIN_MS, LEASE_TTL_MS, Order};
use sidings_proto::{AttemptId, JobSpec, LifeId, RequestId, RunnerId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a runner asks of the controller.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Hello { slots: u32 },
    Lease { request: RequestId, slots: u32 },
    Beat { attempts: Vec<AttemptId>, draining: bool },
    Progress { attempt: AttemptId },
    Finish { attempt: AttemptId, finish: Box<Finish> },
    Retire,
}

/// A call on its way.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) runner: usize,
    pub(super) life: LifeId,
    pub(super) at: Timestamp,
    pub(super) call: Call,
}

/// A runner, over all its lives.
#[derive(Debug)]
pub(super) struct SimRunner {
    pub(super) id: RunnerId,
    pub(super) name: String,
    slots: u32,
    life: Option<Life>,
    lives: u32,
    requests: u32,
}

/// One process of it.
#[derive(Debug)]
struct Life {
    id: LifeId,
    welcome: bool,
    draining: bool,
    say_hello_at: Timestamp,
    beat_at: Timestamp,
    ask: Option<(RequestId, u32)>,
    ask_at: Timestamp,
    held: BTreeMap<AttemptId, Work>,
    /// Attempts that it has let go of; a repeated answer does not bring them back.
    done: BTreeSet<AttemptId>,
}

/// An attempt that it carries out.
#[derive(Debug)]
struct Work {
    spec: JobSpec,
    trusted_until: Timestamp,
    mentioned: bool,
    mention_at: Timestamp,
    over_at: Timestamp,
    stopped: bool,
    finish: Option<Box<Finish>>,
    finish_at: Timestamp,
}

const PATIENCE: Duration = Duration::from_secs(3);
/// Longer than a lease request is held open.
const LEASE_PATIENCE: Duration = Duration::from_secs(30);

impl SimRunner {
    pub(super) fn new(number: usize, slots: u32) -> Self {
        let name = format!("u{number}");
        SimRunner { id: RunnerId(id(&name)), name, slots, life: None, lives: 0, requests: 0 }
    }

    pub(super) fn is_up(&self) -> bool {
        self.life.is_some()
    }

    /// A new process; what the last one held is swept away.
    pub(super) fn start(&mut self, now: Timestamp) {
        self.lives += 1;
        self.life = Some(Life {
            id: LifeId(id(&format!("{}.{}", self.name, self.lives))),
            welcome: false,
            draining: false,
            say_hello_at: now,
            beat_at: now,
            ask: None,
            ask_at: now,
            held: BTreeMap::new(),
            done: BTreeSet::new(),
        });
    }

    pub(super) fn crash(&mut self) {
        self.life = None;
    }

    pub(super) fn drain(&mut self, draining: bool) {
        if let Some(life) = &mut self.life {
            life.draining = draining;
        }
    }

    /// Ends in order: one call, and it is gone.
    pub(super) fn retire(&mut self, runner: usize, now: Timestamp) -> Option<Sent> {
        let life = self.life.take()?;
        Some(Sent { runner, life: life.id, at: now, call: Call::Retire })
    }

    /// When it next wants to do something.
    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        let life = self.life.as_ref()?;
        let work = life.held.values().flat_map(Work::times);
        let ask = (life.welcome && life.wants_work(self.slots)).then_some(life.ask_at);
        let talk = if life.welcome { life.beat_at } else { life.say_hello_at };
        work.chain(ask).chain([talk]).min()
    }

    /// Does what is due: the calls, and the exit records of attempts whose steps have run.
    pub(super) fn wake(
        &mut self,
        runner: usize,
        now: Timestamp,
        random: &mut Random,
    ) -> (Vec<Sent>, Vec<(AttemptId, ExitRecords)>) {
        let (mut calls, mut records) = (Vec::new(), Vec::new());
        let Some(life) = &mut self.life else { return (Vec::new(), records) };
        life.work(now, random, &mut calls, &mut records);
        if life.welcome {
            calls.extend(life.beat(now, random));
            calls.extend(life.ask(now, self.slots, &self.name, &mut self.requests));
        } else if life.say_hello_at <= now {
            life.say_hello_at = now + PATIENCE;
            calls.push(Call::Hello { slots: self.slots });
        }
        let sent = calls.into_iter().map(|call| Sent { runner, life: life.id, at: now, call }).collect();
        (sent, records)
    }

    /// Hears an answer. False: the process has to end.
    pub(super) fn hear(&mut self, now: Timestamp, sent: &Sent, answer: &Answer, random: &mut Random) -> bool {
        let Some(life) = self.life.as_mut().filter(|life| life.id == sent.life) else { return true };
        match (&sent.call, answer) {
            (Call::Hello { .. }, Answer::Stale) => return false,
            (Call::Hello { .. }, _) => life.welcome = true,
            (_, Answer::UnknownLife) => (life.welcome, life.say_hello_at) = (false, now),
            (Call::Lease { request, .. }, Answer::Leased(leases)) => life.leased(now, sent, *request, leases, random),
            (Call::Beat { .. }, Answer::Orders(orders)) => life.ordered(now, sent, orders),
            (Call::Progress { attempt }, Answer::Done) => life.mentioned(*attempt),
            (Call::Progress { attempt } | Call::Finish { attempt, .. }, _) => life.let_go(*attempt),
            (Call::Lease { .. } | Call::Beat { .. } | Call::Retire, _) => {}
        }
        true
    }
}

impl Life {
    fn wants_work(&self, slots: u32) -> bool {
        !self.draining && (self.ask.is_some() || self.held.len() < usize::try_from(slots).unwrap())
    }

    fn work(
        &mut self,
        now: Timestamp,
        random: &mut Random,
        calls: &mut Vec<Call>,
        records: &mut Vec<(AttemptId, ExitRecords)>,
    ) {
        self.held.retain(|_, work| now < work.trusted_until + Duration::from_millis(DISCONNECTED_MS));
        for (attempt, work) in &mut self.held {
            if work.finish.is_none() && work.over_at <= now {
                let (finish, exit_records) = workload::carry_out(random, &work.spec, now);
                records.push((*attempt, exit_records));
                work.finish = Some(Box::new(if work.stopped { workload::stopped() } else { finish }));
                work.finish_at = now;
            }
            if !work.mentioned && work.mention_at <= now {
                work.mention_at = now + PATIENCE;
                calls.push(Call::Progress { attempt: *attempt });
            }
            if let Some(finish) = work.finish.as_ref().filter(|_| work.finish_at <= now) {
                work.finish_at = now + PATIENCE;
                calls.push(Call::Finish { attempt: *attempt, finish: finish.clone() });
            }
        }
    }

    fn beat(&mut self, now: Timestamp, random: &mut Random) -> Option<Call> {
        if now < self.beat_at {
            return None;
        }
        self.beat_at = now + random.millis(BEAT_EVERY_MS * 9 / 10, BEAT_EVERY_MS * 11 / 10);
        Some(Call::Beat { attempts: self.held.keys().copied().collect(), draining: self.draining })
    }

    fn ask(&mut self, now: Timestamp, slots: u32, name: &str, requests: &mut u32) -> Option<Call> {
        if now < self.ask_at || !self.wants_work(slots) {
            return None;
        }
        self.ask_at = now + LEASE_PATIENCE;
        let (request, slots) = *self.ask.get_or_insert_with(|| {
            *requests += 1;
            let free = slots - u32::try_from(self.held.len()).unwrap();
            (RequestId(id(&format!("{name}.q{requests}"))), free)
        });
        Some(Call::Lease { request, slots })
    }

    fn leased(&mut self, now: Timestamp, sent: &Sent, request: RequestId, leases: &[Lease], random: &mut Random) {
        if self.ask.is_none_or(|(open, _)| open != request) {
            return;
        }
        (self.ask, self.ask_at) = (None, now + Duration::from_millis(10));
        for lease in leases.iter().filter(|lease| !self.done.contains(&lease.attempt)) {
            self.held.entry(lease.attempt).or_insert_with(|| Work::new(now, sent, lease, random));
        }
    }

    fn ordered(&mut self, now: Timestamp, sent: &Sent, orders: &[(AttemptId, Order)]) {
        for (attempt, order) in orders {
            let Some(work) = self.held.get_mut(attempt) else { continue };
            match order {
                Order::GoOn => work.trust(sent),
                Order::Cancel => {
                    work.trust(sent);
                    work.stop(now);
                }
                Order::Drop => self.let_go(*attempt),
            }
        }
    }

    fn mentioned(&mut self, attempt: AttemptId) {
        if let Some(work) = self.held.get_mut(&attempt) {
            work.mentioned = true;
        }
    }

    fn let_go(&mut self, attempt: AttemptId) {
        self.held.remove(&attempt);
        self.done.insert(attempt);
    }
}

impl Work {
    fn new(now: Timestamp, sent: &Sent, lease: &Lease, random: &mut Random) -> Self {
        let spec = match &lease.run.content {
            RunContent::Plan { plan, .. } => plan.jobs[lease.index].spec.clone(),
            RunContent::Invalid { .. } => panic!("a run without a plan has nothing to lease"),
        };
        let mut work = Work {
            spec,
            trusted_until: now,
            mentioned: false,
            mention_at: now,
            over_at: now + random.millis(200, 60_000),
            stopped: false,
            finish: None,
            finish_at: now,
        };
        work.trust(sent);
        work
    }

    /// A lease is trusted from the time the call was sent, less a margin.
    fn trust(&mut self, sent: &Sent) {
        let until = sent.at + Duration::from_millis(LEASE_TTL_MS - LEASE_MARGIN_MS);
        self.trusted_until = self.trusted_until.max(until);
    }

    /// TERM, and some seconds until all is down. What has ended already keeps its end.
    fn stop(&mut self, now: Timestamp) {
        if self.finish.is_none() && !self.stopped {
            self.stopped = true;
            self.over_at = self.over_at.min(now + PATIENCE);
        }
    }

    fn times(&self) -> impl Iterator<Item = Timestamp> {
        let mention = (!self.mentioned).then_some(self.mention_at);
        let finish = if self.finish.is_some() { self.finish_at } else { self.over_at };
        [Some(finish), mention].into_iter().flatten()
    }
}
