//! `sidings open`: a run's page in the browser.

use super::output::print;
use crate::args::OpenArgs;
use crate::browser;
use crate::client::Client;
use crate::exit::Exit;
use crate::reference;

pub(super) async fn open(args: OpenArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let address = match &args.run {
        Some(run) => reference::find(&client, run, &args.project).await?.url,
        None => format!("{}/", client.server().trim_end_matches('/')),
    };
    browser::check(&address)?;
    print(&format!("{address}\n"))?;
    if !args.print {
        browser::open(&address).await?;
    }
    Ok(Exit::Passed)
}
