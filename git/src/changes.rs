//! What changed between two states of a repository: names of paths, no contents.

use crate::CommitId;
use crate::command::Git;
use anyhow::{Context, bail};

/// Names are shorter than this on all systems that matter here.
const LONGEST_NAME: u64 = 4096;

/// The newest commit that both come from, if there is one.
pub(crate) async fn merge_base(git: Git, one: &str, other: &str) -> anyhow::Result<Option<CommitId>> {
    let output = git.args(["merge-base", one, other]).output().await?;
    match (output.status.code(), String::from_utf8_lossy(&output.stdout).trim()) {
        (Some(0), base) => Ok(Some(base.parse().context("read the name of a common commit")?)),
        // git's way to say that there is none.
        (Some(1), "") => Ok(None),
        _ => bail!("{}", output.complaint()),
    }
}

/// The paths that a call names, each ended by a NUL; none when there are more than `most`.
pub(crate) async fn paths(git: Git, most: usize) -> anyhow::Result<Option<Vec<String>>> {
    let room = (most as u64 + 1) * LONGEST_NAME;
    let said = git.output_max(room).done().await?;
    let names = said.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let names: Vec<String> = names.take(most + 1).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    Ok((names.len() <= most).then_some(names))
}
