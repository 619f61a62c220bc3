//! A run and the states of its jobs: what one job's end means for those that need it, and how the run ends.
//!
//! Nothing here knows runners or time's passing; it is the graph alone.

use super::demand::Demand;
use super::event::{RunContent, RunSpec};
use super::queue::Turn;
use sidings_proto::{
    AttemptId, Failure, FailureClass, JobId, JobSpec, LifeId, Plan, PlannedJob, RequestId, RunId, RunnerId, RunsOn,
    StopReason, Timestamp, Verdict,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) run: RunId,
    pub(super) index: usize,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) spec: Arc<RunSpec>,
    pub(super) project: Arc<str>,
    pub(super) accepted: Timestamp,
    /// When its first job was handed out.
    pub(super) began: Option<Timestamp>,
    /// Why it is being stopped, if it is.
    pub(super) stopping: Option<StopReason>,
    pub(super) jobs: Vec<Job>,
    /// For each job those that need it.
    dependents: Vec<Vec<usize>>,
    /// Jobs without an outcome.
    open: usize,
}

/// A job of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Job {
    pub(super) id: JobId,
    /// The highest fence ever handed out.
    pub(super) fence: u64,
    pub(super) infrastructure_failures: u32,
    /// Attempts that ended by the user's fault.
    pub(super) own_failures: u32,
    pub(super) demand: Arc<Demand>,
    /// Why it is being stopped, if it is and its run is not.
    pub(super) stopping: Option<StopReason>,
    /// Somebody agreed that it runs.
    pub(super) approved: bool,
    pub(super) state: State,
}

/// Where a job is in its life.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// For jobs it needs.
    Waiting {
        /// How many of them have yet to end, or to release it.
        needs: usize,
        /// One of them failed, or was not to run because something failed.
        failed: bool,
    },
    /// For a runner.
    Queued { since: Timestamp, not_before: Timestamp },
    /// The attempt with the highest fence is out.
    Leased(Tenure),
    /// It has its outcome.
    Ended(Verdict),
}

/// A runner's hold on an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tenure {
    pub(super) runner: RunnerId,
    pub(super) life: LifeId,
    pub(super) request: RequestId,
    pub(super) until: Timestamp,
    pub(super) grip: Grip,
    /// When it was handed out.
    pub(super) started: Timestamp,
    /// Since when it counts as its project's use, as far as this life of the controller knows.
    pub(super) since: Timestamp,
    /// What it takes of the runner, in thousandths of a slot.
    pub(super) cost: u64,
}

/// How sure the hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grip {
    /// Handed out, not mentioned by the runner yet.
    Offered { mention_by: Timestamp },
    /// The runner has said that it has it.
    Taken,
    /// The time ran out. The job is in line again; until its turn comes and the fence moves, the runner may come back.
    Lapsed {
        /// The runner had it; else the answer was lost and nothing was spent.
        taken: bool,
    },
}

/// What follows from a job's end.
#[derive(Debug, PartialEq)]
pub(super) struct Consequences {
    /// The job, and those that its end blocks.
    pub(super) ended: Vec<(usize, Verdict)>,
    /// Jobs whose needs are all met now.
    pub(super) ready: Vec<usize>,
}

impl Run {
    /// A run whose jobs all wait; nothing is in line yet. A pipeline that is wrong has no jobs.
    pub(super) fn new(spec: Arc<RunSpec>, accepted: Timestamp) -> Self {
        let needs = needs_by_index(plan_of(&spec));
        let mut dependents = vec![Vec::new(); needs.len()];
        for (index, needed) in needs.iter().enumerate() {
            needed.iter().for_each(|need| dependents[*need].push(index));
        }
        let planned = needs.iter().zip(job_ids_of(&spec)).zip(&plan_of(&spec).jobs);
        let jobs: Vec<Job> = planned.map(|((needs, id), planned)| Job::waiting(*id, needs.len(), planned)).collect();
        let project = spec.project.as_str().into();
        Run { project, accepted, began: None, stopping: None, dependents, open: jobs.len(), jobs, spec }
    }

    pub(super) fn plan(&self) -> &Plan {
        plan_of(&self.spec)
    }

    pub(super) fn planned(&self, index: usize) -> Option<&PlannedJob> {
        self.plan().jobs.get(index)
    }

    pub(super) fn job_spec(&self, index: usize) -> Option<&JobSpec> {
        self.planned(index).map(|planned| &planned.spec)
    }

    /// The name of a job whose end is the run's, by its pipeline's word: what has not begun is not to begin any more.
    pub(super) fn is_fatal(&self, index: usize, verdict: &Verdict) -> Option<String> {
        let planned = self.planned(index).filter(|planned| self.plan().fail_fast && !planned.allow_failure)?;
        match verdict {
            Verdict::Failed(_) if !self.is_over() => Some(planned.name.clone()),
            Verdict::Failed(_) | Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => None,
        }
    }

