//! Decides what becomes of the changes of all siblings. Pure but for one question: whether two files are the same.
//!
//! | one sibling | another one | |
//! | --- | --- | --- |
//! | any change of a path | none of it | taken |
//! | a change | the same change | taken once: same kind, content, mode and owner |
//! | a change | another change | a clash |
//! | deletes a folder, or puts something else in its place | changes something in it | a clash |
//! | deletes a folder | deletes something in it | the folder is deleted |

use super::changes::{Change, Changes};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// A change that is carried out, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen<'c> {
    pub(super) path: &'c Path,
    pub(super) change: Change,
    pub(super) sibling: usize,
}

/// A path that siblings changed in different ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clash<'c> {
    pub(super) path: &'c Path,
    pub(super) siblings: BTreeSet<usize>,
}

/// What all siblings did to a path.
type Who = Vec<(usize, Change)>;

/// All changes in the order in which they can be carried out, or every clash, by path.
pub(super) fn merge(
    all: &[Changes],
    same: impl Fn(&Path, usize, usize) -> io::Result<bool>,
) -> io::Result<Result<Vec<Chosen<'_>>, Vec<Clash<'_>>>> {
    let mut by_path: BTreeMap<&Path, Who> = BTreeMap::new();
    for (sibling, changes) in all.iter().enumerate() {
        for (path, change) in changes {
            by_path.entry(path).or_default().push((sibling, *change));
        }
    }
    let mut clashes = Vec::new();
    for (path, who) in &by_path {
        let siblings = clash(path, who, &by_path, &same)?;
        if !siblings.is_empty() {
            clashes.push(Clash { path, siblings });
        }
    }
    Ok(if clashes.is_empty() { Ok(chosen(&by_path)) } else { Err(clashes) })
}

fn clash(
    path: &Path,
    who: &Who,
    by_path: &BTreeMap<&Path, Who>,
    same: &impl Fn(&Path, usize, usize) -> io::Result<bool>,
) -> io::Result<BTreeSet<usize>> {
    let mut siblings = BTreeSet::new();
    if let Some((first, rest)) = who.split_first() {
        for other in rest {
            if !agree(path, *first, *other, same)? {
                siblings.extend(who.iter().map(|(sibling, _)| *sibling));
            }
        }
    }
    for (sibling, _) in who.iter().filter(|(_, change)| *change != Change::Gone) {
        let above = path.ancestors().skip(1).filter_map(|above| by_path.get(above)).flatten();
        let others = above.filter(|(other, change)| other != sibling && leaves_no_folder(*change));
        for (other, _) in others {
            siblings.extend([*sibling, *other]);
        }
    }
    Ok(siblings)
}

fn agree(
    path: &Path,
    (one, change): (usize, Change),
    (other, others): (usize, Change),
    same: &impl Fn(&Path, usize, usize) -> io::Result<bool>,
) -> io::Result<bool> {
    match change {
        _ if change != others => Ok(false),
        Change::Gone | Change::Folder(_) => Ok(true),
        Change::Leaf(..) => same(path, one, other),
    }
}

fn leaves_no_folder(change: Change) -> bool {
    match change {
        Change::Gone | Change::Leaf(..) => true,
        Change::Folder(_) => false,
    }
}

/// What lies in a folder that is gone is gone with it.
fn chosen<'c>(by_path: &BTreeMap<&'c Path, Who>) -> Vec<Chosen<'c>> {
    let mut chosen: Vec<Chosen<'c>> = Vec::new();
    let mut over: Option<&Path> = None;
    for (path, who) in by_path {
        let Some((sibling, change)) = who.first().copied() else { continue };
        if change == Change::Gone && over.is_some_and(|over| path.starts_with(over)) {
            continue;
        }
        if leaves_no_folder(change) {
            over = Some(path);
        }
        chosen.push(Chosen { path, change, sibling });
    }
    chosen
}
