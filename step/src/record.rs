//! What the helper says at last (the exit record), or once: written beside its place, made durable, and only then put there, so that it is whole or absent.

use sidings_proto::Timestamp;
use sidings_proto::step::{EXIT_FILE, ExitRecord};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time by this host's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Leaves the record in `dir`.
pub(crate) fn write(dir: &Path, record: &ExitRecord) -> io::Result<()> {
    put(dir, EXIT_FILE, &serde_json::to_vec(record)?)
}

/// Leaves a file in `dir`.
pub(crate) fn put(dir: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let beside = dir.join(format!("{name}.part"));
    let mut file = File::create(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&beside, dir.join(name))?;
    File::open(dir)?.sync_all()
}
