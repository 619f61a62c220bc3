//! Folders that go from run to run: this host's copies of their archives, packing and unpacking them, and their keys.
//!
//! Which archive is a cache's is the controller's word alone: a copy here is known by its hash, and looked at again
//! before it is used. Losing all of them costs nothing but time.

mod pack;

pub(crate) use pack::{Part, pack};

use crate::artifact::{self, Found, Wanted};
use crate::source::{check_hash, unpack};
use anyhow::{Context, ensure};
use sidings_proto::BlobId;
use sidings_proto::cache::{KEY_MAX, KeyPart, KeyTemplate};
use sidings_proto::snapshot::BOUNDS;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Digits of a checksum in a key.
const DIGITS: usize = 16;
/// Copies on a host …
const COPIES_MAX: u64 = 20 * 1024 * 1024 * 1024;
/// … and how long one is kept that nothing asks for.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 3600);

/// The copies of a host.
#[derive(Clone, Debug)]
pub(crate) struct Copies {
    folder: PathBuf,
}

impl Copies {
    /// Makes the folder, and removes what earlier lives left half-written.
    pub(crate) fn open(folder: PathBuf) -> anyhow::Result<Copies> {
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let copies = Copies { folder };
        for (file, _, _) in copies.all()? {
            if file.extension().is_some() {
                fs::remove_file(file).context("remove what was left half-written")?;
            }
        }
        Ok(copies)
    }

    /// Where a new copy is written, until it is whole.
    pub(crate) fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.part", uuid::Uuid::new_v4()))
    }

    /// Takes what is written there, by its hash.
    pub(crate) fn take(&self, part: &Path, blob: &BlobId) -> anyhow::Result<()> {
        fs::rename(part, self.file(blob)).context("keep a copy")
    }

    /// Unpacks a copy into an empty folder; false when there is none, or not that.
    pub(crate) fn unpack(&self, blob: &BlobId, into: &Path) -> anyhow::Result<bool> {
        let path = self.file(blob);
        let Ok(file) = File::options().read(true).append(true).open(&path) else { return Ok(false) };
        // It counts as used from now on.
        file.set_modified(SystemTime::now()).context("look at a copy")?;
        if check_hash(&path, blob).is_err() {
            fs::remove_file(&path).context("remove a copy that is broken")?;
            return Ok(false);
        }
        unpack(file, into, BOUNDS).context("unpack the cache")?;
        Ok(true)
    }

    /// Removes what nothing asked for, and the longest unused where there is too much.
    pub(crate) fn trim(&self) -> anyhow::Result<()> {
        let mut all = self.all()?;
        all.sort_by_key(|(_, used, _)| std::cmp::Reverse(*used));
        let mut sum = 0;
        for (file, used, bytes) in all {
            sum += bytes;
            let unused = used.elapsed().is_ok_and(|since| since > UNUSED);
            if sum > COPIES_MAX || unused {
                fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
            }
        }
        Ok(())
    }

    pub(crate) fn file(&self, blob: &BlobId) -> PathBuf {
        self.folder.join(blob.as_str())
    }

    fn all(&self) -> anyhow::Result<Vec<(PathBuf, SystemTime, u64)>> {
        let mut all = Vec::new();
        for file in fs::read_dir(&self.folder).context("list the copies")? {
            let file = file?;
            // Another attempt may have just moved or removed it.
            if let Ok(about) = file.metadata() {
                all.push((file.path(), about.modified()?, about.len()));
            }
        }
        Ok(all)
    }
}

/// A key with the checksums of a workspace's files, and the patterns for which there were none.
pub(crate) fn key(template: &KeyTemplate, workspace: &Path) -> anyhow::Result<(String, Vec<String>)> {
    let (mut key, mut missing) = (String::new(), Vec::new());
    for part in &template.parts {
        match part {
            KeyPart::Text { text } => key.push_str(text),
            KeyPart::Checksum { files } => {
                key.push_str(&checksum(files, workspace, &mut missing)?);
            }
        }
    }
    ensure!(!key.is_empty() && key.len() <= KEY_MAX, "a cache's key has 1 to {KEY_MAX} characters");
    Ok((key, missing))
}

/// Of the names and contents of all files that the patterns name.
fn checksum(files: &[String], workspace: &Path, missing: &mut Vec<String>) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for pattern in files {
        let found = artifact::find(workspace, &Wanted::parse(std::slice::from_ref(pattern))?)?.found;
        if found.is_empty() {
            missing.push(pattern.clone());
        }
        let files: Vec<Found> = found.into_iter().filter(|found| matches!(found, Found::File { .. })).collect();
        for entry in artifact::hash(workspace, &files)?.entries {
            hasher.update(serde_json::to_string(&entry).context("hash a file's name")?.as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex()[..DIGITS].to_owned())
}

#[cfg(test)]
mod tests;
