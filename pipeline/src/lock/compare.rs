//! A lock file beside a pipeline: what it lacks is a warning, what contradicts it an error.

use super::references::of_dockerfiles;
use super::{FILE, Lock, apart};
use crate::Files;
use crate::diagnostic::{Code, Diagnostics};
use crate::pipeline::Pipeline;
use crate::report::{Problem, Report};
use crate::source::{Source, Span};
use crate::suggest::quoted;

/// The pipeline's own references are told in its report, those of its Dockerfiles in theirs.
pub(super) fn look(lock: &Lock, pipeline: &Pipeline, report: &mut Report, files: &dyn Files) -> Diagnostics {
    for named in &pipeline.references {
        problem(lock, named).into_iter().for_each(|problem| report.add(problem));
    }
    let mut found = Vec::new();
    for (path, text, named) in of_dockerfiles(pipeline, files) {
        let mut report = Report::new(Source::new(&path, &text));
        named.iter().filter_map(|named| problem(lock, named)).for_each(|problem| report.add(problem));
        found.extend(report.into_diagnostics().0);
    }
    Diagnostics(found)
}

fn problem(lock: &Lock, (reference, span): (&String, &Span)) -> Option<Problem> {
    let (name, written) = apart(reference);
    match (lock.digests.get(name), written) {
        (None, None) => Some(not_locked(name, span)),
        (Some(locked), Some(written)) if locked != written => Some(mismatch(name, written, locked, span)),
        (Some(_), _) | (None, Some(_)) => None,
    }
}

fn not_locked(name: &str, span: &Span) -> Problem {
    Problem::new(Code::NotLocked, span, format!("{} is not in {FILE}", quoted(name)))
        .expected("another image tomorrow, with nothing changed here")
        .help("`sidings lock` adds it")
        .warning()
}

fn mismatch(name: &str, written: &str, locked: &str, span: &Span) -> Problem {
    let message = format!("{} is written with the digest {written}, and locked to {locked}", quoted(name));
    Problem::new(Code::LockMismatch, span, message)
        .expected("another digest than in the lock file")
        .help(format!("take the digest out here, or let `sidings lock` take it into {FILE}"))
}
