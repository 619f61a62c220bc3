//! One batch: its tests in files, the script that runs them, and what that left.

use super::desk::{Desk, unexpected};
use super::folder::{Folder, has_something, script};
use super::watch::Watch;
use super::{Unsound, say, unexplained};
use sidings_proto::split::desk::{Ask, Form, Told, Work};
use sidings_proto::step::WORKSPACE;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Instant;

/// What a shell says of a program that a signal ended begins here.
const KILLED: i32 = 128;
const LAST_SIGNAL: i32 = 64;

/// Tests to run.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) number: u64,
    pub(super) lease: u64,
    pub(super) tests: &'a [String],
}

/// Runs a batch and hands over what came of it. Gives what shows in no result: an end that no test explains, or, of a
/// batch that is run several times, a time that went wrong and that another one's result would hide.
pub(super) fn run(desk: &mut Desk, work: &Work, folder: &Folder, batch: Batch<'_>) -> io::Result<Option<Unsound>> {
    let Batch { number, lease, tests } = batch;
    say(&format!("batch {number}: {}", counted(tests.len())))?;
    let times = work.times.max(1);
    let (mut took_ms, mut last) = (0, None);
    for time in 1..=times {
        let once = once(desk, work, folder, &batch)?;
        took_ms = once.took_ms.max(took_ms);
        if times > 1 {
            say(&format!("time {time} of {times}: {}", once.status))?;
        }
        let goes_on = once.status.code().is_some() && !once.was_dropped;
        // The worst of all is what the batch came to.
        if last.as_ref().is_none_or(|worst: &Once| worst.status.success()) {
            last = Some(once);
        }
        if !goes_on {
            break;
        }
    }
    let Some(Once { status, was_dropped, .. }) = last else { return Ok(None) };
    let told = desk.ask(&Ask::Done { lease, code: code(status), took_ms })?;
    let Told::Taken { missing, failed, .. } = told else { return Err(unexpected(&told)) };
    match (missing, status.success(), was_dropped) {
        (0, true, _) => {}
        (_, _, true) => say(&format!("batch {number} took too long and was ended"))?,
        (missing, _, false) => {
            say(&super::batch::ended(number, status, missing, tests.len()))?;
        }
    }
    let whose = format!("batch {number}");
    Ok(match (status.success() || was_dropped, missing + failed) {
        (true, _) => None,
        (false, 0) => Some(unexplained(&whose, status)),
        (false, _) => (times > 1).then(|| format!("{whose} went wrong at least once in {times} times")),
    })
}

/// How one start of a batch's script ended.
struct Once {
    status: ExitStatus,
    was_dropped: bool,
    took_ms: u64,
}

fn once(desk: &mut Desk, work: &Work, folder: &Folder, batch: &Batch<'_>) -> io::Result<Once> {
    let Batch { number, lease, tests } = *batch;
    let files = Files::make(&folder.of_batch(number)?, tests)?;
    let own = work.junit.as_ref().map(|file| Path::new(WORKSPACE).join(file));
    own.as_ref().map_or(Ok(()), |file| absent(fs::remove_file(file)))?;
    let mut command = script(&work.shell, &work.run)?;
    folder.equip(&mut command);
    command.stdin(File::open(&files.lines)?).envs(files.variables()).env("SPLIT_BATCH", number.to_string());
    let began = Instant::now();
    let mut child = command.spawn()?;
    let watch = Watch::over(lease, child.id())?;
    let status = child.wait()?;
    let was_dropped = watch.end();
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    hand_over(desk, lease, files.left(own))?;
    fs::remove_dir_all(&files.folder)?;
    Ok(Once { status, was_dropped, took_ms })
}

/// How a batch's process ended, and what it leaves without a result.
pub(super) fn ended(number: u64, status: ExitStatus, missing: usize, tests: usize) -> String {
    let results = match (missing, tests) {
        (0, 1) => "its test has a result".to_owned(),
        (0, _) => format!("each of its {} has a result", counted(tests)),
        (1, _) => format!("1 of {} has no result", counted(tests)),
        _ => format!("{missing} of {} have no result", counted(tests)),
    };
    format!("batch {number} ended with {status}; {results}")
}

