//! `sidings split`: looks into jobs whose tests are split, and runs parts of them again.

mod doctor;
mod follow;
mod unlisted;

use super::output::{print, print_as};
use super::run;
use crate::args::{
    SplitArgs, SplitCommand, SplitGrindArgs, SplitOfRun, SplitPlanArgs, SplitReproArgs, SplitStatusArgs,
};
use crate::client::Client;
use crate::exit::{Exit, Refusal};
use crate::reference;
use crate::render::duration::now;
use crate::render::{safe, split_told};
use sidings_proto::api::RunView;
use sidings_proto::split::is_copy;
use sidings_proto::split::told::SplitTold;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
pub(super) use unlisted::told as told_unlisted;

pub(super) async fn split(args: SplitArgs) -> anyhow::Result<Exit> {
    match args.command {
        SplitCommand::Status(args) => status(args).await,
        SplitCommand::Plan(args) => plan(args).await,
        SplitCommand::Repro(args) => repro(args).await,
        SplitCommand::Doctor(args) => doctor::doctor(args).await,
        SplitCommand::Grind(args) => grind(args).await,
    }
}

async fn status(SplitStatusArgs { of, follow }: SplitStatusArgs) -> anyhow::Result<Exit> {
    if follow {
        let client = Client::new(&of.remote)?;
        let run = reference::find(&client, &of.run, &of.project).await?;
        return follow::follow(&client, run.summary.id, &suite_of(&run, of.suite.as_deref())?).await;
    }
    let told = told(&of).await?;
    print_as(of.json, &told, |told| split_told::status(told, now()))
}

async fn plan(SplitPlanArgs { of, explain }: SplitPlanArgs) -> anyhow::Result<Exit> {
    let told = told(&of).await?;
    print_as(of.json, &told, |told| split_told::plan(told, explain))
}

async fn repro(args: SplitReproArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote())?;
    let SplitReproArgs { batch, of, suite, print: only_print, mut run, .. } = args;
    let found = reference::find(&client, &of, &run.project).await?;
    let told = listed(&client, &found, suite.as_deref()).await?;
    let batch = told.batches.iter().find(|known| known.number == batch).ok_or_else(|| no_batch(&told, batch))?;
    let ids = batch.tests.iter().filter_map(|no| told.tests.get(*no as usize)).map(|test| test.id.clone());
    let ids: Vec<String> = ids.collect();
    if only_print {
        let shown = |id: &String| if io::stdout().is_terminal() { safe::name(id) } else { id.clone() };
        print(&ids.iter().map(|id| shown(id) + "\n").collect::<String>())?;
        return Ok(Exit::Passed);
    }
    let job = told.workers.get(batch.worker).map(|worker| worker.job.clone()).unwrap_or_default();
    run.wanted.only_batch(job, ids);
    run::run(run).await
}

async fn grind(SplitGrindArgs { test, mut run }: SplitGrindArgs) -> anyhow::Result<Exit> {
    run.wanted.only_test(test);
    run::run(run).await
}

async fn told(args: &SplitOfRun) -> anyhow::Result<SplitTold> {
    let client = Client::new(&args.remote)?;
    let run = reference::find(&client, &args.run, &args.project).await?;
    listed(&client, &run, args.suite.as_deref()).await
}

/// The split that is meant, of which there has to be a list.
async fn listed(client: &Client, run: &RunView, wanted: Option<&str>) -> anyhow::Result<SplitTold> {
    let suite = suite_of(run, wanted)?;
    if !is_listed(run, &suite) {
        let open = run.summary.ended.is_none();
        let more = if open { "; `sidings split status --follow` waits for it" } else { "" };
        return Err(Refusal::usage(unlisted::told(run, &suite) + more));
    }
    Ok(client.split(run.summary.id, &suite).await?)
}

fn is_listed(run: &RunView, suite: &str) -> bool {
    run.splits.iter().any(|sum| sum.suite == suite)
}

/// The queue that is meant, of those that the run's plan has: whether its tests are listed is another question.
fn suite_of(run: &RunView, wanted: Option<&str>) -> anyhow::Result<String> {
    let all: BTreeSet<&str> = run.jobs.iter().filter_map(|job| job.suite.as_deref()).collect();
    let all: Vec<&str> = all.into_iter().collect();
    let there = || all.join(", ");
    match (wanted, all.as_slice()) {
        (_, []) => Err(Refusal::usage("no job of the run has split tests: `tests` in its pipeline makes them so")),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(Refusal::usage(format!("several jobs have split tests: say which: {}", there()))),
        (Some(name), some) => match some.iter().find(|suite| is_copy(name, suite)) {
            Some(suite) => Ok((*suite).to_owned()),
            None => Err(Refusal::usage(format!("`{name}` has no split tests: {} has", there()))),
        },
    }
}

fn no_batch(told: &SplitTold, batch: u64) -> anyhow::Error {
    let numbers: Vec<String> = told.batches.iter().map(|batch| batch.number.to_string()).collect();
    Refusal::usage(format!("there is no batch {batch}: there are {}", numbers.join(", ")))
}
