//! One `testcase`, as its elements are read.

use crate::Room;
use crate::text::{Kept, clean, cut, one_line};
use sidings_proto::tested::{TEST_MESSAGE_MAX, TEST_NAME_MAX};
use sidings_proto::{TestCase, TestOutcome};

/// Kept of a trace: its beginning and its end, in bytes.
const TRACE: (usize, usize) = (4_000, 4_000);
/// Kept of the end of what a test wrote, for each of its two streams.
const STREAM: usize = 3_500;
/// A message when there is no more room for texts.
const SHORT: usize = 200;

/// What an element in a case says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Failure,
    Error,
    Skipped,
    /// An earlier try of a test that passed in the end.
    Flaky,
    /// A further try of a test that failed.
    Rerun,
    Output,
    Errors,
}

/// The name of an element, as one of a case.
pub(crate) fn part(name: &str) -> Option<Part> {
    Some(match name {
        "failure" => Part::Failure,
        "error" => Part::Error,
        "skipped" | "skip" | "ignored" | "disabled" => Part::Skipped,
        "flakyFailure" | "flakyError" => Part::Flaky,
        "rerunFailure" | "rerunError" => Part::Rerun,
        "system-out" => Part::Output,
        "system-err" => Part::Errors,
        _ => return None,
    })
}

/// A case that is being read.
#[derive(Debug)]
pub(crate) struct Reading {
    case: TestCase,
    /// What its attributes say, where no element says more.
    said: Option<TestOutcome>,
    failed: bool,
    errored: bool,
    skipped: bool,
    flaky: bool,
    /// It stands for a suite that failed as such.
    of_suite: bool,
    trace: Kept,
    output: Kept,
    errors: Kept,
}

impl Reading {
    pub(crate) fn new(case: TestCase, said: Option<TestOutcome>) -> Reading {
        let (trace, output, errors) = (Kept::new(TRACE.0, TRACE.1), Kept::new(0, STREAM), Kept::new(0, STREAM));
        let (failed, errored, skipped, flaky, of_suite) = (false, false, false, false, false);
        Reading { case, said, failed, errored, skipped, flaky, of_suite, trace, output, errors }
    }

    /// A suite that failed as such, as if it were a case.
    pub(crate) fn of_suite(case: TestCase) -> Reading {
        Reading { of_suite: true, ..Reading::new(case, None) }
    }

    pub(crate) fn is_of_suite(&self) -> bool {
        self.of_suite
    }

    /// The suite, and the test's name in it.
    pub(crate) fn name(&self) -> &str {
        &self.case.name
    }

    /// A part begins, with its `message` and `type`.
    pub(crate) fn part(&mut self, part: Part, message: &str, kind: &str) {
        match part {
            Part::Failure => self.failed = true,
            Part::Error => self.errored = true,
            Part::Skipped => self.skipped = true,
            Part::Flaky => self.flaky = true,
            Part::Rerun | Part::Output | Part::Errors => return,
        }
        self.trace.new_line();
        // The first reason is the one; that a test was flaky is one only as long as there is no other.
        let said = if message.trim().is_empty() { kind } else { message };
        if self.case.message.is_empty() {
            cut(clean(said).trim(), TEST_MESSAGE_MAX).clone_into(&mut self.case.message);
        }
    }

    /// Text in a part.
    pub(crate) fn text(&mut self, part: Part, text: &str) {
        match part {
            Part::Failure | Part::Error | Part::Flaky | Part::Skipped => self.trace.push(text),
            Part::Output => self.output.push(text),
            Part::Errors => self.errors.push(text),
            Part::Rerun => {}
        }
    }

    /// Whether it is known to have failed before it is read to its end.
    pub(crate) fn is_bad_already(&self) -> bool {
        self.failed || self.errored
    }

    /// The case, at its end.
    pub(crate) fn end(mut self, room: &mut Room) -> TestCase {
        let outcome = self.outcome();
        let trace = self.trace.take();
        let mut case = TestCase { outcome, ..std::mem::take(&mut self.case) };
        if case.message.is_empty() && outcome != TestOutcome::Passed {
            let first = trace.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            cut(first, TEST_MESSAGE_MAX).clone_into(&mut case.message);
        }
        if outcome.is_bad() || outcome == TestOutcome::Flaky {
            let says_more = trace != case.message;
            case.output = self.written(if says_more { trace } else { String::new() });
        }
        fit(&mut case, room);
        case
    }

    fn outcome(&self) -> TestOutcome {
        match self {
            Reading { failed: true, .. } => TestOutcome::Failed,
            Reading { errored: true, .. } => TestOutcome::Errored,
            Reading { skipped: true, .. } => TestOutcome::Skipped,
            Reading { flaky: true, .. } => TestOutcome::Flaky,
            Reading { said, .. } => said.unwrap_or_default(),
        }
    }

    fn written(&mut self, trace: String) -> String {
        let mut parts = Vec::from([trace]);
        for (what, kept) in [("output", &mut self.output), ("errors", &mut self.errors)] {
            let text = kept.take();
            if !text.trim().is_empty() {
                parts.push(format!("--- standard {what} ---\n{text}"));
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }
}

/// Without its texts when there is no room for them.
fn fit(case: &mut TestCase, room: &mut Room) {
    let bytes = (case.message.len() + case.output.len()) as u64;
    match room.text.checked_sub(bytes) {
        Some(left) => room.text = left,
        None => {
            case.output.clear();
            case.message = one_line(&case.message, SHORT);
        }
    }
}

/// A name of anything, as it is kept: who looks for a case by its name looks for this.
pub fn named(text: &str) -> String {
    one_line(text, TEST_NAME_MAX)
}
