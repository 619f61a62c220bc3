//! The part of `sidings tests` that is about split jobs, and names that are near to one that is no test's.

use crate::args::ProjectChoice;
use crate::client::Client;
use crate::exit::Refusal;
use crate::near::meant;
use crate::reference;
use crate::render::tested::Part;
use crate::render::{split_tests, tested};
use sidings_proto::api::RunView;
use sidings_proto::split::told::SplitTold;
use sidings_proto::split::{SplitSum, is_copy};
use sidings_proto::tested::RunTests;
use std::collections::BTreeSet;

/// Runs before this one among which the one before is looked for.
const BEFORE: usize = 20;
/// Tests whose names are looked through.
const NAMES: u32 = 10_000;

/// Of each split job of which nobody knows the tests, why that is.
pub(super) fn unlisted(run: &RunView, job: Option<&str>) -> String {
    let suites: BTreeSet<&str> = run.jobs.iter().filter_map(|job| job.suite.as_deref()).collect();
    let is_listed = |suite: &str| run.splits.iter().any(|sum| sum.suite == suite);
    let without = suites.into_iter().filter(|suite| !is_listed(suite) && job.is_none_or(|job| is_copy(job, suite)));
    without.map(|suite| super::split::told_unlisted(run, suite) + "\n").collect()
}

/// Each of the run's splits: what went wrong, beside the run before, and what was slowest.
pub(super) async fn of_run(
    client: &Client,
    run: &RunView,
    job: Option<&str>,
    slowest: &RunTests,
    part: Part,
) -> anyhow::Result<String> {
    let mut all = Vec::new();
    for sum in run.splits.iter().filter(|sum| job.is_none_or(|job| is_copy(job, &sum.suite))) {
        let text = match part {
            Part::All => beside_the_one_before(client, run, sum).await?,
            Part::Bad => {
                let told = client.split(run.summary.id, &sum.suite).await?;
                split_tests::head(sum) + &split_tests::bad_ones(&told, usize::MAX)
            }
            Part::Slowest => split_tests::head(sum),
        };
        // Reports tell of the same tests, and their slowest are above.
        let is_reported = slowest.jobs.iter().any(|job| is_copy(&job.name, &sum.suite));
        let cases = slowest.splits.iter().find(|split| split.suite == sum.suite && !is_reported);
        all.push(text + &cases.map(|split| tested::slow_ones(&split.cases)).unwrap_or_default());
    }
    Ok(all.join("\n"))
}

async fn beside_the_one_before(client: &Client, run: &RunView, sum: &SplitSum) -> anyhow::Result<String> {
    let told = client.split(run.summary.id, &sum.suite).await?;
    let before = if told.chosen { None } else { before(client, run, &sum.suite).await? };
    let before = before.as_ref().map(|(name, told)| (name.as_str(), told));
    Ok(split_tests::of(&told, before, jiff::Zoned::now().date()))
}

async fn before(client: &Client, run: &RunView, suite: &str) -> anyhow::Result<Option<(String, SplitTold)>> {
    let project = &run.summary.project;
    let runs = client.newest(Some(project), BEFORE).await?;
    for earlier in runs.iter().filter(|other| other.number < run.summary.number) {
        // One that has no such split says so.
        if let Ok(told) = client.split(earlier.id, suite).await
            && told.sum.passed.is_some()
            && !(told.tests.is_empty() || told.chosen)
        {
            return Ok(Some((format!("{project}@{}", earlier.number), told)));
        }
    }
    Ok(None)
}

/// There is no such test: which of the newest run's are called alike.
pub(super) async fn unknown(client: &Client, choice: &ProjectChoice, name: &str) -> anyhow::Result<anyhow::Error> {
    let project = reference::project(choice).await?;
    reference::known(client, &project).await?;
    let none = format!("project `{project}` has no test `{name}` in the runs that are remembered");
    let Ok(run) = reference::find(client, "latest", choice).await else { return Ok(Refusal::usage(none)) };
    let query = crate::client::TestQuery { bad: false, slowest: false, limit: NAMES };
    let told = client.tests(run.summary.id, None, query).await?;
    let reported = told.jobs.into_iter().flat_map(|job| job.cases);
    let split = told.splits.into_iter().flat_map(|split| split.cases);
    let names: BTreeSet<String> = reported.chain(split).map(|case| case.name).collect();
    Ok(Refusal::usage(meant(none, name, &names)))
}
