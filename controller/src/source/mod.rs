//! Reads what a run is made of: the commit, its pipeline file and the files that one names, and has it compiled.
//!
//! Git commits are read from mirrors by the git binary, snapshots from their archive. What is in either is hostile:
//! sizes and counts are capped. It refuses to make a run where there is no pipeline, and says so.

mod changes;
mod files;
mod snapshot;

use crate::blobs::Blobs;
use crate::core::event::RunContent;
use files::Found;
use sidings_git::{CommitId, GitError, Mirrors, RefName, RepoUrl};
use sidings_pipeline::place::{self, FOLDER, path_of};
use sidings_pipeline::{Context, Diagnostics, FILE, Outcome, Policy, lock, policy, quarantine};
use sidings_proto::{Commit, JobId, Schedule, Source, Timestamp};
use snapshot::Snapshot;
use std::path::Path;
use std::sync::Arc;

/// Why nothing can be made of a source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The commit has no pipeline file.
    #[error("there is no {0} at the commit; `sidings init` makes a first pipeline")]
    NoPipeline(String),
    /// The caller's data does not lead to a commit. The text says why.
    #[error("{0}")]
    NotFound(String),
    /// The snapshot is not what it must be.
    #[error("the snapshot cannot be read: {0}")]
    BadSnapshot(String),
    /// We failed.
    #[error("reading the source failed")]
    Failed(#[source] anyhow::Error),
}

/// What a pipeline's text came to.
pub(crate) enum Compiled {
    /// A run.
    Run(RunContent),
    /// No run is to be made of this commit for this event.
    NoRun {
        /// Why.
        reason: String,
    },
    /// What was given to the run does not fit its pipeline.
    Refused {
        /// A sentence.
        reason: String,
    },
}

/// Where sources are read.
pub(crate) struct Sources {
    mirrors: Mirrors,
    blobs: Blobs,
    /// What the operator wants of Dockerfiles.
    policy: Policy,
}

impl Sources {
    /// Mirrors below a folder, and the blob store with its snapshots.
    pub(crate) fn open(mirrors: &Path, blobs: Blobs, policy: Policy) -> anyhow::Result<Self> {
        Ok(Self { mirrors: Mirrors::open(mirrors)?, blobs, policy })
    }

    /// The commit as the repository has it; its `ref` and `before` are the caller's. A snapshot's is the caller's.
    pub(crate) async fn commit(&self, source: &Source, told: Commit) -> Result<Commit, SourceError> {
        let Source::Git { url, commit } = source else { return Ok(told) };
        let (url, id) = (repository(url)?, commit_id(commit)?);
        let mirror = self.mirrors.mirror(&url);
        mirror.ensure(&id).await?;
        let info = mirror.commit_info(&id).await?;
        Ok(Commit {
            sha: info.commit.to_string(),
            message: info.message,
            author: info.author,
            time: Timestamp(info.time.saturating_mul(1000)),
            ..told
        })
    }

    /// The commit that a ref leads to now.
    pub(crate) async fn resolve(&self, url: &str, reference: &str) -> Result<Option<String>, SourceError> {
        let url = repository(url)?;
        let name = |error| SourceError::NotFound(format!("`{reference}` is no name of a ref: {error}"));
        let reference: RefName = reference.parse().map_err(name)?;
        let found = self.mirrors.mirror(&url).resolve(&reference).await?;
        Ok(found.map(|commit| commit.to_string()))
    }

    /// The names of the pipelines of a commit, or what is wrong with where they are.
    pub(crate) async fn pipelines(
        &self,
        url: &str,
        commit: &str,
    ) -> Result<Result<Vec<Option<String>>, String>, SourceError> {
        let (mirror, commit) = (self.mirrors.mirror(&repository(url)?), commit_id(commit)?);
        mirror.ensure(&commit).await?;
        let paths = mirror.list(&commit, &[FILE, &format!("{FOLDER}/")]).await?;
        Ok(place::names(paths.iter().map(String::as_str)))
    }

    /// What one of the commit's pipelines means for this event.
    pub(crate) async fn compile(
        &self,
        source: &Source,
        pipeline: Option<&str>,
        context: Context,
        told: Option<Vec<String>>,
    ) -> Result<Compiled, SourceError> {
        let context = Arc::new(context);
        let (mut found, file) = (Found::default(), path_of(pipeline));
        self.read(source, &mut found, vec![file.clone(), lock::FILE.to_owned(), quarantine::FILE.to_owned()]).await?;
        let Some(text) = found.text(&file) else { return Err(SourceError::NoPipeline(file)) };
        let policy = match self.wanted_of(source, &context).await? {
            Ok(policy) => Arc::new(policy),
            Err(wrong) => return Ok(compiled(Err(wrong))),
        };
        let written = (file, text);
        loop {
            let (outcome, missed) =
                compile_once(written.clone(), context.clone(), found.clone(), policy.clone()).await?;
            if missed.files.is_empty() && !missed.changed {
                return Ok(compiled(outcome));
            }
            self.read(source, &mut found, missed.files).await?;
            if missed.changed {
                found.add_changed(self.changed(source, &context, told.as_deref()).await);
            }
        }
    }

