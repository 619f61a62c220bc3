//! Whose caches a run reads, and into which it may write. Pure.
//!
//! A cache is what some run left, so who reads it trusts that run. Every ref trusts its own runs and those of the
//! default branch; a tree that somebody sent is of no ref, whatever it says of itself, and what a pull request brings is
//! trusted by nobody: it writes none.

use super::event::RunSpec;
use sidings_proto::{Source, Trigger};

/// Where the run's own caches are.
pub(crate) fn own(run: &RunSpec) -> String {
    match run.source {
        Source::Git { .. } => run.commit.reference.clone(),
        Source::Snapshot { .. } => format!("tree {}", run.commit.reference),
    }
}

/// Where it looks for caches, in this order.
pub(crate) fn readable(run: &RunSpec) -> Vec<String> {
    let mut scopes = vec![own(run), format!("refs/heads/{}", run.default_branch)];
    scopes.dedup();
    scopes
}

/// Whether it writes any.
pub(crate) fn may_save(run: &RunSpec) -> bool {
    match (run.trigger, &run.source) {
        (Trigger::PullRequest, _) => false,
        // A commit that was only named is of no ref.
        (_, Source::Git { .. }) => !run.commit.reference.is_empty(),
        (_, Source::Snapshot { .. }) => true,
    }
}
