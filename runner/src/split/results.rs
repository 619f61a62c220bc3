//! A file of results, read for the tests of one lease.
//!
//! Reports call tests otherwise than discovery does: a case is the test that is called as its suite and name are
//! together, or as its name, or as its file, whichever is found first. What is of no test of the lease is counted, and
//! no more.

use super::lease::{Names, worse};
use sidings_proto::split::desk::{Form, Happened};
use sidings_proto::split::{SplitOutcome, SplitResult};
use sidings_proto::{TestCase, TestOutcome};
use sidings_reports::Room;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

/// The longest line of events.
const LINE_MAX: u64 = 64 * 1024;
/// Remarks that are told.
const REMARKS: usize = 5;

/// What a file says of the tests of a lease.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) started: Vec<u32>,
    pub(super) results: Vec<SplitResult>,
    /// Results of other tests.
    pub(super) others: usize,
    /// What is wrong with it.
    pub(super) remarks: Vec<String>,
}

/// Reads a file that nobody else can change. Blocks.
pub(super) fn read(file: &Path, form: Form, names: &Names) -> anyhow::Result<Read> {
    let input = BufReader::new(File::open(file)?);
    match form {
        Form::Junit => Ok(junit(input, names)),
        Form::Events => events(input, names),
    }
}

fn junit(input: BufReader<File>, names: &Names) -> Read {
    let known = by_reported_name(names);
    let mut found = Found::default();
    // Texts are of no use here.
    let mut room = Room { text: 0, ..Room::default() };
    let of_file = sidings_reports::read(input, &mut room, &mut |case| match test_of(&case, &known) {
        Some(no) => found.add(no, outcome(case.outcome), case.took_ms.unwrap_or(0)),
        None => found.others += 1,
    });
    found.read(of_file.remarks)
}

/// As names look in a report that was read. Two tests that look the same there are told apart by nobody.
fn by_reported_name(names: &Names) -> BTreeMap<String, Option<u32>> {
    let mut known = BTreeMap::new();
    for (id, no) in names {
        known.entry(sidings_reports::named(id)).and_modify(|same| *same = None).or_insert(Some(*no));
    }
    known
}

fn test_of(case: &TestCase, known: &BTreeMap<String, Option<u32>>) -> Option<u32> {
    let TestCase { suite, name, file, .. } = case;
    let together = ["::", ".", " ", "/"].map(|between| format!("{suite}{between}{name}"));
    let called = together.iter().chain([name]).chain(file).chain([suite]);
    called.filter_map(|called| known.get(called)).find_map(|no| *no)
}

fn outcome(outcome: TestOutcome) -> SplitOutcome {
    match outcome {
        TestOutcome::Failed | TestOutcome::Errored => SplitOutcome::Failed,
        TestOutcome::Passed | TestOutcome::Flaky => SplitOutcome::Passed,
        TestOutcome::Skipped => SplitOutcome::Skipped,
    }
}

fn events(mut input: BufReader<File>, names: &Names) -> anyhow::Result<Read> {
    let (mut found, mut started, mut remarks) = (Found::default(), BTreeSet::new(), Vec::new());
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if input.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        match serde_json::from_slice::<Happened>(&line) {
            Ok(happened) => {
                started.extend(happened.start.and_then(|id| names.get(&id).copied()));
                match (happened.end.map(|id| names.get(&id).copied()), happened.outcome) {
                    (Some(Some(no)), Some(outcome)) => found.add(no, outcome, milliseconds(happened.ms)),
                    (Some(None), _) => found.others += 1,
                    (Some(Some(_)), None) => remarks.push(format!("line {number} has no outcome")),
                    (None, _) => {}
                }
            }
            Err(error) if line.iter().any(|byte| !byte.is_ascii_whitespace()) => {
                remarks.push(format!("line {number} is no event: {error}"));
            }
            Err(_) => {}
        }
        remarks.truncate(REMARKS);
    }
    Ok(Read { started: started.into_iter().collect(), ..found.read(remarks) })
}

/// Anybody may have written the number.
fn milliseconds(ms: f64) -> u64 {
    let most = 1e12;
    if ms.is_finite() { ms.clamp(0.0, most).round() as u64 } else { 0 }
}

/// Results by test. Of one that is told of twice the worse counts; the cases of a file take their time together.
#[derive(Default)]
struct Found {
    results: BTreeMap<u32, SplitResult>,
    others: usize,
}

impl Found {
    fn add(&mut self, no: u32, outcome: SplitOutcome, ms: u64) {
        match self.results.get_mut(&no) {
            Some(known) => {
                known.outcome = worse(known.outcome, outcome);
                known.ms = known.ms.saturating_add(ms);
            }
            None => drop(self.results.insert(no, SplitResult { no, outcome, ms })),
        }
    }

    fn read(self, mut remarks: Vec<String>) -> Read {
        remarks.truncate(REMARKS);
        let results = self.results.into_values().collect();
        Read { started: Vec::new(), results, others: self.others, remarks }
    }
}
