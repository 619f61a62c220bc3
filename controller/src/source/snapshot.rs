//! Files out of a snapshot: a tar archive compressed with zstd, made by somebody else and so hostile.

use super::SourceError;
use anyhow::{Context, bail, ensure};
use sidings_proto::snapshot::BOUNDS;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use tar::{Entry, EntryType, PaxExtensions};
use zstd::stream::read::Decoder;

/// A pipeline or Dockerfile is smaller than this.
const FILE_MAX: u64 = 1024 * 1024;
/// A name that is too long for a header is at most this long.
const NAME_MAX: u64 = 16 * 1024;
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
    let mut long = None;
    // Raw: long names are read here, up to a cap, not by the library, which would hold them whole.
    for (n, entry) in (1..).zip(archive.entries().context("it is not a tar archive")?.raw(true)) {
        // Each may have one entry before it for its name, and one for its target.
        ensure!(n <= 3 * BOUNDS.entries, "it has more than {} entries", BOUNDS.entries);
        let mut entry = entry.context("it is not a whole tar archive")?;
        if names_the_next(entry.header().entry_type()) {
            long = long_name(&mut entry)?.or(long);
            continue;
        }
        let path = long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let Some(path) = plain(Path::new(OsStr::from_bytes(&path))) else { continue };
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

/// Whether an entry only says something of the one after it.
fn names_the_next(kind: EntryType) -> bool {
    kind.is_gnu_longname()
        || kind.is_gnu_longlink()
        || kind.is_pax_local_extensions()
        || kind.is_pax_global_extensions()
}

/// The path that such an entry gives to the one after it.
fn long_name(entry: &mut Entry<'_, impl Read>) -> anyhow::Result<Option<Vec<u8>>> {
    let kind = entry.header().entry_type();
    let mut bytes = Vec::new();
    entry.take(NAME_MAX + 1).read_to_end(&mut bytes).context("it is not a whole tar archive")?;
    if bytes.len() as u64 > NAME_MAX {
        bail!("a name in it is longer than {NAME_MAX} bytes");
    }
    if kind.is_gnu_longname() {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
        return Ok(Some(bytes));
    }
    if !kind.is_pax_local_extensions() {
        return Ok(None);
    }
    let records: Vec<_> =
        PaxExtensions::new(&bytes).collect::<Result<_, _>>().context("a pax record in it is broken")?;
    Ok(records.iter().find(|record| record.key_bytes() == b"path").map(|record| record.value_bytes().to_vec()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn archive(entries: impl FnOnce(&mut tar::Builder<zstd::Encoder<'static, File>>)) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut tar = tar::Builder::new(zstd::Encoder::new(file.reopen().unwrap(), 1).unwrap());
        entries(&mut tar);
        tar.into_inner().unwrap().finish().unwrap().flush().unwrap();
        file
    }

    fn add(tar: &mut tar::Builder<impl Write>, kind: EntryType, path: &str, text: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, path, text).unwrap();
    }

    #[test]
    fn a_file_is_found_by_a_long_name() {
        let path = format!("{}/Dockerfile", "d/".repeat(200));
        let archive = archive(|tar| add(tar, EntryType::Regular, &path, b"FROM scratch"));
        let path = path.replace("//", "/");
        let found = read(archive.path(), vec![path.clone()]).unwrap();
        assert_eq!(found[&path].as_deref(), Some(&b"FROM scratch"[..]));
    }

    #[test]
    fn a_name_is_not_read_past_its_cap() {
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader, EntryType::XGlobalHeader] {
            let archive = archive(|tar| add(tar, kind, "name", &vec![b'a'; 20 * 1024]));
            let error = read(archive.path(), vec!["x".to_owned()]).unwrap_err().to_string();
            assert_eq!(error, format!("a name in it is longer than {NAME_MAX} bytes"));
        }
    }
}
