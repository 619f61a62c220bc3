//! The exit record: only it makes a step pass.

use super::beneath::{Hostile, open};
use sidings_proto::step::{EXIT_FILE, ExitRecord};
use std::io::Read;
use std::path::Path;

const RECORD_MAX: u64 = 64 * 1024;

/// Reads the exit record in a step's folder. `None`: there is none.
pub(crate) fn read_exit_record(step_dir: &Path) -> Result<Option<ExitRecord>, Hostile> {
    let Some(file) = open(step_dir, EXIT_FILE)? else { return Ok(None) };
    let mut text = Vec::new();
    file.take(RECORD_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > RECORD_MAX {
        return Err(Hostile::strange(format!("it is longer than {RECORD_MAX} bytes")));
    }
    match serde_json::from_slice(&text) {
        Ok(record) => Ok(Some(record)),
        Err(_) => Err(Hostile::strange("it is not an exit record")),
    }
}
