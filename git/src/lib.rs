//! Runs the git binary, safely: the only room that does.
//!
//! What comes in is typed first: [`RepoUrl`], [`RefName`], [`CommitId`]; so nothing a user wrote can be an option, a
//! helper program or another protocol. git runs without a shell, without hooks, prompts, submodules and the
//! machine's own configuration, one protocol allowed, with a time limit, and ends when its caller does.
//! It refuses to know what a commit is for: that is the controller's and the runner's.

mod changes;
mod command;
mod mirror;
mod name;
mod url;
mod work_tree;

pub use mirror::{CommitInfo, Mirror, Mirrors};
pub use name::{BadCommitId, BadRefName, CommitId, RefName};
pub use url::{BadUrl, RepoUrl};
pub use work_tree::{Description, WorkTree};

/// What a caller may want to tell apart; anything else is ours, with its chain.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The repository answers and does not have the commit.
    #[error("commit {commit} is not in {url}")]
    CommitNotFound {
        /// Which commit.
        commit: CommitId,
        /// Where it was looked for.
        url: RepoUrl,
    },
    /// The repository does not answer, does not exist or does not let us in.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable {
        /// Which repository.
        url: RepoUrl,
        /// git's own words.
        reason: String,
    },
    /// git, the disk or the mirror failed.
    #[error("git failed")]
    Failed(#[source] anyhow::Error),
}

impl From<anyhow::Error> for GitError {
    fn from(error: anyhow::Error) -> GitError {
        GitError::Failed(error)
    }
}

#[cfg(test)]
mod tests;
