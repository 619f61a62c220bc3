//! Reads a job's reports of tests when its steps are over, as the hostile files they are, and keeps their cases in the
//! attempt's folder until they are sent.
//!
//! It decides what is read: regular files in the workspace, reached through no link, changed since the steps began, up
//! to certain sizes and within a time. What the cases mean for the job is decided in `job`.

mod bounded;
mod masked;
mod spooled;

#[cfg(test)]
mod tests;

pub(crate) use spooled::SpooledTests;

use crate::workspace::{NotAFile, Search, open};
use bounded::Bounded;
use masked::Masked;
use sidings_mask::Finder;
use sidings_proto::tested::TEST_NAME_MAX;
use sidings_proto::{TestCase, TestCounts, TestReport};
use sidings_reports::Room;
use spooled::Spool;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A longer file is not read.
const FILE_MAX: u64 = 200_000_000;
/// Bytes that are read of all of a job's files.
const ALL_MAX: u64 = 1_000_000_000;
/// Reading takes no longer.
const WITHIN: Duration = Duration::from_secs(120);
/// Files that are told of one by one.
const LISTED: usize = 1_000;
/// Remarks on all files.
const REMARKS: usize = 200;

/// What is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) workspace: PathBuf,
    pub(crate) patterns: Vec<String>,
    /// When the first step began: files that were there before tell of other tests.
    pub(crate) since: (i64, u64),
    /// The file for the cases, in a folder of ours.
    pub(crate) spool: PathBuf,
    /// What is masked wherever it stands.
    pub(crate) secrets: Option<Finder>,
    /// Nobody wants to know any more.
    pub(crate) give_up: CancellationToken,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Collected {
    /// Of all files.
    pub(crate) counts: TestCounts,
    /// Patterns without a file.
    pub(crate) without: Vec<String>,
    pub(crate) reports: Vec<TestReport>,
    pub(crate) spooled: Arc<SpooledTests>,
}

/// Reads all files that are asked for. Blocks.
pub(crate) fn collect(asked: &Asked) -> anyhow::Result<Collected> {
    let found = Search::of(&asked.workspace, &asked.patterns);
    let mut reading = Reading {
        asked,
        spool: Spool::create(&asked.spool)?,
        room: Room::default(),
        left: ALL_MAX,
        until: Instant::now() + WITHIN,
        reports: Vec::new(),
        remarks: 0,
        unlisted: (0, TestCounts::default()),
        old: 0,
    };
    let found = match found {
        Ok(found) => found,
        // A step may have taken our rights to it.
        Err(error) => {
            reading.note(format!("the workspace cannot be searched: {error}"));
            return reading.end(asked.patterns.clone());
        }
    };
    for (path, what) in &found.files {
        reading.file(path, *what)?;
    }
    if found.too_large {
        reading.note("the workspace is too large to be searched whole: there may be more files".to_owned());
    }
    reading.end(found.without)
}

struct Reading<'a> {
    asked: &'a Asked,
    spool: Spool,
    room: Room,
    left: u64,
    until: Instant,
    reports: Vec<TestReport>,
    remarks: usize,
    /// Files beyond those that are listed, and what is in them.
    unlisted: (u64, TestCounts),
    /// Files that some pattern is of, but are of another time.
    old: u64,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, what: Result<(), NotAFile>) -> anyhow::Result<()> {
        let report = match what {
            Ok(()) => self.read(path)?,
            Err(not) => Some(refused(path, &not.to_string())),
        };
        report.into_iter().for_each(|report| self.tell(report));
        Ok(())
    }

    /// An error is ours alone; whatever is wrong with the file is a remark. None for a file of another time.
    fn read(&mut self, path: &Path) -> anyhow::Result<Option<TestReport>> {
        let opened = open(&self.asked.workspace, path)
            .and_then(|(file, changed)| file.metadata().map(|about| (file, changed, about.len())));
        let (file, changed, bytes) = match opened {
            Ok(opened) => opened,
            Err(error) => return Ok(Some(refused(path, &format!("it cannot be opened: {error}")))),
        };
        if changed < self.asked.since {
            self.old += 1;
            let named = self.asked.patterns.iter().any(|pattern| path.as_os_str() == pattern.as_str());
            let why = "it was there before the first step, and is not of this job";
            return Ok(named.then(|| refused(path, why)));
        }
        if bytes > FILE_MAX {
            let why = format!("it is longer than {} MB and is not read", FILE_MAX / 1_000_000);
            return Ok(Some(refused(path, &why)));
        }
        let mut input = Bounded::new(file, FILE_MAX.min(self.left), self.until, &self.asked.give_up);
        let (spool, secrets, mut trouble) = (&mut self.spool, self.asked.secrets.as_ref(), None);
        let found = sidings_reports::read(&mut Masked::new(&mut input, secrets), &mut self.room, &mut |case| {
            if trouble.is_none() {
                trouble = spool.add(masked(case, secrets)).err();
            }
        });
        self.left = self.left.saturating_sub(input.taken());
        match trouble {
            Some(error) => Err(error),
            None => Ok(Some(TestReport { path: shown(path), counts: found.counts, remarks: found.remarks })),
        }
    }

    fn tell(&mut self, mut report: TestReport) {
        if let Some(secrets) = &self.asked.secrets {
            report.path = secrets.masked(&report.path);
            report.remarks.iter_mut().for_each(|remark| *remark = secrets.masked(remark));
        }
        report.remarks.truncate(REMARKS.saturating_sub(self.remarks));
        self.remarks += report.remarks.len();
        if self.reports.len() < LISTED {
            self.reports.push(report);
        } else {
            self.unlisted.0 += 1;
            self.unlisted.1.add_all(report.counts);
        }
    }

    /// Says something of no file in particular.
    fn note(&mut self, remark: String) {
        self.reports.push(TestReport { remarks: vec![remark], ..TestReport::default() });
    }

    fn end(mut self, without: Vec<String>) -> anyhow::Result<Collected> {
        if self.reports.is_empty() && self.old > 0 {
            let files = if self.old == 1 { "the only file was" } else { "all files were" };
            self.note(format!("{files} there before the first step: none is of this job"));
        }
        let (files, counts) = self.unlisted;
        if files > 0 {
            let path = format!("({files} more files)");
            self.reports.push(TestReport { path, counts, remarks: Vec::new() });
        }
        let mut counts = TestCounts::default();
        self.reports.iter().for_each(|report| counts.add_all(report.counts));
        let spooled = self.spool.end(self.reports.clone())?;
        Ok(Collected { counts, without, reports: self.reports, spooled: Arc::new(spooled) })
    }
}

/// A report may have characters in other ways than the file is searched for: its texts are searched as well.
fn masked(mut case: TestCase, secrets: Option<&Finder>) -> TestCase {
    let Some(secrets) = secrets else { return case };
    let TestCase { suite, name, file, outcome: _, took_ms: _, message, output } = &mut case;
    let texts = [suite, name, message, output].into_iter().chain(file);
    texts.for_each(|text| *text = secrets.masked(text));
    case
}

fn refused(path: &Path, why: &str) -> TestReport {
    TestReport { path: shown(path), counts: TestCounts::default(), remarks: vec![why.to_owned()] }
}

/// A path for people: a step chose it.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.chars().map(|char| if char.is_control() { '\u{FFFD}' } else { char }).take(TEST_NAME_MAX / 2).collect()
}