pub(super) fn counted(tests: usize) -> String {
    if tests == 1 { "1 test".to_owned() } else { format!("{tests} tests") }
}

/// None when something killed it, also when it was a shell that saw it.
pub(super) fn code(status: ExitStatus) -> Option<i32> {
    let by_shell = |code: i32| (KILLED + 1..=KILLED + LAST_SIGNAL).contains(&code);
    status.code().filter(|code| status.signal().is_none() && !by_shell(*code))
}

fn hand_over(desk: &mut Desk, lease: u64, left: Vec<(Form, PathBuf)>) -> io::Result<()> {
    for (form, file) in left {
        let told = match desk.results(lease, form, &file) {
            Ok(told) => told,
            // It cannot be opened: there are no results in it.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                say(&format!("{}: {error}", file.display()))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let Told::Read { remarks, .. } = told else { return Err(unexpected(&told)) };
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        remarks.iter().try_for_each(|remark| say(&format!("{name}: {remark}")))?;
    }
    Ok(())
}

/// The files of a batch.
struct Files {
    folder: PathBuf,
    lines: PathBuf,
    nuls: PathBuf,
    junit: PathBuf,
    events: PathBuf,
    results: PathBuf,
}

impl Files {
    fn make(folder: &Path, tests: &[String]) -> io::Result<Files> {
        let file = |name: &str| folder.join(name);
        let files = Files {
            lines: file("tests"),
            nuls: file("tests0"),
            junit: file("junit.xml"),
            events: file("events.ndjson"),
            results: file("results"),
            folder: folder.to_owned(),
        };
        fs::write(&files.lines, joined(tests, "\n"))?;
        fs::write(&files.nuls, joined(tests, "\0"))?;
        fs::create_dir(&files.results)?;
        Ok(files)
    }

    fn variables(&self) -> [(&'static str, &Path); 5] {
        [
            ("SPLIT_FILE", &self.lines),
            ("SPLIT_FILE0", &self.nuls),
            ("SPLIT_JUNIT", &self.junit),
            ("SPLIT_EVENTS", &self.events),
            ("SPLIT_RESULTS_DIR", &self.results),
        ]
    }

    /// All files in which there may be results.
    fn left(&self, own: Option<PathBuf>) -> Vec<(Form, PathBuf)> {
        let named = [(Form::Junit, self.junit.clone()), (Form::Events, self.events.clone())];
        let own = own.map(|file| (Form::Junit, file));
        let mut more: Vec<(Form, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.results).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.extension().and_then(|end| end.to_str()) {
                Some("xml") => more.push((Form::Junit, path)),
                Some("ndjson") => more.push((Form::Events, path)),
                Some(_) | None => {}
            }
        }
        more.sort_by(|one, other| one.1.cmp(&other.1));
        named.into_iter().chain(own).chain(more).filter(|(_, file)| has_something(file)).collect()
    }
}

/// Each with its end behind it.
fn joined(tests: &[String], end: &str) -> String {
    tests.iter().flat_map(|test| [test.as_str(), end]).collect()
}

/// That a file is not there is no error.
fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_says_plainly_which_tests_have_a_result() {
        let one = ExitStatus::from_raw(1 << 8);
        assert_eq!(ended(2, one, 0, 2), "batch 2 ended with exit status: 1; each of its 2 tests has a result");
        assert_eq!(ended(3, one, 0, 1), "batch 3 ended with exit status: 1; its test has a result");
        assert_eq!(ended(4, one, 1, 1), "batch 4 ended with exit status: 1; 1 of 1 test has no result");
        assert_eq!(ended(5, one, 2, 3), "batch 5 ended with exit status: 1; 2 of 3 tests have no result");
    }
}
