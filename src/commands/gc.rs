//! `sidings gc`: the clean-up that runners do all the time, once and at once, for this host's engine. It says what goes,
//! what stays and why.

use super::output::print_as;
use crate::args::GcArgs;
use crate::exit::{Exit, Refusal};
use crate::render::artifacts::size;
use crate::render::duration::{ago, now};
use crate::render::safe::name;
use crate::render::style::{BAD, DIM, NAME, paint};
use crate::render::table::table;
use serde::Serialize;
use sidings_proto::Timestamp;
use sidings_proto::time::spoken;
use sidings_runner::EngineKind;
use sidings_runner::clean::{Cleaned, StoredImage, Why};
use sidings_runner::disk::Disk;
use std::time::Duration;

/// What came of it, or would.
#[derive(Debug, Serialize)]
struct Report {
    /// Nothing was removed.
    dry_run: bool,
    /// The engine's disk, as it was.
    disk: Option<DiskReport>,
    /// What our images and the build cache took, in bytes.
    bytes_before: u64,
    /// What they take now, or would.
    bytes_after: u64,
    /// Bytes that there were too many of.
    bytes_wanted: u64,
    /// Bytes too many that are left.
    bytes_missing: u64,
    /// Bytes of the build cache that went, those that images left to it included.
    build_cache: u64,
    /// Images that went, the one that was used the longest time ago first.
    removed: Vec<ImageReport>,
    /// Images of ours that stay, the one that was used last first.
    stays: Vec<ImageReport>,
    /// Images that are not ours.
    foreign: usize,
}

#[derive(Debug, Serialize)]
struct DiskReport {
    free: u64,
    all: u64,
}

#[derive(Debug, Serialize)]
struct ImageReport {
    image: String,
    id: String,
    /// What it takes, or what its removal frees: layers that others have are not counted then.
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(super) async fn gc(args: GcArgs) -> anyhow::Result<Exit> {
    let marks = args.cleaning.marks(args.least_free)?;
    let marks = if args.all { marks.all() } else { marks };
    let cleaned = sidings_runner::clean_up(EngineKind::Docker, marks, args.dry_run).await;
    let cleaned = cleaned.map_err(|error| Refusal::unreachable(format!("{error:#}")))?.unwrap_or_default();
    print_as(args.json, &report(cleaned, args.dry_run), |report| shown(report, now()))
}

fn report(cleaned: Cleaned, dry_run: bool) -> Report {
    let Cleaned { wanted, disk, before, after, removed, refused, cache, missing, stays, foreign } = cleaned;
    // What was to go and did not is told once, with the engine's reason.
    let is_refused = |id: &str| refused.iter().any(|(image, _)| image.id == id);
    let stays = stays.into_iter().filter(|one| !is_refused(&one.image.id)).map(|one| (one.image, reason(&one.why)));
    let stays: Vec<_> = stays.chain(refused.iter().cloned()).collect();
    let stays = stays.into_iter().map(|(image, why)| of(&image, image.bytes(), Some(why)));
    Report {
        dry_run,
        disk: disk.map(|Disk { free, all }| DiskReport { free, all }),
        bytes_before: before,
        bytes_after: after,
        bytes_wanted: wanted,
        bytes_missing: missing,
        build_cache: cache,
        removed: removed.iter().map(|going| of(&going.image, going.bytes, None)).collect(),
        stays: stays.collect(),
        foreign,
    }
}

fn of(image: &StoredImage, bytes: u64, why: Option<String>) -> ImageReport {
    ImageReport { image: image.called().to_owned(), id: image.id.clone(), bytes, used: image.used, why }
}

fn reason(why: &Why) -> String {
    match why {
        Why::Containers(1) => "a container is made from it".to_owned(),
        Why::Containers(count) => format!("{count} containers are made from it"),
        Why::Job => "a job has it".to_owned(),
        Why::Young(age) => format!("it was used {} ago", spoken(Duration::from_secs(age.as_secs()))),
        Why::Unused => "no job used it here yet".to_owned(),
        Why::Named(by) => format!("somebody calls it {by}"),
        Why::Room => "there is room".to_owned(),
    }
}

fn shown(report: &Report, now: Timestamp) -> String {
    let rows: Vec<_> = report.removed.iter().chain(&report.stays).map(|image| row(report, image, now)).collect();
    let list = if rows.is_empty() { String::new() } else { table(["", "image", "size", "last used", "why"], &rows) };
    let foreign = match report.foreign {
        0 => String::new(),
        1 => "1 image is not ours and is left alone.\n".to_owned(),
        count => format!("{count} images are not ours and are left alone.\n"),
    };
    let missing = match report.bytes_missing {
        0 => String::new(),
        bytes => paint(BAD, format!("{} too much are left, of which nothing may go.", size(bytes))) + "\n",
    };
    format!("{}{}{list}{}{missing}", state(report), deed(report), paint(DIM, foreign))
}

fn state(report: &Report) -> String {
    let ours = format!("our images and the build cache take {}", size(report.bytes_before));
    match &report.disk {
        None => format!("What the engine keeps: {ours}.\n"),
        Some(DiskReport { free, all }) => {
            let percent = Disk { free: *free, all: *all }.used_percent();
            format!("The engine's disk is {percent}% full, {} of {} are free; {ours}.\n", size(*free), size(*all))
        }
    }
}

fn deed(report: &Report) -> String {
    let images = match report.removed.len() {
        1 => "1 image".to_owned(),
        count => format!("{count} images"),
    };
    let (images, cache) = (format!("{images} ({})", freed(report)), size(report.build_cache));
    match (report.bytes_wanted, report.dry_run) {
        (0, _) => "There is room: nothing has to go.\n".to_owned(),
        (_, true) => format!("{images} and {cache} of the build cache would go.\n"),
        (_, false) => format!("{images} and {cache} of the build cache went.\n"),
    }
}

fn freed(report: &Report) -> String {
    size(report.removed.iter().map(|image| image.bytes).sum())
}

fn row(report: &Report, image: &ImageReport, now: Timestamp) -> [String; 5] {
    let deed = match (&image.why, report.dry_run) {
        (Some(_), _) => paint(DIM, "stays"),
        (None, true) => paint(BAD, "goes"),
        (None, false) => paint(BAD, "gone"),
    };
    let used = image.used.map(|used| ago(used, now)).unwrap_or_default();
    let why = image.why.as_deref().map(name).unwrap_or_default();
    [deed, paint(NAME, name(&image.image)), size(image.bytes), used, why]
}

#[cfg(test)]
mod tests;
