//! What happens to the core and what it wants done: the whole interface between decisions and deeds.
//!
//! [`Event`]s come in with the time, [`Action`]s go out. An event that somebody waits on carries an [`Ask`]; the
//! core answers it with [`Action::Answer`], at once or, for a lease request, when work appears. All [`Action::Save`]s
//! of an event are durable before any of its answers is sent.

use sidings_proto::fleet::Machine;
use sidings_proto::runner::{Finish, Hello, LeaseRequest, Order, Progress, StepResult};
use sidings_proto::{
    AttemptId, Choice, Commit, JobId, LifeId, LowDisk, Plan, RequestId, RunId, RunnerId, Source, StopReason, Timestamp,
    Trigger, Verdict,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Somebody who waits for an answer. Made by the shell, never reused in one life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask(pub u64);

/// A run that was accepted, with all that stays the same in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// Its id.
    pub id: RunId,
    /// Its project's name.
    pub project: String,
    /// Its number in the project, from 1; given by the store when the shell prepared the run.
    pub number: u64,
    /// What set it off.
    pub trigger: Trigger,
    /// Of what.
    pub commit: Commit,
    /// Where runners get the files.
    pub source: Source,
    /// The project's repository, or empty.
    pub repo_url: String,
    /// The project's default branch.
    pub default_branch: String,
    /// The run that this one tries again.
    pub retry_of: Option<RunId>,
    /// Values that were given for the pipeline's inputs.
    pub inputs: BTreeMap<String, String>,
    /// Which part of the pipeline was asked for.
    pub choice: Choice,
    /// What is to run.
    pub content: RunContent,
}

/// What the pipeline's text gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunContent {
    /// A plan, with an id for each of its jobs in the plan's order.
    Plan {
        /// The jobs.
        plan: Plan,
        /// One id for each job.
        job_ids: Vec<JobId>,
    },
    /// Nothing can run: the pipeline is wrong. The rendered diagnostics, as people see them.
    Invalid {
        /// With places, excerpts and suggestions.
        diagnostics: String,
    },
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// A run was asked for.
    Submitted {
        /// Answered by [`Answer::Done`] once the run is durable.
        ask: Ask,
        /// What runs.
        run: Arc<RunSpec>,
    },
    /// A runner's process is up, after its sweep. What its earlier lives held goes back to the queue at once.
    RunnerUp {
        /// Answered by [`Answer::Done`], or by [`Answer::Stale`] when a later life of it said hello before: this
        /// process was thought dead and must end.
        ask: Ask,
        /// Which runner, known from its token.
        runner: RunnerId,
        /// What people call it.
        name: String,
        /// What it says of itself.
        hello: Hello,
    },
    /// A runner wants work. Answered by [`Answer::Leased`] when there is some, or by [`Answer::UnknownLife`].
    /// A request id that was answered before, and whose attempts the life still holds, gets the same again.
    LeaseAsked {
        /// Who waits.
        ask: Ask,
        /// Which runner.
        runner: RunnerId,
        /// What it asks.
        request: LeaseRequest,
    },
    /// Nobody waits for this lease request any more: the poll's time is over (the shell answers it with nothing) or
    /// the connection is gone.
    LeaseDropped {
        /// Which runner.
        runner: RunnerId,
        /// Which request.
        request: RequestId,
        /// Who waited.
        ask: Ask,
    },
    /// A runner is alive and says what it holds. Renews its leases. Answered by [`Answer::Orders`] or
    /// [`Answer::UnknownLife`].
    Beat {
        /// Who waits.
        ask: Ask,
        /// Which runner.
        runner: RunnerId,
        /// Which life of it.
        life: LifeId,
        /// What it holds.
        attempts: Vec<AttemptId>,
        /// It takes no new work.
        draining: bool,
        /// It takes none until there is room on its disk.
        low_disk: Option<LowDisk>,
        /// What its machine has, once it said so.
        machine: Option<Machine>,
    },
    /// Something happened in an attempt. Answered by [`Answer::Done`] or [`Answer::Stale`].
    Progressed {
        /// Who waits.
        ask: Ask,
        /// In which attempt.
        attempt: AttemptId,
        /// What.
        events: Vec<Progress>,
    },
    /// An attempt ended, with logs that the shell has found whole. Answered by [`Answer::Accepted`],
    /// [`Answer::Already`] (the same attempt finished before) or [`Answer::Stale`].
    Finished {
        /// Who waits.
        ask: Ask,
        /// Which attempt.
        attempt: AttemptId,
        /// How.
        finish: Box<Finish>,
    },
    /// The same of an attempt that passed and gave its runner back before its job's tests were at an end: the job goes
    /// back to the queue, by no fault of anybody.
    GaveBack {
        /// Who waits.
        ask: Ask,
        /// Which attempt.
        attempt: AttemptId,
        /// How; what it would keep counts for nothing.
        finish: Box<Finish>,
    },
    /// A runner goes away in order; what it holds goes back to the queue at once. Answered by [`Answer::Done`].
    RunnerRetired {
        /// Who waits.
        ask: Ask,
        /// Which runner.
        runner: RunnerId,
        /// Which life of it.
        life: LifeId,
    },
    /// A runner's token was revoked: as retired, and its calls no longer come.
    RunnerRevoked {
        /// Which runner.
        runner: RunnerId,
    },
    /// Somebody wants a run stopped. Jobs without a runner end now; running ones get the order with their next beat,
    /// which a hint brings forward. Answered by [`Answer::Done`], also when the run has ended already.
    CancelAsked {
        /// Who waits.
        ask: Ask,
        /// Which run.
        run: RunId,
    },
    /// Somebody who may agrees that a job runs. Answered by [`Answer::Done`], [`Answer::Already`], or
    /// [`Answer::Stale`] when the job does not wait for that.
    Approved {
        /// Who waits.
        ask: Ask,
        /// Which job.
        job: JobId,
        /// Who agrees.
        by: String,
    },
    /// An operator wants runners of this name to finish what they have and to get nothing new. Answered by
    /// [`Answer::Done`], or by [`Answer::Already`] when somebody wanted that before.
    DrainAsked {
        /// Who waits.
        ask: Ask,
        /// What people call them.
        name: String,
        /// Who wants it.
        by: String,
    },
    /// Runners of this name get jobs again. Answered by [`Answer::Done`], or by [`Answer::Already`] when they did.
    ResumeAsked {
        /// Who waits.
        ask: Ask,
        /// What people call them.
        name: String,
    },
    /// Time passed: sent when [`next_wakeup`](super::Core::next_wakeup) is due.
    Tick,
}

