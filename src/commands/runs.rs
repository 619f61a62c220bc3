//! `sidings runs`.

use super::output::print_as;
use crate::args::RunsArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::render::{duration, lists};
use sidings_proto::api::RunsAsked;

pub(super) async fn runs(args: RunsArgs) -> anyhow::Result<Exit> {
    let RunsArgs { limit, project, branch, author, state, image, json, remote } = args;
    let image = image.map(|key| key.strip_prefix("key:").unwrap_or(&key).to_owned());
    let limit = usize::try_from(limit).ok();
    let asked = RunsAsked { project, branch, author, state, image, before: None, limit };
    let any = RunsAsked { limit, ..RunsAsked::default() };
    let runs = Client::new(&remote)?.runs(&asked).await?;
    print_as(json, &runs, |runs| match runs.runs.is_empty() && asked != any {
        true => "no such runs\n".to_owned(),
        false => lists::runs(runs, duration::now()),
    })
}
