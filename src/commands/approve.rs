//! `sidings approve`.

use super::output::print_as;
use crate::args::ApproveArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::reference;
use anyhow::Context;
use sidings_proto::api::RunView;

pub(super) async fn approve(args: ApproveArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let run = reference::find(&client, &args.run, &args.project).await?;
    let job = run.jobs.iter().find(|job| job.name == args.job).with_context(|| no_such_job(&run, &args.job))?;
    let run = client.approve(job.id).await?;
    print_as(args.json, &run, |run| format!("{}@{}: {} may run\n", run.summary.project, run.summary.number, args.job))
}

fn no_such_job(run: &RunView, name: &str) -> String {
    let names: Vec<&str> = run.jobs.iter().map(|job| job.name.as_str()).collect();
    format!("there is no job `{name}` in run {}; its jobs: {}", run.summary.number, names.join(", "))
}
