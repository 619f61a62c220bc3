//! A tree that a step may have put anything into: reached through folders that are open, name by name.
//!
//! No link is ever followed and nothing waits: whoever swaps names meanwhile leads nobody out of the tree.

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::fs::{chownat, fchmod, fchown, fstat, mkdirat, openat, readlinkat, renameat, statat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// More names in one folder are refused.
const MOST_NAMES: usize = 2_000_000;
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// A user and a group, by number.
pub(crate) type Owner = (u32, u32);

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder(OwnedFd);

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Pipe,
    Socket,
    /// A device of characters with the number 0, which is how an overlay marks what was deleted.
    Nothing,
    Device,
}

/// What is known of a name without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) owner: Owner,
    pub(crate) size: u64,
    pub(crate) inode: u64,
    /// When anything of it was changed last, which no program can set.
    pub(crate) changed: (i64, u64),
}

impl Folder {
    /// Opens a folder of ours, whose own path no step can change.
    pub(crate) fn root(path: &Path) -> io::Result<Folder> {
        Ok(Folder(rustix::fs::open(path, FOLDER, Mode::empty())?))
    }

    /// A folder in this one.
    pub(crate) fn folder(&self, name: &OsStr) -> io::Result<Folder> {
        Ok(Folder(openat(&self.0, name, FOLDER, Mode::empty())?))
    }

    /// A folder anywhere beneath, by a path of plain names; this one for the empty path.
    pub(crate) fn beneath(&self, path: &Path) -> io::Result<Folder> {
        let mut at = Folder(openat(&self.0, ".", FOLDER, Mode::empty())?);
        for component in path.components() {
            let Component::Normal(name) = component else {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not one of plain names"));
            };
            at = at.folder(name)?;
        }
        Ok(at)
    }

    pub(crate) fn names(&self) -> io::Result<BTreeSet<OsString>> {
        let mut names = BTreeSet::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.insert(OsString::from_vec(name.to_vec()));
            }
            if names.len() > MOST_NAMES {
                return Err(io::Error::other(format!("a folder has more than {MOST_NAMES} names")));
            }
        }
        Ok(names)
    }

    /// Names one after the other, in no order, as long as they are wanted.
    pub(super) fn each(&self, mut wanted: impl FnMut(&OsStr) -> bool) -> io::Result<()> {
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." && !wanted(OsStr::from_bytes(name)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What a name stands for; none if it stands for nothing.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Entry::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the folder itself is.
    pub(crate) fn own(&self) -> io::Result<Entry> {
        Ok(Entry::of(&fstat(&self.0)?))
    }

    /// Where a link leads to.
    pub(crate) fn target(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// Opens a regular file.
    pub(crate) fn file(&self, name: &OsStr) -> io::Result<File> {
        let file = File::from(openat(&self.0, name, FILE, Mode::empty())?);
        let regular = file.metadata()?.is_file();
        if regular { Ok(file) } else { Err(io::Error::other("it is not a regular file any more")) }
    }

    /// Makes a folder that only we can use for now.
    pub(crate) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(&self.0, name, Mode::RWXU)?)
    }

    /// Moves what a name stands for, whatever it is, to another folder and name, in place of what is there.
    pub(crate) fn rename(&self, name: &OsStr, into: &Folder, as_name: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.0, name, &into.0, as_name)?)
    }

    /// Gives the folder itself a mode and an owner.
    pub(crate) fn set_own(&self, mode: u32, owner: Owner) -> io::Result<()> {
        let (uid, gid) = ids(owner);
        fchown(&self.0, Some(uid), Some(gid))?;
        Ok(fchmod(&self.0, Mode::from_raw_mode(mode))?)
    }

    /// Gives what a name stands for an owner; a link itself, not where it leads to.
    pub(crate) fn set_owner(&self, name: &OsStr, owner: Owner) -> io::Result<()> {
        let (uid, gid) = ids(owner);
        Ok(chownat(&self.0, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Entry {
    fn of(stat: &Stat) -> Entry {
        Entry {
            kind: kind(stat),
            mode: stat.st_mode & 0o7777,
            owner: (stat.st_uid, stat.st_gid),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            inode: stat.st_ino,
            changed: (stat.st_ctime, stat.st_ctime_nsec),
        }
    }
}

fn kind(stat: &Stat) -> Kind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        FileType::Fifo => Kind::Pipe,
        FileType::Socket => Kind::Socket,
        FileType::CharacterDevice if stat.st_rdev == 0 => Kind::Nothing,
        FileType::CharacterDevice | FileType::BlockDevice | FileType::Unknown => Kind::Device,
    }
}

fn ids((uid, gid): Owner) -> (rustix::fs::Uid, rustix::fs::Gid) {
    (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid))
}

/// The folders above paths, each opened once while one path after the other lies in it.
#[derive(Debug)]
pub(crate) struct Reach<'a> {
    root: &'a Folder,
    at: Option<(PathBuf, Folder)>,
}

impl<'a> Reach<'a> {
    pub(crate) fn new(root: &'a Folder) -> Reach<'a> {
        Reach { root, at: None }
    }

    /// The folder that a path lies in, and its name there.
    pub(crate) fn parent<'p>(&mut self, path: &'p Path) -> io::Result<(&Folder, &'p OsStr)> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no name"));
        };
        if self.at.as_ref().is_none_or(|(at, _)| at != parent) {
            self.at = Some((parent.to_owned(), self.root.beneath(parent)?));
        }
        match &self.at {
            Some((_, folder)) => Ok((folder, name)),
            None => Ok((self.root, name)),
        }
    }
}

/// Whether two regular files have the same content.
pub(crate) fn same_content(one: &mut File, other: &mut File) -> io::Result<bool> {
    let mut buffers = [vec![0; 1 << 16], vec![0; 1 << 16]];
    loop {
        let [left, right] = &mut buffers;
        let (a, b) = (fill(one, left)?, fill(other, right)?);
        if left[..a] != right[..b] {
            return Ok(false);
        }
        if a == 0 {
            return Ok(true);
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A path of a step for people: one line of plain characters, cut if it is long.
pub(crate) fn shown(path: &Path) -> String {
    let text = String::from_utf8_lossy(path.as_os_str().as_bytes());
    if text.is_empty() {
        return ".".to_owned();
    }
    let plain: String =
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect();
    match plain.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

const MOST_SHOWN: usize = 160;
