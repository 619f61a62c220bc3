//! `sidings submit`: this tree, or a commit of a repository, to a controller.

use super::lint;
use super::output::{Show, follow_to_the_end, print_as};
use super::project::repository;
use crate::args::{ProjectChoice, SubmitArgs};
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::worktree::{Project, project};
use crate::{snapshot, worktree};
use anyhow::Context;
use sidings_git::{CommitId, Mirrors, RefName, RepoUrl};
use sidings_proto::api::{RunView, SubmitRun};
use sidings_proto::{Choice, Commit, Source, Trigger};
use std::path::Path;

pub(super) async fn submit(args: SubmitArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let run = match &args.repo {
        Some(repo) => commit_of(repo, &args).await?,
        None => {
            let project = chosen(&args.project).await?;
            let pipeline = lint::meant(&project, args.wanted.pipeline.as_deref())?;
            if !lint::is_right(&project, pipeline.as_deref())? {
                return Ok(Exit::Configuration);
            }
            tree_of(&client, &project, pipeline).await?
        }
    };
    let run = client.submit(&args.wanted.of(run)).await?;
    if args.follow {
        return follow_to_the_end(&client, run, Show { plain: args.plain, json: args.json }).await;
    }
    print_as(args.json, &run, accepted)
}

/// What a new run is told by.
pub(super) fn accepted(run: &RunView) -> String {
    let name = format!("{}@{}", run.summary.project, run.summary.number);
    format!("{name} accepted: `sidings logs -f {name}` follows it\n{}\n", run.url)
}

/// The project here, by the name that the user wants.
pub(super) async fn chosen(choice: &ProjectChoice) -> anyhow::Result<Project> {
    let here = project(Path::new(".")).await?;
    let name = choice.project.clone().unwrap_or_else(|| here.name.clone());
    Ok(Project { name, ..here })
}

/// Packs and sends the project's files, and asks for a run of them.
pub(super) async fn tree_of(client: &Client, project: &Project, pipeline: Option<String>) -> anyhow::Result<SubmitRun> {
    let files = worktree::files(&project.root).await?;
    let snapshot = snapshot::pack(project.root.clone(), files).await?;
    tracing::info!(files = snapshot.entries, bytes = snapshot.bytes, "packed the tree");
    if !client.has_blob(&snapshot.id).await? {
        client.put_blob(&snapshot.id, snapshot.file.path()).await.context("sending the files")?;
    }
    let source = Source::Snapshot { blob: snapshot.id };
    let changed = worktree::changed(project).await?;
    let (name, commit) = (project.name.clone(), project.commit.clone());
    let choice = Choice { pipeline, ..Choice::default() };
    Ok(SubmitRun { changed, choice, ..SubmitRun::new(name, Trigger::Manual, source, commit) })
}

/// A commit by its hash, or the one that a ref names now.
async fn commit_of(repo: &str, args: &SubmitArgs) -> anyhow::Result<SubmitRun> {
    let url = repository(repo)?;
    let (commit, reference) = match (&args.commit, &args.reference) {
        (Some(sha), _) => {
            (sha.parse::<CommitId>().map_err(|error| Refusal::usage(format!("--commit: {error}")))?, None)
        }
        (None, Some(name)) => resolved(&url, name).await.map(|(commit, name)| (commit, Some(name)))?,
        (None, None) => return Err(Refusal::usage("--repo needs --commit or --ref")),
    };
    let name = worktree::project_name(Some(repo), Path::new("project"));
    let reference = reference.unwrap_or_default();
    let project = args.project.project.clone().unwrap_or(name);
    let source = Source::Git { url: url.to_string(), commit: commit.to_string() };
    let commit = Commit { sha: commit.to_string(), reference, ..Commit::default() };
    Ok(SubmitRun::new(project, Trigger::Manual, source, commit))
}

/// The commit that a branch, a tag or a full ref names now, and the full ref.
async fn resolved(url: &RepoUrl, name: &str) -> anyhow::Result<(CommitId, String)> {
    let nothing_kept = tempfile::tempdir()?;
    let mirror = Mirrors::open(nothing_kept.path())?.mirror(url);
    for full in full_names(name) {
        let reference: RefName = full.parse().map_err(|error| Refusal::usage(format!("--ref: {error}")))?;
        let found = mirror.resolve(&reference).await.map_err(|error| Refusal::unreachable(error.to_string()))?;
        if let Some(commit) = found {
            return Ok((commit, full));
        }
    }
    Err(Refusal::usage(format!("{url} has no branch or tag `{name}`")))
}

fn full_names(name: &str) -> Vec<String> {
    match name.starts_with("refs/") {
        true => vec![name.to_owned()],
        false => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
    }
}
