//! Files that a job leaves for others: found in its workspace, and put into the workspaces of the jobs that need it.
//!
//! What is found was written by steps, and so may be anything: it is reached through open folders, name by name; no
//! link is followed and nothing waits. What is put down comes from another job's steps: it never goes through a link.

mod find;
mod place;

pub(crate) use find::{Found, Wanted, find};
pub(crate) use place::{Links, Placed, place};

use crate::workspace::tree::{Folder, Reach};
use anyhow::Context;
use sidings_proto::BlobId;
use sidings_proto::artifact::{Content, Entry, Manifest};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Hashes what was found: the list of it, in the order of its paths.
pub(crate) fn hash(workspace: &Path, found: &[Found]) -> anyhow::Result<Manifest> {
    let root = Folder::root(workspace).context("open the workspace")?;
    let mut reach = Reach::new(&root);
    let mut entries = Vec::with_capacity(found.len());
    for found in found {
        entries.push(match found {
            Found::File { path, executable, .. } => {
                let hashed = open_in(&mut reach, path).and_then(hash_file);
                let (blob, bytes) = hashed.with_context(|| format!("read {path:?}"))?;
                Entry { path: path.clone(), content: Content::File { blob, bytes, executable: *executable } }
            }
            Found::Link { path, target } => {
                Entry { path: path.clone(), content: Content::Link { target: target.clone() } }
            }
        });
    }
    Ok(Manifest { entries })
}

/// Opens a file that was found, again.
pub(crate) fn open(workspace: PathBuf, path: String) -> impl Fn() -> io::Result<File> + Send + Sync {
    move || open_in(&mut Reach::new(&Folder::root(&workspace)?), &path)
}

fn open_in(reach: &mut Reach<'_>, path: &str) -> io::Result<File> {
    let (folder, name) = reach.parent(Path::new(path))?;
    folder.file(name)
}

fn hash_file(mut file: File) -> io::Result<(BlobId, u64)> {
    let (mut hasher, mut buffer, mut bytes) = (blake3::Hasher::new(), vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((blob_id(&hasher), bytes));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

pub(crate) fn blob_id(hasher: &blake3::Hasher) -> BlobId {
    BlobId::try_from(hasher.finalize().to_hex().to_string()).expect("a hash is 64 lower-case hex digits")
}

#[cfg(test)]
mod tests;