/// What the core wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Make this durable.
    Save(Record),
    /// Tell somebody who waits.
    Answer(Ask, Answer),
    /// This run changed: those who follow it should look again.
    Publish(RunId),
    /// Poke a runner's open beat or order channel: one of its attempts is to be cancelled or dropped now. A hint.
    Hint(RunnerId),
}

/// What somebody who waited is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It is done.
    Done,
    /// Attempts that are now the runner's.
    Leased(Vec<Lease>),
    /// What to do with each attempt of a beat, in its order.
    Orders(Vec<(AttemptId, Order)>),
    /// The finish is durable.
    Accepted,
    /// It was accepted before.
    Already,
    /// The fence has moved on: nothing changed.
    Stale,
    /// This life of the runner is not known (a newer one said hello, or the controller forgot): say hello again.
    UnknownLife,
}

/// A runner's right to an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// The job and its fence.
    pub attempt: AttemptId,
    /// The run.
    pub run: Arc<RunSpec>,
    /// The job's place in the run's plan.
    pub index: usize,
}

/// A durable fact. Records of one event are written in one transaction; writing one twice changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A run and its jobs. Jobs that are over from the start follow as [`Record::JobEnded`].
    RunAccepted {
        /// What runs.
        run: Arc<RunSpec>,
        /// When.
        at: Timestamp,
    },
    /// A job waits for a runner from now on: its needs are met, or an attempt was lost.
    JobQueued {
        /// Which job.
        job: JobId,
        /// Since when it waits.
        since: Timestamp,
        /// Not handed out before (back-off).
        not_before: Timestamp,
    },
    /// A job was handed to a runner.
    AttemptStarted {
        /// The job and its fence.
        attempt: AttemptId,
        /// To whom.
        runner: RunnerId,
        /// To which life of it.
        life: LifeId,
        /// For which request.
        request: RequestId,
        /// When.
        at: Timestamp,
    },
    /// An attempt said something about itself.
    AttemptProgressed {
        /// Which.
        attempt: AttemptId,
        /// What.
        event: Progress,
    },
    /// An attempt is over, whatever became of the job: finished, lost, cancelled. One that its runner handed back or
    /// never mentioned is cancelled as well, which counts for nothing; the job goes on.
    AttemptEnded {
        /// Which.
        attempt: AttemptId,
        /// When.
        at: Timestamp,
        /// How.
        verdict: Verdict,
        /// Its steps, where it said so.
        steps: Vec<StepResult>,
        /// Images it used.
        images: Vec<sidings_proto::runner::ImageUse>,
    },
    /// What an attempt left behind counts from now on: its end was accepted.
    ArtifactsKept {
        /// Which.
        attempt: AttemptId,
        /// When.
        at: Timestamp,
        /// What.
        artifacts: Vec<sidings_proto::artifact::KeptArtifacts>,
    },
    /// Caches that an attempt left, of a job that passed. One that is there under its key already stays as it is.
    CachesSaved {
        /// When.
        at: Timestamp,
        /// Of which project.
        project: String,
        /// Of which of its refs.
        scope: String,
        /// What.
        caches: Vec<sidings_proto::cache::SavedCache>,
    },
    /// The job's one outcome. The store refuses a second one (I1).
    JobEnded {
        /// Which job.
        job: JobId,
        /// When.
        at: Timestamp,
        /// How.
        verdict: Verdict,
    },
    /// The run is being stopped.
    RunCancelling {
        /// Which run.
        run: RunId,
        /// Why.
        reason: StopReason,
    },
    /// The job is being stopped, and its run goes on.
    JobStopping {
        /// Which job.
        job: JobId,
        /// Why.
        reason: StopReason,
    },
    /// Somebody agreed that the job runs.
    JobApproved {
        /// Which job.
        job: JobId,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Runners of this name get nothing new from now on.
    RunnersDrained {
        /// What people call them.
        name: String,
        /// Who wanted it.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Runners of this name get jobs again.
    RunnersResumed {
        /// What people call them.
        name: String,
    },
    /// Jobs of this name take so long, as a rule.
    PaceLearnt {
        /// The project.
        project: String,
        /// The job's name.
        job: String,
        /// Milliseconds.
        ms: u64,
    },
    /// Every job has an outcome.
    RunEnded {
        /// Which run.
        run: RunId,
        /// When.
        at: Timestamp,
        /// How.
        verdict: Verdict,
    },
}

/// A run that had not ended when the store was read, for [`Core::restore`](super::Core::restore).
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveRun {
    /// What runs.
    pub run: Arc<RunSpec>,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When its first job was handed out.
    pub began: Option<Timestamp>,
    /// Why it is being stopped, if it is.
    pub stopping: Option<StopReason>,
    /// One for each job, in the plan's order.
    pub jobs: Vec<ActiveJob>,
}

/// A job as the store knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveJob {
    /// The highest fence ever handed out; 0 when none was.
    pub fence: u64,
    /// Attempts that ended by our own fault.
    pub infrastructure_failures: u32,
    /// Attempts that ended by the user's fault.
    pub own_failures: u32,
    /// Why it is being stopped, if it is and its run is not.
    pub stopping: Option<StopReason>,
    /// Somebody agreed that it runs.
    pub approved: bool,
    /// Where it is in its life.
    pub state: StoredState,
}

/// A job's state as the store knows it.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredState {
    /// For its needs.
    Waiting,
    /// For a runner.
    Queued {
        /// Since when.
        since: Timestamp,
        /// Not before.
        not_before: Timestamp,
    },
    /// The attempt with the highest fence is out.
    Leased {
        /// With whom.
        runner: RunnerId,
        /// In which life.
        life: LifeId,
        /// For which request.
        request: RequestId,
        /// Since when.
        started: Timestamp,
    },
    /// It has its outcome.
    Ended(Verdict),
}
