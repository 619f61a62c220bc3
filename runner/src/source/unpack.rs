//! Unpacks a snapshot's archive, tar in zstd, which anybody may have made.
//!
//! Taken are regular files, folders and links. A link may lead anywhere, as in a git checkout: links are made last, are
//! never followed here, and mean something only in a container. Nothing is written through a link, twice, or outside,
//! and how much comes out is bounded in all. Of modes only the executable bit counts, of owners nothing.

use anyhow::{Context, bail, ensure};
use sidings_proto::snapshot::Bounds;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use tar::{Archive, Entry, EntryType, PaxExtensions};

/// What came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// Files, folders and links.
    pub(crate) entries: u64,
    /// Bytes of the tar inside.
    pub(crate) bytes: u64,
}

/// A long name is at most this long.
const NAME_MAX: u64 = 16 * 1024;
/// A path is at most this long: what the system takes, less what leads to the workspace.
const PATH_MAX: usize = 3000;
/// A window of 128 MiB; larger ones would take that much memory.
const WINDOW_LOG_MAX: u32 = 27;

/// Unpacks into an empty folder that nobody else writes to meanwhile.
pub(crate) fn unpack(archive: File, into: &Path, bounds: Bounds) -> anyhow::Result<Unpacked> {
    let compressed = archive.metadata().context("measure the archive")?.len();
    let most = bounds.most(compressed);
    let mut decoder = zstd::Decoder::with_buffer(BufReader::new(archive)).context("open the archive")?;
    decoder.window_log_max(WINDOW_LOG_MAX).context("open the archive")?;
    unpack_up_to(decoder, into, bounds, most)
}

/// The same of a tar that is not compressed.
pub(crate) fn unpack_tar(archive: impl Read, into: &Path, bounds: Bounds) -> anyhow::Result<Unpacked> {
    unpack_up_to(archive, into, bounds, bounds.bytes)
}

fn unpack_up_to(archive: impl Read, into: &Path, bounds: Bounds, most: u64) -> anyhow::Result<Unpacked> {
    let mut counted = Counted { inner: archive, left: most };
    let mut unpacking = Unpacking { into, folders: BTreeSet::new(), links: Vec::new(), entries: 0 };
    unpacking.all(&mut Archive::new(&mut counted), bounds)?;
    unpacking.make_links()?;
    Ok(Unpacked { entries: unpacking.entries, bytes: most - counted.left })
}

/// Ends with an error when more comes out than may.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::new(io::ErrorKind::InvalidData, "more comes out of the archive than may")),
        }
        Ok(read)
    }
}

struct Unpacking<'a> {
    into: &'a Path,
    /// Folders that were made, relative: only these are written into, so no link is ever followed.
    folders: BTreeSet<PathBuf>,
    /// Made last.
    links: Vec<(PathBuf, PathBuf)>,
    entries: u64,
}

/// Names that are too long for a header come in entries of their own before it.
#[derive(Debug, Default)]
struct LongNames {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl Unpacking<'_> {
    fn all(&mut self, archive: &mut Archive<impl Read>, bounds: Bounds) -> anyhow::Result<()> {
        let mut long = LongNames::default();
        // Raw: long names are read here, up to a cap, not by the library, which would read them whole.
        for entry in archive.entries().context("read the archive")?.raw(true) {
            let mut entry = entry.context("read the archive")?;
            if long.take(&mut entry)? {
                continue;
            }
            self.entries += 1;
            ensure!(self.entries <= bounds.entries, "more than {} entries are in the archive", bounds.entries);
            let names = std::mem::take(&mut long);
            let path = names.path.unwrap_or_else(|| entry.path_bytes().into_owned());
            let shown = String::from_utf8_lossy(&path).into_owned();
            self.one(&mut entry, &path, names.link).with_context(|| format!("unpack {shown:?}"))?;
            // One name can stand for more than a thousand folders.
            let folders = self.folders.len() as u64;
            ensure!(folders <= bounds.entries, "more than {} folders are in the archive", bounds.entries);
        }
        Ok(())
    }

