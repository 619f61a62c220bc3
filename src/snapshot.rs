//! Packs a project's files, as they are now, into one archive that a runner unpacks: tar and zstd, in the order of
//! the names, named by the hash of its bytes. The same files give the same archive. A link is packed as it is, wherever
//! it leads; more than a runner takes is refused here.

use crate::exit::Refusal;
use anyhow::Context;
use sidings_proto::BlobId;
use sidings_proto::snapshot::{BOUNDS, Bounds};
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tar::{EntryType, Header};
use tempfile::NamedTempFile;

const LEVEL: i32 = 3;

/// An archive, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The hash of its bytes.
    pub(crate) id: BlobId,
    /// Its bytes.
    pub(crate) file: NamedTempFile,
    /// How many files and links are in it.
    pub(crate) entries: usize,
    /// Its length in bytes.
    pub(crate) bytes: u64,
}

/// Packs these files of the project, away from the threads that must not wait.
pub(crate) async fn pack(root: PathBuf, files: Vec<PathBuf>) -> anyhow::Result<Snapshot> {
    tokio::task::spawn_blocking(move || pack_now(&root, &files, &BOUNDS)).await?.context("packing the files")
}

fn pack_now(root: &Path, files: &[PathBuf], bounds: &Bounds) -> anyhow::Result<Snapshot> {
    let file = NamedTempFile::with_prefix("sidings-snapshot-")?;
    let hashing = Hashing { out: BufWriter::new(file), hash: blake3::Hasher::new(), bytes: 0 };
    let packing = Counting { out: zstd::Encoder::new(hashing, LEVEL)?, bytes: 0 };
    let mut archive = tar::Builder::new(packing);
    let mut entries = 0;
    for path in files {
        let added = append(&mut archive, root, path).with_context(|| format!("reading {}", path.display()))?;
        entries += usize::from(added);
        check_size(bounds, archive.get_ref().bytes, entries)?;
    }
    let Counting { out, bytes: unpacked } = archive.into_inner()?;
    let hashing = out.finish()?;
    check_ratio(bounds, unpacked, hashing.bytes)?;
    let id = BlobId::try_from(hashing.hash.finalize().to_hex().to_string())?;
    let file = hashing.out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Snapshot { id, file, entries, bytes: hashing.bytes })
}

const ADVICE: &str = "let git ignore what the jobs do not need";

fn check_size(bounds: &Bounds, unpacked: u64, entries: usize) -> anyhow::Result<()> {
    if entries as u64 <= bounds.entries && unpacked <= bounds.bytes {
        return Ok(());
    }
    let (gib, most) = (bounds.bytes as f64 / f64::from(1 << 30), bounds.entries);
    Err(Refusal::configuration(format!("there are more than {most} files, or {gib} GiB of them; {ADVICE}")))
}

fn check_ratio(bounds: &Bounds, unpacked: u64, packed: u64) -> anyhow::Result<()> {
    if unpacked <= bounds.most(packed) {
        return Ok(());
    }
    let message = format!("{unpacked} bytes of files pack to {packed}, which a runner takes for a bomb; {ADVICE}");
    Err(Refusal::configuration(message))
}

/// Whether the file was added: one that is gone by now, or is neither file nor link, is left out.
fn append(archive: &mut tar::Builder<impl Write>, root: &Path, path: &Path) -> anyhow::Result<bool> {
    let full = root.join(path);
    let found = match full.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    if found.is_symlink() {
        let mut header = header(&found, EntryType::Symlink, 0);
        archive.append_link(&mut header, path, full.read_link()?)?;
        return Ok(true);
    }
    if found.is_file() {
        append_file(archive, &full, path)?;
    }
    Ok(found.is_file())
}

