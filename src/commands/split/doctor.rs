//! `sidings split doctor`: whether a job's tests can be split, tried out here on a few of them. They are run at once, as
//! they would be without a split, and then in two batches; what is wrong shows in the ledger or in the difference.

#[cfg(test)]
mod tests;

use crate::args::SplitDoctorArgs;
use crate::client::Client;
use crate::commands::doctor::{Finding, told as tell};
use crate::commands::lint;
use crate::commands::output::Show;
use crate::commands::run::{follow, with_line};
use crate::commands::submit::{chosen, tree_of};
use crate::exit::{Exit, Refusal};
use crate::folders;
use crate::follow::Asides;
use crate::render::safe;
use sidings_proto::Verdict;
use sidings_proto::api::{RunView, SubmitRun};
use sidings_proto::split::told::SplitTold;
use std::collections::{BTreeMap, BTreeSet};

/// Names that a finding tells.
const NAMED: usize = 5;
const LISTED_WRONG: &str = "let `discover` print the tests' names and nothing else, one a line; a tool that says more \
    than that may write them to $SPLIT_LIST";
const NO_LIST: &str = "what it printed stands above; `sidings run --shell` opens a shell where a step failed";
const NO_RESULT: &str = "`run` is to leave a result of each test under the name that `discover` gives it: a line in \
    $SPLIT_EVENTS, or JUnit whose suite and name together make it";
const NO_TIMES: &str =
    "batches are made by how long tests take: let `run` tell it (`ms` in $SPLIT_EVENTS, `time` in JUnit)";
const DIFFERS: &str = "these tests need one another, or an order: what one leaves behind, another finds";
const ALWAYS: &str = "this is not of the split: what they say stands above; as long as they fail, every run is red";
const UNTOLD: &str = "a code other than 0 says that a test failed; let `run` end with 0 when none did";

/// What came of a run of some tests.
struct Tried {
    run: RunView,
    /// None when the job ended before it listed any.
    told: Option<SplitTold>,
}

pub(super) async fn doctor(args: SplitDoctorArgs) -> anyhow::Result<Exit> {
    let SplitDoctorArgs { suite, sample, run: mut args } = args;
    let project = chosen(&args.project).await?;
    let pipeline = lint::meant(&project, args.wanted.pipeline.as_deref())?;
    if !lint::is_right(&project, pipeline.as_deref())? {
        return Ok(Exit::Configuration);
    }
    args.wanted.some_tests(suite, sample);
    let cache = folders::cache()?;
    let findings = with_line(&args, &cache, None, async |client| {
        let tree = tree_of(&client, &project, pipeline).await?;
        let whole = tried(&client, &args.wanted.of(tree.clone())).await?;
        let mut findings = of_whole(&whole);
        if let Some((job, [first, second])) = whole.told.as_ref().and_then(halves) {
            let mut parts = Vec::new();
            for half in [first, second] {
                let mut wanted = args.wanted.clone();
                wanted.only_batch(job.clone(), half);
                parts.push(tried(&client, &wanted.of(tree.clone())).await?);
            }
            findings.push(of_parts(&whole, &parts));
            findings.extend(never_passed(&whole, &parts));
        }
        Ok(findings)
    });
    tell(&findings.await?, args.json)
}

/// Runs some tests, with what they print on stderr.
async fn tried(client: &Client, request: &SubmitRun) -> anyhow::Result<Tried> {
    let run = client.submit(request).await?;
    let mut screen = Show { plain: true, json: true }.screen();
    let (followed, reasons) = follow(client, run, screen.as_mut(), Asides::none()).await?;
    drop(screen);
    if followed.interrupted {
        return Err(Refusal::usage("it was ended before it was over"));
    }
    if let Some(reason) = reasons.first() {
        return Err(Refusal::configuration(reason.clone()));
    }
    let run = followed.run;
    let told = match run.splits.first() {
        Some(sum) => Some(client.split(run.summary.id, &sum.suite).await?),
        None => None,
    };
    Ok(Tried { run, told })
}

/// The job, and its tests in two halves: every other one, so that neighbours are parted.
fn halves(told: &SplitTold) -> Option<(String, [Vec<String>; 2])> {
    let ids = |odd: usize| {
        let tests = told.tests.iter().enumerate().filter(|(place, _)| place % 2 == odd);
        tests.map(|(_, test)| test.id.clone()).collect::<Vec<_>>()
    };
    let halves = [ids(0), ids(1)];
    (!halves[1].is_empty()).then(|| (told.sum.suite.clone(), halves))
}

/// What the run of all of them at once tells.
fn of_whole(whole: &Tried) -> Vec<Finding> {
    let Some(told) = &whole.told else {
        let ended = format!("the job ended before it listed a test: {}", why(whole));
        return vec![Finding::fail("discovery", ended, NO_LIST)];
    };
    if told.tests.is_empty() {
        return vec![Finding::fail("discovery", why(whole), LISTED_WRONG)];
    }
    let (tried, all) = (told.tests.len(), told.listed.unwrap_or(told.tests.len() as u64));
    let listed = if all == 1 { "1 test listed".to_owned() } else { format!("{all} tests listed, none twice") };
    let listed = format!("{listed}; {tried} tried: {}", named(ids(told)));
    vec![Finding::ok("discovery", listed), results(told), times(told), ends(told)]
}

