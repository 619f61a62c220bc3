//! Which paths a commit changed, for conditions that ask for them.
//!
//! A push is compared with where the branch was before; a new branch, a pull request, and a branch whose earlier
//! commit is gone, with where they left the default branch. Where there is nothing to compare with, where somebody
//! asked for the run, or where too much changed, every path counts as changed: a job too many is better than one that
//! is missing.

use super::{SourceError, Sources, commit_id, repository};
use sidings_git::{CommitId, Mirror, RefName};
use sidings_pipeline::{Changed, Context};
use sidings_proto::{Source, Trigger};

/// With more of them all count as changed.
const MOST: usize = 3000;

impl Sources {
    /// What the commit of a run changed; for a snapshot, what was told of it.
    pub(super) async fn changed(&self, source: &Source, context: &Context, told: Option<&[String]>) -> Changed {
        match source {
            Source::Snapshot { .. } => told.filter(|told| told.len() <= MOST).map_or(Changed::All, these),
            Source::Git { url, commit } => self.changed_in_git(url, commit, context).await.unwrap_or_else(|error| {
                let error = anyhow::Error::from(error);
                tracing::warn!("what {commit} changed is not known, so all counts: {error:#}");
                Changed::All
            }),
        }
    }

    /// The paths that differ between two commits that the repository's mirror has; none where too many do.
    pub(crate) async fn between(&self, url: &str, from: &str, to: &str) -> Result<Option<Vec<String>>, SourceError> {
        let mirror = self.mirrors.mirror(&repository(url)?);
        Ok(mirror.changed(&commit_id(from)?, &commit_id(to)?, MOST).await?)
    }

    async fn changed_in_git(&self, url: &str, commit: &str, context: &Context) -> Result<Changed, SourceError> {
        let mirror = self.mirrors.mirror(&repository(url)?);
        let commit = commit_id(commit)?;
        let base = match context.trigger {
            Trigger::Push => match before(&mirror, context).await {
                Some(before) => Some(before),
                None => self.where_it_left(&mirror, &commit, url, context).await?,
            },
            Trigger::PullRequest => self.where_it_left(&mirror, &commit, url, context).await?,
            Trigger::Tag | Trigger::Manual | Trigger::Schedule | Trigger::Api => None,
        };
        let Some(base) = base else { return Ok(Changed::All) };
        Ok(mirror.changed(&base, &commit, MOST).await?.map_or(Changed::All, |paths| these(&paths)))
    }

    /// The newest commit that it shares with the default branch; none for the default branch itself.
    async fn where_it_left(
        &self,
        mirror: &Mirror,
        commit: &CommitId,
        url: &str,
        context: &Context,
    ) -> Result<Option<CommitId>, SourceError> {
        let default = format!("refs/heads/{}", context.default_branch);
        if context.trigger == Trigger::Push && context.commit.reference == default {
            return Ok(None);
        }
        let Ok(_) = default.parse::<RefName>() else { return Ok(None) };
        let Some(tip) = self.resolve(url, &default).await? else { return Ok(None) };
        let tip = commit_id(&tip)?;
        mirror.ensure(&tip).await?;
        Ok(mirror.merge_base(commit, &tip).await?)
    }
}

/// Where the branch was; none when it is new, or when the repository does not have that commit any more.
async fn before(mirror: &Mirror, context: &Context) -> Option<CommitId> {
    let before: CommitId = context.commit.before.as_deref()?.parse().ok()?;
    mirror.ensure(&before).await.ok().map(|()| before)
}

fn these(paths: &[String]) -> Changed {
    Changed::These(paths.iter().map(String::as_str).map(str::to_owned).collect())
}
