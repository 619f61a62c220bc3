//! Carries chosen changes out in the workspace.
//!
//! Files are moved, not copied: a view is of no use after the group. What is deleted or replaced is moved out of the
//! way, so that the time does not depend on how much it is; it goes with the attempt's folder.

use super::changes::{Change, Rights};
use super::merge::Chosen;
use super::tree::{Entry, Folder, Kind, Owner, Reach};
use super::view::{Form, View};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What an overlay notes beside a file, which means nothing outside of it.
const OVERLAYS: &[u8] = b"user.overlay.";

/// Carries the changes out, in their order.
pub(super) fn apply(
    chosen: &[Chosen<'_>],
    views: &[(&View, Folder)],
    workspace: &Folder,
    replaced: &Folder,
) -> io::Result<()> {
    let owner = workspace.own()?.owner;
    let mut work = Work { workspace: Reach::new(workspace), replaced, away: 0, owner };
    let mut from = Vec::new();
    for (view, root) in views {
        from.push((*view, Reach::new(root), root.own()?.owner));
    }
    for Chosen { path, change, sibling } in chosen {
        match (change, from.get_mut(*sibling)) {
            (Change::Gone, _) => work.remove(path)?,
            (Change::Folder(_), _) if path.as_os_str().is_empty() => {}
            (Change::Folder(_), _) => work.make_folder(path)?,
            (Change::Leaf(kind, rights), Some((view, reach, of_view))) => {
                work.take(path, reach)?;
                work.clean(path, *kind, *rights, view, *of_view)?;
            }
            (Change::Leaf(..), None) => return Err(io::Error::other("a change is nobody's")),
        }
    }
    // Last, and what is inside first: a mode may keep even us from writing.
    for Chosen { path, change, .. } in chosen.iter().rev() {
        if let Change::Folder(rights) = change {
            workspace.beneath(path)?.set_own(rights.mode, rights.owner.unwrap_or(owner))?;
        }
    }
    Ok(())
}

struct Work<'a> {
    workspace: Reach<'a>,
    replaced: &'a Folder,
    away: u64,
    /// Of the workspace.
    owner: Owner,
}

impl Work<'_> {
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (parent, name) = self.workspace.parent(path)?;
        let moved = parent.rename(name, self.replaced, &number(&mut self.away));
        match moved {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        match self.there(path)? {
            Some(Entry { kind: Kind::Folder, .. }) => return Ok(()),
            Some(_) => self.remove(path)?,
            None => {}
        }
        let (parent, name) = self.workspace.parent(path)?;
        parent.make_folder(name)
    }

    fn take(&mut self, path: &Path, from: &mut Reach<'_>) -> io::Result<()> {
        if let Some(Entry { kind: Kind::Folder, .. }) = self.there(path)? {
            self.remove(path)?;
        }
        let (view, _) = from.parent(path)?;
        let (parent, name) = self.workspace.parent(path)?;
        view.rename(name, parent, name)
    }

    /// Takes off what the overlay noted, and gives what was the view's owner's to the workspace's.
    fn clean(&mut self, path: &Path, kind: Kind, rights: Rights, view: &View, of_view: Owner) -> io::Result<()> {
        let owner = self.owner;
        let (parent, name) = self.workspace.parent(path)?;
        if kind == Kind::File && matches!(view.form, Form::Layer(_)) {
            take_notes_off(parent, name)?;
        }
        if rights.owner.is_some() || of_view == owner {
            return Ok(());
        }
        parent.set_owner(name, owner)?;
        // A new owner takes some bits of the mode away.
        if kind == Kind::File { parent.file(name)?.set_permissions(mode(rights.mode)) } else { Ok(()) }
    }

    fn there(&mut self, path: &Path) -> io::Result<Option<Entry>> {
        let (parent, name) = self.workspace.parent(path)?;
        parent.entry(name)
    }
}

fn number(away: &mut u64) -> OsString {
    *away += 1;
    away.to_string().into()
}

fn mode(mode: u32) -> std::fs::Permissions {
    std::fs::Permissions::from_mode(mode)
}

fn take_notes_off(parent: &Folder, name: &OsStr) -> io::Result<()> {
    let file = parent.file(name)?;
    let mut names = Vec::with_capacity(4096);
    match rustix::fs::flistxattr(&file, rustix::buffer::spare_capacity(&mut names)) {
        Ok(_) => {}
        // More than an overlay ever notes, or none at all: nothing that would be in anybody's way.
        Err(rustix::io::Errno::RANGE | rustix::io::Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    for note in names.split(|byte| *byte == 0).filter(|note| note.starts_with(OVERLAYS)) {
        rustix::fs::fremovexattr(&file, note)?;
    }
    Ok(())
}
