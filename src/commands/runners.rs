//! `sidings runners`.

use super::output::print_as;
use crate::args::RunnersArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::render::{duration, lists};

pub(super) async fn runners(args: RunnersArgs) -> anyhow::Result<Exit> {
    let runners = Client::new(&args.remote)?.runners().await?;
    print_as(args.json, &runners, |runners| lists::runners(runners, duration::now()))
}
