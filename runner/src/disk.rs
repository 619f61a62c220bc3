//! Whether the disk of a runner's folder has room for another job. It looks, and removes nothing.

use sidings_proto::LowDisk;
use std::io;
use std::path::{Path, PathBuf};

const GIB: u64 = 1024 * 1024 * 1024;
/// So much is to be free unless told otherwise …
const LEAST_FREE: u64 = 5 * GIB;
/// … or one part in so many of the disk, where that is more.
const LEAST_PART: u64 = 10;

/// A disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// What a program may still write.
    pub free: u64,
    /// All that programs may use of it, as `df` counts: without what is kept for others.
    pub all: u64,
}

impl Disk {
    /// The disk that a folder is on.
    ///
    /// # Errors
    /// It cannot be asked, most often because there is no such folder.
    pub fn of(folder: &Path) -> io::Result<Disk> {
        let found = rustix::fs::statvfs(folder)?;
        let used = found.f_blocks.saturating_sub(found.f_bfree);
        Ok(Disk { free: found.f_bavail * found.f_frsize, all: (used + found.f_bavail) * found.f_frsize })
    }

    /// The hundredths of it that are in use.
    pub fn used_percent(&self) -> u64 {
        let used = u128::from(self.all.saturating_sub(self.free));
        u64::try_from(used * 100 / u128::from(self.all.max(1))).unwrap_or(100)
    }

    /// With less free than this a runner takes no jobs.
    pub fn least_free(&self, told: Option<u64>) -> u64 {
        told.unwrap_or(LEAST_FREE.max(self.all / LEAST_PART))
    }
}

/// A runner's view of its disk, from one look to the next.
#[derive(Debug)]
pub(crate) struct Room {
    folder: PathBuf,
    told: Option<u64>,
    was_full: bool,
}

impl Room {
    pub(crate) fn new(folder: PathBuf, told: Option<u64>) -> Room {
        Room { folder, told, was_full: false }
    }

    /// Looks whether there is room, and what is short of it; when that changes, it says so. A disk that cannot be asked
    /// is no reason to idle.
    pub(crate) fn shortage(&mut self) -> Option<LowDisk> {
        match Disk::of(&self.folder) {
            Ok(disk) => self.judge(disk),
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "the disk cannot be asked for its free space");
                None
            }
        }
    }

    fn judge(&mut self, disk: Disk) -> Option<LowDisk> {
        let least = disk.least_free(self.told);
        let is_full = disk.free < least;
        if is_full != self.was_full {
            let (free_mib, least_mib) = (disk.free >> 20, least >> 20);
            let folder = self.folder.display();
            match is_full {
                true => {
                    tracing::warn!(%folder, free_mib, least_mib, "too little is free on the disk: no jobs are taken")
                }
                false => {
                    tracing::info!(%folder, free_mib, least_mib, "there is room on the disk again: jobs are taken")
                }
            }
            self.was_full = is_full;
        }
        is_full.then_some(LowDisk { free: disk.free, least })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_what_was_told_or_the_greater_of_five_gibibytes_and_a_tenth() {
        let room = |told: Option<u64>, free, all| {
            let disk = Disk { free: free * GIB, all: all * GIB };
            Room::new(PathBuf::new(), told.map(|gib| gib * GIB)).judge(disk).is_none()
        };
        assert_eq!((room(None, 10, 100), room(None, 9, 100)), (true, false));
        assert_eq!((room(None, 5, 40), room(None, 4, 40)), (true, false));
        assert_eq!((room(Some(2), 2, 100), room(Some(2), 1, 100), room(Some(0), 0, 100)), (true, false, true));
    }

    #[test]
    fn room_that_comes_back_is_seen() {
        let mut room = Room::new(PathBuf::new(), Some(GIB));
        let seen: Vec<bool> =
            [2, 0, 0, 1].map(|free| room.judge(Disk { free: free * GIB, all: 9 * GIB }).is_none()).into();
        assert_eq!(seen, [true, false, false, true]);
    }

    #[test]
    fn a_disk_that_cannot_be_asked_is_taken_as_it_is() {
        assert!(Room::new(PathBuf::from("/no/such/folder"), Some(u64::MAX)).shortage().is_none());
        assert_eq!(Room::new(std::env::temp_dir(), Some(u64::MAX)).shortage().unwrap().least, u64::MAX);
    }
}
