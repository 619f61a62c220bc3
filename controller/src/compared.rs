//! What changed in the environments of a run's jobs since an earlier run: from the plans, the images that attempts told
//! of, the digests that runs agreed on, the commits in the mirror, and what is known to be in the images.
//!
//! It tells what is known and leaves out what is not; [`causes`] compares, and is pure.

mod causes;

use crate::http::App;
use crate::store::RunFilter;
use crate::store::stored::{StoredJob, StoredRun};
use causes::{Side, causes, in_pairs};
use sidings_inventory::{Inventory, diff};
use sidings_proto::compared::{
    ComparedEnvironments, ComparedImage, ComparedJob, ComparedRun, PackageChange, PackageChanges, SeenImage,
};
use sidings_proto::runner::ImageUse;
use sidings_proto::{PlannedJob, RunId, Source};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Earlier runs of a ref that are looked at.
const LOOKED_AT: usize = 5;
/// Packages that are named.
const NAMED: usize = 20;
/// Pairs of images whose packages are compared.
const PAIRS: usize = 4;

/// A run with the digests it agreed on.
struct Looked {
    run: StoredRun,
    digests: BTreeMap<String, String>,
}

/// Compares each job of a run with the run before; nothing for a run that is not known.
pub(crate) async fn of(app: &App, run: RunId) -> anyhow::Result<ComparedEnvironments> {
    let Some(now) = looked(app, run).await? else { return Ok(ComparedEnvironments::default()) };
    let mut wanted: Vec<&str> =
        jobs(&now.run).filter(|(_, job)| !images(job).is_empty()).map(|(of, _)| name(of)).collect();
    wanted.dedup();
    let earlier = earlier(app, &now.run, &wanted).await?;
    let (mut compared, mut packages) = (Vec::new(), Packages::default());
    let mut changed = BTreeMap::new();
    for (planned, job) in jobs(&now.run).filter(|(_, job)| !images(job).is_empty()) {
        let with = earlier.get(planned.name.as_str());
        let mut told = ComparedJob {
            job: planned.name.clone(),
            with: with.map(|with| named(&with.run)),
            images: compared_images(&now, with.map(Arc::as_ref), planned, images(job)),
        };
        for image in told.images.iter_mut().filter(|image| !image.is_same()) {
            if let Some(with) = with {
                let paths = match changed.get(&with.run.spec.id) {
                    Some(paths) => paths,
                    None => changed.entry(with.run.spec.id).or_insert(paths(app, &with.run, &now.run).await),
                };
                causes::add_paths(image, planned, paths.as_deref());
            }
            image.packages = packages.of(app, &now.run.spec.project, image).await?;
        }
        compared.push(told);
    }
    Ok(ComparedEnvironments { jobs: compared })
}

async fn looked(app: &App, run: RunId) -> anyhow::Result<Option<Looked>> {
    let Some(stored) = app.store.run(run).await? else { return Ok(None) };
    Ok(Some(Looked { run: stored, digests: app.store.digests(run).await? }))
}

/// For each job by its name the newest earlier run that it had an image in: of the same ref, else of the default branch.
async fn earlier(app: &App, now: &StoredRun, wanted: &[&str]) -> anyhow::Result<BTreeMap<String, Arc<Looked>>> {
    let mut found: BTreeMap<String, Arc<Looked>> = BTreeMap::new();
    let default = format!("refs/heads/{}", now.spec.default_branch);
    let own = now.spec.commit.reference.clone();
    let refs = if own == default { vec![own] } else { vec![own, default] };
    for reference in refs {
        let filter = RunFilter {
            project: Some(now.spec.project.clone()),
            reference: Some(reference),
            before: Some(now.spec.id),
            limit: LOOKED_AT,
            ..RunFilter::default()
        };
        for summary in app.store.runs(&filter).await? {
            if wanted.iter().all(|name| found.contains_key(*name)) {
                return Ok(found);
            }
            if summary.pipeline != now.spec.choice.pipeline {
                continue;
            }
            let Some(before) = looked(app, summary.id).await?.map(Arc::new) else { continue };
            for (planned, _) in jobs(&before.run).filter(|(_, job)| !images(job).is_empty()) {
                if wanted.contains(&name(planned)) {
                    found.entry(planned.name.clone()).or_insert_with(|| before.clone());
                }
            }
        }
    }
    Ok(found)
}