    fn one(&mut self, entry: &mut Entry<'_, impl Read>, path: &[u8], link: Option<Vec<u8>>) -> anyhow::Result<()> {
        let path = inside(path)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            return self.folder(&path);
        }
        ensure!(!path.as_os_str().is_empty(), "the uppermost folder is no file");
        if let Some(parent) = path.parent() {
            self.folder(parent)?;
        }
        if kind.is_file() {
            self.file(entry, &path)
        } else if kind.is_symlink() {
            let target = link.or_else(|| entry.link_name_bytes().map(std::borrow::Cow::into_owned));
            let target = target.context("the link has no target")?;
            ensure!(!target.is_empty() && !target.contains(&0), "the link's target is empty or has a NUL in it");
            self.links.push((path, PathBuf::from(std::ffi::OsString::from_vec(target))));
            Ok(())
        } else {
            bail!("only files, folders and links are taken, not an entry of type {:?}", char::from(kind.as_byte()));
        }
    }

    fn folder(&mut self, path: &Path) -> anyhow::Result<()> {
        if path.as_os_str().is_empty() || self.folders.contains(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.folder(parent)?;
        }
        std::fs::create_dir(self.into.join(path)).context("make a folder")?;
        self.folders.insert(path.to_owned());
        Ok(())
    }

    fn file(&mut self, entry: &mut Entry<'_, impl Read>, path: &Path) -> anyhow::Result<()> {
        let executable = entry.header().mode().context("read the mode")? & 0o111 != 0;
        let mode = if executable { 0o755 } else { 0o644 };
        let size = entry.header().entry_size().context("read the size")?;
        // A new file: whatever is there already, it is not written through.
        let options = File::options().write(true).create_new(true).mode(mode).open(self.into.join(path));
        let written = io::copy(entry, &mut options.context("make a file")?).context("write a file")?;
        ensure!(written == size, "the archive ends inside the file");
        Ok(())
    }

    fn make_links(&self) -> anyhow::Result<()> {
        for (path, target) in &self.links {
            let made = std::os::unix::fs::symlink(target, self.into.join(path));
            made.with_context(|| format!("make the link {}", path.display()))?;
        }
        Ok(())
    }
}

impl LongNames {
    /// Takes an entry that only names the one that follows. False: this is a real entry.
    fn take(&mut self, entry: &mut Entry<'_, impl Read>) -> anyhow::Result<bool> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(true);
        }
        if !(kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions()) {
            return Ok(false);
        }
        let mut bytes = Vec::new();
        entry.take(NAME_MAX + 1).read_to_end(&mut bytes).context("read a long name")?;
        ensure!(bytes.len() as u64 <= NAME_MAX, "a name in the archive is longer than {NAME_MAX} bytes");
        if kind.is_pax_local_extensions() {
            return self.take_pax(&bytes).map(|()| true);
        }
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        let name = if kind.is_gnu_longname() { &mut self.path } else { &mut self.link };
        *name = Some(bytes);
        Ok(true)
    }

    fn take_pax(&mut self, records: &[u8]) -> anyhow::Result<()> {
        for record in PaxExtensions::new(records) {
            let record = record.context("read a pax record")?;
            match record.key_bytes() {
                b"path" => self.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.link = Some(record.value_bytes().to_vec()),
                // The header's size counts; one that differs would shift all that follows.
                b"size" => bail!("sizes in pax records are not taken"),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A relative path of plain names.
fn inside(path: &[u8]) -> anyhow::Result<PathBuf> {
    ensure!(path.len() <= PATH_MAX && !path.contains(&0), "the path is too long or has a NUL in it");
    let mut plain = PathBuf::new();
    for component in Path::new(std::ffi::OsStr::from_bytes(path)).components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => bail!("the path leads outside"),
        }
    }
    Ok(plain)
}