    /// The waiting jobs that are not to run at all, and why.
    pub(super) fn not_to_run(&self) -> Vec<(usize, String)> {
        let waiting = |index: &usize| matches!(self.jobs[*index].state, State::Waiting { .. });
        let planned = plan_of(&self.spec).jobs.iter().enumerate();
        let skipped = planned.filter_map(|(index, job)| Some((index, reason_to_skip(job)?)));
        skipped.filter(|(index, _)| waiting(index)).collect()
    }

    /// The waiting jobs that wait for nothing.
    pub(super) fn free_to_start(&self) -> Vec<usize> {
        let free = |job: &Job| matches!(job.state, State::Waiting { needs: 0, .. });
        (0..self.jobs.len()).filter(|index| free(&self.jobs[*index])).collect()
    }

    pub(super) fn turn(&self, index: usize) -> Turn {
        let priority = self.planned(index).map_or(0, |planned| planned.scheduling.priority);
        Turn::new(self.accepted, self.spec.id, index, self.jobs[index].id, priority)
    }

    pub(super) fn is_over(&self) -> bool {
        self.open == 0
    }

    /// Gives a job its outcome, ends those that needed it to pass, and finds those that are free to start.
    /// A job that has its outcome keeps it.
    pub(super) fn conclude(&mut self, index: usize, verdict: Verdict) -> Consequences {
        self.end_all(VecDeque::from([(index, verdict)]), Vec::new())
    }

    /// Takes over an outcome that is durable already. [`Run::catch_up`] follows once all are taken over.
    pub(super) fn recall(&mut self, index: usize, verdict: Verdict) {
        self.jobs[index].state = State::Ended(verdict);
        self.open -= 1;
    }

    /// What the outcomes that were taken over mean for the jobs that still wait.
    pub(super) fn catch_up(&mut self) -> Consequences {
        let (mut ending, mut ready) = (VecDeque::new(), Vec::new());
        for index in 0..self.jobs.len() {
            if let Some(verdict) = self.jobs[index].outcome().cloned() {
                self.pass_on(index, &verdict, &mut ending, &mut ready);
            }
        }
        self.end_all(ending, ready)
    }

    fn end_all(&mut self, mut ending: VecDeque<(usize, Verdict)>, mut ready: Vec<usize>) -> Consequences {
        let mut ended = Vec::new();
        while let Some((index, verdict)) = ending.pop_front() {
            if self.jobs[index].outcome().is_some() {
                continue;
            }
            self.recall(index, verdict.clone());
            self.pass_on(index, &verdict, &mut ending, &mut ready);
            ended.push((index, verdict));
        }
        Consequences { ended, ready }
    }

    /// Tells the jobs that need this one how it ended.
    fn pass_on(
        &mut self,
        index: usize,
        verdict: &Verdict,
        ending: &mut VecDeque<(usize, Verdict)>,
        ready: &mut Vec<usize>,
    ) {
        let spec = self.spec.clone();
        let planned = &plan_of(&spec).jobs;
        for dependent in std::mem::take(&mut self.dependents[index]) {
            let released = releases(&planned[index], verdict);
            let job = &planned[dependent];
            if *verdict == Verdict::Cancelled || (!released && job.runs_on == RunsOn::Success) {
                ending.push_back((dependent, held_up_by(&planned[index], verdict)));
                continue;
            }
            match self.last_need_ends(dependent, !released) {
                Some(something_failed) if job.skip.is_none() && job.runs_on.holds(something_failed) => {
                    ready.push(dependent);
                }
                Some(_) if job.skip.is_none() => ending.push_back((dependent, not_called_for())),
                Some(_) | None => {}
            }
        }
    }

    /// Counts one need of a job as over; when it was the last, whether any of them failed.
    fn last_need_ends(&mut self, index: usize, it_failed: bool) -> Option<bool> {
        match &mut self.jobs[index].state {
            State::Waiting { needs, failed } => {
                *needs = needs.saturating_sub(1);
                *failed |= it_failed;
                (*needs == 0).then_some(*failed)
            }
            State::Queued { .. } | State::Leased(_) | State::Ended(_) => None,
        }
    }

    /// How the run ends once all its jobs have: a failure is told before a cancel, in the order of the file.
    pub(super) fn verdict(&self) -> Verdict {
        let plan = match &self.spec.content {
            RunContent::Plan { plan, .. } => plan,
            RunContent::Invalid { .. } => return Verdict::Failed(invalid_pipeline()),
        };
        let outcomes = || plan.jobs.iter().zip(&self.jobs).filter_map(|(planned, job)| Some((planned, job.outcome()?)));
        if let Some(failure) = outcomes().find_map(|(planned, verdict)| failure_of_run(planned, verdict)) {
            return Verdict::Failed(failure);
        }
        if outcomes().any(|(_, verdict)| *verdict == Verdict::Cancelled) {
            return self.verdict_of_stopped();
        }
        if outcomes().all(|(_, verdict)| matches!(verdict, Verdict::Skipped { .. })) {
            return Verdict::Skipped { reason: "none of its jobs was to run".to_owned(), blocked: false };
        }
        Verdict::Passed
    }

