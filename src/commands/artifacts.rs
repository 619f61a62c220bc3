//! `sidings artifacts`: what a run's jobs left behind, listed or downloaded.

mod save;

use super::output::{print, print_as};
use crate::args::ArtifactsArgs;
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::reference;
use crate::render::artifacts::{how_much, list, newest};
use jiff::tz::TimeZone;
pub(super) use save::save;
use sidings_proto::api::{ArtifactView, JobView, RunView};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) async fn artifacts(args: ArtifactsArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let run = reference::find(&client, &args.run, &args.project).await?;
    let jobs = jobs(&run, args.job.as_deref())?;
    if let Some(folder) = &args.output {
        return download(&client, &jobs, folder, args.job.is_some()).await;
    }
    let mut lists: Vec<(String, Vec<ArtifactView>)> = Vec::new();
    for job in jobs.into_iter().filter(|job| newest(job).is_some()) {
        lists.push((job.name.clone(), client.artifacts(job.id).await?.artifacts));
    }
    if args.json {
        return print_as(true, &lists.into_iter().collect::<BTreeMap<_, _>>(), |_| String::new());
    }
    print(&list(&lists, &TimeZone::system()))?;
    Ok(Exit::Passed)
}

fn jobs<'r>(run: &'r RunView, only: Option<&str>) -> anyhow::Result<Vec<&'r JobView>> {
    let Some(name) = only else { return Ok(run.jobs.iter().collect()) };
    let names: Vec<&str> = run.jobs.iter().map(|job| job.name.as_str()).collect();
    let unknown = || {
        let message = format!("run {} has no job `{name}`; its jobs: {}", run.summary.number, names.join(", "));
        Refusal::usage(message)
    };
    let job = run.jobs.iter().find(|job| job.name == name).ok_or_else(unknown)?;
    Ok(vec![job])
}

/// Those of one job into the folder itself, those of a run into a folder for each job in it.
async fn download(client: &Client, jobs: &[&JobView], folder: &Path, is_one: bool) -> anyhow::Result<Exit> {
    let (mut nothing, mut text) = (true, String::new());
    for job in jobs {
        let Some(kept) = newest(job) else { continue };
        let into = if is_one { folder.to_owned() } else { folder.join(folder_name(&job.name)) };
        save(client, job.id, &into).await?;
        text += &format!("{}: {} in {}\n", job.name, how_much(kept.entries, kept.bytes), into.display());
        nothing = false;
    }
    if nothing {
        return Err(Refusal::usage("there are no artifacts: no job keeps any, or their time is over"));
    }
    print(&text)?;
    Ok(Exit::Passed)
}

/// The artifacts of all jobs of a run that was local, each in a folder of its own. `None`: there are none.
pub(super) async fn save_all(client: &Client, run: &RunView, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut saved = None;
    for job in run.jobs.iter().filter(|job| newest(job).is_some()) {
        save(client, job.id, &folder.join(folder_name(&job.name))).await?;
        saved = Some(folder.to_owned());
    }
    Ok(saved)
}

/// A job's name begins with a letter or digit; one of `parallelism` has a `/`.
fn folder_name(job: &str) -> String {
    job.replace('/', "-")
}
