//! Folders for the step's program: the workspace handed over to its user, and a working directory that exists.
//!
//! This happens before any of the step's code runs. Links are never followed, so that one left in a workspace by an
//! earlier step gives nothing away.

use crate::account::Account;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown, lchown};
use std::path::Path;

/// Gives `root` and all in it to `account`, unless that is root or `root` is its already.
pub(crate) fn hand_over(root: &Path, account: &Account) -> io::Result<()> {
    if account.uid == 0 || fs::symlink_metadata(root)?.uid() == account.uid {
        return Ok(());
    }
    give(root, account)
}

/// The folder itself goes last: an interrupted walk is then begun anew by whoever comes next.
fn give(path: &Path, account: &Account) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), account)?;
        }
    }
    lchown(path, Some(account.uid), Some(account.gid))
}

/// Makes `path` and the folders above it where they are missing; those that are new belong to `account`.
pub(crate) fn make_directory(path: &Path, account: &Account) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directory(parent, account)?;
    }
    fs::create_dir(path)?;
    if account.uid == 0 { Ok(()) } else { chown(path, Some(account.uid), Some(account.gid)) }
}