/// Why there is no list.
fn why(tried: &Tried) -> String {
    let refused = tried.told.iter().flat_map(|told| &told.sum.reasons).next();
    let failed = tried.run.jobs.iter().find_map(|job| match &job.verdict {
        Some(Verdict::Failed(failure)) => Some(&failure.message),
        Some(Verdict::Passed | Verdict::Cancelled | Verdict::Skipped { .. }) | None => None,
    });
    let said = refused.or(failed).map_or("no test was listed", String::as_str);
    safe::flat(said.replace('\n', " ").as_bytes())
}

fn results(told: &SplitTold) -> Finding {
    let without = told.tests.iter().filter(|test| matches!(test.verdict.as_deref(), None | Some("not run")));
    let without: Vec<&str> = without.map(|test| test.id.as_str()).collect();
    match without.as_slice() {
        [] => Finding::ok("results", format!("each of them has one: {}", told.sum.told)),
        some => {
            Finding::fail("results", format!("{} have none: {}", some.len(), named(some.iter().copied())), NO_RESULT)
        }
    }
}

fn times(told: &SplitTold) -> Finding {
    let took = told.tests.iter().filter_map(|test| test.took_ms);
    match took.max() {
        Some(1..) => Finding::ok("times", "they say how long they take"),
        Some(0) | None => Finding::warn("times", "none says how long it takes", NO_TIMES),
    }
}

/// A process that ended badly though none of its tests did.
fn ends(told: &SplitTold) -> Finding {
    let bad = |batch: &&sidings_proto::split::told::ToldBatch| batch.code != Some(0);
    let failed = told.tests.iter().any(|test| is_bad(test.verdict.as_deref()));
    match told.batches.iter().find(bad).filter(|_| !failed) {
        None => Finding::ok("ends", "the end of `run` agrees with its tests"),
        Some(batch) => {
            let how = batch.code.map_or("a signal".to_owned(), |code| format!("code {code}"));
            Finding::fail("ends", format!("`run` ended with {how} though none of its tests failed"), UNTOLD)
        }
    }
}

/// Whether two batches bring what one brought.
fn of_parts(whole: &Tried, parts: &[Tried]) -> Finding {
    let Some(told) = &whole.told else { return Finding::fail("batches", "there is no list", LISTED_WRONG) };
    if let Some(part) = parts.iter().find(|part| part.told.as_ref().is_none_or(|told| told.tests.is_empty())) {
        return Finding::fail("batches", format!("the second list is another: {}", why(part)), LISTED_WRONG);
    }
    let apart: BTreeMap<&str, Option<&str>> =
        parts.iter().filter_map(|part| part.told.as_ref()).flat_map(verdicts).collect();
    let differ = verdicts(told).filter(|(id, verdict)| apart.get(id).is_none_or(|apart| apart != verdict));
    let differ: Vec<String> = differ
        .map(|(id, verdict)| {
            let apart = apart.get(id).copied().flatten().unwrap_or("nothing");
            format!("{id} ({} at once, {apart} in a batch)", verdict.unwrap_or("nothing"))
        })
        .collect();
    match differ.as_slice() {
        [] => Finding::ok("batches", "two batches bring what all at once bring"),
        some => Finding::fail("batches", format!("they differ: {}", named(some.iter().map(String::as_str))), DIFFERS),
    }
}

/// Tests that fail alone as they fail with others: a split changes nothing about them, and every run is red.
fn never_passed(whole: &Tried, parts: &[Tried]) -> Option<Finding> {
    let apart: BTreeSet<&str> = parts.iter().filter_map(|part| part.told.as_ref()).flat_map(bad).collect();
    let always: Vec<&str> = whole.told.iter().flat_map(bad).filter(|id| apart.contains(id)).collect();
    let many = if always.len() == 1 { "1 test fails".to_owned() } else { format!("{} tests fail", always.len()) };
    let told = || format!("{many} in every try: {}", named(always.iter().copied()));
    (!always.is_empty()).then(|| Finding::warn("verdicts", told(), ALWAYS))
}

/// Tests that went wrong.
fn bad(told: &SplitTold) -> impl Iterator<Item = &str> {
    verdicts(told).filter(|(_, verdict)| is_bad(*verdict)).map(|(id, _)| id)
}

fn verdicts(told: &SplitTold) -> impl Iterator<Item = (&str, Option<&str>)> {
    told.tests.iter().map(|test| (test.id.as_str(), test.verdict.as_deref()))
}

fn ids(told: &SplitTold) -> impl Iterator<Item = &str> {
    told.tests.iter().map(|test| test.id.as_str())
}

fn is_bad(verdict: Option<&str>) -> bool {
    matches!(verdict, Some("failed" | "flaky" | "crashed" | "timed out" | "quarantined"))
}

/// The first of them, in a line.
fn named<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    let ids: Vec<String> = ids.map(safe::name).collect();
    let more = if ids.len() > NAMED { format!(" and {} more", ids.len() - NAMED) } else { String::new() };
    format!("{}{more}", ids[..ids.len().min(NAMED)].join(", "))
}
