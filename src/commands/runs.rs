//! `sidings runs`.

use super::output::print_as;
use crate::args::RunsArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::render::{duration, lists};

pub(super) async fn runs(args: RunsArgs) -> anyhow::Result<Exit> {
    let runs = Client::new(&args.remote)?.runs(args.project.as_deref(), args.limit).await?;
    print_as(args.json, &runs, |runs| lists::runs(runs, duration::now()))
}