    /// What is wanted of the project's Dockerfiles: by the operator, and by the project's own file on its default branch,
    /// which no other branch can loosen. A tree that was sent has no branch: its own file counts.
    async fn wanted_of(&self, source: &Source, context: &Context) -> Result<Result<Policy, Diagnostics>, SourceError> {
        let Some(source) = self.default_branch_of(source, context).await? else { return Ok(Ok(self.policy.clone())) };
        let mut found = Found::default();
        self.read(&source, &mut found, vec![policy::FILE.to_owned()]).await?;
        let own = found.text(policy::FILE).map(|text| Policy::read(policy::FILE, &text)).transpose();
        Ok(own.map(|own| self.policy.tightened(&own.unwrap_or_default())))
    }

    async fn default_branch_of(&self, source: &Source, context: &Context) -> Result<Option<Source>, SourceError> {
        let Source::Git { url, .. } = source else { return Ok(Some(source.clone())) };
        let branch = format!("refs/heads/{}", context.default_branch);
        if context.commit.reference == branch {
            return Ok(Some(source.clone()));
        }
        let Some(commit) = self.resolve(url, &branch).await? else { return Ok(None) };
        self.mirrors.mirror(&repository(url)?).ensure(&commit_id(&commit)?).await?;
        Ok(Some(Source::Git { url: url.clone(), commit }))
    }

    /// When a commit's pipelines want runs without being asked. Pipelines that are nowhere, or in two places, want none.
    pub(crate) async fn schedules(&self, url: &str, commit: &str) -> Result<Vec<Schedule>, SourceError> {
        let wrong = |what: String| SourceError::Failed(anyhow::anyhow!(what));
        let mut schedules = Vec::new();
        for pipeline in self.pipelines(url, commit).await?.map_err(wrong)? {
            schedules.extend(self.schedules_of(url, commit, pipeline).await?);
        }
        Ok(schedules)
    }

    async fn schedules_of(
        &self,
        url: &str,
        commit: &str,
        pipeline: Option<String>,
    ) -> Result<Vec<Schedule>, SourceError> {
        let (mut found, file) = (Found::default(), path_of(pipeline.as_deref()));
        let source = Source::Git { url: url.to_owned(), commit: commit.to_owned() };
        self.read(&source, &mut found, vec![file.clone()]).await?;
        let Some(text) = found.text(&file) else { return Ok(Vec::new()) };
        let read = tokio::task::spawn_blocking(move || sidings_pipeline::schedules(&file, &text)).await;
        let read = read.map_err(|error| SourceError::Failed(error.into()))?;
        let read = read.map_err(|found| SourceError::Failed(anyhow::anyhow!("the pipeline is wrong:\n{found}")))?;
        Ok(read.into_iter().map(|entry| Schedule { pipeline: pipeline.clone(), ..entry }).collect())
    }

    async fn read(&self, source: &Source, found: &mut Found, wanted: Vec<String>) -> Result<(), SourceError> {
        match source {
            Source::Git { url, commit } => {
                let (mirror, commit) = (self.mirrors.mirror(&repository(url)?), commit_id(commit)?);
                for path in wanted {
                    let bytes = mirror.read_file(&commit, &path).await?;
                    found.add(path, bytes);
                }
            }
            Source::Snapshot { blob } => {
                if self.blobs.size(blob).await.is_none() {
                    return Err(SourceError::NotFound(format!("the snapshot {blob} was not uploaded")));
                }
                let snapshot = Snapshot::at(self.blobs.file(blob));
                found.add_all(snapshot.read(wanted).await?);
            }
        }
        Ok(())
    }
}

/// What a compilation asked for that was not looked up yet.
struct Missed {
    files: Vec<String>,
    changed: bool,
}

/// Compiles with what was found so far.
async fn compile_once(
    (file, text): (String, String),
    context: Arc<Context>,
    found: Found,
    policy: Arc<Policy>,
) -> Result<(Result<Outcome, Diagnostics>, Missed), SourceError> {
    let compile = move || {
        let input =
            sidings_pipeline::Input { file: &file, text: &text, context: &context, files: &found, policy: &policy };
        let outcome = sidings_pipeline::compile(&input);
        (outcome, Missed { files: found.wanted(), changed: found.wants_changed() })
    };
    tokio::task::spawn_blocking(compile).await.map_err(|error| SourceError::Failed(error.into()))
}

fn compiled(outcome: Result<Outcome, Diagnostics>) -> Compiled {
    match outcome {
        Ok(Outcome::Plan(plan)) => {
            let job_ids = plan.jobs.iter().map(|_| JobId::new()).collect();
            Compiled::Run(RunContent::Plan { plan, job_ids })
        }
        Ok(Outcome::NoRun { reason }) => Compiled::NoRun { reason },
        Ok(Outcome::Refused { reason }) => Compiled::Refused { reason },
        Err(diagnostics) => Compiled::Run(RunContent::Invalid { diagnostics: diagnostics.to_string() }),
    }
}

/// An address as git takes it.
pub(crate) fn repository(url: &str) -> Result<RepoUrl, SourceError> {
    url.parse().map_err(|error| SourceError::NotFound(format!("`{url}` is no repository's address: {error}")))
}

fn commit_id(commit: &str) -> Result<CommitId, SourceError> {
    commit.parse().map_err(|error| SourceError::NotFound(format!("`{commit}` is no commit: {error}")))
}

impl From<GitError> for SourceError {
    fn from(error: GitError) -> Self {
        match error {
            GitError::CommitNotFound { .. } | GitError::Unreachable { .. } => SourceError::NotFound(error.to_string()),
            GitError::Failed(cause) => SourceError::Failed(cause),
        }
    }
}
