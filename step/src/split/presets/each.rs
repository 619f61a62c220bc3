//! Every test in a process of its own, as many at once as there are processors: what it does to its process it does to
//! itself only.

use super::told::Events;
use super::{FAILED, unstarted};
use sidings_proto::split::SplitOutcome;
use std::io::{self, Write};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Whose output people see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    All,
    Failed,
}

/// A test and the program that runs it.
pub(super) struct Task {
    pub(super) test: String,
    pub(super) command: Command,
}

/// Runs all of them. `outcome` says what an end means; none: it was not run after all.
pub(super) fn run(
    tasks: Vec<Task>,
    shown: Shown,
    events: &mut Events,
    outcome: fn(&Output) -> Option<SplitOutcome>,
) -> io::Result<u8> {
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(tasks.len());
    let tasks: Vec<Mutex<Task>> = tasks.into_iter().map(Mutex::new).collect();
    let (next, events) = (AtomicUsize::new(0), Mutex::new(events));
    let work = || -> io::Result<bool> {
        let mut all_passed = true;
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            all_passed &= one(&mut locked(task), shown, &events, outcome)?;
        }
        Ok(all_passed)
    };
    let ends: io::Result<Vec<bool>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err(io::Error::other("a bug"))));
        joined.collect()
    });
    Ok(if ends?.into_iter().all(|passed| passed) { 0 } else { FAILED })
}

fn one(
    task: &mut Task,
    shown: Shown,
    events: &Mutex<&mut Events>,
    outcome: fn(&Output) -> Option<SplitOutcome>,
) -> io::Result<bool> {
    locked(events).started(&task.test)?;
    let began = Instant::now();
    let output = task.command.output().map_err(|error| unstarted(&task.command, &error))?;
    let took = began.elapsed();
    let found = outcome(&output);
    let mut events = locked(events);
    let output_shown = shown == Shown::All || !output.status.success();
    say(&task.test, found, took, output_shown.then_some(&output))?;
    found.map_or(Ok(()), |found| events.ended(&task.test, found, took))?;
    Ok(matches!(found, Some(SplitOutcome::Passed | SplitOutcome::Skipped)))
}

/// A line for each, and what it wrote.
fn say(test: &str, found: Option<SplitOutcome>, took: Duration, output: Option<&Output>) -> io::Result<()> {
    let word = match found {
        Some(SplitOutcome::Passed) => "passed",
        Some(SplitOutcome::Skipped) => "skipped",
        Some(SplitOutcome::Failed) => "FAILED",
        None => "was not run",
    };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{word} {test} ({:.3} s)", took.as_secs_f64())?;
    if let Some(output) = output {
        stdout.write_all(&output.stdout)?;
        stdout.write_all(&output.stderr)?;
    }
    stdout.flush()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
