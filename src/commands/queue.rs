//! `sidings queue`.

use super::output::print_as;
use crate::args::QueueArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::render::{duration, queue};

pub(super) async fn queue(args: QueueArgs) -> anyhow::Result<Exit> {
    let waits = Client::new(&args.remote)?.queue().await?;
    print_as(args.json, &waits, |waits| queue::queue(waits, duration::now()))
}
