//! `sidings runs`.

use super::output::print_as;
use crate::args::RunsArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::reference;
use crate::render::{duration, lists};
use sidings_proto::api::RunsAsked;

pub(super) async fn runs(args: RunsArgs) -> anyhow::Result<Exit> {
    let RunsArgs { limit, project, branch, author, state, image, json, remote } = args;
    let limit = usize::try_from(limit).ok();
    let asked = RunsAsked { project, branch, author, state, image, before: None, limit };
    let any = RunsAsked { limit, ..RunsAsked::default() };
    let client = Client::new(&remote)?;
    let runs = client.runs(&asked).await?;
    if let Some(project) = asked.project.as_ref().filter(|_| runs.runs.is_empty()) {
        reference::known(&client, project).await?;
    }
    print_as(json, &runs, |runs| match runs.runs.is_empty() && asked != any {
        true => "no such runs\n".to_owned(),
        false => lists::runs(runs, duration::now()),
    })
}
