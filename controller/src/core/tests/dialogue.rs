//! Writes down what is heard and said, one line each. Ids are their own names, as bytes.

use crate::core::event::{Action, Answer, Event, Record};
use sidings_proto::runner::Order;
use sidings_proto::{AttemptId, StopReason, Timestamp, Verdict};
use uuid::Uuid;

/// An id that is its own name, of at most 16 letters.
pub(crate) fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    Uuid::from_bytes(bytes)
}

pub(crate) fn name(id: Uuid) -> String {
    String::from_utf8(id.into_bytes().into_iter().filter(|byte| *byte != 0).collect()).unwrap()
}

pub(crate) fn time(at: Timestamp) -> String {
    format!("{}s", at.0 / 1000)
}

fn tried(attempt: AttemptId) -> String {
    format!("{}/{}", name(attempt.job.0), attempt.fence)
}

fn listed(attempts: impl IntoIterator<Item = AttemptId>) -> String {
    let all: Vec<_> = attempts.into_iter().map(tried).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn ended(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed | Verdict::Cancelled => verdict.word().to_owned(),
        Verdict::Failed(failure) => format!("failed, {}: {}", failure.class, failure.message),
        Verdict::Skipped { reason, blocked } => {
            format!("skipped{}: {reason}", if *blocked { ", blocked" } else { "" })
        }
    }
}

pub(crate) fn heard(event: &Event) -> String {
    match event {
        Event::Submitted { run, .. } => format!("submit {} of {}", name(run.id.0), run.project),
        Event::RunnerUp { hello, .. } => format!("{} is up", name(hello.life.0)),
        Event::LeaseAsked { request, .. } => {
            format!("{} asks {} for {}", name(request.life.0), name(request.request.0), request.slots)
        }
        Event::LeaseDropped { request, ask, .. } => format!("nobody waits for {} of #{}", name(request.0), ask.0),
        Event::Beat { life, attempts, draining, .. } => {
            let draining = if *draining { ", draining" } else { "" };
            format!("{} holds {}{draining}", name(life.0), listed(attempts.iter().copied()))
        }
        Event::Progressed { attempt, .. } => format!("{} goes on", tried(*attempt)),
        Event::Finished { attempt, finish, .. } => format!("{} finishes: {}", tried(*attempt), ended(&finish.verdict)),
        Event::GaveBack { attempt, .. } => format!("{} gives its runner back", tried(*attempt)),
        Event::RunnerRetired { life, .. } => format!("{} retires", name(life.0)),
        Event::RunnerRevoked { runner } => format!("{} is revoked", name(runner.0)),
        Event::Approved { job, by, .. } => format!("{by} approves {}", name(job.0)),
        Event::DrainAsked { name, by, .. } => format!("{by} drains {name}"),
        Event::ResumeAsked { name, .. } => format!("{name} may go on"),
        Event::CancelAsked { run, .. } => format!("cancel {}", name(run.0)),
        Event::Tick => "tick".to_owned(),
    }
}

pub(crate) fn said(action: &Action) -> Option<String> {
    match action {
        // It changes nothing that follows.
        Action::Save(Record::PaceLearnt { .. }) => None,
        Action::Save(record) => Some(format!("save {}", saved(record))),
        Action::Answer(ask, answer) => Some(format!("tell #{}: {}", ask.0, told(answer))),
        Action::Hint(runner) => Some(format!("poke {}", name(runner.0))),
        Action::Publish(_) => None,
    }
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Leased(leases) => format!("yours is {}", listed(leases.iter().map(|lease| lease.attempt))),
        Answer::Orders(orders) => {
            let word = |order: &Order| match order {
                Order::GoOn => "go on",
                Order::Cancel => "cancel",
                Order::Drop => "drop",
            };
            let all: Vec<_> = orders.iter().map(|(id, order)| format!("{} {}", word(order), tried(*id))).collect();
            if all.is_empty() { "no orders".to_owned() } else { all.join(", ") }
        }
        Answer::Accepted => "accepted".to_owned(),
        Answer::Already => "already".to_owned(),
        Answer::Stale => "stale".to_owned(),
        Answer::UnknownLife => "unknown life".to_owned(),
    }
}

fn saved(record: &Record) -> String {
    match record {
        Record::RunAccepted { run, .. } => format!("{} accepted", name(run.id.0)),
        Record::JobQueued { job, since, not_before } if since == not_before => format!("{} queued", name(job.0)),
        Record::JobQueued { job, not_before, .. } => {
            format!("{} queued, not before {}", name(job.0), time(*not_before))
        }
        Record::AttemptStarted { attempt, life, request, .. } => {
            format!("{} started by {} for {}", tried(*attempt), name(life.0), name(request.0))
        }
        Record::AttemptProgressed { attempt, .. } => format!("{} progressed", tried(*attempt)),
        Record::AttemptEnded { attempt, verdict, .. } => format!("{} over: {}", tried(*attempt), ended(verdict)),
        Record::ArtifactsKept { attempt, artifacts, .. } => {
            format!("{} keeps {}", tried(*attempt), artifacts.len())
        }
        Record::CachesSaved { project, scope, caches, .. } => {
            let keys: Vec<_> = caches.iter().map(|cache| cache.key.as_str()).collect();
            format!("caches {} of {project}, {scope}", keys.join(", "))
        }
        Record::JobEnded { job, verdict, .. } => format!("{} ended: {}", name(job.0), ended(verdict)),
        Record::RunCancelling { run, reason: StopReason::Asked } => format!("{} cancelling", name(run.0)),
        Record::RunCancelling { run, reason } => format!("{} cancelling: {reason}", name(run.0)),
        Record::JobStopping { job, reason } => format!("{} stopping: {reason}", name(job.0)),
        Record::JobApproved { job, by, .. } => format!("{} approved by {by}", name(job.0)),
        Record::RunnersDrained { name, by, .. } => format!("{name} drained by {by}"),
        Record::PaceLearnt { job, ms, .. } => format!("{job} takes {ms} ms"),
        Record::RunnersResumed { name } => format!("{name} resumed"),
        Record::RunEnded { run, verdict, .. } => format!("{} ended: {}", name(run.0), ended(verdict)),
    }
}