fn compared_images(now: &Looked, with: Option<&Looked>, planned: &PlannedJob, used: &[ImageUse]) -> Vec<ComparedImage> {
    let before = with.and_then(|with| Some((with, jobs(&with.run).find(|(of, _)| of.name == planned.name)?)));
    let Some((with, (planned_before, job))) = before else {
        let alone = |image| ComparedImage { now: seen(now, image), before: None, causes: Vec::new(), packages: None };
        return used.iter().map(alone).collect();
    };
    let (now_side, before_side) =
        (Side { planned, digests: &now.digests }, Side { planned: planned_before, digests: &with.digests });
    let pair = |(image, before): (&ImageUse, Option<&ImageUse>)| {
        let (seen_now, seen_before) = (seen(now, image), before.map(|before| seen(with, before)));
        let mut told = ComparedImage { now: seen_now, before: seen_before, causes: Vec::new(), packages: None };
        if !told.is_same() && told.before.is_some() {
            told.causes = causes(&told, &before_side, &now_side);
        }
        told
    };
    in_pairs(used, images(job)).into_iter().map(pair).collect()
}

fn seen(of: &Looked, image: &ImageUse) -> SeenImage {
    SeenImage {
        reference: image.reference.clone(),
        key: image.key.clone(),
        digest: of.digests.get(&image.reference).unwrap_or(&image.id).clone(),
    }
}

fn named(run: &StoredRun) -> ComparedRun {
    let commit = &run.spec.commit;
    ComparedRun { id: run.spec.id, number: run.spec.number, of: commit.ref_name().to_owned(), sha: commit.sha.clone() }
}

fn jobs(run: &StoredRun) -> impl Iterator<Item = (&PlannedJob, &StoredJob)> {
    use crate::core::event::RunContent;
    let planned = match &run.spec.content {
        RunContent::Plan { plan, .. } => plan.jobs.as_slice(),
        RunContent::Invalid { .. } => &[],
    };
    planned.iter().zip(&run.jobs)
}

fn name(planned: &PlannedJob) -> &str {
    &planned.name
}

/// What the newest attempt that told of images used.
fn images(job: &StoredJob) -> &[ImageUse] {
    let ended = job.attempts.iter().rev().filter_map(|attempt| attempt.ended.as_ref());
    ended.map(|end| end.images.as_slice()).find(|images| !images.is_empty()).unwrap_or_default()
}

/// The paths that differ between the commits of two runs; none where that is not known.
async fn paths(app: &App, before: &StoredRun, now: &StoredRun) -> Option<Vec<String>> {
    let (Source::Git { url, commit }, Source::Git { url: same, commit: earlier }) =
        (&now.spec.source, &before.spec.source)
    else {
        return None;
    };
    if url != same {
        return None;
    }
    let found = app.intake.sources.between(url, earlier, commit).await;
    found.unwrap_or_else(|error| {
        tracing::debug!("what changed between {earlier} and {commit} is not known: {:#}", anyhow::Error::from(error));
        None
    })
}

/// Differences of packages, each pair of images looked at once, and of several pairs the first ones.
#[derive(Default)]
struct Packages {
    known: BTreeMap<(String, String), Option<PackageChanges>>,
}

impl Packages {
    async fn of(&mut self, app: &App, project: &str, image: &ComparedImage) -> anyhow::Result<Option<PackageChanges>> {
        let before = image.before.as_ref().and_then(|before| before.key.clone());
        let Some((before, now)) = before.zip(image.now.key.clone()) else { return Ok(None) };
        let pair = (before, now);
        if !self.known.contains_key(&pair) && self.known.len() < PAIRS {
            let (before, now) = (content(app, project, &pair.0).await?, content(app, project, &pair.1).await?);
            let told = match before.zip(now) {
                Some((before, now)) => {
                    Some(tokio::task::spawn_blocking(move || package_changes(&before, &now)).await??)
                }
                None => None,
            };
            self.known.insert(pair.clone(), told);
        }
        Ok(self.known.get(&pair).cloned().flatten())
    }
}

async fn content(app: &App, project: &str, key: &str) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(app.inventories.contents(Some(project), key).await?.into_iter().next().map(|(_, json)| json))
}

fn package_changes(before: &[u8], now: &[u8]) -> anyhow::Result<PackageChanges> {
    let (before, now): (Inventory, Inventory) = (serde_json::from_slice(before)?, serde_json::from_slice(now)?);
    let changes = diff(&before, &now).packages;
    let count = |so: fn(&sidings_inventory::Change) -> bool| changes.iter().filter(|change| so(change)).count() as u64;
    Ok(PackageChanges {
        added: count(|change| change.before.is_empty()),
        removed: count(|change| change.after.is_empty()),
        changed: count(|change| !change.before.is_empty() && !change.after.is_empty()),
        first: changes.iter().take(NAMED).map(package).collect(),
    })
}

fn package(change: &sidings_inventory::Change) -> PackageChange {
    PackageChange {
        kind: change.kind.name().to_owned(),
        name: change.name.clone(),
        before: change.before.clone(),
        now: change.after.clone(),
    }
}
