//! Opens a file that a step may have put anything in place of.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What opening a link without following it gives.
const LOOP: i32 = rustix::io::Errno::LOOP.raw_os_error();

/// Why a file of a step is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Hostile {
    /// A link, a pipe, a folder, too long, or not what belongs there.
    #[error("{0}")]
    Strange(String),
    /// The disk failed.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}

impl Hostile {
    pub(super) fn strange(what: impl Into<String>) -> Hostile {
        Hostile::Strange(what.into())
    }
}

/// Opens `name` in a folder whose own path nobody else can write to. `None`: there is no such file.
pub(super) fn open(folder: &Path, name: &str) -> Result<Option<File>, Hostile> {
    // Without waiting: opening a pipe that nobody writes to would wait for ever.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(folder.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(LOOP) => return Err(Hostile::strange("it is a link")),
        Err(error) => return Err(error.into()),
    };
    if file.metadata()?.is_file() { Ok(Some(file)) } else { Err(Hostile::strange("it is not a regular file")) }
}
