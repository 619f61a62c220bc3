//! Every test in a process of its own, as many at once as there are processors: what it does to its process it does to
//! itself only.

use super::told::Events;
use super::{FAILED, beside_the_batch, unstarted};
use sidings_proto::split::SplitOutcome;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Command, ExitStatus};
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

/// What a test writes is shown up to here, the last of it.
const SHOWN_MOST: u64 = 4 * 1024 * 1024;

/// What became of a test's process.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// The last that it wrote.
    pub(super) wrote: Vec<u8>,
    /// So many bytes stood before that.
    left_out: u64,
}

/// Runs all of them. `outcome` says what an end means; none: it was not run after all.
pub(super) fn run(
    tasks: Vec<Task>,
    shown: Shown,
    events: &mut Events,
    outcome: fn(&Ended) -> Option<SplitOutcome>,
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
    outcome: fn(&Ended) -> Option<SplitOutcome>,
) -> io::Result<bool> {
    locked(events).started(&task.test)?;
    let began = Instant::now();
    let ended = ended(&mut task.command)?;
    let took = began.elapsed();
    let found = outcome(&ended);
    let mut events = locked(events);
    let is_shown = shown == Shown::All || !ended.status.success();
    say(&task.test, found, took, is_shown.then_some(&ended))?;
    found.map_or(Ok(()), |found| events.ended(&task.test, found, took))?;
    Ok(matches!(found, Some(SplitOutcome::Passed | SplitOutcome::Skipped)))
}

/// Waits for the process alone: what it leaves behind may hold its output open as long as it likes.
fn ended(command: &mut Command) -> io::Result<Ended> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let path = beside_the_batch().join(format!("output-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let mut file = OpenOptions::new().read(true).append(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    command.stdout(file.try_clone()?).stderr(file.try_clone()?);
    let status = command.status().map_err(|error| unstarted(command, &error))?;
    let (wrote, left_out) = last_of(&mut file)?;
    Ok(Ended { status, wrote, left_out })
}

fn last_of(file: &mut File) -> io::Result<(Vec<u8>, u64)> {
    let left_out = file.metadata()?.len().saturating_sub(SHOWN_MOST);
    file.seek(SeekFrom::Start(left_out))?;
    let mut last = Vec::new();
    file.take(SHOWN_MOST).read_to_end(&mut last)?;
    Ok((last, left_out))
}

/// A line for each, and what it wrote.
fn say(test: &str, found: Option<SplitOutcome>, took: Duration, ended: Option<&Ended>) -> io::Result<()> {
    let word = match found {
        Some(SplitOutcome::Passed) => "passed",
        Some(SplitOutcome::Skipped) => "skipped",
        Some(SplitOutcome::Failed) => "FAILED",
        None => "was not run",
    };
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{word} {test} ({:.3} s)", took.as_secs_f64())?;
    if let Some(ended) = ended {
        if ended.left_out > 0 {
            writeln!(stdout, "[{} bytes before this are left out]", ended.left_out)?;
        }
        stdout.write_all(&ended.wrote)?;
    }
    stdout.flush()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_waited_for_and_not_what_it_leaves_behind() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; echo at once >&2; exit 3"]);
        let ended = ended(&mut command).unwrap();
        assert_eq!((ended.status.code(), ended.left_out), (Some(3), 0));
        let wrote = String::from_utf8(ended.wrote).unwrap();
        let (left, rest) = wrote.split_once('\n').unwrap();
        assert_eq!(rest, "at once\n");
        assert!(Command::new("kill").arg(left).status().unwrap().success(), "it is still there");
    }

    #[test]
    fn of_much_the_last_is_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "head -c 5000000 /dev/zero; echo end"]);
        let ended = ended(&mut command).unwrap();
        assert_eq!((ended.wrote.len() as u64, ended.left_out), (SHOWN_MOST, 5_000_004 - SHOWN_MOST));
        assert!(ended.wrote.ends_with(b"end\n"));
    }
}
