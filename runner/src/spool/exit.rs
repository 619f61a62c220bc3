//! The exit record: only it makes a step pass. And what the probing of a service came to.

use super::beneath::{Hostile, open};
use serde::de::DeserializeOwned;
use sidings_proto::service::ReadyRecord;
use sidings_proto::step::{EXIT_FILE, ExitRecord, READY_FILE};
use std::io::Read;
use std::path::Path;

const RECORD_MAX: u64 = 64 * 1024;

/// Reads the exit record in a step's folder. `None`: there is none.
pub(crate) fn read_exit_record(step_dir: &Path) -> Result<Option<ExitRecord>, Hostile> {
    read(step_dir, EXIT_FILE, "it is not an exit record")
}

/// Reads what the probing of a service came to. `None`: it is not over.
pub(crate) fn read_ready_record(step_dir: &Path) -> Result<Option<ReadyRecord>, Hostile> {
    read(step_dir, READY_FILE, "what its probing left behind is no record")
}

fn read<T: DeserializeOwned>(step_dir: &Path, name: &str, strange: &str) -> Result<Option<T>, Hostile> {
    let Some(file) = open(step_dir, name)? else { return Ok(None) };
    let mut text = Vec::new();
    file.take(RECORD_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > RECORD_MAX {
        return Err(Hostile::strange(format!("it is longer than {RECORD_MAX} bytes")));
    }
    match serde_json::from_slice(&text) {
        Ok(record) => Ok(Some(record)),
        Err(_) => Err(Hostile::strange(strange)),
    }
}
