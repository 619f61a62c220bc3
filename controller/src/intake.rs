//! Takes in what is to be run: finds the project, reads and compiles the commit, and hands the run to the loop.
//!
//! It decides nothing about running. A wrong pipeline is a run that people can read; a missing one is no run.

mod scheduled;

use crate::core::event::{Event, RunContent, RunSpec};
use crate::project_name;
use crate::shell::{Gone, Shell};
use crate::source::{Compiled, SourceError, Sources};
use crate::store::Store;
use crate::store::stored::StoredRun;
use sidings_git::RefName;
use sidings_pipeline::{Context, place};
use sidings_proto::api::{NewProject, ProjectView, Push, RetryRun, SubmitRun};
use sidings_proto::{Choice, Commit, Plan, RunId, Source, Trigger, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// Why nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    /// What was named is not known.
    #[error("{0}")]
    Unknown(String),
    /// What was asked cannot be done as things are.
    #[error("{0}")]
    Conflict(String),
    /// The request makes no sense.
    #[error("{0}")]
    Bad(String),
    /// The pipeline says that nothing is to run.
    #[error("no run is made of this: {0}")]
    NoRun(String),
    /// The source gives nothing to run.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The loop has ended.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// What became of an event, for one pipeline.
pub(crate) enum Taken {
    /// It made a run.
    Run(RunId),
    /// It made none.
    Nothing { reason: String },
}

/// What became of a push, for all pipelines of the commit.
#[derive(Default)]
pub(crate) struct Pushed {
    pub(crate) runs: Vec<RunId>,
    /// Why there is no run, or none of some pipeline.
    pub(crate) reasons: Vec<String>,
}

/// What it works with.
pub(crate) struct Intake {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sources: Sources,
    pub(crate) shell: Shell,
    /// Told when a project wants runs at other times than before.
    pub(crate) schedules_changed: Notify,
}

/// A run that is to be made, before its pipeline is read.
#[derive(Clone)]
struct Wanted {
    project: ProjectView,
    trigger: Trigger,
    source: Source,
    commit: Commit,
    retry_of: Option<RunId>,
    /// What a snapshot's sender says that it changed.
    changed: Option<Vec<String>>,
    inputs: BTreeMap<String, String>,
    choice: Choice,
}

impl Intake {
    /// Makes a project known, or changes it.
    pub(crate) async fn project(&self, new: NewProject) -> Result<ProjectView, IntakeError> {
        project_name::check(&new.name).map_err(IntakeError::Bad)?;
        if !new.repo_url.is_empty() {
            crate::source::repository(&new.repo_url).map_err(|error| IntakeError::Bad(error.to_string()))?;
        }
        let default_branch = if new.default_branch.is_empty() { "main".to_owned() } else { new.default_branch };
        let created = self.shell.now();
        let project = ProjectView { name: new.name, repo_url: new.repo_url, default_branch, created };
        self.store.put_project(&project).await?;
        self.read_schedule_of(&project).await;
        Ok(self.store.project(&project.name).await?.unwrap_or(project))
    }

    /// Somebody asks for a run.
    pub(crate) async fn submit(&self, asked: SubmitRun) -> Result<RunId, IntakeError> {
        check_ref(&asked.commit.reference)?;
        let project = self.project_for(&asked.project, &asked.source).await?;
        let SubmitRun { trigger, source, commit, changed, inputs, mut choice, .. } = asked;
        choice.pipeline = self.pipeline_of(&source, choice.pipeline).await?;
        let wanted = Wanted { project, trigger, source, commit, retry_of: None, changed, inputs, choice };
        match self.take(wanted, |_| {}).await? {
            Taken::Run(run) => Ok(run),
            Taken::Nothing { reason } => Err(IntakeError::NoRun(reason)),
        }
    }

    /// A ref of a project's repository moved.
    pub(crate) async fn push(&self, project: &str, push: Push) -> Result<Pushed, IntakeError> {
        let project = self.known_project(project).await?;
        let trigger = match push.reference.split('/').nth(1) {
            Some("heads") => Trigger::Push,
            Some("tags") => Trigger::Tag,
            Some(_) | None => return Ok(no_run(format!("{} is neither a branch nor a tag", push.reference))),
        };
        if is_zeros(&push.after) {
            return Ok(no_run(format!("{} was removed", push.reference)));
        }
        let of_default_branch = push.reference == format!("refs/heads/{}", project.default_branch);
        let sha = self.pushed_commit(&project, trigger, &push).await?;
        let before = Some(push.before).filter(|before| !is_zeros(before));
        let source = Source::Git { url: project.repo_url.clone(), commit: sha.clone() };
        let commit = Commit { reference: push.reference, before, ..Commit::default() };
        let (inputs, choice) = Default::default();
        let wanted = Wanted { project, trigger, source, commit, retry_of: None, changed: None, inputs, choice };
        let project = wanted.project.clone();
        let pushed = self.all_pipelines(wanted, &sha).await;
        if of_default_branch {
            self.read_schedule_of(&project).await;
        }
        pushed
    }

    /// A run of each pipeline that the commit has.
    async fn all_pipelines(&self, wanted: Wanted, sha: &str) -> Result<Pushed, IntakeError> {
        let names = match self.sources.pipelines(&wanted.project.repo_url, sha).await? {
            Ok(names) if names.is_empty() => vec![None],
            Ok(names) => names,
            Err(wrong) => return self.misplaced(wanted, &wrong).await,
        };
        let mut pushed = Pushed::default();
        for pipeline in names {
            let choice = Choice { pipeline: pipeline.clone(), ..Choice::default() };
            let told = |reason: String| pipeline.as_ref().map_or(reason.clone(), |name| format!("{name}: {reason}"));
            match self.take(Wanted { choice, ..wanted.clone() }, |_| {}).await {
                Ok(Taken::Run(run)) => pushed.runs.push(run),
                Ok(Taken::Nothing { reason }) => pushed.reasons.push(told(reason)),
                Err(IntakeError::Source(none @ SourceError::NoPipeline(_))) => pushed.reasons.push(none.to_string()),
                // A push that is told once more would make again what was made.
                Err(error) if !pushed.runs.is_empty() => pushed.reasons.push(told(format!("{error:#}"))),
                Err(error) => return Err(error),
            }
        }
        Ok(pushed)
    }

    /// A run that says what is wrong with where the pipelines are.
    async fn misplaced(&self, mut wanted: Wanted, wrong: &str) -> Result<Pushed, IntakeError> {
        wanted.commit = self.sources.commit(&wanted.source, wanted.commit).await?;
        if let Some(reason) = sidings_pipeline::skipped_by_message(&context(&wanted, &wanted.commit)) {
            return Ok(no_run(reason));
        }
        let run = self.make(wanted, RunContent::Invalid { diagnostics: format!("error: {wrong}\n") }).await?;
        Ok(Pushed { runs: vec![run], reasons: Vec::new() })
    }

    /// Which pipeline is meant. Whoever sends a snapshot knows what is in it.
    async fn pipeline_of(&self, source: &Source, wanted: Option<String>) -> Result<Option<String>, IntakeError> {
        match source {
            Source::Git { url, commit } => {
                let names = self.sources.pipelines(url, commit).await?.map_err(IntakeError::Bad)?;
                place::pick(&names, wanted.as_deref()).map_err(IntakeError::Bad)
            }
            Source::Snapshot { .. } => match wanted {
                Some(name) if !place::is_name(&name) => {
                    Err(IntakeError::Bad(format!("`{name}` is no name of a pipeline")))
                }
                wanted => Ok(wanted),
            },
        }
    }

    /// Somebody wants a run once more.
    pub(crate) async fn retry(&self, run: RunId, how: RetryRun) -> Result<RunId, IntakeError> {
        let unknown = || IntakeError::Unknown(format!("there is no run {run}"));
        let earlier = self.store.run(run).await?.ok_or_else(unknown)?;
        if earlier.ended.is_none() {
            return Err(IntakeError::Conflict("the run has not ended yet; cancel it first".to_owned()));
        }
        let spec = earlier.spec.clone();
        let wanted = Wanted {
            project: self.known_project(&spec.project).await?,
            trigger: spec.trigger,
            source: spec.source.clone(),
            commit: spec.commit.clone(),
            retry_of: Some(run),
            changed: None,
            inputs: spec.inputs.clone(),
            choice: spec.choice.clone(),
        };
        let used = match how.exact {
            true => self.digests_of(&earlier).await?,
            false => BTreeMap::new(),
        };
        let leave_out = |plan: &mut Plan| {
            plan.locked.extend(used);
            if how.failed_only {
                leave_out_passed(plan, &earlier)
            }
        };
        match self.take(wanted, leave_out).await? {
            Taken::Run(run) => Ok(run),
            Taken::Nothing { reason } => Err(IntakeError::NoRun(reason)),
        }
    }

    /// Those that a run's jobs used.
    async fn digests_of(&self, run: &StoredRun) -> Result<BTreeMap<String, String>, IntakeError> {
        let used = self.store.digests(run.spec.id).await?;
        if used.is_empty() {
            let message = "the run used no image by its digest, so there is nothing to repeat exactly";
            return Err(IntakeError::Conflict(message.to_owned()));
        }
        // One that was written with its digest says so itself.
        Ok(used.into_iter().filter(|(reference, _)| !reference.contains('@')).collect())
    }

    async fn take(&self, wanted: Wanted, change: impl FnOnce(&mut Plan)) -> Result<Taken, IntakeError> {
        let commit = self.sources.commit(&wanted.source, wanted.commit.clone()).await?;
        let context = context(&wanted, &commit);
        let (pipeline, changed) = (wanted.choice.pipeline.as_deref(), wanted.changed.clone());
        let mut content = match self.sources.compile(&wanted.source, pipeline, context, changed).await? {
            Compiled::Run(content) => content,
            Compiled::NoRun { reason } => return Ok(Taken::Nothing { reason }),
            Compiled::Refused { reason } => return Err(IntakeError::Bad(reason)),
        };
        if let RunContent::Plan { plan, .. } = &mut content {
            sidings_pipeline::choose(plan, &wanted.choice).map_err(IntakeError::Bad)?;
            change(plan);
        }
        Ok(Taken::Run(self.make(Wanted { commit, ..wanted }, content).await?))
    }

    async fn make(&self, wanted: Wanted, content: RunContent) -> Result<RunId, IntakeError> {
        let id = RunId::new();
        let run = Arc::new(RunSpec {
            id,
            number: self.store.next_run_number(&wanted.project.name).await?,
            project: wanted.project.name,
            trigger: wanted.trigger,
            commit: wanted.commit,
            source: wanted.source,
            repo_url: wanted.project.repo_url,
            default_branch: wanted.project.default_branch,
            retry_of: wanted.retry_of,
            inputs: wanted.inputs,
            choice: wanted.choice,
            content,
        });
        self.shell.ask(|ask| Event::Submitted { ask, run }).await?;
        Ok(id)
    }

    /// The project of a submitted run; one that is not known yet is made.
    async fn project_for(&self, name: &str, source: &Source) -> Result<ProjectView, IntakeError> {
        if let Some(project) = self.store.project(name).await? {
            return Ok(project);
        }
        let repo_url = match source {
            Source::Git { url, .. } => url.clone(),
            Source::Snapshot { .. } => String::new(),
        };
        self.project(NewProject { name: name.to_owned(), repo_url, default_branch: String::new() }).await
    }

    async fn known_project(&self, name: &str) -> Result<ProjectView, IntakeError> {
        let unknown = || IntakeError::Unknown(format!("there is no project `{name}`; `sidings project add` makes one"));
        self.store.project(name).await?.ok_or_else(unknown)
    }

    /// An annotated tag is an object of its own: the repository says which commit it stands for.
    async fn pushed_commit(&self, project: &ProjectView, trigger: Trigger, push: &Push) -> Result<String, IntakeError> {
        if project.repo_url.is_empty() {
            return Err(IntakeError::Conflict(format!("project `{}` has no repository", project.name)));
        }
        if trigger != Trigger::Tag {
            return Ok(push.after.clone());
        }
        let found = self.sources.resolve(&project.repo_url, &push.reference).await?;
        Ok(found.unwrap_or_else(|| push.after.clone()))
    }
}

/// A tree may be of no ref at all; what else is no ref would be a branch to conditions, secrets and caches.
fn check_ref(reference: &str) -> Result<(), IntakeError> {
    let parsed = if reference.is_empty() { Ok(()) } else { reference.parse::<RefName>().map(drop) };
    let shown = || reference.chars().take(100).collect::<String>().escape_debug().to_string();
    parsed.map_err(|error| IntakeError::Bad(format!("the commit's ref `{}` is none: {error}", shown())))
}

/// What conditions are asked about.
fn context(wanted: &Wanted, commit: &Commit) -> Context {
    Context {
        trigger: wanted.trigger,
        commit: commit.clone(),
        default_branch: wanted.project.default_branch.clone(),
        project: wanted.project.name.clone(),
        inputs: wanted.inputs.clone(),
    }
}

fn no_run(reason: String) -> Pushed {
    Pushed { runs: Vec::new(), reasons: vec![reason] }
}

fn is_zeros(commit: &str) -> bool {
    commit.bytes().all(|byte| byte == b'0')
}

/// Jobs that passed are not run again; neither are those that an earlier retry left out for that.
fn leave_out_passed(plan: &mut Plan, earlier: &StoredRun) {
    let RunContent::Plan { plan: before, .. } = &earlier.spec.content else { return };
    let passed = format!("passed in run {}", earlier.spec.number);
    for (planned, stored) in before.jobs.iter().zip(&earlier.jobs) {
        let reason = match stored.outcome.as_ref().map(|(_, verdict)| verdict) {
            Some(Verdict::Passed) => passed.clone(),
            Some(Verdict::Skipped { reason, .. }) if reason.starts_with("passed in run ") => reason.clone(),
            Some(Verdict::Skipped { .. } | Verdict::Failed(_) | Verdict::Cancelled) | None => continue,
        };
        if let Some(job) = plan.jobs.iter_mut().find(|job| job.name == planned.name) {
            job.skip = Some(reason);
        }
    }
}
