//! What jobs left behind: how much in a summary, and file by file in a list.

use super::duration::minute;
use super::safe::name;
use super::style::{DIM, NAME, paint};
use super::table::table;
use jiff::tz::TimeZone;
use sidings_proto::api::{ArtifactView, ArtifactsView, JobView, RunView};
use sidings_proto::artifact::Content;

/// A line for each job that keeps some.
pub(super) fn of_run(run: &RunView) -> String {
    let kept = run.jobs.iter().filter_map(|job| Some((job, newest(job)?)));
    let lines = kept.map(|(job, artifacts)| {
        let much = how_much(artifacts.entries, artifacts.bytes);
        let until = minute(artifacts.expires, &TimeZone::system());
        format!("  {}: {much} {}\n", job.name, paint(DIM, format!("until {until}")))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    let command = format!("sidings artifacts {}@{}", run.summary.project, run.summary.number);
    format!("artifacts {}\n{lines}", paint(DIM, format!("({command} --output DIR)")))
}

/// What the job's newest attempt keeps.
pub(crate) fn newest(job: &JobView) -> Option<ArtifactsView> {
    job.attempts.iter().rev().find(|attempt| attempt.ended.is_some()).and_then(|attempt| attempt.artifacts)
}

/// `3 files, 1.2 MB`.
pub(crate) fn how_much(entries: u64, bytes: u64) -> String {
    let files = if entries == 1 { "1 file".to_owned() } else { format!("{entries} files") };
    format!("{files}, {}", size(bytes))
}

/// The files of some jobs.
pub(crate) fn list(jobs: &[(String, Vec<ArtifactView>)], zone: &TimeZone) -> String {
    let row = |job: &str, artifact: &ArtifactView| {
        let path = name(&artifact.path);
        let (path, size) = match &artifact.content {
            Content::File { bytes, .. } => (path, size(*bytes)),
            Content::Link { target } => (format!("{path} -> {}", name(target)), "link".to_owned()),
        };
        [paint(NAME, job), format!("{size:>10}"), minute(artifact.expires, zone), path]
    };
    let rows: Vec<_> = jobs.iter().flat_map(|(job, all)| all.iter().map(move |one| row(job, one))).collect();
    if rows.is_empty() {
        return "no artifacts: no job keeps any, or their time is over\n".to_owned();
    }
    table(["job", "size", "until", "path"], &rows)
}

/// `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10)),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidings_proto::Timestamp;

    #[test]
    fn a_list_has_links_and_nothing_that_moves_the_cursor() {
        let blob = "0".repeat(64).try_into().unwrap();
        let file = Content::File { blob, bytes: 1_250_000, executable: true };
        let of = |path: &str, content| ArtifactView { path: path.to_owned(), content, expires: Timestamp(0) };
        let link = Content::Link { target: "a".to_owned() };
        let jobs = [("test".to_owned(), vec![of("dist/\u{1b}[2Ja", file), of("dist/b", link)])];
        let text = list(&jobs, &TimeZone::UTC);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
        assert!(list(&[], &TimeZone::UTC).starts_with("no artifacts"));
    }
}