/// A file that grows or shrinks meanwhile would shift everything behind it in the archive.
fn append_file(archive: &mut tar::Builder<impl Write>, full: &Path, path: &Path) -> anyhow::Result<()> {
    let file = File::open(full)?;
    let found = file.metadata()?;
    let mut exact = Exact { file: file.take(found.len()), missing: found.len() };
    let mut header = header(&found, EntryType::Regular, found.len());
    archive.append_data(&mut header, path, &mut exact)?;
    anyhow::ensure!(exact.missing == 0, "it changed while it was read; try again");
    Ok(())
}

/// What the owner may do is kept; whose it is on this machine is not.
fn header(found: &Metadata, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(found.permissions().mode() & 0o777);
    header.set_mtime(u64::try_from(found.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header
}

struct Exact {
    file: io::Take<File>,
    missing: u64,
}

impl Read for Exact {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.missing -= read as u64;
        Ok(read)
    }
}

struct Counting<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Hashing<W> {
    out: W,
    hash: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn sample() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(folder.path().join("bin/run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("README"), "hello").unwrap();
        fs::set_permissions(folder.path().join("README"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("../README", folder.path().join("bin/link")).unwrap();
        folder
    }

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn modes_and_links_are_kept() {
        let folder = sample();
        let snapshot = pack_now(folder.path(), &paths(&["README", "bin/link", "bin/run"]), &BOUNDS).unwrap();
        let into = tempfile::tempdir().unwrap();
        let bytes = fs::read(snapshot.file.path()).unwrap();
        tar::Archive::new(zstd::Decoder::new(&bytes[..]).unwrap()).unpack(into.path()).unwrap();
        let mode = |name: &str| fs::metadata(into.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bin/run"), mode("README")), (0o755, 0o640));
        assert_eq!(fs::read_link(into.path().join("bin/link")).unwrap(), PathBuf::from("../README"));
        assert_eq!((snapshot.entries, snapshot.bytes), (3, bytes.len() as u64));
    }

    #[test]
    fn the_archive_is_named_by_its_bytes_and_the_same_files_give_the_same() {
        let folder = sample();
        let files = paths(&["README", "bin/link", "bin/run"]);
        let (first, second) =
            (pack_now(folder.path(), &files, &BOUNDS).unwrap(), pack_now(folder.path(), &files, &BOUNDS).unwrap());
        assert_eq!(first.id, second.id);
        let bytes = fs::read(first.file.path()).unwrap();
        assert_eq!(first.id.as_str(), blake3::hash(&bytes).to_hex().as_str());
    }

    #[test]
    fn a_name_may_be_long_and_a_file_may_be_gone() {
        let folder = sample();
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
        fs::create_dir(folder.path().join("d".repeat(120))).unwrap();
        fs::write(folder.path().join(&long), "x").unwrap();
        let snapshot = pack_now(folder.path(), &paths(&[&long, "never was"]), &BOUNDS).unwrap();
        assert_eq!(snapshot.entries, 1);
    }

    #[test]
    fn what_a_runner_would_refuse_is_refused_here() {
        let folder = sample();
        fs::write(folder.path().join("zeros"), vec![0; 1024 * 1024]).unwrap();
        let refused = |bounds: Bounds| {
            let error = pack_now(folder.path(), &paths(&["README", "bin/run", "zeros"]), &bounds).unwrap_err();
            (crate::exit::exit_of(&error).code(), error.to_string())
        };
        let (code, said) = refused(Bounds { entries: 2, ..BOUNDS });
        assert!(code == 64 && said.contains("more than 2 files"), "{said}");
        let (code, said) = refused(Bounds { bytes: 1024 * 1024, ..BOUNDS });
        assert!(code == 64 && said.contains("0.0009765625 GiB"), "{said}");
        let (code, said) = refused(Bounds { free: 100_000, ..BOUNDS });
        assert!(code == 64 && said.contains("for a bomb"), "{said}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = sample();
        let error = append_file(&mut tar::Builder::new(io::sink()), &folder.path().join("bin"), Path::new("bin"));
        assert!(error.is_err());
    }
}