    /// Whose time was over has failed; who was stopped for another reason has not.
    fn verdict_of_stopped(&self) -> Verdict {
        match &self.stopping {
            Some(reason @ StopReason::TimedOut { .. }) => {
                Verdict::Failed(Failure { class: FailureClass::TimedOut, message: reason.to_string() })
            }
            _ => Verdict::Cancelled,
        }
    }
}

impl Job {
    fn waiting(id: JobId, needs: usize, planned: &PlannedJob) -> Self {
        Job {
            id,
            fence: 0,
            infrastructure_failures: 0,
            own_failures: 0,
            demand: Arc::new(Demand::of(planned)),
            stopping: None,
            approved: false,
            state: State::Waiting { needs, failed: false },
        }
    }

    /// The newest attempt.
    pub(super) fn attempt(&self) -> AttemptId {
        AttemptId { job: self.id, fence: self.fence }
    }

    pub(super) fn outcome(&self) -> Option<&Verdict> {
        match &self.state {
            State::Ended(verdict) => Some(verdict),
            State::Waiting { .. } | State::Queued { .. } | State::Leased(_) => None,
        }
    }

    /// The hold of a runner on the newest attempt.
    pub(super) fn tenure(&self) -> Option<&Tenure> {
        match &self.state {
            State::Leased(tenure) => Some(tenure),
            State::Waiting { .. } | State::Queued { .. } | State::Ended(_) => None,
        }
    }
}

impl Tenure {
    /// Since when its use counts: what lapsed and came back was counted until it lapsed.
    pub(super) fn counted_from(&self, now: Timestamp) -> Timestamp {
        if self.has_lapsed() { now } else { self.since }
    }

    /// A lapsed hold takes no runner's slot.
    pub(super) fn has_lapsed(&self) -> bool {
        match self.grip {
            Grip::Lapsed { .. } => true,
            Grip::Offered { .. } | Grip::Taken => false,
        }
    }
}

static NOTHING: Plan = Plan {
    jobs: Vec::new(),
    timeout_ms: None,
    fail_fast: false,
    inputs: BTreeMap::new(),
    concurrency: None,
    locked: BTreeMap::new(),
    flaw_limits: Vec::new(),
};

fn plan_of(spec: &RunSpec) -> &Plan {
    match &spec.content {
        RunContent::Plan { plan, .. } => plan,
        RunContent::Invalid { .. } => &NOTHING,
    }
}

fn job_ids_of(spec: &RunSpec) -> &[JobId] {
    match &spec.content {
        RunContent::Plan { job_ids, .. } => job_ids,
        RunContent::Invalid { .. } => &[],
    }
}

/// Each job's needs as places in the plan.
fn needs_by_index(plan: &Plan) -> Vec<BTreeSet<usize>> {
    let index: BTreeMap<&str, usize> = plan.jobs.iter().enumerate().map(|(i, job)| (job.name.as_str(), i)).collect();
    let find = |name: &String| *index.get(name.as_str()).expect("a plan's needs name its jobs");
    plan.jobs.iter().map(|job| job.needs.iter().map(find).collect()).collect()
}

/// Why a job is not to run, where that is known from the start. One that may need a job that is not there can be left
/// with nothing whose failure it could follow.
fn reason_to_skip(job: &PlannedJob) -> Option<String> {
    let never = job.runs_on == RunsOn::Failure && job.needs.is_empty();
    job.skip.clone().or_else(|| never.then(|| "it runs after a failure, and needs no job of this run".to_owned()))
}

/// What becomes of a job that runs after a failure when there was none. It is no failure either.
fn not_called_for() -> Verdict {
    Verdict::Skipped { reason: "none of the jobs it needs failed".to_owned(), blocked: false }
}

/// Whether those that need the job may run after this.
fn releases(job: &PlannedJob, verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Failed(_) => job.allow_failure,
        Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => verdict.releases_needs(),
    }
}

/// What becomes of a job that needs one which did not pass. What needs a cancelled job is cancelled with it.
fn held_up_by(need: &PlannedJob, verdict: &Verdict) -> Verdict {
    let fate = match verdict {
        Verdict::Cancelled => return Verdict::Cancelled,
        Verdict::Failed(_) => "failed",
        Verdict::Skipped { .. } | Verdict::Passed => "did not run",
    };
    Verdict::Skipped { reason: format!("it needs \"{}\", which {fate}", need.name), blocked: true }
}

fn invalid_pipeline() -> Failure {
    Failure { class: FailureClass::InvalidPipeline, message: "the pipeline file is wrong".to_owned() }
}

fn failure_of_run(job: &PlannedJob, verdict: &Verdict) -> Option<Failure> {
    match verdict {
        Verdict::Failed(failure) if !job.allow_failure => {
            let message = format!("job \"{}\": {}", job.name, failure.message);
            Some(Failure { class: failure.class, message })
        }
        Verdict::Failed(_) | Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. } => None,
    }
}
