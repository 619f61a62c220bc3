//! What changed in the environments of a run's jobs, as rows: each image that is not as it was, once, with its jobs.

use crate::http::App;
use crate::page::error::PageError;
use crate::page::escaped;
use sidings_proto::RunId;
use sidings_proto::compared::{ComparedImage, ComparedRun};
use std::collections::BTreeSet;

/// Jobs whose names are told.
const JOBS: usize = 3;

/// An image that is not as it was.
pub(super) struct Changed {
    pub(super) jobs: String,
    pub(super) before: String,
    pub(super) now: String,
    pub(super) with: String,
    pub(super) with_address: String,
    pub(super) causes: Vec<String>,
    /// How many packages differ, some of them, and where they are told.
    pub(super) packages: Option<(String, Vec<String>, String)>,
    /// What tells the rest, at a terminal.
    pub(super) command: Option<String>,
}

/// The rows; and how many jobs have the environments they had.
pub(super) async fn of(app: &App, project: &str, run: (RunId, &str)) -> Result<(Vec<Changed>, usize), PageError> {
    let compared = crate::compared::of(app, run.0).await?;
    let mut found: Vec<(ComparedImage, ComparedRun, Vec<String>)> = Vec::new();
    let mut same = 0;
    for job in compared.jobs {
        let Some(with) = job.with else { continue };
        same += usize::from(job.images.iter().all(ComparedImage::is_same));
        for image in job.images.into_iter().filter(|image| !image.is_same()) {
            match found.iter_mut().find(|(known, of, _)| *known == image && *of == with) {
                Some((_, _, jobs)) => jobs.push(job.job.clone()),
                None => found.push((image, with.clone(), vec![job.job.clone()])),
            }
        }
    }
    Ok((found.into_iter().map(|found| changed(found, project, run.1)).collect(), same))
}

fn changed((image, with, jobs): (ComparedImage, ComparedRun, Vec<String>), project: &str, sha: &str) -> Changed {
    let names: BTreeSet<_> = jobs.iter().collect();
    let more = names.len().saturating_sub(JOBS);
    let named = names.into_iter().take(JOBS).map(String::as_str).collect::<Vec<_>>().join(", ");
    let keys = image.before.as_ref().and_then(|before| before.key.as_deref()).zip(image.now.key.as_deref());
    let seen = |key: &Option<String>, reference: &str, digest: &str| match key {
        Some(key) => short(key, 12),
        None => format!("{reference} {}", short(digest, 19)),
    };
    // Trees that were sent without being committed are of the same commit, and it says nothing of them.
    let commits = with.sha != sha
        && [with.sha.as_str(), sha].iter().all(|sha| !sha.is_empty() && sha.bytes().any(|byte| byte != b'0'));
    let tell = || format!("sidings image key --diff {} {}", short(&with.sha, 10), short(sha, 10));
    Changed {
        jobs: if more > 0 { format!("{named} and {more} more") } else { named },
        before: image
            .before
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), |before| seen(&before.key, &before.reference, &before.digest)),
        now: seen(&image.now.key, &image.now.reference, &image.now.digest),
        with: format!("#{} ({})", with.number, with.of),
        with_address: format!("/runs/{}", with.id),
        causes: image.causes.iter().map(ToString::to_string).collect(),
        packages: keys.zip(image.packages.as_ref()).map(|((before, now), changes)| {
            let words = format!("{} new, {} changed, {} gone", changes.added, changes.changed, changes.removed);
            let address = format!("/images/{before}/diff/{now}?project={}", escaped(project));
            (words, changes.first.iter().take(5).map(ToString::to_string).collect(), address)
        }),
        command: keys.filter(|_| commits).map(|_| tell()),
    }
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
