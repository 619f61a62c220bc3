//! Files out of a snapshot: a tar archive compressed with zstd, made by somebody else and so hostile.

use super::SourceError;
use anyhow::{Context, bail, ensure};
use sidings_proto::snapshot::BOUNDS;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};
use zstd::stream::read::Decoder;

/// A pipeline or Dockerfile is smaller than this.
const FILE_MAX: u64 = 1024 * 1024;
/// zstd's window, as a power of two: what the decoder may hold in memory.
const WINDOW_MAX: u32 = 27;

/// A snapshot's archive.
pub(super) struct Snapshot {
    file: PathBuf,
}

impl Snapshot {
    /// The archive in this file.
    pub(super) fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// Reads files by their paths; `None` for those that are not there.
    pub(super) async fn read(self, wanted: Vec<String>) -> Result<BTreeMap<String, Option<Vec<u8>>>, SourceError> {
        let read = move || read(&self.file, wanted);
        let read = tokio::task::spawn_blocking(read).await.map_err(|error| SourceError::Failed(error.into()))?;
        read.map_err(|error| SourceError::BadSnapshot(format!("{error:#}")))
    }
}

fn read(file: &Path, wanted: Vec<String>) -> anyhow::Result<BTreeMap<String, Option<Vec<u8>>>> {
    let input = File::open(file).context("opening it")?;
    let most = BOUNDS.most(input.metadata()?.len());
    let mut decoder = Decoder::with_buffer(BufReader::new(input)).context("it is not compressed with zstd")?;
    decoder.window_log_max(WINDOW_MAX)?;
    let mut archive = tar::Archive::new(Capped { inner: decoder, left: most });
    let mut files: BTreeMap<String, Option<Vec<u8>>> = wanted.into_iter().map(|path| (path, None)).collect();
    let mut missing = files.len();
    for (n, entry) in (1..).zip(archive.entries().context("it is not a tar archive")?) {
        ensure!(n <= BOUNDS.entries, "it has more than {} entries", BOUNDS.entries);
        let entry = entry.context("it is not a whole tar archive")?;
        let Some(path) = plain(&entry.path()?) else { continue };
        let Some(slot) = files.get_mut(&path).filter(|slot| slot.is_none()) else { continue };
        if entry.header().entry_type().is_file() {
            *slot = Some(contents(entry, &path)?);
            missing -= 1;
        }
        if missing == 0 {
            break;
        }
    }
    Ok(files)
}

/// The path with `/` between plain names; `None` for one that leads elsewhere.
fn plain(path: &Path) -> Option<String> {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push(name.to_str()?),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => return None,
        }
    }
    Some(names.join("/"))
}

fn contents(entry: impl Read, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(FILE_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("unpacking {path}"))?;
    if bytes.len() as u64 > FILE_MAX {
        bail!("{path} is larger than {FILE_MAX} bytes");
    }
    Ok(bytes)
}

/// Gives no more than so many bytes, then fails.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left =
            self.left.checked_sub(read as u64).ok_or_else(|| std::io::Error::other("it unpacks to too much"))?;
        Ok(read)
    }
}
