//! One step from its spec to its exit record.

use crate::hold;
use crate::input::Private;
use crate::launch::{NotStarted, launch};
use crate::probe;
use crate::record;
use crate::signals::Signals;
use crate::spool::Spool;
use crate::supervise::{End, supervise};
use rustix::process::{getpid, set_child_subreaper};
use sidings_proto::step::{ExitRecord, SPEC_FILE, StepSpec};
use std::io;
use std::path::Path;

/// Runs the step whose spec is in `dir`. Gives the program's code; an error means that there is no exit record.
pub(crate) fn run(dir: &Path) -> io::Result<u8> {
    let mut signals = Signals::watch()?;
    // As process 1 the helper inherits orphans anyway; elsewhere it asks for them.
    set_child_subreaper(Some(getpid()))?;
    let spec: StepSpec = serde_json::from_slice(&std::fs::read(dir.join(SPEC_FILE))?)?;
    let private = Private::read(&spec)?;
    let mut spool = Spool::create(dir, &spec, private.masked.clone())?;
    let started = record::now();
    let end = step(dir, &spec, &private, &mut signals, &mut spool)?;
    let ended = record::now();
    let log = spool.close()?;
    let record = ExitRecord {
        code: end.code,
        signal: end.signal,
        error: end.error.map(|error| private.shown(&error)),
        log_bytes: log.bytes,
        log_hash: log.hash,
        left_out_bytes: log.left_out,
        started,
        ended,
    };
    record::write(dir, &record)?;
    if spec.hold && record.holds() {
        hold::until_told(&mut signals)?;
    }
    // A container's exit code has eight bits, as a process's has.
    Ok(u8::try_from(end.code & 0xff).unwrap_or(u8::MAX))
}

fn step(dir: &Path, spec: &StepSpec, private: &Private, signals: &mut Signals, spool: &mut Spool) -> io::Result<End> {
    match launch(spec, private) {
        Ok(child) => {
            probe::start(dir, spec, private, &child)?;
            supervise(child, spec, signals, spool)
        }
        Err(NotStarted { code, error }) => {
            spool.note(&private.shown(&error))?;
            Ok(End { code, signal: None, error: Some(error) })
        }
    }
}
