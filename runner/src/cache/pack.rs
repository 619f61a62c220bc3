//! Packs what a job leaves in its cached folders, as tar in zstd. What steps wrote is reached through open folders,
//! name by name, and no link is followed: it is packed as the link it is.

use crate::artifact::blob_id;
use crate::workspace::tree::{Entry, Folder, Kind};
use anyhow::{Context, ensure};
use sidings_proto::BlobId;
use sidings_proto::artifact::DEPTH_MAX;
use sidings_proto::cache::ARCHIVE_MAX;
use sidings_proto::snapshot::BOUNDS;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

const LEVEL: i32 = 3;
/// A name in the archive is at most this long; what unpacks takes no longer ones.
const NAME_MAX: usize = 2900;

/// An archive that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) blob: BlobId,
    /// Of the archive.
    pub(crate) bytes: u64,
    /// Files, folders and links in it.
    pub(crate) entries: u64,
}

/// What is packed: a path beneath a folder that is ours, under a name in the archive.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) root: PathBuf,
    /// Empty for the folder itself.
    pub(crate) path: PathBuf,
    pub(crate) name: PathBuf,
}

/// Packs the parts into a new file. What is not there is left out.
pub(crate) fn pack(parts: &[Part], into: &Path) -> anyhow::Result<Packed> {
    let file = File::create_new(into).context("make the archive")?;
    let hashed = Hashed { inner: BufWriter::new(file), hasher: blake3::Hasher::new(), bytes: 0 };
    let encoder = zstd::Encoder::new(hashed, LEVEL).context("begin the archive")?;
    let mut packing = Packing { archive: Builder::new(encoder), entries: 0, bytes: 0 };
    for part in parts {
        packing.part(part).with_context(|| format!("pack {}", part.path.display()))?;
    }
    let entries = packing.entries;
    let hashed = packing.archive.into_inner().and_then(zstd::Encoder::finish).context("end the archive")?;
    let Hashed { inner, hasher, bytes } = hashed;
    inner.into_inner().map_err(io::IntoInnerError::into_error).context("end the archive")?;
    // What cannot be unpacked by the same bounds is not worth keeping.
    ensure!(packing.bytes <= BOUNDS.most(bytes), "it is larger than a cache may be");
    Ok(Packed { blob: blob_id(&hasher), bytes, entries })
}

struct Packing<W: Write> {
    archive: Builder<W>,
    entries: u64,
    bytes: u64,
}

impl<W: Write> Packing<W> {
    fn part(&mut self, part: &Part) -> anyhow::Result<()> {
        let root = Folder::root(&part.root)?;
        let Some(name) = part.path.file_name() else {
            return self.all_in(&root, &part.name, 0);
        };
        let parent = match root.beneath(part.path.parent().unwrap_or(Path::new(""))) {
            Ok(parent) => parent,
            // There is none, or what is there is no folder any more.
            Err(_) => return Ok(()),
        };
        let Some(entry) = parent.entry(name)? else { return Ok(()) };
        self.one(&parent, name, &part.name, entry, 0)
    }

    fn all_in(&mut self, folder: &Folder, as_name: &Path, depth: usize) -> anyhow::Result<()> {
        ensure!(depth < DEPTH_MAX, "{} lies too deep", as_name.display());
        for name in folder.names()? {
            if let Some(entry) = folder.entry(&name)? {
                self.one(folder, &name, &as_name.join(&name), entry, depth)?;
            }
        }
        Ok(())
    }

    fn one(&mut self, folder: &Folder, name: &OsStr, as_name: &Path, entry: Entry, depth: usize) -> anyhow::Result<()> {
        let length = as_name.as_os_str().len();
        ensure!(length <= NAME_MAX, "a path is longer than {NAME_MAX} bytes");
        match entry.kind {
            Kind::Folder => {
                self.count(0)?;
                let mut header = header(EntryType::Directory, 0, 0o755);
                self.archive.append_data(&mut header, as_name, io::empty())?;
                self.all_in(&folder.folder(name)?, as_name, depth + 1)
            }
            Kind::File => {
                self.count(entry.size)?;
                let mode = if entry.mode & 0o111 != 0 { 0o755 } else { 0o644 };
                let mut header = header(EntryType::Regular, entry.size, mode);
                // Exactly so many bytes, whatever becomes of the file meanwhile.
                let file = folder.file(name)?.take(entry.size).chain(io::repeat(0)).take(entry.size);
                Ok(self.archive.append_data(&mut header, as_name, file)?)
            }
            Kind::Link => {
                self.count(0)?;
                let target = folder.target(name)?;
                let target = Path::new(OsStr::from_bytes(&target));
                Ok(self.archive.append_link(&mut header(EntryType::Symlink, 0, 0o777), as_name, target)?)
            }
            // Nothing that outlives its process.
            Kind::Pipe | Kind::Socket | Kind::Nothing | Kind::Device => Ok(()),
        }
    }

    fn count(&mut self, bytes: u64) -> anyhow::Result<()> {
        self.entries += 1;
        // With its header, and what fills the last block.
        self.bytes += bytes + 4096;
        ensure!(self.entries <= BOUNDS.entries, "it has more than {} files and folders", BOUNDS.entries);
        ensure!(self.bytes <= BOUNDS.bytes, "it has more than {} GiB", BOUNDS.bytes >> 30);
        Ok(())
    }
}

fn header(kind: EntryType, bytes: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(mode);
    header
}

/// Hashes and counts what is written.
struct Hashed<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        if self.bytes > ARCHIVE_MAX {
            return Err(io::Error::other(format!("packed it has more than {} GiB", ARCHIVE_MAX >> 30)));
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
