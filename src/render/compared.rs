//! What changed in the environments of a run's jobs since the run before.

use super::safe::name;
use super::style::{DIM, NAME, paint};
use sidings_proto::compared::{ComparedEnvironments, ComparedImage, ComparedRun, SeenImage};

/// Packages that are named.
const NAMED: usize = 5;

/// A paragraph for each image that is not as it was, with an empty line before the first; nothing where all are.
pub(crate) fn environments(compared: &ComparedEnvironments, sha: &str) -> String {
    let mut told: Vec<(&ComparedImage, &ComparedRun, Vec<&str>)> = Vec::new();
    for job in &compared.jobs {
        let Some(with) = &job.with else { continue };
        for image in job.images.iter().filter(|image| !image.is_same()) {
            match told.iter_mut().find(|(known, of, _)| *known == image && *of == with) {
                Some((_, _, jobs)) => jobs.push(&job.job),
                None => told.push((image, with, vec![&job.job])),
            }
        }
    }
    told.iter().map(|(image, with, jobs)| format!("\n{}", changed(image, with, jobs, sha))).collect()
}

fn changed(image: &ComparedImage, with: &ComparedRun, jobs: &[&str], sha: &str) -> String {
    let jobs = jobs.iter().map(|job| name(job)).collect::<Vec<_>>().join(", ");
    let before = image.before.as_ref().map_or_else(|| "nothing".to_owned(), seen);
    let head = format!("environment of {}: {} → {}", paint(NAME, jobs), before, seen(&image.now));
    let since = paint(DIM, format!("since #{} ({})", with.number, name(&with.of)));
    let mut lines = vec![format!("{head}  {since}")];
    lines.extend(image.causes.iter().map(|told| format!("  {}", name(&told.to_string()))));
    if let Some(changes) = &image.packages {
        let (added, changed, removed) = (changes.added, changes.changed, changes.removed);
        lines.push(format!("  packages: {added} new, {changed} changed, {removed} gone"));
        lines.extend(changes.first.iter().take(NAMED).map(|change| format!("    {}", name(&change.to_string()))));
    }
    let is_commit = |sha: &str| !sha.is_empty() && sha.bytes().any(|byte| byte != b'0');
    let built = image.now.key.is_some() && image.before.as_ref().is_some_and(|before| before.key.is_some());
    // Trees that were sent without being committed are of the same commit, and it says nothing of them.
    if built && with.sha != sha && is_commit(sha) && is_commit(&with.sha) {
        let (before, now) = (short(&with.sha, 10), short(sha, 10));
        lines.push(paint(DIM, format!("  all of it: sidings image key --diff {before} {now}")));
    }
    lines.join("\n") + "\n"
}

fn seen(image: &SeenImage) -> String {
    match &image.key {
        Some(key) => short(key, 12),
        None => format!("{} {}", name(&image.reference), short(&image.digest, 19)),
    }
}

fn short(text: &str, most: usize) -> String {
    name(&text.chars().take(most).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::plain;
    use insta::assert_snapshot;
    use sidings_proto::RunId;
    use sidings_proto::compared::{ComparedJob, EnvironmentCause, PackageChange, PackageChanges};
    use uuid::Uuid;

    fn seen(key: Option<&str>) -> SeenImage {
        let digest = format!("sha256:{}", "5".repeat(64));
        SeenImage { reference: "debian:12".to_owned(), key: key.map(|key| key.repeat(32)), digest }
    }

    fn job(name: &str, image: ComparedImage) -> ComparedJob {
        let with = ComparedRun { id: RunId(Uuid::nil()), number: 6, of: "main".to_owned(), sha: "a".repeat(40) };
        ComparedJob { job: name.to_owned(), with: Some(with), images: vec![image] }
    }

    #[test]
    fn an_image_that_several_jobs_share_is_told_once_with_its_causes_and_packages() {
        let package = |name: &str, before: &[&str], now: &[&str]| PackageChange {
            kind: "deb".to_owned(),
            name: name.to_owned(),
            before: before.iter().map(|it| (*it).to_owned()).collect(),
            now: now.iter().map(|it| (*it).to_owned()).collect(),
        };
        let first = vec![package("curl", &["8.1"], &["8.2"]), package("jq", &[], &["1.7"])];
        let image = ComparedImage {
            now: seen(Some("bb")),
            before: Some(seen(Some("aa"))),
            causes: vec![
                EnvironmentCause::Dockerfile { path: "Dockerfile".to_owned() },
                EnvironmentCause::Context { paths: vec!["a\u{1b}[2J".to_owned()], count: 9 },
                EnvironmentCause::Argument { name: "V".to_owned(), before: None, now: Some("2".to_owned()) },
            ],
            packages: Some(PackageChanges { added: 1, removed: 0, changed: 1, first }),
        };
        let told = environments(&ComparedEnvironments { jobs: vec![job("unit", image.clone())] }, &"a".repeat(40));
        assert!(!told.contains("--diff"), "both are of one commit: {told}");
        let same = ComparedImage { now: seen(None), before: Some(seen(None)), causes: Vec::new(), packages: None };
        let jobs = vec![job("unit", image.clone()), job("lint", image), job("docs", same)];
        assert_snapshot!(plain(&environments(&ComparedEnvironments { jobs }, &"b".repeat(40))), @r#"
        environment of unit, lint: aaaaaaaaaaaa → bbbbbbbbbbbb  since #6 (main)
          Dockerfile was changed
          files of its context were changed: a\u{1b}[2J and 8 more
          build argument V: "2", before not given
          packages: 1 new, 1 changed, 0 gone
            curl 8.1 → 8.2
            jq none → 1.7
          all of it: sidings image key --diff aaaaaaaaaa bbbbbbbbbb
        "#);
    }

    #[test]
    fn of_environments_that_are_as_they_were_nothing_is_told() {
        let same = ComparedImage { now: seen(None), before: Some(seen(None)), causes: Vec::new(), packages: None };
        assert_eq!(environments(&ComparedEnvironments { jobs: vec![job("docs", same)] }, ""), "");
    }
}
