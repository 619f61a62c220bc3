//! `sidings tests`: the tests of a run, or what became of one test from run to run.

use super::output::{print, print_as};
use super::tests_split;
use crate::args::TestsArgs;
use crate::client::{Client, TestQuery};
use crate::exit::{Exit, Refusal};
use crate::reference;
use crate::render::duration::now;
use crate::render::tested::{self, Part};
use sidings_proto::api::RunView;
use sidings_proto::tested::RunTests;

/// Bad tests of each job that are shown with their reasons.
const BAD: u32 = 50;
const SLOWEST: u32 = 5;
/// All that the controller gives at once.
const MOST: u32 = 10_000;

pub(super) async fn tests(args: TestsArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    if let Some(name) = &args.history {
        let project = reference::project(&args.project).await?;
        let history = client.test_history(&project, name).await?;
        if history.tests.is_empty() {
            return Err(tests_split::unknown(&client, &args.project, name).await?);
        }
        return print_as(args.json, &history, |history| tested::history(&project, name, history, now()));
    }
    let run = reference::find(&client, &args.run, &args.project).await?;
    if let Some(job) = &args.job {
        has_job(&run, job)?;
    }
    if args.json {
        return print_as(true, &ask(&client, &run, &args, None).await?, |_| String::new());
    }
    let part = match (args.failed, args.slowest) {
        (true, _) => Part::Bad,
        (false, Some(_)) => Part::Slowest,
        (false, None) => Part::All,
    };
    let bad =
        if part == Part::Slowest { RunTests::default() } else { ask(&client, &run, &args, Some(Part::Bad)).await? };
    let slowest =
        if part == Part::Bad { RunTests::default() } else { ask(&client, &run, &args, Some(Part::Slowest)).await? };
    let unlisted = tests_split::unlisted(&run, args.job.as_deref());
    let has_split = !(run.splits.is_empty() && unlisted.is_empty());
    let is_of_splits_alone = bad.jobs.is_empty() && slowest.jobs.is_empty() && has_split;
    let reported = if is_of_splits_alone { String::new() } else { tested::tests(&run, &bad, &slowest, part) };
    let split = tests_split::of_run(&client, &run, args.job.as_deref(), &slowest, part).await?;
    let parts = [reported, unlisted, split];
    print(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))?;
    Ok(Exit::Passed)
}

/// The cases of a part; of none in particular, what the flags say, and all of it.
async fn ask(client: &Client, run: &RunView, args: &TestsArgs, part: Option<Part>) -> anyhow::Result<RunTests> {
    let query = match part {
        Some(Part::Bad) => TestQuery { bad: true, slowest: false, limit: if args.failed { MOST } else { BAD } },
        Some(Part::Slowest) => TestQuery { bad: false, slowest: true, limit: args.slowest.unwrap_or(SLOWEST) },
        Some(Part::All) | None => {
            TestQuery { bad: args.failed, slowest: args.slowest.is_some(), limit: args.slowest.unwrap_or(MOST) }
        }
    };
    Ok(client.tests(run.summary.id, args.job.as_deref(), query).await?)
}

fn has_job(run: &RunView, name: &str) -> anyhow::Result<()> {
    if run.jobs.iter().any(|job| job.name == name) || run.splits.iter().any(|sum| sum.suite == name) {
        return Ok(());
    }
    let names: Vec<&str> = run.jobs.iter().map(|job| job.name.as_str()).collect();
    Err(Refusal::usage(format!("the run has no job `{name}`: it has {}", names.join(", "))))
}
