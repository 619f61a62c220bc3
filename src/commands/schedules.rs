//! `sidings schedules`.

use super::output::print_as;
use crate::args::SchedulesArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::render::lists;

pub(super) async fn schedules(args: SchedulesArgs) -> anyhow::Result<Exit> {
    let schedules = Client::new(&args.remote)?.schedules().await?;
    print_as(args.json, &schedules, lists::schedules)
}
