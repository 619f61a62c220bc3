//! How people name a run: by its id, as `project@7`, or as `7` or `latest` of the project they are in.

use crate::args::ProjectChoice;
use crate::client::Client;
use crate::exit::Refusal;
use crate::near::meant;
use sidings_proto::RunId;
use sidings_proto::api::RunView;
use std::collections::BTreeSet;
use std::path::Path;

/// Runs among which names of projects are looked for.
const LOOKED_AT: usize = 500;

/// What the user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunRef {
    /// An id, or `project@number`: the controller knows what it is.
    Named(String),
    /// A number in the project.
    Number(u64),
    /// The project's newest.
    Latest,
}

impl RunRef {
    /// Reads what the user wrote.
    pub(crate) fn parse(text: &str) -> anyhow::Result<RunRef> {
        let numbered = |text: &str| text.rsplit_once('@').is_some_and(|(_, number)| number.parse::<u64>().is_ok());
        match text {
            "latest" => Ok(RunRef::Latest),
            _ if text.parse::<RunId>().is_ok() || numbered(text) => Ok(RunRef::Named(text.to_owned())),
            _ => text.parse().map(RunRef::Number).map_err(|_| {
                Refusal::usage(format!("`{text}` names no run: write an id, `project@7`, `7` or `latest`"))
            }),
        }
    }
}

/// The run that the user means.
pub(crate) async fn find(client: &Client, text: &str, choice: &ProjectChoice) -> anyhow::Result<RunView> {
    let name = match RunRef::parse(text)? {
        RunRef::Named(name) => name,
        RunRef::Number(number) => format!("{}@{number}", project(choice).await?),
        RunRef::Latest => latest(client, &project(choice).await?).await?,
    };
    Ok(client.run(&name).await?)
}

async fn latest(client: &Client, project: &str) -> anyhow::Result<String> {
    if let Some(run) = client.newest(Some(project), 1).await?.first() {
        return Ok(run.id.to_string());
    }
    known(client, project).await?;
    Err(Refusal::usage(format!("project `{project}` has no runs: `sidings submit` makes one, --project names another")))
}

/// Refuses a project that was never added and never ran anything: asked where nothing was found of it.
pub(crate) async fn known(client: &Client, project: &str) -> anyhow::Result<()> {
    let added = client.projects().await?.projects.into_iter().map(|project| project.name);
    let mut names: BTreeSet<String> = added.collect();
    if names.contains(project) || !client.newest(Some(project), 1).await?.is_empty() {
        return Ok(());
    }
    names.extend(client.newest(None, LOOKED_AT).await?.into_iter().map(|run| run.project));
    let wrong = format!("the controller knows no project `{project}`");
    let meant = meant(wrong.clone(), project, &names);
    let help = "`sidings submit` runs this tree as one, --project names another";
    Err(Refusal::usage(if meant == wrong { format!("{wrong}: {help}") } else { meant }))
}

/// The project that the user means, or is in.
pub(crate) async fn project(choice: &ProjectChoice) -> anyhow::Result<String> {
    match &choice.project {
        Some(project) => Ok(project.clone()),
        None => Ok(crate::worktree::project(Path::new(".")).await?.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_in_four_ways() {
        let parse = |text: &str| RunRef::parse(text).unwrap();
        assert_eq!(parse("latest"), RunRef::Latest);
        assert_eq!(parse("7"), RunRef::Number(7));
        assert_eq!(parse("acme/board@7"), RunRef::Named("acme/board@7".to_owned()));
        let id = RunId::new().to_string();
        assert_eq!(parse(&id), RunRef::Named(id.clone()));
    }

    #[test]
    fn anything_else_is_a_wrong_command_line() {
        for text in ["", "demo", "demo@", "demo@x", "-1", "7.5"] {
            assert_eq!(crate::exit::exit_of(&RunRef::parse(text).unwrap_err()).code(), 2, "{text}");
        }
    }
}
