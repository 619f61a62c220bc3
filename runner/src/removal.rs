//! Removes folders that steps wrote to. A step can nest folders deeper than any stack or table of open files goes, so
//! what lies deep is moved up first. No link is followed, and no path is longer than one name.

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Folders are gone into this far before what is in them is moved up; each level costs two open files.
const DEPTH: usize = 32;

/// Names that are held in memory of one folder at a time.
const NAMES: usize = 4096;

/// Removes a folder with all in it. Nobody may write to it meanwhile.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    let top = open(CWD, path)?;
    clear(top.as_fd(), top.as_fd(), DEPTH)?;
    std::fs::remove_dir(path)
}

/// Removes all that is in `folder`, down to `depth`; what is deeper is then in `top`, whose turn ends last.
fn clear(top: BorrowedFd<'_>, folder: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
    loop {
        let names = some_entries(folder)?;
        if names.is_empty() {
            return Ok(());
        }
        names.iter().try_for_each(|name| remove(top, folder, name, depth))?;
    }
}

fn remove(top: BorrowedFd<'_>, folder: BorrowedFd<'_>, name: &CStr, depth: usize) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) if depth > 0 => {
            clear(top, open(folder, name)?.as_fd(), depth - 1)?;
            Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
        }
        Err(Errno::ISDIR) => Ok(renameat(folder, name, top, uuid::Uuid::new_v4().to_string())?),
        removed => Ok(removed?),
    }
}

fn open(folder: impl AsFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

fn some_entries(folder: impl AsFd) -> io::Result<Vec<CString>> {
    let names = Dir::read_from(folder)?.map(|entry| Ok(entry?.file_name().to_owned()));
    let is_there =
        |name: &io::Result<CString>| !name.as_ref().is_ok_and(|name| matches!(name.as_bytes(), b"." | b".."));
    names.filter(is_there).take(NAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::mkdirat;

    /// Too deep for a call for each level on this stack, and beyond the usual limit of open files.
    const DEEP: usize = 5_000;
    const STACK: usize = 256 * 1024;

    #[test]
    fn a_folder_is_removed_however_deep_it_is() {
        // In memory where there is such a place: so many folders keep a disk busy for seconds.
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let attempt = root.path().join("attempt");
        std::fs::create_dir(&attempt).unwrap();
        let mut at = open(CWD, &attempt).unwrap();
        for _ in 0..DEEP {
            mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = open(&at, "d").unwrap();
        }
        let removing = attempt.clone();
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || remove_tree(&removing));
        thread.unwrap().join().unwrap().unwrap();
        assert!(!attempt.exists());
    }

    #[test]
    fn a_folder_is_removed_however_much_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let attempt = root.path().join("attempt");
        std::fs::create_dir(&attempt).unwrap();
        (0..=NAMES).for_each(|n| std::fs::write(attempt.join(n.to_string()), "").unwrap());
        remove_tree(&attempt).unwrap();
        assert!(!attempt.exists());
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (kept, attempt) = (root.path().join("kept"), root.path().join("attempt"));
        std::fs::create_dir_all(attempt.join("workspace")).unwrap();
        std::fs::create_dir(&kept).unwrap();
        std::fs::write(kept.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(&kept, attempt.join("workspace/link")).unwrap();
        remove_tree(&attempt).unwrap();
        assert!(kept.join("file").exists() && !attempt.exists());
        std::os::unix::fs::symlink(&kept, &attempt).unwrap();
        assert!(remove_tree(&attempt).is_err());
        assert!(kept.join("file").exists());
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(remove_tree(&root.path().join("x")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
