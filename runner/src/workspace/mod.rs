//! Views of one workspace for the siblings of a `parallel:` group, and the merge of what they changed.
//!
//! | file | what it does |
//! | --- | --- |
//! | `view` | a layer over the workspace, or a copy of it |
//! | `changes` | what a sibling changed, found in its view |
//! | `merge` | decides: which changes are taken, which paths clash |
//! | `apply` | carries the chosen changes out |
//! | `find` | files by patterns, for those who read what a job left |
//! | `tree` | folders, open, name by name; never through a link |
//!
//! A merge begins when the siblings' containers are gone. It takes all or nothing, and never leaves the workspace,
//! whatever a step put into its view. Folders are made anew, so extended attributes of theirs are not kept.

mod apply;
mod changes;
mod find;
mod merge;
pub(crate) mod tree;
mod view;

use changes::Changes;
pub(crate) use find::{NotAFile, Search, open};
use merge::Clash;
use std::io;
use std::path::Path;
use tree::{Folder, Reach, same_content, shown};
pub(crate) use view::Layering;
pub use view::View;

/// So many paths are named in the log, and in a failure's message.
const IN_LOG: usize = 100;
const IN_MESSAGE: usize = 5;

/// A sibling that is over.
#[derive(Debug)]
pub struct Sibling {
    /// The step's name, for people.
    pub name: String,
    /// What it saw.
    pub view: View,
}

/// Why nothing was merged.
#[derive(Debug, thiserror::Error)]
pub enum NotMerged {
    /// Siblings changed the same paths in different ways.
    #[error("{message}")]
    Clash {
        /// A sentence with the first paths.
        message: String,
        /// A line for each path, up to a hundred.
        lines: Vec<String>,
    },
    /// A sibling left something that cannot be merged: the user's failure.
    #[error("{0}")]
    Refused(String),
    /// The disk failed.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

fn refused(what: String) -> NotMerged {
    NotMerged::Refused(what)
}

/// Merges what all siblings changed into their workspace, and gives the number of paths. What it replaces is moved into
/// the new folder `replaced`, beside the workspace.
pub fn merge_into(workspace: &Path, siblings: &[Sibling], replaced: &Path) -> Result<usize, NotMerged> {
    let workspace = Folder::root(workspace)?;
    let mut views = Vec::new();
    let mut all: Vec<Changes> = Vec::new();
    for sibling in siblings {
        let root = Folder::root(sibling.view.root())?;
        let found = changes::changes(&workspace, &sibling.view, &root);
        all.push(found.map_err(|error| of_sibling(error, &sibling.name))?);
        views.push((&sibling.view, root));
    }
    let same = |path: &Path, one: usize, other: usize| is_same(path, &views[one].1, &views[other].1);
    let chosen = merge::merge(&all, same)?.map_err(|clashes| clash(&clashes, siblings))?;
    if !chosen.is_empty() {
        std::fs::create_dir_all(replaced)?;
        apply::apply(&chosen, &views, &workspace, &Folder::root(replaced)?)?;
    }
    Ok(chosen.len())
}

/// Both are of the same kind, with the same rights.
fn is_same(path: &Path, one: &Folder, other: &Folder) -> io::Result<bool> {
    let (mut one, mut other) = (Reach::new(one), Reach::new(other));
    let ((one, name), (other, _)) = (one.parent(path)?, other.parent(path)?);
    let (Some(left), Some(right)) = (one.entry(name)?, other.entry(name)?) else { return Ok(false) };
    match left.kind {
        tree::Kind::File => Ok(left.size == right.size && same_content(&mut one.file(name)?, &mut other.file(name)?)?),
        tree::Kind::Link => Ok(one.target(name)? == other.target(name)?),
        tree::Kind::Pipe | tree::Kind::Socket => Ok(true),
        tree::Kind::Folder | tree::Kind::Nothing | tree::Kind::Device => Ok(false),
    }
}

fn of_sibling(error: NotMerged, name: &str) -> NotMerged {
    match error {
        NotMerged::Refused(what) => refused(format!("the changes of step \"{name}\" cannot be merged: {what}")),
        NotMerged::Failed(error) => {
            NotMerged::Failed(io::Error::new(error.kind(), format!("step \"{name}\": {error}")))
        }
        clash @ NotMerged::Clash { .. } => clash,
    }
}

fn clash(clashes: &[Clash<'_>], siblings: &[Sibling]) -> NotMerged {
    let line = |clash: &Clash<'_>| {
        let names: Vec<String> = clash.siblings.iter().map(|at| format!("\"{}\"", siblings[*at].name)).collect();
        format!("{} ({})", shown(clash.path), names.join(", "))
    };
    let listed = |most: usize, mark: &str| -> Vec<String> {
        let more = clashes.len().saturating_sub(most);
        let more = (more > 0).then(|| format!("{mark}and {more} more"));
        clashes.iter().take(most).map(|clash| format!("{mark}{}", line(clash))).chain(more).collect()
    };
    let paths = if clashes.len() == 1 { "path" } else { "paths" };
    let message =
        format!("parallel steps changed the same {paths} in different ways: {}", listed(IN_MESSAGE, "").join(", "));
    NotMerged::Clash { message, lines: listed(IN_LOG, "  ") }
}

#[cfg(test)]
mod tests;
