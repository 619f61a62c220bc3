//! What a sibling changed: its view held against the workspace as it was, which nobody changes meanwhile.
//!
//! A file whose content, mode and owner are as before is unchanged, whatever its times. Owners count in relation to the
//! owner of the whole tree: a tree that was handed over to the user of a sibling's image is not changed by that.

use super::tree::{Entry, Folder, Kind, Owner, same_content, shown};
use super::view::{Form, View};
use super::{NotMerged, refused};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Folders in one another; a checkout has some ten, a pit of packages some fifty.
pub(super) const DEEPEST: usize = 200;
/// What all changes of a sibling may take in memory, about: a million and more of them.
const ROOM: usize = 128 * 1024 * 1024;
const EACH: usize = 100;

/// By path; a folder comes before what is in it.
pub(super) type Changes = BTreeMap<PathBuf, Change>;

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is no longer there, nor anything that was in it.
    Gone,
    /// A folder that is new, or has other rights.
    Folder(Rights),
    /// Anything else that is new or changed.
    Leaf(Kind, Rights),
}

/// Who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) mode: u32,
    /// None: the owner of the whole tree.
    pub(super) owner: Option<Owner>,
}

/// Finds all changes of a view.
pub(super) fn changes(workspace: &Folder, view: &View, root: &Folder) -> Result<Changes, NotMerged> {
    let (before, now) = (workspace.own()?, root.own()?);
    let mut walk = Walk { view, owners: (before.owner, now.owner), room: ROOM, found: Changes::new() };
    if now.mode != before.mode {
        let rights = walk.rights_now(&now);
        walk.found(PathBuf::new(), Change::Folder(rights))?;
    }
    let whole = matches!(view.form, Form::Copy(_));
    walk.folder(At { now: root, before: Some(workspace), path: Path::new(""), depth: 0, whole })?;
    Ok(walk.found)
}

struct Walk<'v> {
    view: &'v View,
    /// Of the workspace and of the view.
    owners: (Owner, Owner),
    room: usize,
    found: Changes,
}

/// A folder of the view.
#[derive(Clone, Copy)]
struct At<'f> {
    now: &'f Folder,
    /// The same in the workspace, where it is a folder as well.
    before: Option<&'f Folder>,
    path: &'f Path,
    depth: usize,
    /// What is not in the view is gone; else it is as it was, unless something says that it is gone.
    whole: bool,
}

impl Walk<'_> {
    fn folder(&mut self, at: At<'_>) -> Result<(), NotMerged> {
        if at.depth > DEEPEST {
            return Err(refused(format!("folders lie more than {DEEPEST} deep in {}", shown(at.path))));
        }
        let whole = at.whole || hides_what_was_there(at.now)?;
        let names = at.now.names()?;
        for name in &names {
            if let Some(now) = at.now.entry(name)? {
                self.name(At { whole, ..at }, name, now)?;
            }
        }
        let Some(before) = at.before.filter(|_| whole) else { return Ok(()) };
        for name in before.names()?.difference(&names) {
            self.found(at.path.join(name), Change::Gone)?;
        }
        Ok(())
    }

    fn name(&mut self, at: At<'_>, name: &OsStr, now: Entry) -> Result<(), NotMerged> {
        let path = at.path.join(name);
        let before = at.before.map(|before| before.entry(name)).transpose()?.flatten();
        match (now.kind, &self.view.form) {
            (Kind::Nothing, Form::Layer(_)) if before.is_some() => self.found(path, Change::Gone),
            (Kind::Nothing, Form::Layer(_)) => Ok(()),
            (Kind::Folder, _) => self.folder_inside(at, name, now, before, &path),
            (_, Form::Copy(copied)) if copied.get(&now.inode) == Some(&now.changed) && before.is_some() => Ok(()),
            (Kind::Nothing | Kind::Device, _) => Err(refused(format!("{} is a device", shown(&path)))),
            (Kind::File | Kind::Link | Kind::Pipe | Kind::Socket, _) => match before {
                Some(before) if self.is_as_before(at, name, &now, &before)? => Ok(()),
                _ => self.found(path, Change::Leaf(now.kind, self.rights_now(&now))),
            },
        }
    }

    fn folder_inside(
        &mut self,
        at: At<'_>,
        name: &OsStr,
        now: Entry,
        before: Option<Entry>,
        path: &Path,
    ) -> Result<(), NotMerged> {
        let was = before.filter(|before| before.kind == Kind::Folder);
        let rights = self.rights_now(&now);
        if was.is_none_or(|was| self.rights_before(&was) != rights) {
            self.found(path.to_owned(), Change::Folder(rights))?;
        }
        let inside = at.now.folder(name)?;
        let before = match (was, at.before) {
            (Some(_), Some(before)) => Some(before.folder(name)?),
            _ => None,
        };
        self.folder(At { now: &inside, before: before.as_ref(), path, depth: at.depth + 1, ..at })
    }

    fn is_as_before(&self, at: At<'_>, name: &OsStr, now: &Entry, was: &Entry) -> io::Result<bool> {
        let Some(before) = at.before else { return Ok(false) };
        if now.kind != was.kind || self.rights_now(now) != self.rights_before(was) {
            return Ok(false);
        }
        match now.kind {
            Kind::File => Ok(now.size == was.size && same_content(&mut at.now.file(name)?, &mut before.file(name)?)?),
            Kind::Link => Ok(at.now.target(name)? == before.target(name)?),
            Kind::Folder | Kind::Pipe | Kind::Socket | Kind::Nothing | Kind::Device => Ok(true),
        }
    }

    fn rights_now(&self, now: &Entry) -> Rights {
        rights(now, self.owners.1)
    }

    fn rights_before(&self, before: &Entry) -> Rights {
        rights(before, self.owners.0)
    }

    fn found(&mut self, path: PathBuf, change: Change) -> Result<(), NotMerged> {
        let takes = path.as_os_str().len() + EACH;
        self.room = self.room.checked_sub(takes).ok_or_else(|| {
            let so_many = self.found.len();
            refused(format!("it changed more paths than can be merged, {so_many} and more"))
        })?;
        self.found.insert(path, change);
        Ok(())
    }
}

fn rights(entry: &Entry, of_tree: Owner) -> Rights {
    Rights { mode: entry.mode, owner: (entry.owner != of_tree).then_some(entry.owner) }
}

/// How an overlay marks a folder that took the place of another one. A step cannot set it in its view; one that could
/// would only hide files of its own workspace.
fn hides_what_was_there(folder: &Folder) -> io::Result<bool> {
    let mut value = [0; 2];
    match rustix::fs::fgetxattr(folder, super::view::OPAQUE, &mut value) {
        Ok(length) => Ok(value[..length] == *b"y"),
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::NOTSUP | rustix::io::Errno::RANGE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
