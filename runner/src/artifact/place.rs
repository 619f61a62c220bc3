//! Puts unpacked files into a workspace.

use crate::workspace::tree::{Entry, Folder, Kind};
use anyhow::{Context, bail};
use rustix::fs::{AtFlags, unlinkat};
use sidings_proto::artifact::stays_inside;
use std::ffi::OsStr;
use std::path::Path;

const FOLDER_MODE: u32 = 0o755;

/// What was put down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Files and links.
    pub(crate) entries: u64,
    /// Bytes of the files.
    pub(crate) bytes: u64,
}

/// Which links are put down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Those that stay in the workspace; others are told.
    Inside,
    /// All: they mean something in a container only, and nobody follows them here.
    Any,
}

/// Moves all that was unpacked into the workspace. Files and links that are in the way are replaced, links never
/// followed; a folder where a file is to be is told.
pub(crate) fn place(unpacked: &Path, workspace: &Path, links: Links) -> anyhow::Result<Placed> {
    let (from, to) = (Folder::root(unpacked)?, Folder::root(workspace).context("open the workspace")?);
    let mut placed = Placed::default();
    move_all(&from, &to, "", links, &mut placed)?;
    Ok(placed)
}

fn move_all(from: &Folder, to: &Folder, path: &str, links: Links, placed: &mut Placed) -> anyhow::Result<()> {
    for name in from.names()? {
        let path = format!("{path}{}{}", if path.is_empty() { "" } else { "/" }, name.to_string_lossy());
        let Some(entry) = from.entry(&name)? else { continue };
        let moved = match entry.kind {
            Kind::Folder => folder_in(to, &name).map_err(anyhow::Error::from).and_then(|inner| {
                move_all(&from.folder(&name)?, &inner, &path, links, placed)?;
                Ok(())
            }),
            Kind::Link if links == Links::Inside && !leads_inside(from, &name, &path)? => {
                Err(anyhow::anyhow!("it is a link that leads out of the workspace"))
            }
            Kind::File | Kind::Link => move_one(from, to, &name, entry, placed),
            Kind::Pipe | Kind::Socket | Kind::Nothing | Kind::Device => bail!("{path:?} is neither a file nor a link"),
        };
        moved.with_context(|| format!("put {path:?} into the workspace"))?;
    }
    Ok(())
}

/// A folder of that name, which is no link: what is in its way goes.
fn folder_in(to: &Folder, name: &OsStr) -> std::io::Result<Folder> {
    let there = to.entry(name)?.map(|entry| entry.kind);
    if there != Some(Kind::Folder) {
        if there.is_some() {
            unlinkat(to, name, AtFlags::empty())?;
        }
        to.make_folder(name)?;
        let made = to.folder(name)?;
        made.set_own(FOLDER_MODE, to.own()?.owner)?;
        return Ok(made);
    }
    to.folder(name)
}

fn leads_inside(from: &Folder, name: &OsStr, path: &str) -> std::io::Result<bool> {
    Ok(String::from_utf8(from.target(name)?).is_ok_and(|target| stays_inside(path, &target)))
}

fn move_one(from: &Folder, to: &Folder, name: &OsStr, entry: Entry, placed: &mut Placed) -> anyhow::Result<()> {
    let there = to.entry(name)?.map(|entry| entry.kind);
    anyhow::ensure!(there != Some(Kind::Folder), "a folder is in its place");
    from.rename(name, to, name)?;
    to.set_owner(name, to.own()?.owner)?;
    placed.entries += 1;
    placed.bytes += if entry.kind == Kind::File { entry.size } else { 0 };
    Ok(())
}
