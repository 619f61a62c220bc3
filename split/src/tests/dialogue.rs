//! Writes down what is heard and said, one line each.

use crate::event::{Answer, Effects, Event};
use crate::ledger::Verdict;
use crate::manifest::{AtomNo, Manifest};
use crate::record::{AtomResult, Back, Exit, LeaseNo, Outcome, Record, WorkerId};

fn who(worker: WorkerId) -> String {
    format!("w{}", worker.0)
}

fn under(lease: LeaseNo) -> String {
    format!("#{}", lease.0)
}

fn result(result: &AtomResult) -> String {
    let word = match result.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    };
    word.to_owned()
}

fn listed<T>(all: &[T], name: impl Fn(&T) -> String) -> String {
    if all.is_empty() { "nothing".to_owned() } else { all.iter().map(name).collect::<Vec<_>>().join(" ") }
}

fn exit(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Died => "died".to_owned(),
    }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Quarantined { instead_of } => {
            format!("quarantined, else {}", instead_of.kind().word())
        }
        Verdict::NotRun { why } => format!("not run: {why}"),
        Verdict::Passed
        | Verdict::Flaky
        | Verdict::Failed
        | Verdict::Skipped
        | Verdict::Crashed
        | Verdict::TimedOut => verdict.kind().word().to_owned(),
    }
}

pub(super) struct Scribe<'a>(pub(super) &'a Manifest);

impl Scribe<'_> {
    fn atom(&self, atom: AtomNo) -> String {
        self.0.id(atom).to_owned()
    }

    fn atoms(&self, atoms: &[AtomNo]) -> String {
        listed(atoms, |atom| self.atom(*atom))
    }

    pub(super) fn heard(&self, event: &Event) -> String {
        match event {
            Event::Joined { worker, .. } => format!("{} joins", who(*worker)),
            Event::Listed { worker, .. } => format!("{} lists", who(*worker)),
            Event::Beat { worker, holds } => format!("{} beats with {}", who(*worker), listed(holds, |no| under(*no))),
            Event::Pulled { worker, request } => format!("{} pulls {}", who(*worker), request.0.as_u128()),
            Event::Started { worker, lease, atom } => {
                format!("{} starts {} of {}", who(*worker), self.atom(*atom), under(*lease))
            }
            Event::Reported { worker, lease, results, end } => {
                let told = listed(results, |(atom, of)| format!("{} {}", self.atom(*atom), result(of)));
                let end = end.map(|end| format!(", {}", exit(end.exit))).unwrap_or_default();
                format!("{} reports {}: {told}{end}", who(*worker), under(*lease))
            }
            Event::Left { worker } => format!("{} leaves", who(*worker)),
            Event::Lost { worker } => format!("{} is lost", who(*worker)),
            Event::YieldAsked => "a runner is wanted".to_owned(),
            Event::Contended(contended) => format!("contended: {contended}"),
            Event::GiveUp { reason } => format!("give up: {reason}"),
            Event::Tick => "tick".to_owned(),
        }
    }

    pub(super) fn said(&self, effects: &Effects) -> Vec<String> {
        let saved = effects.saves.iter().map(|record| format!("save {}", self.saved(record)));
        let woken = effects.wake.iter().map(|worker| format!("wake {}", who(*worker)));
        saved.chain([self.told(&effects.answer)]).filter(|line| !line.is_empty()).chain(woken).collect()
    }

    fn told(&self, answer: &Answer) -> String {
        match answer {
            Answer::Noted => String::new(),
            Answer::Leased(lease) => format!("tell: {} is {}", under(lease.number), self.atoms(&lease.atoms)),
            Answer::Wait => "tell: wait".to_owned(),
            Answer::Yield => "tell: yield".to_owned(),
            Answer::Over => "tell: over".to_owned(),
            Answer::Orders { drop } if drop.is_empty() => "tell: go on".to_owned(),
            Answer::Orders { drop } => format!("tell: drop {}", listed(drop, |no| under(*no))),
            Answer::Taken { counted, already, stale, foreign } => {
                let counts = [(counted, "counted"), (already, "already"), (stale, "stale"), (foreign, "foreign")];
                let told = counts.iter().filter(|(count, _)| **count > 0);
                let told: Vec<_> = told.map(|(count, word)| format!("{count} {word}")).collect();
                format!("tell: {}", listed(&told, Clone::clone))
            }
            Answer::JoinAgain => "tell: join again".to_owned(),
        }
    }

    fn saved(&self, record: &Record) -> String {
        match record {
            Record::WorkerJoined { worker, .. } => format!("{} joined", who(*worker)),
            Record::WorkerGone { worker, why, .. } => format!("{} gone: {why:?}", who(*worker)),
            Record::WorkerStruck { worker } => format!("{} struck", who(*worker)),
            Record::Leased { lease, worker, atoms, .. } => {
                format!("{} to {}: {}", under(*lease), who(*worker), self.atoms(atoms))
            }
            Record::Started { atom, .. } => format!("{} started", self.atom(*atom)),
            Record::Counted { lease, atom, result: of, .. } => {
                format!("{} {} under {}", self.atom(*atom), result(of), under(*lease))
            }
            Record::Stale { lease, atom, result: of, .. } => {
                format!("evidence: {} {} under {}", self.atom(*atom), result(of), under(*lease))
            }
            Record::Ended { lease, exit: how, .. } => format!("{} ended, {}", under(*lease), exit(*how)),
            Record::Returned { atom, to, blamed } => {
                let to = match to {
                    Back::Pool => "back".to_owned(),
                    Back::Retry => "to be tried again".to_owned(),
                    Back::Alone => "to run alone".to_owned(),
                    Back::Part(number) => format!("to part {number}"),
                };
                format!("{} {to}{}", self.atom(*atom), if *blamed { ", blamed" } else { "" })
            }
            Record::Settled { atom, verdict: found, .. } => format!("{}: {}", self.atom(*atom), verdict(found)),
            Record::Mismatched { worker, differences, .. } => format!("{} differs: {differences}", who(*worker)),
            Record::GivenUp { reason, .. } => format!("given up: {reason}"),
            Record::Closed { .. } => "closed".to_owned(),
        }
    }
}
