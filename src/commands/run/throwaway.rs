//! Folders that live as long as one process: each is locked by it, so that what a killed one left behind can be told
//! from what is in use.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
/// A folder that is not locked yet is called by another name, so that nobody takes it for a dead one.
const NEW: &str = ".new-";

/// A folder of this process alone.
#[derive(Debug)]
pub(super) struct Throwaway {
    folder: PathBuf,
    lock: File,
}

impl Throwaway {
    /// Makes one among others.
    pub(super) fn make(among: &Path) -> io::Result<Throwaway> {
        crate::folders::make_private(among)?;
        let name = uuid::Uuid::now_v7().to_string();
        let (new, folder) = (among.join(format!("{NEW}{name}")), among.join(name));
        crate::folders::make_private(&new)?;
        let lock = File::create_new(new.join(LOCK))?;
        lock.lock()?;
        fs::rename(&new, &folder)?;
        Ok(Throwaway { folder, lock })
    }

    /// Takes over those whose process is gone.
    pub(super) fn left_behind(among: &Path) -> Vec<Throwaway> {
        let entries = fs::read_dir(among).into_iter().flatten().filter_map(Result::ok);
        let ready = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with(NEW));
        ready.filter_map(|entry| Throwaway::take_over(entry.path())).collect()
    }

    /// One without a lock file is just being removed by its own process.
    fn take_over(folder: PathBuf) -> Option<Throwaway> {
        let lock = File::open(folder.join(LOCK)).ok()?;
        match lock.try_lock() {
            Ok(()) => Some(Throwaway { folder, lock }),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => {
                tracing::warn!("could not lock {}: {error}", folder.display());
                None
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Removes it. What cannot be removed stays for the next one to try.
    pub(super) fn remove(self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!("could not remove {}: {error}", self.folder.display());
        }
        drop(self.lock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_a_dead_process_left_is_taken_over_and_what_lives_is_not() {
        let among = tempfile::tempdir().unwrap();
        let living = Throwaway::make(among.path()).unwrap();
        let dead = Throwaway::make(among.path()).unwrap();
        fs::create_dir(dead.path().join("runner")).unwrap();
        let dead_folder = dead.path().to_owned();
        drop(dead.lock);
        let mut found = Throwaway::left_behind(among.path());
        assert_eq!(found.iter().map(Throwaway::path).collect::<Vec<_>>(), [dead_folder]);
        assert_eq!(Throwaway::left_behind(among.path()).len(), 0);
        found.remove(0).remove();
        living.remove();
        assert_eq!(names(among.path()), 0);
    }

    #[test]
    fn nothing_was_left_where_nothing_ran() {
        assert_eq!(Throwaway::left_behind(Path::new("/no/such/folder")).len(), 0);
    }
}
