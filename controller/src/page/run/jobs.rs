//! The jobs of a run as rows: copies of one job folded, each with its steps, what it waits for, where it ran.

use crate::page::images::address_of;
use crate::page::state::{Mark, mark, worst};
use crate::page::when::between;
use sidings_proto::api::{JobView, RunView, State, WaitFor};
use sidings_proto::runner::Phase;
use sidings_proto::tested::TestCounts;
use sidings_proto::{JobId, StepNo, Timestamp, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// A job, or all copies of one.
pub(super) struct JobGroup {
    pub(super) name: String,
    pub(super) mark: Mark,
    /// How many are how, the worst first; none for a job that is alone.
    pub(super) counts: Vec<(Mark, usize)>,
    pub(super) jobs: Vec<JobRow>,
}

/// A job.
pub(super) struct JobRow {
    pub(super) id: JobId,
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) may_fail: bool,
    /// Why it is as it is: what it waits for, why it failed or was skipped, what it does now.
    pub(super) why: Option<String>,
    /// This visitor may let it run.
    pub(super) approve: bool,
    pub(super) approved: Option<String>,
    pub(super) runner: Option<String>,
    pub(super) lasted: Option<String>,
    pub(super) attempts: usize,
    pub(super) needs: String,
    pub(super) tests: Option<TestCounts>,
    pub(super) has_log: bool,
    pub(super) steps: Vec<StepRow>,
}

/// A step or a service.
pub(in crate::page) struct StepRow {
    pub(in crate::page) no: StepNo,
    pub(in crate::page) name: String,
    pub(in crate::page) kind: &'static str,
    pub(in crate::page) mark: Mark,
    pub(in crate::page) code: Option<i32>,
    pub(in crate::page) lasted: Option<String>,
    pub(in crate::page) has_log: bool,
}

/// An image that jobs ran in.
pub(super) struct Environment {
    pub(super) reference: String,
    pub(super) key: Option<String>,
    /// Where it is told what is in it, if that is known.
    pub(super) address: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) built: bool,
    pub(super) jobs: usize,
}

impl Environment {
    /// The first characters of what is told whole beside.
    pub(super) fn shortened(&self, text: &str, most: usize) -> String {
        text.chars().take(most).collect()
    }
}

/// Jobs in the file's order, the copies of each together.
pub(super) fn groups(run: &RunView, may_approve: bool, now: Timestamp) -> Vec<JobGroup> {
    let mut groups: Vec<JobGroup> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for job in &run.jobs {
        let name = job.group.as_deref().unwrap_or(&job.name);
        let row = JobRow::of(job, may_approve, now);
        match places.get(name).and_then(|place| groups.get_mut(*place)) {
            Some(group) => group.jobs.push(row),
            None => {
                places.insert(name, groups.len());
                groups.push(JobGroup { name: name.to_owned(), mark: row.mark, counts: Vec::new(), jobs: vec![row] });
            }
        }
    }
    for group in &mut groups {
        group.mark = worst(group.jobs.iter().map(|job| job.mark)).unwrap_or(group.mark);
        if group.jobs.len() > 1 {
            group.counts = counts(group.jobs.iter().map(|job| job.mark));
        }
    }
    groups
}

/// How many are how, the worst first.
pub(in crate::page) fn counts(marks: impl Iterator<Item = Mark>) -> Vec<(Mark, usize)> {
    let mut counts = BTreeMap::new();
    marks.for_each(|mark| *counts.entry(mark).or_insert(0) += 1);
    counts.into_iter().collect()
}

impl JobRow {
    fn of(job: &JobView, may_approve: bool, now: Timestamp) -> Self {
        let last = job.attempts.last();
        let awaits = job.wait.as_ref().is_some_and(|wait| wait.kind == WaitFor::Approval);
        Self {
            id: job.id,
            name: job.name.clone(),
            mark: mark(job.state, job.verdict.as_ref()),
            may_fail: job.allow_failure,
            why: why(job, now),
            approve: awaits && may_approve,
            approved: job.approved.as_ref().map(|approved| approved.by.clone()),
            runner: last.map(|attempt| attempt.runner_name.clone()),
            lasted: last.map(|attempt| between(attempt.started, attempt.ended, now)),
            attempts: job.attempts.len(),
            needs: job.needs.join(", "),
            tests: job.tests.as_ref().map(|tests| tests.counts),
            has_log: last.is_some(),
            steps: steps(job, now),
        }
    }
}

fn why(job: &JobView, now: Timestamp) -> Option<String> {
    let stopped = || job.stopped.as_ref().map(ToString::to_string);
    match &job.verdict {
        Some(Verdict::Failed(failure)) => Some(failure.message.clone()),
        Some(Verdict::Skipped { reason, .. }) => Some(reason.clone()),
        Some(Verdict::Cancelled) => stopped(),
        Some(Verdict::Passed) => None,
        None => job.wait.as_ref().map(|wait| wait.told(now)).or_else(|| phase(job)),
    }
}

fn phase(job: &JobView) -> Option<String> {
    let doing = match job.phase.filter(|_| job.state == State::Running)? {
        Phase::Source => "getting the files",
        Phase::Image => "getting the image",
        Phase::Services => "waiting for its services",
        Phase::Steps => return None,
        Phase::Teardown => "cleaning up",
    };
    Some(doing.to_owned())
}

pub(in crate::page) fn steps(job: &JobView, now: Timestamp) -> Vec<StepRow> {
    let steps = job.steps.iter().map(|step| StepRow {
        no: step.no,
        name: step.name.clone(),
        kind: "step",
        mark: mark(step.state, step.verdict.as_ref()),
        code: step.code.filter(|code| *code != 0),
        lasted: step.started.map(|started| between(started, step.ended, now)),
        has_log: step.started.is_some(),
    });
    let services = job.services.iter().map(|service| StepRow {
        no: service.no,
        name: service.name.clone(),
        kind: "service",
        mark: mark(service.state, service.verdict.as_ref()),
        code: service.code.filter(|code| *code != 0),
        lasted: service.started.map(|started| between(started, service.ended, now)),
        has_log: service.started.is_some(),
    });
    steps.chain(services).collect()
}

/// The images of a run, each once, with what says which one it was.
pub(super) fn environments(run: &RunView, listed: &BTreeSet<String>) -> Vec<Environment> {
    let mut known: BTreeMap<&str, (Environment, BTreeSet<JobId>)> = BTreeMap::new();
    for job in &run.jobs {
        for image in job.attempts.iter().flat_map(|attempt| &attempt.images) {
            let new = || Environment {
                reference: image.reference.clone(),
                address: image
                    .key
                    .as_ref()
                    .filter(|key| listed.contains(*key))
                    .map(|key| address_of(key, &run.summary.project)),
                key: image.key.clone(),
                digest: run.digests.get(&image.reference).cloned().or_else(|| Some(image.id.clone())),
                built: false,
                jobs: 0,
            };
            let (environment, jobs) = known.entry(&image.reference).or_insert_with(|| (new(), BTreeSet::new()));
            environment.built |= image.built;
            jobs.insert(job.id);
        }
    }
    known.into_values().map(|(environment, jobs)| Environment { jobs: jobs.len(), ..environment }).collect()
}
